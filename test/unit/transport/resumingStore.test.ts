import { buffer } from 'node:stream/consumers';

import { describe, expect, it } from 'vitest';

import { ResumingStore } from '../../../transport/resumingStore';
import { TransportError } from '../../../transport/transportError';
import { MemoryStore } from '../nodes/memoryStore';

const content = Buffer.from(Array.from({ length: 35_000 }, (_, at) => at % 251));
const lost = (): TransportError => new TransportError('connection-lost', 'The connection was lost');
const fast = { retries: 3, firstDelay: 1 };

function tenant(): MemoryStore {
	return new MemoryStore().put('S20160607/a.wav', content);
}

describe('a store that tries again', () => {
	it('goes on at the offset where a read broke off, inside the same stream', async () => {
		const store = tenant();
		store.failures.set('read S20160607/a.wav at 10000', [lost()]);
		store.failures.set('read S20160607/a.wav at 20000', [lost(), lost()]);
		const { stream, report } = new ResumingStore(store, fast).readReported('S20160607/a.wav');
		expect((await buffer(stream)).equals(content)).toBe(true);
		expect(report.resumed).toBe(true);
		expect(report.attempts).toBeGreaterThan(1);
	});

	it('goes on with a part of a file, and ends where it ends', async () => {
		const store = tenant();
		store.failures.set('read S20160607/a.wav at 15000', [lost()]);
		const range = { start: 5_000, length: 25_000 };
		const { stream, report } = new ResumingStore(store, fast).readReported('S20160607/a.wav', range);
		expect((await buffer(stream)).equals(content.subarray(5_000, 30_000))).toBe(true);
		expect(report.resumed).toBe(true);
	});

	it('gives up after as many attempts without progress as it was allowed, and starts to count anew after progress', async () => {
		const store = tenant();
		const failing = new ResumingStore(store, fast);
		store.failures.set('read S20160607/a.wav', Array.from({ length: 4 }, lost));
		await expect(buffer(failing.read('S20160607/a.wav'))).rejects.toThrow('The connection was lost');
		expect(store.requests.filter((request) => request.startsWith('read '))).toHaveLength(4);
	});

	it('repeats listings and stats, but nothing that trying again cannot mend', async () => {
		const store = tenant();
		const patient = new ResumingStore(store, fast);
		store.failures.set('list S20160607', [lost(), lost()]);
		store.failures.set('stat S20160607/a.wav', [lost()]);
		expect(await patient.list('S20160607')).toHaveLength(1);
		expect(await patient.stat('S20160607/a.wav')).toMatchObject({ size: content.length });
		for (const code of [
			'login-failed',
			'host-key-changed',
			'certificate-untrusted',
			'not-found',
			'permission-denied',
			'illegal-path',
		] as const) {
			store.requests.length = 0;
			store.failures.set('list S20160607', [new TransportError(code, 'no')]);
			await expect(patient.list('S20160607')).rejects.toMatchObject({ code });
			expect(store.requests).toHaveLength(1);
		}
	});

	it('does not mix two versions of a file', async () => {
		const store = tenant();
		const known = await store.stat('S20160607/a.wav');
		store.failures.set('read S20160607/a.wav at 10000', [lost()]);
		const { stream } = new ResumingStore(store, fast).readReported('S20160607/a.wav', {}, known);
		stream.once('data', () => store.put('S20160607/a.wav', Buffer.concat([content, content])));
		await expect(buffer(stream)).rejects.toMatchObject({
			code: 'size-mismatch',
			message: expect.stringContaining('changed on the server'),
		});
	});

	it('stops waiting when it is cancelled', async () => {
		const store = tenant();
		const cancel = new AbortController();
		store.failures.set('list S20160607', [lost()]);
		const listing = new ResumingStore(store, { retries: 5, firstDelay: 60_000 }).list('S20160607', {
			signal: cancel.signal,
		});
		setTimeout(() => cancel.abort(), 20);
		await expect(listing).rejects.toMatchObject({ code: 'aborted' });
	});
});
