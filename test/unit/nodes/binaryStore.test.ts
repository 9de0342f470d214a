import { constants } from 'node:buffer';

import { describe, expect, it } from 'vitest';

import { BinaryStore } from '../../../nodes/DownloadRecording/binaryStore';
import type { N8nSettings } from '../../../nodes/DownloadRecording/binaryStore';

const MIB = 1_048_576;
const PATH = 'S20160607/R201606070130000001.wav';

/** Stores a file that n8n gives this id. */
async function storeOne(store: BinaryStore, id: string | undefined): Promise<void> {
	const binary = { data: '', mimeType: 'audio/wav', ...(id === undefined ? {} : { id }) };
	await store.take({ path: PATH, bytes: 1, signal: undefined }, async () => ({ binary }));
}

/** How many files of 100 MiB are taken at once. */
async function takenAtOnce(store: BinaryStore): Promise<number> {
	let taken = 0;
	let finish = (): void => undefined;
	const finished = new Promise<void>((resolve) => (finish = resolve));
	const file = { path: PATH, bytes: 100 * MIB, signal: undefined };
	const all = Array.from({ length: 5 }, async () => {
		await store.take(file, async () => {
			taken += 1;
			await finished;
			return await Promise.reject(new Error('not stored'));
		});
	});
	await new Promise((resolve) => setImmediate(resolve));
	const atOnce = taken;
	finish();
	await Promise.allSettled(all);
	return atOnce;
}

function refusal(settings: N8nSettings, bytes: number): unknown {
	try {
		new BinaryStore(settings).refuseUnstorable(PATH, bytes);
		return undefined;
	} catch (error) {
		return error;
	}
}

const database = { N8N_DEFAULT_BINARY_DATA_MODE: 'database' };
const memory = { N8N_DEFAULT_BINARY_DATA_MODE: 'default' };

describe("n8n's store of binary data", () => {
	it('takes files as they come where the setting says that it keeps them on a disk', async () => {
		expect(await takenAtOnce(new BinaryStore({ N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' }))).toBe(5);
	});

	it.each(['database', 's3', 'azure', 'default'])('bounds what it holds whole in the mode %s', async (mode) => {
		expect(await takenAtOnce(new BinaryStore({ N8N_DEFAULT_BINARY_DATA_MODE: mode }))).toBe(1);
	});

	it('shows by the first file where it puts them when no setting says so', async () => {
		for (const [id, atOnce] of [
			['filesystem-v2:workflows/1/executions/2/binary_data/3', 5],
			['database:3', 1],
			['s3:workflows/1/executions/2/binary_data/3', 1],
			[undefined, 1],
		] as const) {
			const store = new BinaryStore({});
			expect(await takenAtOnce(store)).toBe(1);
			await storeOne(store, id);
			expect(await takenAtOnce(store)).toBe(atOnce);
		}
	});

	it('refuses for the database what is larger than its limit, and says which setting raises it', () => {
		expect(refusal(database, 512 * MIB)).toBeUndefined();
		expect(refusal(database, 512 * MIB + 1)).toMatchObject({
			message: `${PATH} is 512.0 MB, more than the 512 MB that n8n keeps in its database`,
			advice: expect.stringMatching(
				/N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE to 513 or more, up to 1024, .+ or let n8n .+N8N_DEFAULT_BINARY_DATA_MODE=filesystem/,
			),
		});
		expect(refusal(database, 1_025 * MIB)).toMatchObject({
			advice: expect.stringMatching(/goes up to 1024 only\. .+N8N_DEFAULT_BINARY_DATA_MODE=filesystem/),
		});
	});

	it("reads the database's limit as n8n does", () => {
		const limited = (limit: string): N8nSettings => ({ ...database, N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE: limit });
		expect(refusal(limited('700'), 600 * MIB)).toBeUndefined();
		expect(refusal(limited('100'), 101 * MIB)).toMatchObject({ message: expect.stringContaining('the 100 MB') });
		for (const unreadable of ['2000', 'much'])
			expect(refusal(limited(unreadable), 600 * MIB)).toMatchObject({ message: expect.stringContaining('the 512 MB') });
		const inFile = { ...database, N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE_FILE: '/run/secrets/limit' };
		expect(refusal(inFile, 600 * MIB)).toBeUndefined();
	});

	it('takes queue mode at its default, the database, until a file shows another one', async () => {
		const store = new BinaryStore({ EXECUTIONS_MODE: 'queue' });
		const refuse = (): void => store.refuseUnstorable(PATH, 600 * MIB);
		expect(refuse).toThrow('in its database');
		await storeOne(store, 's3:3');
		expect(refuse).not.toThrow();
	});

	it('refuses for memory what cannot be one string', () => {
		const most = (constants.MAX_STRING_LENGTH / 4) * 3;
		expect(refusal(memory, Math.floor(most))).toBeUndefined();
		expect(refusal(memory, Math.ceil(most) + 3)).toMatchObject({
			message: `${PATH} is 384.0 MB, more than the 384.0 MB that n8n can keep in memory`,
			advice: expect.stringContaining('N8N_DEFAULT_BINARY_DATA_MODE=filesystem'),
		});
		expect(refusal({}, 600 * MIB)).toBeUndefined();
	});

	it('explains a string that became too long when no setting told of memory', async () => {
		const store = new BinaryStore({});
		const file = { path: PATH, bytes: 500 * MIB, signal: undefined };
		const tooLong = Object.assign(new Error('Cannot create a string'), { code: 'ERR_STRING_TOO_LONG' });
		await expect(store.take(file, async () => await Promise.reject(tooLong))).rejects.toThrow('can keep in memory');
		expect(() => store.refuseUnstorable(PATH, file.bytes)).toThrow('can keep in memory');
	});
});
