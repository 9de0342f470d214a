import { randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';

import { ResumingStore } from '../../transport/resumingStore';
import {
	codeOf,
	drain,
	eventually,
	FAST,
	opened,
	scriptedFtps,
	scriptedSftp,
	sftpSettings,
	startTenant,
} from './tenant';

const { STATUS_CODE } = ssh2.utils.sftp;
const files = Object.fromEntries(Array.from({ length: 24 }, (_, n) => [`R${n}.wav`, randomBytes(60_000 + n * 9_001)]));
/** As many small files as Download Recording has in flight at once. */
const small = Object.fromEntries(Array.from({ length: 128 }, (_, n) => [`S${n}.wav`, randomBytes(20_000 + n)]));

async function readsAll(store: ReturnType<typeof opened>, tree = files): Promise<boolean[]> {
	return await Promise.all(
		Object.entries(tree).map(async ([path, bytes]) => (await drain(store.read(path))).equals(bytes)),
	);
}

describe('T11: an SFTP server that allows only so many open files', () => {
	test.each([
		['connection', 1, 'FAILURE', small],
		['connection', 1, 'PERMISSION_DENIED', files],
		['account', 1, 'FAILURE', small],
		['account', 1, 'PERMISSION_DENIED', files],
		['connection', 3, 'FAILURE', files],
		['account', 5, 'FAILURE', small],
	] as const)(
		'one %s with %i, refusing with %s: every file arrives, and from then on none is refused',
		async (of, handles, status, tree) => {
			const whole = Object.keys(tree).map(() => true);
			let refused = 0;
			const options = { of, handles, status: STATUS_CODE[status] };
			const server = await scriptedSftp({
				files: tree,
				mostOpen: {
					...options,
					get status() {
						refused += 1;
						return options.status;
					},
				},
			});
			const store = opened(sftpSettings(server, { maxConnections: 2 }));
			// The first time over the first connection, the second time over both: each may find out once.
			for (let n = 0; n < 2; n += 1) expect(await readsAll(store, tree)).toEqual(whole);
			if (of === 'account') expect(server.mostHandles()).toBeLessThanOrEqual(handles);
			refused = 0;
			expect(await readsAll(store, tree)).toEqual(whole);
			expect(refused).toBe(0);
			await eventually('every handle is closed', () => server.openHandles() === 0);
		},
	);

	test('listings wait for their turn as well', async () => {
		const server = await scriptedSftp({ files, mostOpen: { of: 'account', handles: 1, status: STATUS_CODE.FAILURE } });
		const store = opened(sftpSettings(server));
		const [whole, ...listings] = await Promise.all([readsAll(store), store.list(''), store.list(''), store.list('')]);
		expect(whole).toEqual(Array(24).fill(true));
		expect(listings.map((entries) => entries.length)).toEqual([24, 24, 24]);
	});

	test('a file that may not be read is no reason to read the others one by one', async () => {
		let mostHandles = 0;
		const server = await scriptedSftp({
			files: { ...files, 'forbidden.wav': randomBytes(10) },
			onRead: ({ answer }) => {
				mostHandles = Math.max(mostHandles, server.openHandles());
				setTimeout(answer, 2);
			},
			intercept: (() => {
				let opens = 0;
				return ({ name, status }) => {
					if (name !== 'OPEN' || ![2, 5].includes((opens += 1))) return false;
					status(STATUS_CODE.PERMISSION_DENIED);
					return true;
				};
			})(),
		});
		const store = opened(sftpSettings(server, { maxConnections: 1 }));
		expect(await readsAll(store)).toEqual(Array(24).fill(true));
		expect(mostHandles).toBeGreaterThan(8);
	});

	test('a single file that is refused is refused, alone or beside others', async () => {
		const server = await scriptedSftp({ files, openStatus: STATUS_CODE.PERMISSION_DENIED });
		const store = opened(sftpSettings(server));
		const codes = await Promise.all(Object.keys(files).map((path) => codeOf(drain(store.read(path)))));
		expect(codes).toEqual(Array(24).fill('permission-denied'));
	});

	test('a reader who leaves, and one whose turn never comes, leave the queue in order', async () => {
		const server = await scriptedSftp({ files, mostOpen: { of: 'account', handles: 1, status: STATUS_CODE.FAILURE } });
		const store = opened(sftpSettings(server));
		expect(await readsAll(store)).toEqual(Array(24).fill(true));
		const cancel = new AbortController();
		const holder = store.read('R23.wav');
		await new Promise((resolve) => holder.once('readable', resolve));
		const waiting = codeOf(drain(store.read('R1.wav', { signal: cancel.signal })));
		cancel.abort();
		expect(await waiting).toBe('aborted');
		holder.destroy();
		expect(await readsAll(store)).toEqual(Array(24).fill(true));
		await eventually('every handle is closed', () => server.openHandles() === 0);
	});
});

describe('an SFTP server that is particular about READs', () => {
	test('T19: one that cannot skip back is read in order, and later files from the start', async () => {
		let refusals = 0;
		const bytes = files['R20.wav'] ?? Buffer.alloc(0);
		const server = await scriptedSftp({
			files,
			isInOrder: true,
			// Short answers make a client ask for the rest, which is a step back when more was asked for ahead.
			onRead: ({ path, position, length, data, status }) => {
				const some = (files[path] ?? Buffer.alloc(0)).subarray(position, position + Math.min(length, 20_000));
				if (some.length > 0) data(some);
				else status(STATUS_CODE.EOF);
			},
			intercept: ({ name }) => {
				if (name === 'OPEN') refusals += 1;
				return false;
			},
		});
		const store = opened(sftpSettings(server, { maxConnections: 1 }));
		expect((await drain(store.read('R20.wav'))).equals(bytes)).toBe(true);
		refusals = 0;
		expect((await drain(store.read('R20.wav'))).equals(bytes)).toBe(true);
		expect(refusals).toBeLessThanOrEqual(2);
		expect(await readsAll(store)).toEqual(Array(24).fill(true));
		await eventually('every handle is closed', () => server.openHandles() === 0);
	});

	test.each([16_384, 8_192, 4_096, 2_000])(
		'one that refuses READs of more than %i bytes is asked for less, from then on',
		async (longestRead) => {
			const server = await scriptedSftp({ files, longestRead });
			const store = opened(sftpSettings(server));
			expect(await readsAll(store)).toEqual(Array(24).fill(true));
			const before = server.reads();
			expect((await drain(store.read('R0.wav', { size: 60_000 }))).length).toBe(60_000);
			// Halved until it fits, so never less than half of what would do.
			expect(server.reads() - before).toBeLessThanOrEqual(Math.ceil(60_000 / (longestRead / 2)));
		},
	);

	test('T20: one that gives more than it was asked for gives each byte once', async () => {
		const bytes = files['R9.wav'] ?? Buffer.alloc(0);
		const server = await scriptedSftp({
			files,
			onRead: ({ position, length, answer, data }) => {
				const more = bytes.subarray(position, position + length + 13);
				if (more.length === 0) answer();
				else data(more);
			},
		});
		const store = opened(sftpSettings(server));
		expect((await drain(store.read('R9.wav'))).equals(bytes)).toBe(true);
		expect(
			(await drain(store.read('R9.wav', { size: bytes.length, start: 40_001 }))).equals(bytes.subarray(40_001)),
		).toBe(true);
	});

	test('T20: a packet larger than the protocol allows ends the connection, and the file is tried again', async () => {
		const server = await scriptedSftp({
			files,
			onRead: ({ number, answer, data }) => (number === 2 ? data(Buffer.alloc(300_000)) : answer()),
		});
		const store = new ResumingStore(opened(sftpSettings(server, { maxConnections: 1 })), FAST);
		expect((await drain(store.read('R9.wav'))).equals(files['R9.wav'] ?? Buffer.alloc(0))).toBe(true);
		expect(server.logins()).toBe(2);
	});
});

describe('an FTPS server that is particular', () => {
	test('one that knows no REST is read from the start, and what the reader has is skipped', async () => {
		const bytes = randomBytes(900_000);
		let asked = 0;
		const tenant = await startTenant(
			'ftps',
			{ 'a.wav': bytes },
			{
				plan: ({ kind, number }) =>
					kind === 'data' && number <= 2 ? { kind: 'reset', after: 350_000 * number } : undefined,
				ftps: {
					script: (command) => {
						if (command !== 'REST') return undefined;
						asked += 1;
						return '502 REST is not implemented';
					},
				},
			},
		);
		const { stream, report } = tenant.resuming().readReported('a.wav');
		expect((await drain(stream)).equals(bytes)).toBe(true);
		expect(report.resumed).toBe(true);
		expect(asked).toBe(1);
	});

	test('T31: one that stops resuming TLS 1.3 sessions is asked for TLS 1.2, and then serves', async () => {
		const bytes = randomBytes(50_000);
		const versions: string[] = [];
		const server = await scriptedFtps({
			files: { '/a.wav': bytes },
			script: (command, _argument, session) => {
				if (command === 'USER') versions.push(session.tlsVersion());
				const isRefused = command === 'RETR' && session.tlsVersion() === 'TLSv1.3';
				return isRefused
					? '425 Unable to build data connection: TLS session of data connection not resumed'
					: undefined;
			},
		});
		const store = opened({ ...server.settings, maxConnections: 1 });
		expect(await codeOf(drain(store.read('a.wav')))).toBe('tls-session-refused');
		for (let n = 0; n < 3; n += 1) expect((await drain(store.read('a.wav'))).equals(bytes)).toBe(true);
		expect(versions).toEqual(['TLSv1.3', 'TLSv1.2']);
	});

	test('T24, T31: one that refuses every TLS session ends with a message that says so, after the retries', async () => {
		const tenant = await startTenant(
			'ftps',
			{ 'a.wav': randomBytes(10) },
			{
				ftps: {
					script: (command) => (command === 'RETR' ? '522 SSL connection failed: session reuse required' : undefined),
				},
			},
		);
		const { stream, report } = tenant.resuming({ ...FAST, retries: 2 }).readReported('a.wav');
		expect(await codeOf(drain(stream))).toBe('tls-session-refused');
		expect(report.attempts).toBe(3);
	});
});
