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
	readonly rounds: number;
	/** Milliseconds between two of them, in turn. */
	readonly pauses: readonly number[];
}

/** Reads every file as a node run does, round for round, with what the process keeps between them. Gives how many files were right. */
export async function readAgainAndAgain(run: RepeatedRun, shared: Coordination, accounts: Accounts): Promise<number> {
	let right = 0;
	for (let round = 0; round < run.rounds; round += 1) {
		const delay = run.pauses[round % run.pauses.length] ?? 0;
		right += await readAll({ ...run, delay }, shared, accounts);
	}
	return right;
}

/** Reads every file as a node run does, and compares its checksum. Gives the number of files that were right. */
export async function readAll(run: ReadingRun, shared: Coordination, accounts?: Accounts): Promise<number> {
	const { settings, atOnce, delay } = run;
	await pause(delay);
	const opened = openStore(settings, accountConnections(settings, 60_000, shared), {}, accounts);
	const store = new ResumingStore(opened, { retries: 3 });
	const left = Object.entries(run.files);
	let right = 0;
	const readNext = async (): Promise<void> => {
		for (let next = left.pop(); next !== undefined; next = left.pop()) {
			const hash = createHash('sha256');
			for await (const chunk of store.read(next[0])) hash.update(chunk as Buffer);
			if (hash.digest('hex') === next[1]) right += 1;
		}
	};
	await Promise.all(Array.from({ length: atOnce }, readNext)).finally(async () => await store.close());
	return right;
}
