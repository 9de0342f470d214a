import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { describe, expect, it } from 'vitest';

import { VerifiedRead } from '../../../transport/verifiedRead';
import type { Verification } from '../../../transport/verifiedRead';

const bytes = randomBytes(100_000);

function verified(content: Buffer, changes: Partial<Verification> = {}): VerifiedRead {
	const read = new VerifiedRead({
		path: 'a.wav',
		size: content.length,
		checksum: 'sha256',
		headBytes: 1_000,
		...changes,
	});
	const chunks = Array.from({ length: Math.ceil(content.length / 7_000) }, (_, at) =>
		content.subarray(at * 7_000, (at + 1) * 7_000),
	);
	return Readable.from(chunks).pipe(read);
}

describe('a verified read', () => {
	it('passes a whole file on, with its checksum', async () => {
		const read = verified(bytes);
		expect(await buffer(read)).toEqual(bytes);
		expect(read.digest).toBe(createHash('sha256').update(bytes).digest('hex'));
		expect(read.bytes).toBe(bytes.length);
	});

	it.each([
		['short', 100_001, 'is 100001 bytes on the server, and 100000 bytes arrived'],
		['long', 99_999, 'is 99999 bytes on the server, and more than 99999 bytes arrived'],
	])('fails when the file is too %s', async (_, size, message) => {
		await expect(buffer(verified(bytes, { size }))).rejects.toThrow(message);
	});

	it.each([1_000, 20_000, 200_000])('shows its check the first %i bytes, or all there are', async (headBytes) => {
		const seen: Array<[Buffer, number]> = [];
		const check = (head: Uint8Array, total: number): void => {
			seen.push([Buffer.from(head), total]);
		};
		expect(await buffer(verified(bytes, { check, headBytes }))).toEqual(bytes);
		expect(seen).toHaveLength(1);
		expect(seen[0]?.[0].equals(bytes.subarray(0, headBytes))).toBe(true);
		expect(seen[0]?.[1]).toBe(bytes.length);
	});

	it('fails when the check refuses it, after it has seen everything', async () => {
		const seen: number[] = [];
		const check = (head: Uint8Array, total: number): void => {
			seen.push(head.length, total);
			throw new Error('refused');
		};
		await expect(buffer(verified(bytes, { check }))).rejects.toThrow('refused');
		expect(seen).toEqual([1_000, 100_000]);
	});

	it('of an empty file ends cleanly', async () => {
		const read = verified(Buffer.alloc(0), { checksum: 'none' });
		expect(await buffer(read)).toHaveLength(0);
		expect(read.digest).toBeUndefined();
	});
});
