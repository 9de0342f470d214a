import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { countingTurns, longestTurns, type Turns } from '../../../bench/longestTurns';

/** Half a second on a core in one turn, and as long without one. */
const BUSY = `const begun = process.cpuUsage();
	for (let count = 0; process.cpuUsage(begun).user < 500_000; ) for (let i = 0; i < 1e6; i += 1) count += i;`;
const WAITING = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);';

/** Does in one turn what it is told, and says so. */
const PROGRAM = "process.stdin.on('data', (turn) => { new Function(turn)(); process.stdout.write('done'); });";

/** What is told of a program after each of these turns. */
async function toldAfter(...turns: readonly string[]): Promise<Turns[]> {
	const directory = await mkdtemp(join(tmpdir(), 'turns-'));
	const file = join(directory, 'turns.json');
	const child = spawn(process.execPath, ['-e', PROGRAM], { env: { ...process.env, ...countingTurns(file) } });
	const told: Turns[] = [];
	try {
		for (const turn of turns) {
			child.stdin.write(turn);
			await once(child.stdout, 'data');
			told.push(await longestTurns(child.pid ?? 0, file, () => child.exitCode === null));
		}
	} finally {
		child.kill();
		await rm(directory, { recursive: true });
	}
	return told;
}

describe.runIf(process.platform === 'linux')('the longest turns of a program', () => {
	it('are told with the processor time that its thread took, each time anew', async () => {
		const [busy, waiting] = await toldAfter(BUSY, WAITING);
		expect(busy?.longestTurn).toBeGreaterThan(400);
		expect(busy?.busiestTurn).toBeGreaterThan(400);
		expect(waiting?.longestTurn).toBeGreaterThan(490);
		expect(waiting?.busiestTurn).toBeLessThan(250);
	});
});
