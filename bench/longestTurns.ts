import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { Cost } from './processCost';

const POLL_MILLISECONDS = 20;

export type Turns = Required<Pick<Cost, 'longestTurn' | 'busiestTurn'>>;

/** The environment of a Node.js program that `longestTurns` is to tell about, with a file of its own for what it tells. */
export function countingTurns(file: string): Record<string, string> {
	return { NODE_OPTIONS: `--require ${join(__dirname, 'longestTurns.cjs')}`, LONGEST_TURNS_FILE: file };
}

/** The longest and the busiest turn of its event loop since it was asked last. Waits until it answers, or is no longer alive. */
export async function longestTurns(pid: number, file: string, isAlive: () => boolean): Promise<Turns> {
	await rm(file, { force: true });
	process.kill(pid, 'SIGUSR2');
	while (isAlive()) {
		const text = await readFile(file, 'utf8').catch(() => undefined);
		if (text !== undefined) return JSON.parse(text) as Turns;
		await pause(POLL_MILLISECONDS);
	}
	throw new Error('It ended before it told how long its turns were');
}
