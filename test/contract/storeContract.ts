import { createHash, randomBytes } from 'node:crypto';
import { mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { ConnectionSettings } from '../../transport/connectionSettings';
import { openStore } from '../../transport/openStore';
import type { RemoteStore } from '../../transport/remoteStore';
import { TransportError, type TransportErrorCode } from '../../transport/transportError';
import { freePort } from '../../testbed/n8nHost/freePort';

/** A running server and how to log in to it. */
export interface StoreUnderTest {
	readonly settings: ConnectionSettings;
	/** Directory on disk that is the login directory; the suite writes its files into it. */
	readonly root: string;
	/** How many connections are open now, where the server can tell. */
	connections?(): number;
	close(): Promise<void>;
}

const MEGABYTE = 1_048_576;
const STAMP = new Date('2016-06-07T01:30:00.000Z');

/** Sizes around the chunk and window sizes at which transfers break: see rclone issue 6404, ssh2-sftp-client 407. */
const SIZES = [0, 1, 31_743, 31_744, 31_745, 65_537, 131_073, 3 * MEGABYTE + 17];
const NAMES = [
	'with space.wav',
	'comma, and more.wav',
	'żółć-日本-😀.wav',
	'quoted "name".wav',
	"semi;colon'.wav",
	'100%25.wav',
	'#hash+plus=.wav',
];
const HUGE = 'huge.bin';
const HUGE_BYTES = 48 * MEGABYTE;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Reads a stream to its end, as a node does. */
export async function drain(stream: Readable): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

/** The `TransportError` that a promise rejects with; fails the test when it resolves or rejects with anything else. */
export async function failureOf(work: Promise<unknown>): Promise<TransportError> {
	const outcome: unknown = await work.then(
		(value) => new Error(`Expected a TransportError, but it resolved with ${inspect(value).slice(0, 200)}`),
		(error: unknown) => error,
	);
	if (outcome instanceof TransportError) return outcome;
	throw outcome instanceof Error ? outcome : new Error(`Rejected with ${inspect(outcome)}`);
}

async function expectCode(work: Promise<unknown>, code: TransportErrorCode): Promise<TransportError> {
	const error = await failureOf(work);
	expect(error.code, error.message).toBe(code);
	return error;
}

/** Everything that a log or an execution record could show of an error. */
export function everythingShownOf(error: Error): string {
	return [JSON.stringify(error), error.message, error.stack, inspect(error, { depth: 10, showHidden: true })].join(
		'\n',
	);
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
	const deadline = Date.now() + 5_000;
	while (!holds()) {
		if (Date.now() > deadline) throw new Error(`Still not so after 5 s: ${what}`);
		await pause(20);
	}
}

/** Writes the files that the suite reads; returns their contents by path below the login directory. */
async function plantTree(root: string): Promise<Map<string, Buffer>> {
	const files = new Map<string, Buffer>();
	await mkdir(join(root, 'S20160607', 'nested', 'deep'), { recursive: true });
	await mkdir(join(root, 'empty'), { recursive: true });
	for (const size of SIZES) files.set(`S20160607/size-${size}.wav`, randomBytes(size));
	for (const name of NAMES) files.set(`names/${name}`, randomBytes(1_000));
	for (let n = 0; n < 24; n += 1) files.set(`many/R${n}.wav`, randomBytes(40_000 + n * 9_001));
	files.set('S20160607/nested/deep/inner.txt', Buffer.from('inner'));
	files.set('top.csv', Buffer.from('a,b\n1,2\n'));
	await mkdir(join(root, 'names'), { recursive: true });
	await mkdir(join(root, 'many'), { recursive: true });
	for (const [path, bytes] of files) {
		await writeFile(join(root, path), bytes);
		await utimes(join(root, path), STAMP, STAMP);
	}
	await symlink('top.csv', join(root, 'link.csv'));
	await writeFile(join(root, HUGE), '');
	await truncate(join(root, HUGE), HUGE_BYTES);
	return files;
}

function withPassword(settings: ConnectionSettings, password: string): ConnectionSettings {
	return settings.protocol === 'sftp'
		? { ...settings, password, privateKey: undefined, passphrase: undefined }
		: { ...settings, password };
}

/**
 * The one suite that every store passes. `start` is called once; `skip` says why a real server cannot run here.
 */
export function describeStore(
	name: string,
	start: () => Promise<StoreUnderTest>,
	options: { skip?: string | undefined } = {},
): void {
	const title = options.skip === undefined ? name : `${name} (${options.skip})`;

	describe.skipIf(options.skip !== undefined)(title, () => {
		let server: StoreUnderTest;
		let files = new Map<string, Buffer>();
		const opened: RemoteStore[] = [];

		const open = (
			changes: Partial<Pick<ConnectionSettings, 'tenantDirectory' | 'maxConnections' | 'port'>> = {},
		): RemoteStore => {
			const store = openStore({ ...server.settings, ...changes });
			opened.push(store);
			return store;
		};
		const contents = (path: string): Buffer => {
			const bytes = files.get(path);
			if (bytes === undefined) throw new Error(`The suite wrote no ${path}`);
			return bytes;
		};

		beforeAll(async () => {
			server = await start();
			files = await plantTree(server.root);
		});
		afterEach(async () => {
			await Promise.all(opened.splice(0).map((store) => store.close()));
		});
		afterAll(async () => {
			await server?.close();
		});

		describe('names', () => {
			test('lists the tenant directory with types and sizes, without . and ..', async () => {
				const entries = await open().list('');
				const byName = new Map(entries.map((entry) => [entry.name, entry]));
				for (const expected of ['S20160607', 'names', 'many', 'empty', 'top.csv', 'link.csv', HUGE]) {
					expect(byName.has(expected), expected).toBe(true);
				}
				expect(byName.has('.') || byName.has('..')).toBe(false);
				expect(byName.get('S20160607')).toMatchObject({ type: 'directory', path: 'S20160607' });
				expect(byName.get('top.csv')).toMatchObject({ type: 'file', path: 'top.csv', size: 8 });
				expect(byName.get(HUGE)?.size).toBe(HUGE_BYTES);
				expect(byName.get('link.csv')?.type).not.toBe('directory');
			});

			test('lists a directory below with paths relative to the tenant directory', async () => {
				const entries = await open().list('S20160607');
				for (const size of SIZES) {
					const entry = entries.find((one) => one.name === `size-${size}.wav`);
					expect(entry).toMatchObject({ path: `S20160607/size-${size}.wav`, type: 'file', size });
					if (entry?.modifiedAt !== undefined) expect(entry.modifiedAt).toBeInstanceOf(Date);
				}
				expect(entries.find((entry) => entry.name === 'nested')).toMatchObject({
					type: 'directory',
					path: 'S20160607/nested',
				});
			});

			test('an empty directory lists as no entries', async () => {
				expect(await open().list('empty')).toEqual([]);
			});

			test('keeps spaces, commas, quotes and unicode in names, and reads such files', async () => {
				const store = open();
				const names = (await store.list('names')).map((entry) => entry.name);
				expect([...names].sort()).toEqual([...NAMES].sort());
				for (const one of NAMES) {
					expect(sha256(await drain(store.read(`names/${one}`))), one).toBe(sha256(contents(`names/${one}`)));
				}
			});

			test('stat tells a file and a directory', async () => {
				const store = open();
				expect(await store.stat('S20160607/size-65537.wav')).toMatchObject({
					name: 'size-65537.wav',
					path: 'S20160607/size-65537.wav',
					type: 'file',
					size: 65_537,
				});
				expect(await store.stat('S20160607/nested')).toMatchObject({ name: 'nested', type: 'directory' });
			});

			test('doubled and trailing slashes mean the same path', async () => {
				const store = open();
				expect((await store.list('S20160607//nested/')).map((entry) => entry.path)).toEqual(['S20160607/nested/deep']);
			});

			test('what does not exist is not-found, for a directory, a stat and a read', async () => {
				const store = open();
				await expectCode(store.list('S19991231'), 'not-found');
				const error = await expectCode(store.stat('S20160607/absent.wav'), 'not-found');
				expect(error.path).toBe('S20160607/absent.wav');
				await expectCode(drain(store.read('S20160607/absent.wav')), 'not-found');
				await expectCode(drain(store.read('S20160607/absent.wav', { size: 1_000 })), 'not-found');
				expect(await store.list('empty')).toEqual([]);
			});

			test.each(['../x', 'a/../../x', '/etc/passwd', 'a\nb', 'a\r\nDELE b', 'a\\b', 'C:/x', 'a\0b', 'a\u2028b'])(
				'refuses the path %j before anything is sent',
				async (path) => {
					const store = open();
					await expectCode(store.list(path), 'illegal-path');
					await expectCode(store.stat(path), 'illegal-path');
					const stream = store.read(path);
					await expectCode(drain(stream), 'illegal-path');
				},
			);

			test('a relative tenant directory is where paths start', async () => {
				const store = open({ tenantDirectory: 'S20160607' });
				expect((await store.list('nested')).map((entry) => entry.path)).toEqual(['nested/deep']);
				expect((await store.list('')).find((entry) => entry.name === 'nested')?.path).toBe('nested');
				expect((await drain(store.read('nested/deep/inner.txt'))).toString()).toBe('inner');
				expect((await store.stat('size-1.wav')).path).toBe('size-1.wav');
			});

			test('a tenant directory with .. is an invalid setting', async () => {
				await expectCode(open({ tenantDirectory: '../other' }).list(''), 'invalid-settings');
			});
		});

		describe('bytes', () => {
			test.each(SIZES)('reads %i bytes exactly, with the size told and not told', async (size) => {
				const store = open();
				const path = `S20160607/size-${size}.wav`;
				const expected = sha256(contents(path));
				expect(sha256(await drain(store.read(path, { size })))).toBe(expected);
				expect(sha256(await drain(store.read(path)))).toBe(expected);
			});

			test.each([0, 1, 31_743, 31_744, 40_000, 65_536, 65_537])('starts at byte %i of 65 537', async (from) => {
				const store = open();
				const path = 'S20160607/size-65537.wav';
				const expected = sha256(contents(path).subarray(from));
				expect(sha256(await drain(store.read(path, { start: from, size: 65_537 })))).toBe(expected);
				expect(sha256(await drain(store.read(path, { start: from })))).toBe(expected);
			});

			test('a start past the end is a size-mismatch', async () => {
				const store = open();
				await expectCode(drain(store.read('S20160607/size-1.wav', { start: 2, size: 1 })), 'size-mismatch');
				await expectCode(drain(store.read('S20160607/size-1.wav', { start: 2 })), 'size-mismatch');
			});

			test.each([
				[65_536, 65_537],
				[65_538, 65_537],
				[0, 65_537],
				[1, 0],
				[31_744, 31_743],
				[100, 3 * MEGABYTE + 17],
				[9 * MEGABYTE, 3 * MEGABYTE + 17],
			])('a stated size of %i for %i bytes is a size-mismatch, never a clean end', async (stated, real) => {
				const store = open();
				await expectCode(drain(store.read(`S20160607/size-${real}.wav`, { size: stated })), 'size-mismatch');
				expect((await drain(store.read('top.csv'))).length).toBe(8);
			});

			test.each([
				[0, 1, 65_537],
				[0, 65_536, 65_537],
				[0, 65_537, 65_537],
				[40_000, 100, 65_537],
				[31_744, 31_744, 3 * MEGABYTE + 17],
				[0, 0, 65_537],
				[65_537, 0, 65_537],
				[0, 1, 1],
				[0, 0, 0],
			])('reads from byte %i exactly %i bytes of %i', async (start, length, size) => {
				const store = open();
				const path = `S20160607/size-${size}.wav`;
				const expected = contents(path).subarray(start, start + length);
				expect((await drain(store.read(path, { start, length, size }))).equals(expected)).toBe(true);
				expect((await drain(store.read(path, { start, length }))).equals(expected)).toBe(true);
			});

			test.each([
				[{ length: 65_538 }, 65_537],
				[{ start: 65_000, length: 538 }, 65_537],
				[{ length: 100, size: 65_536 }, 65_537],
				[{ length: 100, size: 65_538 }, 65_537],
				[{ length: 1 }, 0],
				[{ length: 1, size: 1 }, 0],
			])('a part %j of %i bytes that is not there, or of another file, is a size-mismatch', async (range, real) => {
				const store = open();
				await expectCode(drain(store.read(`S20160607/size-${real}.wav`, range)), 'size-mismatch');
				expect((await drain(store.read('top.csv'))).length).toBe(8);
			});

			test('the beginnings of many large files, over one connection and with other requests in between', async () => {
				const store = open({ maxConnections: 1 });
				const path = `S20160607/size-${3 * MEGABYTE + 17}.wav`;
				const beginning = contents(path).subarray(0, 4_096);
				for (let n = 0; n < 12; n += 1) {
					expect((await drain(store.read(path, { length: 4_096 }))).equals(beginning)).toBe(true);
					expect((await drain(store.read(HUGE, { length: 4_096, size: HUGE_BYTES }))).length).toBe(4_096);
					expect((await store.stat('top.csv')).size).toBe(8);
				}
				expect(sha256(await drain(store.read(path)))).toBe(sha256(contents(path)));
			});

			test('reading a directory fails and leaves the store working', async () => {
				const store = open();
				await failureOf(drain(store.read('S20160607')));
				expect((await drain(store.read('top.csv'))).length).toBe(8);
			});

			test('24 files at once over at most 4 connections', async () => {
				const store = open({ maxConnections: 4 });
				let most = 0;
				const watch = setInterval(() => {
					most = Math.max(most, server.connections?.() ?? 0);
				}, 5);
				const paths = [...files.keys()].filter((path) => path.startsWith('many/'));
				expect(paths).toHaveLength(24);
				const sums = await Promise.all(paths.map(async (path) => sha256(await drain(store.read(path)))));
				clearInterval(watch);
				expect(sums).toEqual(paths.map((path) => sha256(contents(path))));
				expect(most).toBeLessThanOrEqual(4);
			});

			test('requests of every kind at once over one connection', async () => {
				const store = open({ maxConnections: 1 });
				const path = `S20160607/size-${3 * MEGABYTE + 17}.wav`;
				const [bytes, entries, entry, small] = await Promise.all([
					drain(store.read(path)),
					store.list('many'),
					store.stat('top.csv'),
					drain(store.read('top.csv')),
				]);
				expect(sha256(bytes)).toBe(sha256(contents(path)));
				expect([entries.length, entry.size, small.length]).toEqual([24, 8, 8]);
			});

			test('a slow reader slows the server down instead of filling memory', async () => {
				const store = open();
				const stream = store.read(HUGE, { size: HUGE_BYTES });
				const before = process.memoryUsage().arrayBuffers;
				await new Promise<void>((resolve, reject) => {
					stream.once('readable', resolve);
					stream.once('error', reject);
				});
				await pause(400);
				expect(stream.readableLength).toBeLessThan(MEGABYTE);
				expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MEGABYTE);
				let received = 0;
				for await (const chunk of stream) {
					received += (chunk as Buffer).length;
					if (received % 7 === 0) await pause(1);
				}
				expect(received).toBe(HUGE_BYTES);
			});
		});

		describe('stopping', () => {
			const big = `S20160607/size-${3 * MEGABYTE + 17}.wav`;

			test('aborting in the middle of a read fails it with aborted, and the store goes on', async () => {
				const store = open();
				const abort = new AbortController();
				const stream = store.read(HUGE, { signal: abort.signal });
				const work = (async () => {
					for await (const chunk of stream) if ((chunk as Buffer).length > 0) abort.abort();
				})();
				await expectCode(work, 'aborted');
				expect(sha256(await drain(store.read(big)))).toBe(sha256(contents(big)));
			});

			test('a signal that is already aborted stops every request', async () => {
				const store = open();
				const signal = AbortSignal.abort();
				await expectCode(store.list('', { signal }), 'aborted');
				await expectCode(store.stat('top.csv', { signal }), 'aborted');
				await expectCode(drain(store.read('top.csv', { signal })), 'aborted');
			});

			test('aborting while the first connection is still being opened rejects at once', async () => {
				const store = open();
				const abort = new AbortController();
				const work = failureOf(store.list('', { signal: abort.signal }));
				abort.abort();
				expect((await work).code).toBe('aborted');
				expect((await store.list('empty')).length).toBe(0);
			});

			test('destroying streams in the middle, many times, leaves the store working', async () => {
				const store = open({ maxConnections: 2 });
				for (let n = 0; n < 12; n += 1) {
					const stream = store.read(HUGE, { size: HUGE_BYTES });
					if (n % 3 !== 0) {
						await new Promise<void>((resolve, reject) => {
							stream.once('readable', resolve);
							stream.once('error', reject);
						});
					}
					stream.destroy();
				}
				expect(sha256(await drain(store.read(big)))).toBe(sha256(contents(big)));
			});

			test('close ends the connections, can be called twice, and later requests are closed', async () => {
				const store = open();
				await store.list('');
				await Promise.all([store.close(), store.close()]);
				await store.close();
				await expectCode(store.list(''), 'closed');
				await expectCode(store.stat('top.csv'), 'closed');
				await expectCode(drain(store.read('top.csv')), 'closed');
				const count = server.connections?.bind(server);
				if (count !== undefined) await eventually('no connection is open', () => count() === 0);
			});

			test('close while a read goes on fails that read with closed', async () => {
				const store = open();
				const stream = store.read(HUGE, { size: HUGE_BYTES });
				const work = failureOf(drain(stream));
				await new Promise<void>((resolve) => stream.once('data', () => resolve()));
				const started = Date.now();
				await store.close();
				expect(Date.now() - started).toBeLessThan(3_000);
				expect((await work).code).toBe('closed');
			});

			test('a store that was never used closes at once', async () => {
				await open().close();
			});
		});

		describe('logging in', () => {
			test('a wrong password is login-failed and is shown nowhere', async () => {
				const canary = 'wrong-Canary-7c1f';
				const store = openStore(withPassword(server.settings, canary));
				opened.push(store);
				const error = await expectCode(store.list(''), 'login-failed');
				expect(error.isTransient).toBe(false);
				expect(everythingShownOf(error)).not.toContain(canary);
				const again = await failureOf(drain(store.read('top.csv')));
				expect(again.code).toBe('login-failed');
				expect(everythingShownOf(again)).not.toContain(canary);
			});

			test('a port where nothing listens is unreachable, and names the server', async () => {
				const port = await freePort();
				const error = await expectCode(open({ port }).list(''), 'unreachable');
				expect(error.server).toBe(`${server.settings.host}:${port}`);
				expect(error.isTransient).toBe(true);
			});
		});
	});
}
