import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';

import { createServerCertificate } from '../../testbed/servers/serverCertificate';
import type { FtpsSettings } from '../../transport/connectionSettings';
import { FtpsStore } from '../../transport/ftps/ftpsStore';
import type { UnreadableLines } from '../../transport/remoteStore';
import { ResumingStore } from '../../transport/resumingStore';
import { TransportError } from '../../transport/transportError';
import {
	startScriptedServer,
	type Script,
	type ScriptedServer,
	type ScriptedServerOptions,
	type Session,
} from '../unit/transport/ftpsScriptedServer';

const ending: Array<() => Promise<void>> = [];

afterEach(async () => {
	for (const end of ending.splice(0).reverse()) await end();
});

async function start(options: Partial<ScriptedServerOptions> = {}): Promise<ScriptedServer> {
	const server = await startScriptedServer({ mode: 'implicit', ...options });
	ending.push(() => server.close());
	return server;
}

function open(server: ScriptedServer, changes: Partial<FtpsSettings> = {}): FtpsStore {
	const store = new FtpsStore({ ...server.settings, ...changes });
	ending.push(() => store.close());
	return store;
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

async function failure(work: Promise<unknown>): Promise<TransportError> {
	const error: unknown = await work.then(
		() => new Error('Expected a failure'),
		(reason: unknown) => reason,
	);
	if (error instanceof TransportError) return error;
	throw error;
}

/** Whether the client's end of the connection to the port has a keep-alive timer (2 in the sixth column: Linux' proc_net_tcp). */
async function isKeptAlive(port: number): Promise<boolean> {
	const connections = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/u));
	const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
	return connections.some(([, , to, , , timer]) => to?.endsWith(remote) === true && timer?.startsWith('02:') === true);
}

/**
 * Sockets that lead to the port and that this process has not closed, before it gets to do anything else. What the system still ends by
 * itself has no inode any more (the tenth column of Linux' proc_net_tcp).
 */
function socketsTo(port: number): number {
	const connections = readFileSync('/proc/net/tcp', 'utf8')
		.split('\n')
		.map((text) => text.trim().split(/\s+/u));
	const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
	return connections.filter(([, , to, , , , , , , inode]) => to?.endsWith(remote) === true && inode !== '0').length;
}

const commands = (server: ScriptedServer, name: string): string[] =>
	server.received.filter((line) => line.startsWith(name));

describe('logging in', () => {
	test('a plain FTP server in explicit mode is refused before the user name or password is sent', async () => {
		const server = await start({
			mode: 'explicit',
			script: (command) => (command === 'AUTH' ? '502 no TLS here' : undefined),
		});
		const error = await failure(open(server).list(''));
		expect(error.code).toBe('tls-refused');
		expect(error.detail).toContain('502 no TLS here');
		expect(server.received).toEqual(['AUTH TLS']);
	});

	test('a 334 to AUTH TLS is no permission to go on', async () => {
		const server = await start({
			mode: 'explicit',
			script: (command) => (command === 'AUTH' ? '334 more please' : undefined),
		});
		expect((await failure(open(server).list(''))).code).toBe('tls-refused');
		expect(server.received).toEqual(['AUTH TLS']);
	});

	test('an explicit port taken for an implicit one is tls-refused, and says what it may be', async () => {
		const server = await start({ mode: 'explicit' });
		const error = await failure(open(server, { protocol: 'ftpsImplicit' }).list(''));
		expect(error.code).toBe('tls-refused');
		expect(error.message).toContain('explicit');
	});

	test('an implicit port taken for an explicit one is a timeout, and says what it may be', async () => {
		const server = await start({ mode: 'implicit' });
		const error = await failure(open(server, { protocol: 'ftpsExplicit', connectTimeout: 300 }).list(''));
		expect(error.code).toBe('timeout');
		expect(error.message).toContain('990');
	});

	test('a server that greets nobody is a timeout after connectTimeout, whatever stallTimeout is', async () => {
		const server = await start({ greeting: () => 'silent' });
		const started = Date.now();
		expect((await failure(open(server, { connectTimeout: 300, stallTimeout: 60_000 }).list(''))).code).toBe('timeout');
		expect(Date.now() - started).toBeLessThan(2_000);
	});

	test('a login slower than stallTimeout but within connectTimeout succeeds', async () => {
		const server = await start({
			script: async (command) => {
				if (command === 'PASS') await pause(500);
				return undefined;
			},
		});
		expect(await open(server, { stallTimeout: 200, connectTimeout: 5_000 }).list('')).toEqual([]);
	});

	test('a refused login rejects all that wait, and the password is sent once', async () => {
		const server = await start({ script: (command) => (command === 'PASS' ? '530 Login incorrect' : undefined) });
		const store = open(server, { maxConnections: 4 });
		const errors = await Promise.all([1, 2, 3, 4, 5].map(() => failure(store.list(''))));
		expect(errors.map((error) => error.code)).toEqual(Array(5).fill('login-failed'));
		expect(new Set(errors).size).toBe(5);
		expect((await failure(store.stat('x'))).code).toBe('login-failed');
		expect(commands(server, 'PASS')).toHaveLength(1);
	});

	test('a server that repeats the password and the user name does not get them into the error', async () => {
		const server = await start({
			script: (command, argument) =>
				command === 'PASS' ? `530 tenant-name: ${argument} is\t\u001b[31mwrong` : undefined,
		});
		const error = await failure(open(server).list(''));
		const shown = [JSON.stringify(error), error.stack, inspect(error, { depth: 9, showHidden: true })].join();
		expect(shown).not.toContain('Canary-4711');
		expect(error.message).not.toContain('tenant-name');
		expect(error.message).not.toContain('\u001b');
	});

	test('a user name with a line end is an invalid setting, and nothing is sent', async () => {
		const server = await start();
		const error = await failure(open(server, { username: 'x\r\nDELE y' }).list(''));
		expect([error.code, error.setting]).toEqual(['invalid-settings', 'username']);
		expect(server.received).toEqual([]);
	});

	test.each(['no PEM at all', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])(
		'a CA certificate that cannot be read (%j) is an invalid setting',
		async (caCertificate) => {
			const server = await start();
			const error = await failure(open(server, { caCertificate }).list(''));
			expect([error.code, error.setting]).toEqual(['invalid-settings', 'caCertificate']);
		},
	);

	test('a CA certificate pasted into one line is read', async () => {
		const server = await start();
		const caCertificate = (server.settings.caCertificate ?? '').replaceAll(/\r?\n/gu, ' ');
		expect(await open(server, { caCertificate }).list('')).toEqual([]);
	});

	test('421 at the first greeting is busy', async () => {
		const server = await start({ greeting: () => '421 Too many connections' });
		expect((await failure(open(server).list(''))).code).toBe('busy');
	});

	test.each([
		[
			'421 at a further greeting',
			(connection: number) => (connection === 1 ? '220 ready' : '421 Too many connections'),
			undefined,
		],
		['530 at a further login', undefined, '530 Login incorrect'],
	] as const)('%s lowers the number of connections, and all requests are served', async (_title, greeting, refusal) => {
		const files = { '/a': randomBytes(50_000) };
		const server = await start({
			files,
			greeting,
			script: (command, _argument, session) =>
				refusal !== undefined && command === 'PASS' && session.number > 1 ? refusal : undefined,
		});
		const store = open(server, { maxConnections: 4 });
		const read = await Promise.all(Array.from({ length: 12 }, () => readAll(store.read('a'))));
		expect(read.every((bytes) => bytes.equals(files['/a']))).toBe(true);
		expect(commands(server, 'PASS').length).toBeLessThanOrEqual(2);
	});

	test('the login directory is where paths start, quotes in it included', async () => {
		const server = await start({
			files: { '/home/a "b"/x': Buffer.from('x') },
			script: (command) => (command === 'PWD' ? '257 "/home/a ""b""" it is' : undefined),
		});
		expect((await readAll(open(server).read('x'))).toString()).toBe('x');
	});
});

describe('what is quicker than one command at a time', () => {
	const bytes = randomBytes(20_000);
	const files = { '/a': bytes };
	const readTimes = async (store: FtpsStore, times: number): Promise<void> => {
		for (let n = 0; n < times; n += 1)
			expect((await readAll(store.read('a', { size: bytes.length }))).equals(bytes)).toBe(true);
	};
	const atWork = (session: Session): { readonly done: Promise<void>; finish(): void } => {
		const known = working.get(session);
		if (known !== undefined) return known;
		let finish = (): void => undefined;
		const done = new Promise<void>((resolve) => {
			finish = resolve;
		});
		const work = { done, finish };
		working.set(session, work);
		return work;
	};
	const working = new WeakMap<Session, { readonly done: Promise<void>; finish(): void }>();

	/** Sends the file, and its 226 only when `atWork` is finished. */
	const retrieve = async (session: Session): Promise<string> => {
		session.send('150 here');
		(await session.data()).end(bytes);
		await atWork(session).done;
		working.delete(session);
		return '226 done';
	};

	test.each(['lose', 'overtake'] as const)(
		'a server that %ss commands sent together is asked one at a time, for good, after a second log-in',
		async (busy) => {
			const server = await start({ files, busy });
			const store = open(server, { connectTimeout: 2_000, maxConnections: 2 });
			await Promise.all([readTimes(store, 2), readTimes(store, 2)]);
			expect(commands(server, 'PASS')).toHaveLength(3);
			expect((await store.stat('a')).size).toBe(bytes.length);
		},
	);

	test('a server that answers nothing to commands sent together is asked one at a time', async () => {
		const server = await start({
			files,
			script: (command, _argument, session) => (session.number === 1 && command === 'FEAT' ? 'silent' : undefined),
		});
		await readTimes(open(server, { connectTimeout: 1_000 }), 1);
		expect(commands(server, 'PASS')).toHaveLength(2);
	});

	test('a log-in of a server that took commands together before and now answers late is worth another attempt', async () => {
		const server = await start({
			files,
			script: (command, _argument, session) => (session.number === 2 && command === 'TYPE' ? 'silent' : undefined),
		});
		const store = open(server, { maxConnections: 1 });
		await store.stat('a');
		server.dropAll();
		await expect.poll(() => server.connections()).toBe(0);
		expect((await failure(store.stat('a'))).isTransient).toBe(true);
		expect((await store.stat('a')).size).toBe(bytes.length);
		expect(commands(server, 'PASS')).toHaveLength(3);
	});

	/** What a server with these ways tells of a file, and the commands about it that came before the answer to the first of them. */
	const statOn = async (
		options: Partial<ScriptedServerOptions>,
	): Promise<{ readonly modifiedAt: Date | undefined; readonly atFirstAnswer: readonly string[] }> => {
		let atFirstAnswer: readonly string[] = [];
		const server = await start({
			files,
			...options,
			script: async (command, argument, session) => {
				if (command === 'MDTM') {
					await pause(150);
					return '213 20261128093000';
				}
				if (command !== 'SIZE') return undefined;
				await pause(50);
				atFirstAnswer = server.received.filter((line) => /^(?:SIZE|MDTM)/u.test(line));
				return await options.script?.(command, argument, session);
			},
		});
		const { size, modifiedAt } = await open(server).stat('a');
		expect(size).toBe(bytes.length);
		return { modifiedAt, atFirstAnswer };
	};

	test('size and time of a file are asked for together, where commands may be sent so', async () => {
		const modifiedAt = new Date('2026-11-28T09:30:00.000Z');
		const together = await statOn({ busy: 'answer' });
		expect(together).toEqual({ modifiedAt, atFirstAnswer: ['SIZE /a', 'MDTM /a'] });
		const inTurn = await statOn({ busy: 'lose' });
		expect(inTurn).toEqual({ modifiedAt, atFirstAnswer: ['SIZE /a'] });
	});

	test('a time told for a size is noticed, and both are asked for in turn from then on', async () => {
		const server = await start({
			files,
			busy: 'answer',
			script: async (command) => {
				if (command === 'SIZE') await pause(50);
				return command === 'MDTM' ? '213 20261128093000' : undefined;
			},
		});
		const store = open(server, { maxConnections: 1 });
		expect([(await store.stat('a')).size, (await store.stat('a')).size]).toEqual([bytes.length, bytes.length]);
		expect(commands(server, 'PASS')).toHaveLength(2);
		expect(commands(server, 'SIZE')).toHaveLength(3);
	});

	test('a server that loses the second of two commands is asked for both in turn from then on', async () => {
		let sizes = 0;
		const server = await start({
			files,
			script: (command) => {
				if (command === 'SIZE') sizes += 1;
				if (command !== 'MDTM') return undefined;
				return sizes === 1 ? 'silent' : '213 20261128093000';
			},
		});
		const store = open(server, { maxConnections: 1, stallTimeout: 300 });
		for (let time = 0; time < 2; time += 1) expect((await store.stat('a')).size).toBe(bytes.length);
		expect(commands(server, 'PASS')).toHaveLength(2);
		expect(commands(server, 'SIZE')).toHaveLength(3);
	});

	test('a server that says nothing to two commands is late, as with one', async () => {
		let isSilent = true;
		const server = await start({ files, script: (command) => (isSilent && command === 'SIZE' ? 'silent' : undefined) });
		const store = open(server, { maxConnections: 1, stallTimeout: 300 });
		const error = await failure(store.stat('a'));
		expect([error.code, error.isTransient]).toEqual(['timeout', true]);
		isSilent = false;
		expect((await store.stat('a')).size).toBe(bytes.length);
	});

	test('a server that goes in the middle of two answers is asked again', async () => {
		let isFirst = true;
		const server = await start({
			files,
			script: (command, _argument, session) => {
				if (command !== 'MDTM') return undefined;
				if (!isFirst) return '213 20261128093000';
				isFirst = false;
				setTimeout(() => session.destroy(), 20);
				return '421 Closing';
			},
		});
		const store = open(server);
		const error = await failure(store.stat('a'));
		expect(error.isTransient).toBe(true);
		expect(await store.stat('a')).toMatchObject({
			size: bytes.length,
			modifiedAt: new Date('2026-11-28T09:30:00.000Z'),
		});
	});

	test('a log-in whose commands are refused goes on, unless it is the binary type', async () => {
		const refusing = (refused: RegExp) =>
			start({ files, script: (command) => (refused.test(command) ? '500 What?' : undefined) });
		await readTimes(open(await refusing(/^(?:FEAT|OPTS|PBSZ|PROT|PWD)$/u)), 2);
		const server = await refusing(/^TYPE$/u);
		expect((await failure(open(server).list(''))).code).toBe('protocol');
		expect(commands(server, 'PASS')).toHaveLength(1);
	});

	test('the next data connection is asked for before the 226 has come', async () => {
		const server = await start({
			files,
			busy: 'answer',
			script: async (command, _argument, session) => {
				if (command === 'RETR') return await retrieve(session);
				// The first is asked for before there is a file at work.
				if (command === 'EPSV' && commands(server, 'EPSV').length > 1) setTimeout(() => atWork(session).finish(), 20);
				return undefined;
			},
		});
		await readTimes(open(server, { maxConnections: 1 }), 3);
		expect([commands(server, 'EPSV').length, commands(server, 'PASS').length]).toEqual([4, 1]);
	});

	test.each(['450 EPSV: data transfer in progress', '500 What?'])(
		'a server that refuses that (%s) is asked after the 226, and no file suffers',
		async (refusal) => {
			const server = await start({
				files,
				busy: 'answer',
				script: async (command, _argument, session) => {
					if (command === 'RETR' && commands(server, 'RETR').length === 1) return await retrieve(session);
					if (command !== 'EPSV' || commands(server, 'EPSV').length !== 2) return undefined;
					setTimeout(() => atWork(session).finish(), 20);
					return refusal;
				},
			});
			await readTimes(open(server, { maxConnections: 1 }), 3);
			expect(server.received.slice(-6).map((line) => line.split(' ')[0])).toEqual([
				...['RETR', 'EPSV', 'EPSV', 'RETR', 'EPSV', 'RETR'],
			]);
			expect(commands(server, 'PASS')).toHaveLength(1);
		},
	);

	test('a transfer that is refused after its data is not taken for a refusal of EPSV', async () => {
		const server = await start({
			files,
			script: async (command, _argument, session) => {
				if (command !== 'RETR' || commands(server, 'RETR').length > 1) return undefined;
				session.send('150 here');
				await new Promise(
					(resolve) => void session.data().then((socket) => socket.end(bytes, () => resolve(undefined))),
				);
				await pause(50);
				return '451 Disk on fire';
			},
		});
		const store = open(server, { maxConnections: 1 });
		const error = await failure(readAll(store.read('a', { size: bytes.length })));
		expect([error.code, error.detail]).toEqual(['busy', '451 Disk on fire']);
		await readTimes(store, 2);
	});

	test('a server that never answers EPSV before the next command costs one connection and no file', async () => {
		const server = await start({
			files,
			script: (command) => (command === 'EPSV' && commands(server, 'EPSV').length === 2 ? 'silent' : undefined),
		});
		await readTimes(open(server, { maxConnections: 1, stallTimeout: 300 }), 4);
		expect([commands(server, 'PASS').length, commands(server, 'EPSV').length]).toEqual([2, 5]);
	});

	test('where nobody listens on the port that was named early, another is asked for', async () => {
		const server = await start({
			files,
			announce: async (port) => (commands(server, 'EPSV').length === 2 ? 1 : port),
		});
		await readTimes(open(server, { maxConnections: 1 }), 3);
		expect([commands(server, 'PASS').length, commands(server, 'EPSV').length]).toEqual([1, 4]);
	});

	test('a server that refuses the data connection that was asked for early costs one connection and no file', async () => {
		const server = await start({
			files,
			script: (command) =>
				command === 'RETR' && commands(server, 'RETR').length === 2 ? '425 No connection' : undefined,
		});
		const store = open(server, { maxConnections: 1 });
		await readTimes(store, 4);
		expect([commands(server, 'PASS').length, commands(server, 'EPSV').length]).toEqual([2, 5]);
	});

	test('a file that breaks off on such a data connection fails: its reader has had bytes already', async () => {
		const server = await start({
			files,
			script: async (command, _argument, session) => {
				if (command !== 'RETR' || commands(server, 'RETR').length !== 2) return undefined;
				session.send('150 here');
				(await session.data()).write(bytes.subarray(0, 5_000));
				await pause(100);
				session.destroy();
				return 'silent';
			},
		});
		const store = open(server, { maxConnections: 1 });
		await readTimes(store, 1);
		expect((await failure(readAll(store.read('a', { size: bytes.length })))).code).toBe('connection-lost');
		expect(commands(server, 'RETR')).toHaveLength(2);
	});

	test('a request that needs no data connection gets its own answer', async () => {
		const server = await start({ files });
		const store = open(server, { maxConnections: 1 });
		for (let n = 0; n < 3; n += 1) {
			await readTimes(store, 1);
			expect((await store.stat('a')).size).toBe(bytes.length);
			expect(await store.list('')).toEqual([]);
		}
		expect(commands(server, 'PASS')).toHaveLength(1);
	});
});

describe('connections that end', () => {
	test('an idle connection that the server ended is replaced before use', async () => {
		const server = await start({ files: { '/a': Buffer.from('a') } });
		const store = open(server);
		await store.list('');
		server.dropAll();
		await pause(50);
		expect((await readAll(store.read('a', { size: 1 }))).toString()).toBe('a');
		expect(commands(server, 'PASS')).toHaveLength(2);
	});

	test.each(['421 Idle too long', 'cut'])(
		'an idle connection that ends with the request (%s) is replaced once',
		async (how) => {
			let seen = 0;
			const server = await start({
				files: { '/a': Buffer.from('a') },
				script: (command, _argument, session) => {
					if (command !== 'SIZE') return undefined;
					seen += 1;
					if (seen !== 2) return undefined;
					if (how === 'cut') session.destroy();
					return how === 'cut' ? 'silent' : how;
				},
			});
			const store = open(server);
			await readAll(store.read('a'));
			expect((await readAll(store.read('a'))).toString()).toBe('a');
			expect([seen, commands(server, 'PASS').length]).toEqual([3, 2]);
		},
	);

	test('a new connection that ends with its first request is not tried again', async () => {
		const server = await start({
			script: (command, _argument, session) => {
				if (command === 'CWD') session.destroy();
				return command === 'CWD' ? 'silent' : undefined;
			},
		});
		expect((await failure(open(server).list(''))).code).toBe('connection-lost');
		expect(commands(server, 'CWD')).toHaveLength(1);
	});

	test('when all connections die in the middle, every request that waits is still served', async () => {
		const files = { '/a': randomBytes(10_000) };
		let cut = 0;
		const server = await start({
			files,
			script: (command, _argument, session) => {
				if (command !== 'RETR' || cut === 2) return undefined;
				cut += 1;
				session.destroy();
				return 'silent';
			},
		});
		const store = open(server);
		const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => readAll(store.read('a'))));
		expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(2);
		expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(6);
	});

	test('a request without an answer is a timeout after stallTimeout, and the next one works', async () => {
		let asked = 0;
		const server = await start({
			script: (command) => {
				if (command !== 'CWD') return undefined;
				asked += 1;
				return asked === 1 ? 'silent' : undefined;
			},
		});
		const store = open(server, { stallTimeout: 300 });
		expect((await failure(store.list(''))).code).toBe('timeout');
		expect(await store.list('')).toEqual([]);
	});

	test('close rejects what runs and what waits with closed, at once', async () => {
		const server = await start({ script: (command) => (command === 'CWD' ? 'silent' : undefined) });
		const store = open(server, { maxConnections: 1, stallTimeout: 60_000 });
		const running = failure(store.list(''));
		const waiting = failure(store.list(''));
		while (commands(server, 'CWD').length === 0) await pause(10);
		await store.close();
		expect([(await running).code, (await waiting).code]).toEqual(['closed', 'closed']);
	});

	test('close while the first connection is being opened rejects with closed', async () => {
		const server = await start({ greeting: () => 'silent' });
		const store = open(server, { connectTimeout: 60_000 });
		const waiting = failure(store.list(''));
		await pause(50);
		await store.close();
		expect((await waiting).code).toBe('closed');
		expect((await failure(readAll(store.read('x')))).code).toBe('closed');
	});
});

describe('reading', () => {
	const bytes = randomBytes(300_000);

	test('asks for no size that it was told', async () => {
		const server = await start({ files: { '/a': bytes } });
		expect((await readAll(open(server).read('a', { size: bytes.length }))).equals(bytes)).toBe(true);
		expect(commands(server, 'SIZE')).toEqual([]);
	});

	test('at the end of a file of known size there is nothing to ask for', async () => {
		const server = await start({ files: { '/a': bytes } });
		expect(await readAll(open(server).read('a', { start: 9, size: 9 }))).toHaveLength(0);
		expect(commands(server, 'RETR')).toEqual([]);
	});

	test('226 after too few bytes is a size-mismatch', async () => {
		const server = await start({
			files: { '/a': bytes },
			script: async (command, _argument, session) => {
				if (command !== 'RETR') return undefined;
				session.send('150 here');
				(await session.data()).end(bytes.subarray(0, 1_000));
				return '226 done';
			},
		});
		const error = await failure(readAll(open(server).read('a')));
		expect(error.code).toBe('size-mismatch');
		expect(error.message).toContain('1000 bytes came, stated are 300000');
	});

	test.each([
		['426 Aborted', 'connection-lost'],
		['451 Local error', 'busy'],
		['550 Permission denied', 'permission-denied'],
	])('all bytes but then %s is %s, not a clean end', async (reply, code) => {
		const server = await start({
			files: { '/a': bytes },
			script: async (command, _argument, session) => {
				if (command !== 'RETR') return undefined;
				session.send('150 here');
				const socket = await session.data();
				await new Promise((resolve) => socket.end(bytes, () => resolve(undefined)));
				return reply;
			},
		});
		const store = open(server);
		expect((await failure(readAll(store.read('a')))).code).toBe(code);
		expect(await store.list('')).toEqual([]);
		expect(commands(server, 'PASS')).toHaveLength(2);
	});

	test('all bytes but no 226 is stalled, not a clean end', async () => {
		const server = await start({
			files: { '/a': bytes },
			script: async (command, _argument, session) => {
				if (command !== 'RETR') return undefined;
				session.send('150 here');
				(await session.data()).end(bytes);
				return 'silent';
			},
		});
		expect((await failure(readAll(open(server, { stallTimeout: 300 }).read('a')))).code).toBe('stalled');
	});

	test('a server that stops sending is stalled after stallTimeout', async () => {
		const server = await start({
			files: { '/a': bytes },
			script: async (command, _argument, session) => {
				if (command !== 'RETR') return undefined;
				session.send('150 here');
				(await session.data()).write(bytes.subarray(0, 1_000));
				return 'silent';
			},
		});
		const started = Date.now();
		expect((await failure(readAll(open(server, { stallTimeout: 400 }).read('a')))).code).toBe('stalled');
		expect(Date.now() - started).toBeLessThan(3_000);
	});

	test.each([
		['a whole file', { size: 500_000 }],
		['a part of a file', { start: 0, length: 1_000 }],
	])(
		'%s from a data connection with a certificate of somebody else is refused, and none of its bytes delivered',
		async (_, range) => {
			const server = await start({
				files: { '/a': randomBytes(500_000) },
				dataCertificate: await createServerCertificate(),
			});
			const chunks: unknown[] = [];
			const stream = open(server).read('a', range);
			stream.on('data', (chunk) => chunks.push(chunk));
			const error = await failure(finished(stream));
			expect([error.code, error.isTransient, chunks]).toEqual(['certificate-untrusted', false, []]);
		},
	);

	test('a consumer that pauses for twice the stallTimeout is not a stalled server', async () => {
		const large = randomBytes(8_000_000);
		const server = await start({ files: { '/a': large } });
		const stream = open(server, { stallTimeout: 400 }).read('a');
		const chunks: Buffer[] = [];
		let paused = false;
		for await (const chunk of stream) {
			chunks.push(chunk as Buffer);
			if (!paused) await pause(900);
			paused = true;
		}
		expect(Buffer.concat(chunks).equals(large)).toBe(true);
	});

	test.each([262_144, 263_000, 263_001, 270_000, 276_000])(
		'a consumer that pauses when the server has sent all of %i bytes is not a stalled server',
		async (size) => {
			const file = randomBytes(size);
			const server = await start({
				script: async (command, _argument, session) => {
					if (command !== 'RETR') return undefined;
					session.send('150 here');
					const socket = await session.data();
					for (let at = 0; at < size; at += 1_000) {
						await new Promise((resolve) => socket.write(file.subarray(at, at + 1_000), resolve));
					}
					socket.end();
					return '226 done';
				},
			});
			const stream = open(server, { stallTimeout: 300, maxConnections: 1 }).read('a', { size });
			await new Promise((resolve) => stream.once('readable', resolve));
			await pause(1_000);
			expect((await readAll(stream)).equals(file)).toBe(true);
		},
	);

	test.each([
		['a whole file', { size: 8_000_000 }],
		['a part of a file', { start: 0, length: 7_000_000, size: 8_000_000 }],
	])('the data connection of %s is kept alive while its reader pauses', async (_, range) => {
		let port: number | undefined;
		const server = await start({
			files: { '/a': randomBytes(8_000_000) },
			announce: async (listening) => (port = listening),
		});
		const stream = open(server, { maxConnections: 1 }).read('a', range);
		await new Promise((resolve) => stream.once('readable', resolve));
		expect(await isKeptAlive(port ?? 0)).toBe(true);
	});

	test('destroying a stream ends its control connection, and the store opens another', async () => {
		const server = await start({
			files: { '/a': bytes },
			script: async (command, argument, session) => {
				if (command !== 'RETR' || argument !== '/slow') return undefined;
				session.send('150 here');
				(await session.data()).write('some');
				return 'silent';
			},
		});
		const store = open(server, { maxConnections: 1 });
		const stream = store.read('slow', { size: 1_000 });
		stream.resume();
		await expect.poll(() => commands(server, 'RETR')).toHaveLength(1);
		stream.destroy();
		expect((await readAll(store.read('a'))).equals(bytes)).toBe(true);
		expect(commands(server, 'PASS')).toHaveLength(2);
		expect(commands(server, 'ABOR')).toEqual([]);
	});

	test('a stream that nobody reads asks for nothing, and its failure ends no process', async () => {
		const server = await start();
		const abort = new AbortController();
		const stream = open(server).read('a', { signal: abort.signal });
		abort.abort();
		await pause(50);
		expect([stream.destroyed, server.received.length]).toEqual([true, 0]);
	});

	test('forty reads on one signal leave no listener behind and warn of none', async () => {
		const warnings: string[] = [];
		const warned = (warning: Error): void => void warnings.push(warning.name);
		process.on('warning', warned);
		const server = await start({ files: { '/a': Buffer.from('a') } });
		const store = open(server);
		const { signal } = new AbortController();
		await Promise.all(Array.from({ length: 40 }, () => readAll(store.read('a', { signal }))));
		await pause(10);
		process.removeListener('warning', warned);
		expect(warnings).toEqual([]);
	});

	test.each([
		['522 SSL connection failed: session reuse required', 'tls-session-refused'],
		['425 Unable to build data connection: Operation not permitted', 'tls-session-refused'],
		['425 Unable to build data connection: TLS session of data connection not resumed.', 'tls-session-refused'],
		['425 Cannot open data connection', 'connection-lost'],
		['550 /a: Permission denied', 'permission-denied'],
		['550 /a: Not a regular file', 'not-a-file'],
		['450 /a: No such file or directory', 'not-found'],
		['421 Shutting down', 'busy'],
	])('RETR answered with %j is %s', async (reply, code) => {
		const server = await start({ script: (command) => (command === 'RETR' ? reply : undefined) });
		const error = await failure(readAll(open(server).read('a', { size: 5 })));
		expect([error.code, error.path]).toEqual([code, 'a']);
	});
});

describe('passive mode', () => {
	test('where EPSV is unknown, PASV is used with the host of the control connection, not the one in the answer', async () => {
		const bytes = randomBytes(1_000);
		const server = await start({
			files: { '/a': bytes },
			script: (command) => (command === 'EPSV' ? '500 What?' : undefined),
		});
		const withPasv = await start({
			files: { '/a': bytes },
			script: async (command, _argument, session) => {
				if (command === 'EPSV') return '500 What?';
				if (command !== 'PASV') return undefined;
				const port = await session.listen();
				return `227 Entering Passive Mode (192,0,2,1,${port >> 8},${port & 255})`;
			},
		});
		expect((await failure(readAll(open(server).read('a')))).code).toBe('protocol');
		const store = open(withPasv, { maxConnections: 1 });
		for (let n = 0; n < 3; n += 1) expect((await readAll(store.read('a'))).equals(bytes)).toBe(true);
		expect(commands(withPasv, 'EPSV')).toHaveLength(1);
	});
});

describe('listing', () => {
	const listing =
		(text: string) =>
		async (
			command: string,
			_argument: string,
			session: { send(line: string): void; data(): Promise<import('node:net').Socket> },
		) => {
			if (command !== 'MLSD' && command !== 'LIST') return undefined;
			session.send('150 here');
			(await session.data()).end(text);
			return '226 done';
		};

	test('MLSD gives exact sizes and UTC times; what is not stated is undefined', async () => {
		const server = await start({
			features: ['MLST type*;size*;modify*;'],
			script: listing(
				[
					'type=cdir;modify=20160607013000; .',
					'Type=file;Size=5;Modify=20160607013000.123; with space; and=signs.wav',
					'type=file;modify=20161399000000; no size.wav',
					'type=dir;size=4096; S20160607',
					'type=OS.unix=slink:/x;size=1; link',
					'type=file;size=1; ../evil',
					'type=file;size=1; a\\b',
					'type=file;size=9;__proto__=x; proto',
					'',
				].join('\r\n'),
			),
		});
		const entries = await open(server).list('day');
		expect(entries.map((entry) => [entry.path, entry.type, entry.size, entry.modifiedAt?.toISOString()])).toEqual([
			['day/with space; and=signs.wav', 'file', 5, '2016-06-07T01:30:00.123Z'],
			['day/no size.wav', 'file', undefined, undefined],
			['day/S20160607', 'directory', undefined, undefined],
			['day/link', 'other', undefined, undefined],
			['day/proto', 'file', 9, undefined],
		]);
		expect(commands(server, 'MLSD')).toEqual(['MLSD']);
		expect(commands(server, 'CWD')).toEqual(['CWD /day']);
	});

	test('LIST gives sizes and no times, for it knows no zone', async () => {
		const server = await start({
			script: listing('drwxr-xr-x 2 0 0 4096 Jun 07 01:30 .\r\n-rw-r--r-- 1 0 0 482044 Jun 07 01:30 -R 1.wav\r\n'),
		});
		expect(await open(server).list('')).toEqual([
			{ name: '-R 1.wav', path: '-R 1.wav', type: 'file', size: 482_044, modifiedAt: undefined },
		]);
	});

	test('a server that takes LIST -a for a name is asked again without it', async () => {
		const server = await start({
			script: (command, argument, session) =>
				listing(argument === '-a' ? '' : '-rw-r--r-- 1 0 0 3 Jun 07 01:30 a\r\n')(command, argument, session),
		});
		const store = open(server);
		expect(await store.list('')).toHaveLength(1);
		expect(await store.list('')).toHaveLength(1);
		expect(commands(server, 'LIST')).toEqual(['LIST -a', 'LIST', 'LIST']);
	});

	test('a format that nobody knows is a protocol error', async () => {
		const server = await start({ script: listing('what is this\r\n') });
		expect((await failure(open(server).list(''))).code).toBe('protocol');
	});

	test('a directory of 5,000 names is listed once for a hundred files that are refused without a reason', async () => {
		const names = Array.from({ length: 5_000 }, (_, n) => `-rw-r--r-- 1 0 0 ${n + 1} Jun 07 01:30 R${n}.wav\r\n`);
		const list = listing(names.join(''));
		const server = await start({
			script: (command, argument, session) => {
				const isMissing = argument.includes('missing') || argument.endsWith('R7.wav');
				return command === 'SIZE' && isMissing ? '550 Could not get file size.' : list(command, argument, session);
			},
		});
		const store = open(server, { maxConnections: 4 });
		const stats = Array.from({ length: 100 }, async (_, n) => (await failure(store.stat(`missing${n}.wav`))).code);
		expect(new Set(await Promise.all(stats))).toEqual(new Set(['not-found']));
		expect(commands(server, 'LIST')).toHaveLength(1);
		// A size is never one of before.
		expect(await store.stat('R7.wav')).toMatchObject({ type: 'file', size: 8 });
		expect(commands(server, 'LIST')).toHaveLength(2);
	});

	test('a directory that cannot be entered for no stated reason is looked up in its parent', async () => {
		const server = await start({
			script: (command, argument, session) => {
				if (command === 'CWD') return argument === '/' ? undefined : '550 Failed to change directory.';
				return listing('drwx------ 2 0 0 4096 Jun 07 01:30 secret\r\n-rw-r--r-- 1 0 0 3 Jun 07 01:30 a\r\n')(
					command,
					argument,
					session,
				);
			},
		});
		const store = open(server);
		expect((await failure(store.list('S19991231'))).code).toBe('not-found');
		expect((await failure(store.list('S19991231/deep/er'))).code).toBe('not-found');
		expect((await failure(store.list('secret'))).code).toBe('permission-denied');
		expect((await failure(store.list('a'))).code).toBe('not-found');
	});
});

describe('breaking off a transfer', () => {
	const file = randomBytes(3_000_000);
	const large = Buffer.alloc(10_000_000, 1);

	/** Sends a file, and says `lastWords` when the client has gone away. */
	const retr =
		(lastWords: (session: Session) => void): Script =>
		async (command, argument, session) => {
			if (command !== 'RETR') return undefined;
			session.send('150 here it comes');
			const data = await session.data();
			data.once('close', (hadError) => {
				if (hadError || !data.writableFinished) lastWords(session);
				else session.send('226 done');
			});
			data.end(argument === '/large.wav' ? large : file);
			return 'silent';
		};
	const served = async (lastWords: (session: Session) => void, changes: Partial<FtpsSettings> = {}) => {
		const server = await start({ files: { '/a.wav': file, '/large.wav': large }, script: retr(lastWords) });
		const store = open(server, { maxConnections: 1, stallTimeout: 1_000, ...changes });
		const beginning = async (path = 'a.wav'): Promise<boolean> => {
			const wanted = path === 'a.wav' ? file : large;
			return (await readAll(store.read(path, { length: 4_096 }))).equals(wanted.subarray(0, 4_096));
		};
		return { server, store, beginning };
	};

	const confirming: Array<[string, (session: Session) => void]> = [
		['confirms it', (session) => session.send('426 aborted')],
		[
			'says it twice',
			(session) => {
				session.send('426 aborted');
				setTimeout(() => session.send('226 abort successful'), 5);
			},
		],
	];
	test.each(confirming)('a server that %s keeps its connection, which is tried once', async (_, lastWords) => {
		const { server, beginning } = await served(lastWords);
		expect([await beginning(), await beginning(), await beginning()]).toEqual([true, true, true]);
		expect([commands(server, 'USER').length, commands(server, 'NOOP').length]).toEqual([1, 1]);
	});

	const costly: Array<[string, (session: Session) => void]> = [
		['says nothing more', () => undefined],
		['ends the session', (session) => session.destroy()],
		['says that it goes', (session) => session.send('421 good bye')],
	];
	test.each(costly)('one that %s costs that connection and nothing else', async (_, lastWords) => {
		const { server, store, beginning } = await served(lastWords);
		expect(await beginning()).toBe(true);
		expect((await store.stat('a.wav')).size).toBe(file.length);
		expect(commands(server, 'USER')).toHaveLength(2);
		// From now on what is cheaper to finish than to log in again is finished.
		expect([await beginning(), await beginning()]).toEqual([true, true]);
		expect((await readAll(store.read('a.wav'))).equals(file)).toBe(true);
		expect(commands(server, 'USER')).toHaveLength(2);
		expect(await beginning('large.wav')).toBe(true);
		expect((await readAll(store.read('a.wav'))).equals(file)).toBe(true);
		expect(commands(server, 'USER')).toHaveLength(3);
	});

	test('a file that ends before the part does is a size-mismatch', async () => {
		const server = await start({
			files: { '/a.wav': file },
			script: async (command, _, session) => {
				if (command !== 'RETR') return undefined;
				session.send('150 here it comes');
				(await session.data()).end(file.subarray(0, 1_000));
				return '226 done';
			},
		});
		expect((await failure(readAll(open(server).read('a.wav', { length: 4_096 })))).code).toBe('size-mismatch');
	});

	test('a transfer that stops in the middle of the part is stalled', async () => {
		const server = await start({
			files: { '/a.wav': file },
			script: async (command, _, session) => {
				if (command !== 'RETR') return undefined;
				session.send('150 here it comes');
				(await session.data()).write(file.subarray(0, 1_000));
				return 'silent';
			},
		});
		const store = open(server, { stallTimeout: 300 });
		expect((await failure(readAll(store.read('a.wav', { length: 4_096 })))).code).toBe('stalled');
	});

	test('a reader that takes its time does not stall a part', async () => {
		const { server, store } = await served((session) => session.send('426 aborted'), { stallTimeout: 200 });
		const chunks: Buffer[] = [];
		for await (const chunk of store.read('a.wav', { length: 2_000_000 })) {
			if (chunks.length % 10 === 0) await pause(300);
			chunks.push(chunk as Buffer);
		}
		expect(Buffer.concat(chunks).equals(file.subarray(0, 2_000_000))).toBe(true);
		expect(commands(server, 'USER')).toHaveLength(1);
	});
});

describe('the ways of servers in the field', () => {
	const bytes = randomBytes(20_000);
	const files = { '/a': bytes };
	const line = '-rw-r--r-- 1 0 0 20000 Jun 07 01:30 a\r\n';

	/** Answers LIST with `text` and `lastWords`. */
	const listing =
		(text: string, lastWords = '226 done'): Script =>
		async (command, _argument, session) => {
			if (command !== 'LIST') return undefined;
			session.send('150 here');
			const data = await session.data();
			await new Promise((resolve) => data.end(text, () => resolve(undefined)));
			return lastWords;
		};
	const isWhole = async (store: FtpsStore, range = {}): Promise<boolean> =>
		(await readAll(store.read('a', range))).equals(bytes);
	/** The byte at which the RETR that came last begins. */
	const restartOf = (server: ScriptedServer): number => {
		const before = server.received.at(-2) ?? '';
		return before.startsWith('REST ') ? Number(before.slice('REST '.length)) : 0;
	};

	test('a reply that comes in two TLS records, parted at any character, is one reply', async () => {
		const inHome = { '/home/tenant/a': bytes };
		const script: Script = async (command, argument, session) =>
			command === 'PWD' ? '257 "/home/tenant" is where you are' : await listing(line)(command, argument, session);
		for (let splitAt = 1; splitAt <= 60; splitAt += 1) {
			const server = await start({ files: inHome, script, splitAt });
			const store = open(server, { maxConnections: 1 });
			const entries = await store.list('');
			expect(
				entries.map((entry) => [entry.name, entry.size]),
				`parted at ${splitAt}`,
			).toEqual([['a', 20_000]]);
			expect((await store.stat('a')).size, `parted at ${splitAt}`).toBe(20_000);
			expect(await isWhole(store), `parted at ${splitAt}`).toBe(true);
			expect(commands(server, 'PASS'), `parted at ${splitAt}`).toHaveLength(1);
			await store.close();
			await server.close();
		}
	}, 120_000);

	test.each(['425 Not now', '500 What?', '229 no port here', '229 Extended (|||1|)'])(
		'where EPSV comes to nothing (%s), PASV is used, and remembered for further connections',
		async (answer) => {
			const server = await start({
				files,
				script: async (command, _argument, session) => {
					if (command === 'EPSV') return answer;
					if (command !== 'PASV') return undefined;
					const port = await session.listen();
					return `227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})`;
				},
			});
			const store = open(server, { maxConnections: 1 });
			expect(await isWhole(store)).toBe(true);
			server.dropAll();
			await pause(50);
			expect([await isWhole(store), await isWhole(store)]).toEqual([true, true]);
			expect([commands(server, 'EPSV').length, commands(server, 'PASV').length]).toEqual([1, 3]);
		},
	);

	const resetAfter =
		(count: number): Script =>
		async (command, _argument, session) => {
			if (command !== 'RETR') return undefined;
			session.send('150 here');
			const data = await session.data();
			await new Promise((resolve) => data.write(bytes.subarray(0, count), resolve));
			// What the client has not read yet would be lost with the reset; and libuv takes one that it meets right behind bytes for
			// an end (uv__stream_io, POLLHUP after a partial read). After a busy spell the timer comes before what has arrived.
			await pause(100);
			for (let turns = 0; turns < 3; turns += 1) await nextTurn();
			session.reset();
			await pause(20);
			return '226 done';
		};

	test('a data connection that is reset after the last byte is a success when the 226 comes', async () => {
		const server = await start({ files, script: resetAfter(bytes.length) });
		const store = open(server, { maxConnections: 1 });
		expect([await isWhole(store), await isWhole(store)]).toEqual([true, true]);
		expect(commands(server, 'PASS')).toHaveLength(1);
	});

	test('one that is reset before the last byte is none, whatever comes after it', async () => {
		const server = await start({ files, script: resetAfter(bytes.length - 1) });
		expect((await failure(readAll(open(server).read('a')))).code).toBe('connection-lost');
	});

	test('a listing that ends in the middle of a line is an error that is worth another attempt', async () => {
		const server = await start({ script: listing(`${line}-rw-r--r-- 1 0 0 20000 Jun 07 01:30 b`) });
		const error = await failure(open(server).list(''));
		expect([error.code, error.isTransient]).toEqual(['connection-lost', true]);
		expect(error.message).toContain('in the middle of a line');
	});

	test('a listing that the server says it has cut short is an error that says what to do', async () => {
		const server = await start({ script: listing(line, '226-Output truncated to 1 matches\r\n226 1 matches total') });
		const error = await failure(open(server).list(''));
		expect([error.code, error.isTransient]).toEqual(['protocol', false]);
		expect(error.advice).toContain('raise its limit');
	});

	test('a server that forgets the 226 when it is asked early for the next data connection costs one file, once', async () => {
		const server = await start({
			files,
			busy: 'answer',
			script: async (command, _argument, session) => {
				if (command === 'EPSV' && commands(server, 'RETR').length === 1) return undefined;
				if (command !== 'RETR' || commands(server, 'RETR').length > 1) return undefined;
				session.send('150 here');
				(await session.data()).end(bytes);
				return 'silent';
			},
		});
		const store = open(server, { maxConnections: 1, stallTimeout: 300 });
		await failure(readAll(store.read('a')));
		expect([await isWhole(store), await isWhole(store)]).toEqual([true, true]);
		// The early one, and one before each of the three files.
		expect(commands(server, 'EPSV')).toHaveLength(4);
	});

	test.each(['425 Not here', '451 Local error', '501 What?', '550 Restart is not allowed', '554 Cannot restart'])(
		'where REST is refused (%s) a file is read from its beginning, and what comes before is skipped',
		async (refusal) => {
			const server = await start({ files, script: (command) => (command === 'REST' ? refusal : undefined) });
			const store = open(server, { maxConnections: 1 });
			for (let n = 0; n < 2; n += 1)
				expect((await readAll(store.read('a', { start: 5_000 }))).equals(bytes.subarray(5_000))).toBe(true);
			expect([commands(server, 'REST').length, commands(server, 'PASS').length]).toEqual([1, 1]);
		},
	);

	test('where the RETR after REST is refused a file is read from its beginning, too', async () => {
		let isRestarted = false;
		const server = await start({
			files,
			script: (command) => {
				if (command === 'REST') isRestarted = true;
				if (command !== 'RETR' || !isRestarted) return undefined;
				isRestarted = false;
				return '550 Failed to seek.';
			},
		});
		const store = open(server, { maxConnections: 1 });
		const rest = await readAll(store.read('a', { start: 5_000, size: bytes.length }));
		expect(rest.equals(bytes.subarray(5_000))).toBe(true);
		expect(commands(server, 'RETR')).toHaveLength(2);
	});

	test.each(['550 Could not get file size.', '550 SIZE: Operation not permitted', '502 What?'])(
		'a file whose SIZE is refused (%s) is read when the listing shows it',
		async (refusal) => {
			const server = await start({
				files,
				script: async (command, argument, session) =>
					command === 'SIZE' ? refusal : await listing(line)(command, argument, session),
			});
			expect(await isWhole(open(server))).toBe(true);
		},
	);

	test('a file that is busy (450) is tried again, although the listing shows nothing of it', async () => {
		const server = await start({ files, script: (command) => (command === 'RETR' ? '450 File busy' : undefined) });
		const error = await failure(readAll(open(server).read('a', { size: bytes.length })));
		expect([error.code, error.isTransient]).toEqual(['busy', true]);
	});

	test.each(['450 No files found', '550 No files found.', '226 No files'])(
		'an empty directory may be told by %j alone',
		async (reply) => {
			const server = await start({ script: (command) => (command === 'LIST' ? reply : undefined) });
			const store = open(server, { maxConnections: 1 });
			expect([await store.list(''), await store.list('')]).toEqual([[], []]);
		},
	);

	test('a refused listing that says nothing of an empty directory is an error', async () => {
		const server = await start({ script: (command) => (command === 'LIST' ? '550 Permission denied' : undefined) });
		expect((await failure(open(server).list(''))).code).toBe('permission-denied');
	});

	test('links show as what they point to, and as other when that is not to be had', async () => {
		const server = await start({
			script: async (command, argument, session) => {
				if (command === 'SIZE') return argument === '/file' ? '213 7' : '550 Not a plain file.';
				if (command === 'CWD') return argument === '/gone' ? '550 No such directory' : undefined;
				const links = ['file', 'directory', 'gone'].map((name) => `lrwxrwxrwx 1 0 0 3 Jun 07 01:30 ${name} -> x\r\n`);
				return await listing(links.join(''))(command, argument, session);
			},
		});
		expect((await open(server).list('')).map(({ name, type, size }) => [name, type, size])).toEqual([
			['file', 'file', 7],
			['directory', 'directory', undefined],
			['gone', 'other', undefined],
		]);
	});

	test('lines that cannot be read are counted, and the names around them are there', async () => {
		const server = await start({ script: listing(`total 3\r\n${line}?????????? ? tenant-name ? b\r\n`) });
		const found: UnreadableLines[] = [];
		const store = new FtpsStore(server.settings, undefined, { onUnreadable: (lines) => found.push(lines) });
		ending.push(() => store.close());
		expect((await store.list('day')).map((entry) => entry.name)).toEqual(['a']);
		expect(found).toEqual([{ directory: 'day', lines: 1, example: '?????????? ? *** ? b' }]);
	});

	test('a directory that cannot be opened is no empty one, although the server says that it is done', async () => {
		// vsftpd, of one that may be entered.
		const server = await start({ script: listing('', '226 Transfer done (but failed to open directory).') });
		expect((await failure(open(server).list('day'))).code).toBe('permission-denied');
	});

	test('a listing that comes late is waited for where the server says first that it is done', async () => {
		const server = await start({
			script: async (command, _argument, session) => {
				if (command !== 'LIST') return undefined;
				session.send('226 done');
				await pause(1_500);
				(await session.data()).end(line);
				return 'silent';
			},
		});
		expect((await open(server).list('')).map(({ name }) => name)).toEqual(['a']);
	});

	test.each([
		'550 The process cannot access the file because it is being used by another process. ',
		'550 Too many open files',
	])('a file that is refused for now (%j) is asked for again', async (refusal) => {
		let refusals = 2;
		const server = await start({
			files,
			script: async (command, argument, session) => {
				if (command === 'RETR' && (refusals -= 1) >= 0) return refusal;
				return await listing(line)(command, argument, session);
			},
		});
		const store = new ResumingStore(open(server), { retries: 3, firstDelay: 1 });
		expect((await readAll(store.read('a', { size: bytes.length }))).equals(bytes)).toBe(true);
		expect(refusals).toBe(-1);
	});

	const named = async (store: FtpsStore): Promise<unknown[]> =>
		(await store.list('day')).map(({ path, type, size }) => [path, type, size]);

	test('names come with a slash behind them or their path before them, and lines end in any way', async () => {
		const text = [
			'drwxr-xr-x 1 0 0 0 Jun 07 01:30 S20160607/',
			'-rw-r--r-- 1 0 0 1 Jun 07 01:30 ./a',
			'-rw-r--r-- 1 0 0 2 Jun 07 01:30 /day/b',
			'',
		];
		const server = await start({ script: listing(text.join('\r\r\n')) });
		expect(await named(open(server))).toEqual([
			['day/S20160607', 'directory', undefined],
			['day/a', 'file', 1],
			['day/b', 'file', 2],
		]);
	});

	test('a name of which no path can be made is counted', async () => {
		const server = await start({ script: listing(`${line}-rw-r--r-- 1 0 0 1 Jun 07 01:30 /night/b\r\n`) });
		const found: UnreadableLines[] = [];
		const store = new FtpsStore(server.settings, undefined, { onUnreadable: (lines) => found.push(lines) });
		ending.push(() => store.close());
		expect(await named(store)).toEqual([['day/a', 'file', 20_000]]);
		expect(found).toEqual([{ directory: 'day', lines: 1, example: '/night/b' }]);
	});

	test('what MLSD lists without a type is a file when it has a size, and is counted when it has none', async () => {
		const text = 'size=5;modify=20160607013000; a\r\nmodify=20160607013000; b\r\n';
		const server = await start({
			features: ['MLST type*;size*;modify*;'],
			script: async (command, argument, session) =>
				await listing(text)(command === 'MLSD' ? 'LIST' : command, argument, session),
		});
		const found: UnreadableLines[] = [];
		const store = new FtpsStore(server.settings, undefined, { onUnreadable: (lines) => found.push(lines) });
		ending.push(() => store.close());
		expect(await named(store)).toEqual([['day/a', 'file', 5]]);
		expect(found).toEqual([{ directory: 'day', lines: 1, example: 'modify=20160607013000; b' }]);
	});

	test('a login directory without quotes around it is where paths start', async () => {
		const server = await start({
			files: { '/home/tenant/a': bytes },
			script: (command) => (command === 'PWD' ? '257 /home/tenant is current directory.' : undefined),
		});
		expect(await isWhole(open(server))).toBe(true);
	});

	test.each([0, 30])(
		'a transfer whose end is told twice, %i ms apart, is no answer to the next command',
		async (milliseconds) => {
			const server = await start({
				files,
				script: async (command, _argument, session) => {
					if (command !== 'RETR' && command !== 'LIST') return undefined;
					session.send('150 here');
					(await session.data()).end(command === 'RETR' ? bytes.subarray(restartOf(server)) : line);
					session.send('226 done');
					await pause(milliseconds);
					return '226 done';
				},
			});
			const store = open(server, { maxConnections: 1 });
			for (let n = 0; n < 3; n += 1) {
				expect(await isWhole(store, { size: bytes.length })).toBe(true);
				const rest = await readAll(store.read('a', { start: 5_000, size: bytes.length }));
				expect(rest.equals(bytes.subarray(5_000))).toBe(true);
				expect((await store.list('')).map(({ name }) => name)).toEqual(['a']);
				expect(await store.stat('a')).toMatchObject({ type: 'file', size: bytes.length });
			}
			expect(commands(server, 'PASS')).toHaveLength(1);
		},
	);

	test('a server that resets data connections on which TLS comes before the command gets the command first', async () => {
		const server = await start({ files, tlsAfterCommand: true });
		const store = open(server, { maxConnections: 1 });
		expect([await isWhole(store), await isWhole(store)]).toEqual([true, true]);
		// One to find out.
		expect([commands(server, 'PASS').length, commands(server, 'RETR').length]).toEqual([2, 3]);
	});

	test('close resolves when every socket is closed, idle or at work', async () => {
		const server = await start({
			files,
			script: async (command, argument, session) => {
				if (command !== 'RETR' || argument !== '/slow') return undefined;
				session.send('150 here');
				(await session.data()).write('some');
				return 'silent';
			},
		});
		const store = open(server, { maxConnections: 2 });
		const slow = store.read('slow', { size: 1_000 });
		const broken = failure(finished(slow));
		slow.resume();
		await expect.poll(() => commands(server, 'RETR')).toHaveLength(1);
		expect(await isWhole(store)).toBe(true);
		expect(socketsTo(server.settings.port)).toBe(2);
		await store.close();
		expect(socketsTo(server.settings.port)).toBe(0);
		expect((await broken).code).toBe('closed');
	});

	test('an IPv6 address may come in brackets', async () => {
		const server = await start({ files, host: '::1' });
		expect(await isWhole(open(server, { host: '[::1]', allowUnauthorizedCerts: true }))).toBe(true);
	});
});
