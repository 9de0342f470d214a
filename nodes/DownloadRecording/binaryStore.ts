import { constants } from 'node:buffer';

import type { IBinaryData } from 'n8n-workflow';

import { ExplainedError } from '../../tenant/explainedError';
import { Gate } from '../../transport/gate';
import { explain } from '../run/nodeError';

/** Settings of n8n, as its process finds them in its environment. */
export type N8nSettings = Readonly<Record<string, string | undefined>>;

export interface FileToStore {
	readonly path: string;
	readonly bytes: number;
	readonly signal: AbortSignal | undefined;
	/** Called when there is no room yet; what it gives back, when there is. */
	readonly beginAbsence?: () => () => void;
}

const MEBIBYTE = 1_048_576;
/** Bytes of files that n8n holds whole at once. Joining the pieces of one and handing it on take as much again for a moment. */
const MOST_HELD = 128 * MEBIBYTE;
/** Values of N8N_DEFAULT_BINARY_DATA_MODE; `default` is memory. */
const MODES = ['filesystem', 'database', 's3', 'azure', 'default'];
const DATABASE_LIMIT = 'N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE';
/** MiB that n8n keeps in its database, unless that setting says otherwise, and the most that it can say (n8n-core, BinaryDataConfig). */
const DATABASE_DEFAULT = 512;
const DATABASE_MOST = 1_024;
/** Memory holds a file as one string in base64, four characters for three bytes. */
const MEMORY_MOST = Math.floor(constants.MAX_STRING_LENGTH / 4) * 3;
const TO_FILES =
	'let n8n keep binary data in files: set N8N_DEFAULT_BINARY_DATA_MODE=filesystem (in queue mode, in a directory that all its processes share), and start n8n again';

const FULL = {
	reason: 'there is no space left where it keeps binary data',
	advice:
		'Make room on that disk, or let n8n keep executions for a shorter time (EXECUTIONS_DATA_MAX_AGE), since their files go with them.',
};
const FORBIDDEN = {
	reason: 'it may not write where it keeps binary data',
	advice: "Let n8n's user write there (N8N_BINARY_DATA_STORAGE_PATH, by default in n8n's own folder).",
};
const TOO_MANY_OPEN = {
	reason: 'it has too many files open',
	advice: "Lower 'Concurrency' in the options, or raise the limit of open files of n8n's process.",
};
/** What the system says when a file cannot be written (Node.js, `errno`). */
const STORING: Readonly<Record<string, { readonly reason: string; readonly advice: string }>> = {
	ENOSPC: FULL,
	EDQUOT: FULL,
	EACCES: FORBIDDEN,
	EPERM: FORBIDDEN,
	EROFS: FORBIDDEN,
	EMFILE: TOO_MANY_OPEN,
	ENFILE: TOO_MANY_OPEN,
};

/** Why n8n could not store a file that came whole so far, from what its store failed with. */
function storingError(path: string, error: unknown): ExplainedError {
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	const { reason, advice } = STORING[code] ?? {
		reason: error instanceof Error ? error.message.replace(/\.$/, '') : 'no reason given',
		advice: "Look at n8n's store of binary data (N8N_DEFAULT_BINARY_DATA_MODE says which it is) and at n8n's log.",
	};
	return new ExplainedError(
		`n8n could not store ${path}: ${reason}`,
		`${advice} Then run the workflow again: nothing of this file was passed on.`,
	);
}

/**
 * n8n's store of binary data. Only as files on a disk does n8n take a stream as it comes; anywhere else it collects each
 * file whole first (n8n-core, `binaryToBuffer`), so that their sizes are what bounds its memory.
 */
export class BinaryStore {
	readonly #settings: N8nSettings;

	readonly #held = new Gate(() => (this.#mode === 'filesystem' ? Infinity : MOST_HELD));

	/** Where a file was seen to go. */
	#seen: string | undefined;

	constructor(settings: N8nSettings) {
		this.#settings = settings;
	}

	/** Throws an `ExplainedError` for a file that n8n would refuse once all of it had come. */
	refuseUnstorable(path: string, bytes: number): void {
		const mode = this.#mode;
		const megabytes = (size: number): string => (size / MEBIBYTE).toFixed(1);
		if (mode === 'database' && bytes > this.#databaseLimit * MEBIBYTE) {
			const isRaisable = bytes <= DATABASE_MOST * MEBIBYTE;
			throw new ExplainedError(
				`${path} is ${megabytes(bytes)} MB, more than the ${this.#databaseLimit} MB that n8n keeps in its database`,
				isRaisable
					? `Raise ${DATABASE_LIMIT} to ${Math.ceil(bytes / MEBIBYTE)} or more, up to ${DATABASE_MOST}, in the environment of every n8n process and start n8n again; or ${TO_FILES}.`
					: `${DATABASE_LIMIT} goes up to ${DATABASE_MOST} only. To download it, ${TO_FILES}.`,
			);
		}
		if (mode === 'default' && bytes > MEMORY_MOST) {
			throw new ExplainedError(
				`${path} is ${megabytes(bytes)} MB, more than the ${megabytes(MEMORY_MOST)} MB that n8n can keep in memory`,
				`To download it, ${TO_FILES}.`,
			);
		}
	}

	/**
	 * Stores a file of `bytes` with `store` as soon as there is room for it; that room is one for all executions of this
	 * process. While a file waits for it, its run may hold nothing that another one needs to make that room.
	 */
	async take<Stored extends { readonly binary: IBinaryData }>(
		{ path, bytes, signal, beginAbsence }: FileToStore,
		store: () => Promise<Stored>,
	): Promise<Stored> {
		let hasRoom = false;
		let endAbsence: (() => void) | undefined;
		const storeAndSee = async (): Promise<Stored> => {
			hasRoom = true;
			endAbsence?.();
			const stored = await store().catch(async (error: unknown) => {
				if (error instanceof Error && 'code' in error && error.code === 'ERR_STRING_TOO_LONG') {
					this.#seen = 'default';
					this.refuseUnstorable(path, bytes);
				}
				return await Promise.reject(explain(error) === undefined ? storingError(path, error) : error);
			});
			// `filesystem-v2:workflows/…`, `database:…`; memory gives none.
			const [mode = ''] = stored.binary.id?.split(':') ?? ['default'];
			this.#seen = mode.replace(/-v\d+$/, '');
			return stored;
		};
		const stored = this.#held.run(storeAndSee, { weight: () => bytes, signal });
		if (!hasRoom) endAbsence = beginAbsence?.();
		return await stored.finally(endAbsence);
	}

	/** The setting tells; without one a file shows it. Until then n8n 2 in queue mode is taken at its default. */
	get #mode(): string | undefined {
		const { N8N_DEFAULT_BINARY_DATA_MODE: set = '', EXECUTIONS_MODE: executions } = this.#settings;
		if (MODES.includes(set)) return set;
		return this.#seen ?? (executions === 'queue' ? 'database' : undefined);
	}

	/** MiB. n8n takes its default for what it cannot read; a limit in a file of its own is left to n8n. */
	get #databaseLimit(): number {
		if (this.#settings[`${DATABASE_LIMIT}_FILE`] !== undefined) return Infinity;
		const limit = Number(this.#settings[DATABASE_LIMIT] ?? DATABASE_DEFAULT);
		return limit <= DATABASE_MOST ? limit : DATABASE_DEFAULT;
	}
}

/** The one of this process. */
export const binaryStore = new BinaryStore(process.env);
