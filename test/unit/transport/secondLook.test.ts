import { describe, expect, test } from 'vitest';

import type { RemoteEntry } from '../../../transport/remoteStore';
import { withSecondLook } from '../../../transport/secondLook';
import { TransportError } from '../../../transport/transportError';
import { MemoryStore } from '../nodes/memoryStore';

const path = 'S20160607/R201606070130000001.wav';
const known: RemoteEntry = { name: 'R201606070130000001.wav', path, type: 'file', size: 3, modifiedAt: undefined };
const mismatch = (): TransportError => new TransportError('size-mismatch', 'another size');

/** Work that fails for the sizes it is told, and gives the others back. */
const refusing = (sizes: ReadonlyArray<number | undefined>) => {
	const seen: Array<number | undefined> = [];
	const work = async ({ size }: RemoteEntry): Promise<number | undefined> => {
		seen.push(size);
		if (sizes.includes(size)) throw mismatch();
		return size;
	};
	return { seen, work };
};

describe('a second look', () => {
	test('is not taken while the file is as it was listed', async () => {
		const store = new MemoryStore().put(path, 'eight by');
		const { work, seen } = refusing([]);
		expect(await withSecondLook(store, { path, known, signal: undefined }, work)).toBe(3);
		expect([seen, store.requests]).toEqual([[3], []]);
	});

	test('asks the server where nothing was listed', async () => {
		const store = new MemoryStore().put(path, 'eight by');
		const { work } = refusing([]);
		expect(await withSecondLook(store, { path, known: undefined, signal: undefined }, work)).toBe(8);
	});

	test('begins anew with what the server says now', async () => {
		const store = new MemoryStore().put(path, 'eight by');
		const { work, seen } = refusing([3]);
		expect(await withSecondLook(store, { path, known, signal: undefined }, work)).toBe(8);
		expect([seen, store.requests]).toEqual([[3, 8], [`stat ${path}`]]);
	});

	test.each([
		[2, undefined],
		[1, 1],
		[0, 0],
		[2, 5],
	])('is taken %i times at most with mostLooks %s', async (looks, mostLooks) => {
		const store = new MemoryStore().put(path, 'eight by');
		const { work, seen } = refusing([3, 8]);
		const options = { path, known, signal: undefined, ...(mostLooks === undefined ? {} : { mostLooks }) };
		await expect(withSecondLook(store, options, work)).rejects.toMatchObject({ code: 'size-mismatch' });
		expect(seen).toHaveLength(1 + looks);
	});

	test('is not taken for another failure', async () => {
		const store = new MemoryStore().put(path, 'eight by');
		const refused = new TransportError('permission-denied', 'no');
		const work = async (): Promise<never> => await Promise.reject(refused);
		await expect(withSecondLook(store, { path, known, signal: undefined }, work)).rejects.toBe(refused);
		expect(store.requests).toEqual([]);
	});
});
