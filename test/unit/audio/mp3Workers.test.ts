import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { lowerPriority } from '../../../audio/threadPriority';
import type { NiceValues } from './convertingProcess';

/** What a program beside this file prints, in a process of its own: the threads of other tests in this one convert too. */
async function printedBy(name: string): Promise<unknown> {
	const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', join(__dirname, name)]);
	return JSON.parse(stdout);
}

describe.runIf(process.platform === 'linux')('the threads that convert', () => {
	it("are as many as there are cores beside n8n's own, and all others of the process go before them", async () => {
		const values = (await printedBy('convertingProcess.ts')) as NiceValues;
		const [priority, priorityAfter] = values.process;
		const [before = 0, after = 0] = values.threads.map(
			(threads) => threads.filter((nice) => nice === lowerPriority(priority)).length,
		);
		expect(after - before).toBe(Math.max(1, availableParallelism() - 1));
		expect(priorityAfter).toBe(priority);
	});
});

describe('the thread that hands sound over', () => {
	it('copies it as a whole, in a process like that of n8n, where V8 walks arrays step by step', async () => {
		const { soundBytes, mp3Bytes, steps } = (await printedBy('walkedArrays.ts')) as Record<string, number>;
		expect(soundBytes).toBe(1_000_000);
		expect(mp3Bytes).toBeGreaterThan(100_000);
		expect(steps).toBeLessThan(10_000);
	});
});
