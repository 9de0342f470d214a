import type { Readable } from 'node:stream';

import { lettersOf } from '../recordings/nameLetters';
import { isNotFound } from '../transport/ifThere';
import type { ReadRange, RemoteEntry, RemoteStore, RequestOptions } from '../transport/remoteStore';
import { TransportError } from '../transport/transportError';

/**
 * A store that finds the directories at the top of a tenant in other capitals too: a mirror may have `index` and `s20160607`, which
 * its index still calls `S20160607`. What it lists there has the paths that were asked for, so that a recording has one id wherever
 * it is asked about. Only what is not there as it is called is looked for.
 */
export class SpelledStore implements RemoteStore {
	/** As the server spells them, by the names under which they were found. */
	readonly #spellings = new Map<string, string>();

	/** The listing of the tenant directory, which is asked for once. */
	#top: Promise<RemoteEntry[]> | undefined;

	constructor(private readonly store: RemoteStore) {}

	async list(directory: string, options: RequestOptions = {}): Promise<RemoteEntry[]> {
		if (directory === '') return await this.#listTop(options);
		return await this.#listed(directory, options).catch(async (error: unknown) => {
			if (!isNotFound(error) || !(await this.#isFound(topOf(directory), options))) throw error;
			return await this.#listed(directory, options);
		});
	}

	async stat(path: string, options: RequestOptions = {}): Promise<RemoteEntry> {
		return { ...(await this.store.stat(this.#spelled(path), options)), path };
	}

	read(path: string, range: ReadRange = {}): Readable {
		return this.store.read(this.#spelled(path), range);
	}

	async close(): Promise<void> {
		await this.store.close();
	}

	async #listed(directory: string, options: RequestOptions): Promise<RemoteEntry[]> {
		const spelled = this.#spelled(directory);
		const entries = await this.store.list(spelled, options);
		if (spelled === directory) return entries;
		return entries.map((entry) => ({ ...entry, path: directory + entry.path.slice(spelled.length) }));
	}

	#spelled(path: string): string {
		const name = topOf(path);
		const spelling = this.#spellings.get(name);
		return spelling === undefined ? path : spelling + path.slice(name.length);
	}

	/** Whether the server has the directory in another spelling. */
	async #isFound(name: string, options: RequestOptions): Promise<boolean> {
		if (this.#spellings.has(name)) return false;
		const entries = await this.#listTop(options).catch((error: unknown): RemoteEntry[] => {
			if (isFinal(error)) return [];
			throw error;
		});
		const found = entries.find((entry) => entry.type === 'directory' && lettersOf(entry.name) === lettersOf(name));
		if (found === undefined || found.name === name) return false;
		this.#spellings.set(name, found.name);
		return true;
	}

	async #listTop(options: RequestOptions): Promise<RemoteEntry[]> {
		this.#top ??= this.store.list('', options);
		return await this.#top.catch((error: unknown) => {
			if (!isFinal(error)) this.#top = undefined;
			throw error;
		});
	}
}

/** Whether asking again brings the same: a top that may not be listed tells no spellings, and makes nothing that is missing a failure. */
function isFinal(error: unknown): boolean {
	return error instanceof TransportError && !error.isTransient && error.code !== 'aborted';
}

/** The first part of a path. */
function topOf(path: string): string {
	const [name = ''] = path.split('/', 1);
	return name;
}
