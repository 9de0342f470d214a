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
		expect((await buffer(read)).equals(bytes)).toBe(true);
		expect(read.digest).toBe(createHash('sha256').update(bytes).digest('hex'));
		expect(read.bytes).toBe(bytes.length);
	});

	it.each([
		['short', 100_001, 'is 100001 bytes on the server, and 100000 bytes arrived'],
		['long', 99_999, 'is 99999 bytes on the server, and more than 99999 bytes arrived'],
	])('fails when the file is too %s', async (_, size, message) => {
		await expect(buffer(verified(bytes, { size }))).rejects.toThrow(message);
	});

	it('shows every byte once, with where it stands, and asks for the verdict only then', async () => {
		const seen = Buffer.alloc(bytes.length);
		let shown = 0;
		let shownAtVerdict = 0;
		const look = (from: number, part: Uint8Array): void => {
			seen.set(part, from);
			shown += part.length;
		};
		const check = (): void => void (shownAtVerdict = shown);
		expect((await buffer(verified(bytes, { look, check }))).equals(bytes)).toBe(true);
		expect(seen.equals(bytes)).toBe(true);
		expect([shown, shownAtVerdict]).toEqual([bytes.length, bytes.length]);
	});

	it('fails when the check refuses it, after it has seen everything', async () => {
		let shown = 0;
		const look = (_from: number, part: Uint8Array): void => void (shown += part.length);
		const check = (): void => {
			throw new Error('refused');
		};
		await expect(buffer(verified(bytes, { look, check }))).rejects.toThrow('refused');
		expect(shown).toBe(100_000);
	});

	it('of an empty file ends cleanly', async () => {
		const read = verified(Buffer.alloc(0), { checksum: 'none' });
		expect(await buffer(read)).toHaveLength(0);
		expect(read.digest).toBeUndefined();
	});
});
