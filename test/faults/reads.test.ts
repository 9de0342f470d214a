import { createHash, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';

import { VerifiedRead } from '../../transport/verifiedRead';
import type { Session } from '../unit/transport/ftpsScriptedServer';
import {
	codeOf,
	drain,
	eventually,
	failureOf,
	FAST,
	firstBytes,
	opened,
	PROTOCOLS,
	scriptedSftp,
	sftpSettings,
	startTenant,
	type Files,
} from './tenant';

const { STATUS_CODE } = ssh2.utils.sftp;
const file = randomBytes(900_001);

/** A RETR that sends what the test wants, and then says 226. */
const sends =
	(bytes: (from: number) => Buffer, ending = '226 Transfer complete') =>
	() => {
		let from = 0;
		return async (command: string, argument: string, session: Session): Promise<string | undefined> => {
			if (command === 'REST') from = Number(argument);
			if (command !== 'RETR') return undefined;
			const start = from;
			from = 0;
			session.send('150 here it comes');
			const socket = await session.data();
			await new Promise((resolve) => socket.end(bytes(start), () => resolve(undefined)));
			return ending;
		};
	};

describe('SFTP answers that are legal and unusual', () => {
	test.each([1, 1_023, 8_192, 16_384, 31_743, 31_744, 32_768, 65_536, 102_400, 131_071])(
		'T10, T12, T13: a server that never gives more than %i bytes at once is read byte-exact',
		async (most) => {
			const bytes = most === 1 ? file.subarray(0, 3_000) : file;
			const server = await scriptedSftp({
				files: { 'a.wav': bytes },
				onRead: ({ position, length, answer, data }) => {
					const some = bytes.subarray(position, position + Math.min(length, most));
					if (some.length === 0) answer();
					else data(some);
				},
			});
			const store = opened(sftpSettings(server));
			expect((await drain(store.read('a.wav'))).equals(bytes)).toBe(true);
			expect(
				(await drain(store.read('a.wav', { size: bytes.length, start: 1_001 }))).equals(bytes.subarray(1_001)),
			).toBe(true);
		},
	);

	test('T15: answers out of order, late and twice give each byte once, in its place', async () => {
		const held: Array<() => void> = [];
		const server = await scriptedSftp({
			files: { 'a.wav': file },
			onRead: ({ number, position, length, answer, data }) => {
				const some = file.subarray(position, position + length);
				held.push(() => {
					if (some.length === 0) return answer();
					data(some);
					data(some);
				});
				setTimeout(() => held.splice((number * 7) % Math.max(1, held.length), 1)[0]?.(), number % 5);
			},
		});
		const read = await drain(opened(sftpSettings(server)).read('a.wav', { size: file.length }));
		expect(createHash('sha256').update(read).digest('hex')).toBe(createHash('sha256').update(file).digest('hex'));
	});

	test('T17: two thousand small files one after another, over one connection', async () => {
		const server = await scriptedSftp({ files: { 'a.wav': file.subarray(0, 700) } });
		const store = opened(sftpSettings(server, { maxConnections: 1 }));
		for (let n = 0; n < 2_000; n += 1) expect(await drain(store.read('a.wav', { size: 700 }))).toHaveLength(700);
		expect(server.logins()).toBe(1);
		await eventually('every handle is closed', () => server.openHandles() === 0);
	});

	test('T18: handles are closed after success, after every kind of failure, and after a reader who leaves', async () => {
		const server = await scriptedSftp({
			files: { 'whole.wav': file, 'ends.wav': file, 'refused.wav': file, 'silent.wav': file },
			onRead: ({ path, position, answer, status }) => {
				if (path === 'ends.wav' && position > 300_000) status(STATUS_CODE.EOF);
				else if (path === 'refused.wav' && position > 300_000) status(STATUS_CODE.PERMISSION_DENIED);
				else if (path !== 'silent.wav' || position < 300_000) answer();
			},
		});
		const store = opened(sftpSettings(server, { stallTimeout: 300, maxConnections: 1 }));
		for (let n = 0; n < 3; n += 1) {
			const left = store.read('whole.wav');
			await firstBytes(left);
			left.destroy();
			const outcomes = await Promise.all([
				drain(store.read('whole.wav')).then((bytes) => String(bytes.length)),
				codeOf(drain(store.read('ends.wav'))),
				codeOf(drain(store.read('refused.wav'))),
				codeOf(drain(store.read('silent.wav'))),
				codeOf(drain(store.read('whole.wav', { size: 5 }))),
			]);
			expect(outcomes).toEqual(['900001', 'size-mismatch', 'permission-denied', 'stalled', 'size-mismatch']);
		}
		await eventually('every handle is closed', () => server.openHandles() === 0);
	});

	test('T22: a server that refuses to go on after every 128 KB is opened again each time, and the file is exact', async () => {
		const server = await scriptedSftp({
			files: { 'a.wav': file },
			onRead: (() => {
				let from = 0;
				return ({ position, asked, answer, status }) => {
					if (asked === 0) from = position;
					if (position >= from + 131_072) status(STATUS_CODE.FAILURE);
					else answer();
				};
			})(),
		});
		expect((await drain(opened(sftpSettings(server)).read('a.wav'))).equals(file)).toBe(true);
		await eventually('every handle is closed', () => server.openHandles() === 0);
	});

	test('T22: one that refuses for good is given up after a few openings', async () => {
		const server = await scriptedSftp({
			files: { 'a.wav': file },
			onRead: ({ position, answer, status }) => (position < 400_000 ? answer() : status(STATUS_CODE.FAILURE)),
		});
		const error = await failureOf(drain(opened(sftpSettings(server)).read('a.wav')));
		expect([error.code, error.path]).toEqual(['protocol', 'a.wav']);
		expect(server.reads()).toBeLessThan(400);
	});
});

describe.each(PROTOCOLS)('a file that is not what it was said to be, over %s', (protocol) => {
	test('T32: one that shrinks after it was opened is a size-mismatch, not an endless loop', async () => {
		const tenant = await startTenant(
			protocol,
			{ 'a.wav': file },
			{
				sftp: { onRead: ({ position, answer, status }) => (position < 200_000 ? answer() : status(STATUS_CODE.EOF)) },
				ftps: { script: sends((from) => file.subarray(from, 200_000))() },
			},
		);
		expect(await codeOf(drain(tenant.open().read('a.wav')))).toBe('size-mismatch');
		expect(await codeOf(drain(tenant.open().read('a.wav', { size: file.length })))).toBe('size-mismatch');
	});

	test('T32: where nothing proves a change, a size-mismatch is tried again only so often', async () => {
		let openings = 0;
		const tenant = await startTenant(
			protocol,
			{ 'a.wav': file },
			{
				sftp: {
					onRead: ({ position, asked, answer, status }) => {
						if (asked === 0) openings += 1;
						if (position < 200_000) answer();
						else status(STATUS_CODE.EOF);
					},
				},
				ftps: {
					script: sends((from) => {
						openings += 1;
						return file.subarray(from, Math.max(from, 200_000));
					})(),
				},
			},
		);
		const { stream, report } = tenant.resuming({ retries: 3, firstDelay: 1, longestDelay: 5 }).readReported('a.wav');
		expect(await codeOf(drain(stream))).toBe('size-mismatch');
		expect(report.attempts).toBeLessThanOrEqual(5);
		expect(openings).toBeLessThanOrEqual(20);
	});

	test('one that has grown since it was listed fails at once and is not tried again', async () => {
		const tenant = await startTenant(protocol, { 'a.wav': file });
		const listed = { name: 'a.wav', path: 'a.wav', type: 'file', size: 500_000, modifiedAt: undefined } as const;
		const { stream, report } = tenant.resuming().readReported('a.wav', { size: 500_000 }, listed);
		const error = await failureOf(drain(stream));
		expect([error.code, report.attempts]).toEqual(['size-mismatch', 1]);
		expect(error.message).toContain('changed on the server');
	});

	test('one that another takes the place of between two connections is not mixed: it fails at once', async () => {
		for (const size of [file.length, file.length + 1]) {
			const files: Files = { 'a.wav': file };
			const tenant = await startTenant(protocol, files, {
				plan: ({ number, kind }) =>
					number === 1 && (kind === 'data' || protocol === 'sftp') ? { kind: 'reset', after: 400_000 } : undefined,
			});
			const { stream, report } = tenant.resuming().readReported('a.wav');
			await firstBytes(stream);
			files['a.wav'] = randomBytes(size);
			const error = await failureOf(drain(stream));
			expect(error.code).toBe('size-mismatch');
			expect(error.message).toContain('changed on the server');
			expect(report.attempts).toBeLessThanOrEqual(2);
		}
	});

	test('T14: a slow destination gets every byte, and the end only after the last one', async () => {
		const tenant = await startTenant(protocol, { 'a.wav': file });
		let received = 0;
		const slow = new Writable({
			highWaterMark: 1_000,
			write(chunk: Buffer, _encoding, done) {
				received += chunk.length;
				setTimeout(done, 2);
			},
		});
		const verified = new VerifiedRead({ path: 'a.wav', size: file.length, checksum: 'sha256' });
		await pipeline(tenant.resuming().read('a.wav'), verified, slow);
		expect(received).toBe(file.length);
		expect(verified.digest).toBe(createHash('sha256').update(file).digest('hex'));
	});

	test('T25: a reader that pauses for twice the stall timeout loses nothing', async () => {
		const large = randomBytes(6_000_000);
		const tenant = await startTenant(protocol, { 'a.wav': large });
		const chunks: Buffer[] = [];
		for await (const chunk of tenant.resuming(FAST, { stallTimeout: 300 }).read('a.wav')) {
			chunks.push(chunk as Buffer);
			if (chunks.length === 1) await pause(700);
		}
		expect(Buffer.concat(chunks).equals(large)).toBe(true);
	});
});

describe('FTPS answers that lie', () => {
	test('a data connection that ends early and a clean 226 is a size-mismatch; with retries the rest is fetched', async () => {
		let transfers = 0;
		const tenant = await startTenant(
			'ftps',
			{ 'a.wav': file },
			{
				ftps: {
					script: sends((from) => {
						transfers += 1;
						return file.subarray(from, from + 150_000);
					})(),
				},
			},
		);
		expect(await codeOf(drain(tenant.open().read('a.wav')))).toBe('size-mismatch');
		const { stream, report } = tenant.resuming().readReported('a.wav');
		expect((await drain(stream)).equals(file)).toBe(true);
		expect(report.resumed).toBe(true);
		expect(transfers).toBeLessThan(12);
	});

	test.each([
		['fewer', 500_000],
		['more', 1_000_000],
	])('SIZE that states %s bytes than there are is a size-mismatch, never a clean end', async (_more, stated) => {
		const tenant = await startTenant(
			'ftps',
			{ 'a.wav': file },
			{
				ftps: { script: (command) => (command === 'SIZE' ? `213 ${stated}` : undefined) },
			},
		);
		expect(await codeOf(drain(tenant.open().read('a.wav')))).toBe('size-mismatch');
		const { stream, report } = tenant.resuming({ retries: 2, firstDelay: 1 }).readReported('a.wav');
		expect(await codeOf(drain(stream))).toBe('size-mismatch');
		expect(report.attempts).toBeLessThanOrEqual(4);
	});

	test('a server that accepts REST and sends from the start is found out, whatever the sizes', async () => {
		for (const dropAt of [300_000, 450_000, 450_001, 600_000]) {
			const tenant = await startTenant(
				'ftps',
				{ 'a.wav': file },
				{
					plan: ({ kind, number }) => (kind === 'data' && number === 1 ? { kind: 'reset', after: dropAt } : undefined),
					ftps: { script: (command) => (command === 'REST' ? '350 of course' : undefined) },
				},
			);
			const { stream } = tenant.resuming().readReported('a.wav');
			const error = await failureOf(drain(stream));
			expect([error.code, error.message]).toEqual([
				'size-mismatch',
				'a.wav changed on the server while it was being read',
			]);
		}
	});

	test('all bytes, but a 4xx or 5xx at the end, is a failure that is tried again, and no byte comes twice', async () => {
		let endings = 0;
		const tenant = await startTenant(
			'ftps',
			{ 'a.wav': file },
			{
				ftps: {
					script: async (command, argument, session) => {
						if (command !== 'RETR' || (endings += 1) > 1) return undefined;
						return await sends(() => file, '426 Connection closed; transfer aborted')()(command, argument, session);
					},
				},
			},
		);
		const { stream, report } = tenant.resuming().readReported('a.wav');
		expect((await drain(stream)).equals(file)).toBe(true);
		expect(report.attempts).toBe(2);
	});
});
