import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { lowerPriority } from '../../../audio/threadPriority';
import type { NiceValues } from './convertingProcess';

/** In a process of its own: the threads of other tests in this one convert too. */
async function niceValues(): Promise<NiceValues> {
	const program = join(__dirname, 'convertingProcess.ts');
	const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program]);
	return JSON.parse(stdout) as NiceValues;
}

describe.runIf(process.platform === 'linux')('the threads that convert', () => {
	it("are as many as there are cores beside n8n's own, and all others of the process go before them", async () => {
		const values = await niceValues();
		const [priority, priorityAfter] = values.process;
		const [before = 0, after = 0] = values.threads.map(
			(threads) => threads.filter((nice) => nice === lowerPriority(priority)).length,
		);
		expect(after - before).toBe(Math.max(1, availableParallelism() - 1));
		expect(priorityAfter).toBe(priority);
	});
});
