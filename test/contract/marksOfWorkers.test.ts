import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

import { startProcess, temporaryDirectory } from '../../testbed/servers/process';
import { redisHere, startRedis } from '../../testbed/servers/redis';
import { marksIn, type MarksWriting } from './marksWriting';

const WRITER = fileURLToPath(new URL('./marksWriterProcess.ts', import.meta.url));
const WORKERS = 4;
const RECORDINGS = 15;

const { skip, reason } = redisHere();

describe.skipIf(skip)(reason ?? 'workers that mark deliveries of one workflow at the same time', () => {
	const cleanups: Array<() => Promise<void>> = [];
	afterEach(async () => {
		for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
	});

	/** What is left to deliver after each worker has marked its own recordings. */
	const leftAfter = async (isQueueMode: boolean): Promise<number> => {
		const directory = await temporaryDirectory('8x8-marks');
		cleanups.push(async () => await directory.remove());
		const redis = await startRedis();
		cleanups.push(async () => await redis.close());
		const file = join(directory.path, 'list.json');
		const env = { ...process.env, ...redis.environment };
		const all: string[] = [];
		const workers = Array.from({ length: WORKERS }, (_, worker) => {
			const recordingIds = Array.from({ length: RECORDINGS }, (__, number) => `S20160607/R${worker}-${number}.wav`);
			all.push(...recordingIds);
			const writing: MarksWriting = { file, recordingIds, isQueueMode };
			return startProcess(process.execPath, ['--import', 'tsx', WRITER, JSON.stringify(writing)], { env });
		});
		for (const worker of workers) cleanups.push(async () => await worker.stop());
		await expect
			.poll(() => workers.map((worker) => worker.output()), { timeout: 50_000, interval: 50 })
			.toEqual(Array(WORKERS).fill(expect.stringMatching(/^done\n\[.*ended: 0\]\n$/u)));
		return (await marksIn(file, false).undelivered('tenant', all)).size;
	};

	test('lose no mark in queue mode', async () => {
		expect(await leftAfter(true)).toBe(0);
	});

	test('would lose some without it: so this can fail', async () => {
		expect(await leftAfter(false)).toBeGreaterThan(0);
	});
});
