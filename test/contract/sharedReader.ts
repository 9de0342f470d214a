import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { Coordination } from '../../coordination/coordination';
import { accountConnections } from '../../nodes/connection/accountConnections';
import type { Accounts } from '../../transport/accounts';
import type { ConnectionSettings } from '../../transport/connectionSettings';
import { openStore } from '../../transport/openStore';
import { ResumingStore } from '../../transport/resumingStore';

export interface ReadingRun {
	readonly settings: ConnectionSettings;
	/** Paths with the SHA-256 of what they hold. */
	readonly files: Readonly<Record<string, string>>;
	/** Files that the run reads at once. */
	readonly atOnce: number;
	/** Milliseconds before the run begins. */
	readonly delay: number;
}

/** Runs of one workflow, one after the other. */
export interface RepeatedRun extends ReadingRun {
	/** Milliseconds after which no further one begins. */
	readonly lasting: number;
	/** Milliseconds between two of them, in turn. */
	readonly pauses: readonly number[];
}

/** The longest, in milliseconds: for a run's first connection, and from a file's first byte to its end. */
export interface Waits {
	connection: number;
	file: number;
}

/** What came of a row of runs. */
export interface Repeated {
	readonly runs: number;
	/** Files. */
	readonly right: number;
	readonly waits: Waits;
}

/**
 * Reads every file as a node run does, again and again, with what the process keeps between them. What the first one waits for does not
 * count: a Redis that has not heard of the account yet grants nothing for some seconds.
 */
export async function readAgainAndAgain(run: RepeatedRun, shared: Coordination, accounts: Accounts): Promise<Repeated> {
	const waits: Waits = { connection: 0, file: 0 };
	const end = performance.now() + run.lasting;
	let right = 0;
	let runs = 0;
	for (; performance.now() < end; runs += 1) {
		const delay = run.pauses[runs % run.pauses.length] ?? 0;
		right += await readAll({ ...run, delay }, shared, accounts, runs === 0 ? undefined : waits);
	}
	return { runs, right, waits };
}

/** Reads every file as a node run does, and compares its checksum. Gives the number of files that were right. */
export async function readAll(
	run: ReadingRun,
	shared: Coordination,
	accounts?: Accounts,
	waits: Waits = { connection: 0, file: 0 },
): Promise<number> {
	const { settings, atOnce, delay } = run;
	await pause(delay);
	const note = (what: keyof Waits, since: number): void => {
		waits[what] = Math.max(waits[what], performance.now() - since);
	};
	const share = accountConnections(settings, 60_000, shared);
	const first: typeof share.first = async (signal) => {
		const since = performance.now();
		return await share.first(signal).finally(() => note('connection', since));
	};
	const opened = openStore(settings, { ...share, first }, {}, accounts);
	const store = new ResumingStore(opened, { retries: 3 });
	const left = Object.entries(run.files);
	const checksumOf = async (path: string): Promise<string> => {
		const hash = createHash('sha256');
		let since: number | undefined;
		for await (const chunk of store.read(path)) {
			since ??= performance.now();
			hash.update(chunk as Buffer);
		}
		if (since !== undefined) note('file', since);
		return hash.digest('hex');
	};
	let right = 0;
	const readNext = async (): Promise<void> => {
		for (let next = left.pop(); next !== undefined; next = left.pop()) {
			if ((await checksumOf(next[0])) === next[1]) right += 1;
		}
	};
	await Promise.all(Array.from({ length: atOnce }, readNext)).finally(async () => await store.close());
	return right;
}
