import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { afterEach, describe, expect, test } from 'vitest';

import { type EmbeddedSftp, type EmbeddedSftpOptions, startEmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import { sshKeyPair } from '../../testbed/servers/sshKeyPair';
import type { SftpSettings } from '../../transport/connectionSettings';
import { fingerprintOf, HostKeyPolicy } from '../../transport/sftp/hostKey';
import { widenReceiveWindow } from '../../transport/sftp/receiveWindow';
import { SftpStore } from '../../transport/sftp/sftpStore';
import { openSshSession } from '../../transport/sftp/sshSession';
import { TransportError } from '../../transport/transportError';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, temporaryDirectory } from '../../testbed/servers/process';
import { type ScriptedSftp, type ScriptedSftpOptions, startScriptedSftp } from '../../testbed/servers/scriptedSftp';
import { describeStore, drain, everythingShownOf, failureOf } from './storeContract';

const { utils } = ssh2;
const canary = `Canary-${randomUUID()}`;

describeStore('the SFTP store on the embedded server', async () => {
	const root = await temporaryDirectory('8x8-embedded');
	const server = await startEmbeddedSftp({ root: root.path, username: 'tenant', password: canary });
	return {
		settings: {
			protocol: 'sftp',
			host: server.host,
			port: server.port,
			username: 'tenant',
			password: canary,
			hostKeyFingerprints: [server.fingerprint],
			allowUnknownHostKey: false,
			tenantDirectory: '',
			maxConnections: 4,
		},
		root: root.path,
		connections: server.connections,
		close: async () => {
			await server.close();
			await root.remove();
		},
	};
});

describeStore(
	'the SFTP store on OpenSSH',
	async () => {
		const root = await temporaryDirectory('8x8-openssh');
		const server = await startOpenSsh({ root: root.path });
		return {
			settings: {
				protocol: 'sftp',
				host: server.host,
				port: server.port,
				username: server.username,
				privateKey: server.privateKey,
				hostKeyFingerprints: [server.hostKeys.ed25519 ?? ''],
				allowUnknownHostKey: false,
				tenantDirectory: '',
				maxConnections: 4,
			},
			root: root.path,
			close: async () => {
				await server.close();
				await root.remove();
			},
		};
	},
	{ skip: realServer('OpenSSH', available()).reason },
);

/** Runs what was registered last first, when a test is over. */
const cleanups: Array<() => Promise<void> | void> = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function open(server: { host: string; port: number }, changes: Partial<SftpSettings> = {}): SftpStore {
	const store = new SftpStore({
		protocol: 'sftp',
		host: server.host,
		port: server.port,
		username: 'tenant',
		password: 'right',
		hostKeyFingerprints: [],
		allowUnknownHostKey: true,
		tenantDirectory: '',
		maxConnections: 2,
		connectTimeout: 5_000,
		stallTimeout: 5_000,
		...changes,
	});
	cleanups.push(() => store.close());
	return store;
}

async function directory(): Promise<string> {
	const made = await temporaryDirectory('8x8-sftp');
	cleanups.push(made.remove);
	return made.path;
}

async function embedded(options: Partial<EmbeddedSftpOptions> = {}): Promise<EmbeddedSftp & { root: string }> {
	const root = await directory();
	await writeFile(join(root, 'index.csv'), 'index');
	const server = await startEmbeddedSftp({ root, username: 'tenant', password: 'right', ...options });
	cleanups.push(server.close);
	return { ...server, root };
}

async function scripted(options: ScriptedSftpOptions): Promise<ScriptedSftp> {
	const server = await startScriptedSftp(options);
	cleanups.push(server.close);
	return server;
}

/** A relay to a server that can stop moving bytes without ending, as a network that vanished does. */
async function relay(port: number): Promise<{ host: string; port: number; freeze(): void }> {
	const sockets: Socket[] = [];
	const listener = createServer((near) => {
		const far = connect({ host: '127.0.0.1', port });
		sockets.push(near, far);
		near.on('error', () => far.destroy());
		far.on('error', () => near.destroy());
		near.pipe(far);
		far.pipe(near);
	});
	await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
	cleanups.push(() => {
		listener.close();
		for (const socket of sockets) socket.destroy();
	});
	const address = listener.address();
	return {
		host: '127.0.0.1',
		port: typeof address === 'object' && address !== null ? address.port : 0,
		freeze: () => {
			for (const socket of sockets) socket.unpipe().pause();
		},
	};
}

/** A server that does with each connection what the test says. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<{ host: string; port: number }> {
	const sockets: Socket[] = [];
	const listener = createServer((socket) => {
		sockets.push(socket);
		socket.on('error', () => undefined);
		onConnection(socket);
	});
	await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
	cleanups.push(() => {
		listener.close();
		for (const socket of sockets) socket.destroy();
	});
	const address = listener.address();
	return { host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0 };
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
	const deadline = Date.now() + 5_000;
	while (!holds()) {
		if (Date.now() > deadline) throw new Error(`Still not so after 5 s: ${what}`);
		await pause(10);
	}
}

const strict = { allowUnknownHostKey: false } as const;

describe('the host key over SFTP', () => {
	test('is refused when none is configured, with the fingerprint to paste', async () => {
		const server = await embedded();
		const error = await failureOf(open(server, strict).list(''));
		expect(error).toMatchObject({ code: 'host-key-unknown', fingerprint: server.fingerprint, isTransient: false });
		expect(error.message).toContain(server.fingerprint);
		const store = open(server, { ...strict, hostKeyFingerprints: [error.fingerprint ?? ''] });
		expect(await store.list('')).toHaveLength(1);
	});

	test('is refused when it is another than configured, and no password is sent to that server', async () => {
		const server = await scripted({ files: {} });
		const other = (await embedded()).fingerprint;
		const error = await failureOf(open(server, { ...strict, hostKeyFingerprints: [other] }).list(''));
		expect(error.code).toBe('host-key-changed');
		expect(error.fingerprint).not.toBe(other);
		expect(server.logins()).toBe(0);
	});

	test('is accepted whatever it is with the insecure switch on', async () => {
		const server = await embedded();
		const other = (await embedded()).fingerprint;
		expect(await open(server, { hostKeyFingerprints: [other] }).list('')).toHaveLength(1);
	});

	test('an unreadable line is an invalid setting', async () => {
		const server = await embedded();
		const error = await failureOf(
			open(server, { ...strict, hostKeyFingerprints: ['@cert-authority * ssh-ed25519 AAAA'] }).list(''),
		);
		expect(error).toMatchObject({ code: 'invalid-settings', setting: 'hostKeyFingerprints' });
	});

	const openSsh = realServer('OpenSSH', available());
	describe.skipIf(openSsh.skip)(
		`of a server with three kinds of key${openSsh.reason === undefined ? '' : ` (${openSsh.reason})`}`,
		() => {
			test('verifies with any one of them, as known_hosts line or as bare fingerprint', async () => {
				const root = await directory();
				await writeFile(join(root, 'index.csv'), 'index');
				const server = await startOpenSsh({ root, hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
				cleanups.push(server.close);
				const login = { ...strict, username: server.username, password: undefined, privateKey: server.privateKey };
				for (const line of Object.values(server.hostKeys)) {
					const fingerprint = fingerprintOf(Buffer.from(line.split(' ')[1] ?? '', 'base64'));
					for (const configured of [`[127.0.0.1]:${server.port} ${line}`, fingerprint]) {
						const store = open(server, { ...login, hostKeyFingerprints: [configured] });
						expect(await store.list(''), configured).toHaveLength(1);
					}
				}
				const foreign = `SHA256:${'A'.repeat(43)}`;
				const error = await failureOf(open(server, { ...login, hostKeyFingerprints: [foreign] }).list(''));
				expect(error.code).toBe('host-key-changed');
			});
		},
	);
});

describe('logging in over SFTP', () => {
	const passphrase = `phrase-${randomUUID()}`;

	test.each(['ed25519', 'rsa', 'ecdsa'] as const)(
		'with a %s key, encrypted, and pasted into one line',
		async (type) => {
			const plain = sshKeyPair(type);
			const locked = sshKeyPair(type, passphrase);
			const server = await embedded({ publicKeys: [plain.public, locked.public] });
			const keyOnly = { password: undefined };
			expect(await open(server, { ...keyOnly, privateKey: plain.private }).list('')).toHaveLength(1);
			expect(
				await open(server, { ...keyOnly, privateKey: plain.private.trim().replace(/\n/gu, ' ') }).list(''),
			).toHaveLength(1);
			expect(
				await open(server, { ...keyOnly, privateKey: plain.private.replace(/\n/gu, '\\n') }).list(''),
			).toHaveLength(1);
			expect(await open(server, { ...keyOnly, privateKey: locked.private, passphrase }).list('')).toHaveLength(1);
			const without = await failureOf(open(server, { ...keyOnly, privateKey: locked.private }).list(''));
			expect(without).toMatchObject({ code: 'invalid-settings', setting: 'passphrase' });
			const wrong = await failureOf(
				open(server, { ...keyOnly, privateKey: locked.private, passphrase: `${passphrase}x` }).list(''),
			);
			expect(wrong).toMatchObject({ code: 'invalid-settings', setting: 'passphrase' });
			for (const error of [without, wrong]) {
				expect(everythingShownOf(error)).not.toContain(passphrase);
				expect(everythingShownOf(error)).not.toContain(locked.private.split('\n')[2]);
			}
		},
	);

	test('with an encrypted PEM key of the old kind', async () => {
		const options = { modulusLength: 2048, publicKeyEncoding: { type: 'pkcs1', format: 'pem' } } as const;
		const pair = generateKeyPairSync('rsa', {
			...options,
			privateKeyEncoding: { type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase },
		});
		const parsed = utils.parseKey(pair.privateKey, passphrase);
		if (parsed instanceof Error) throw parsed;
		const key = Array.isArray(parsed) ? parsed[0] : parsed;
		const server = await embedded({ publicKeys: [`ssh-rsa ${key?.getPublicSSH().toString('base64')}`] });
		const login = { password: undefined, privateKey: pair.privateKey };
		expect(await open(server, { ...login, passphrase }).list('')).toHaveLength(1);
		const oneLine = pair.privateKey.trim().replace(/\n+/gu, ' ');
		expect(await open(server, { ...login, privateKey: oneLine, passphrase }).list('')).toHaveLength(1);
		expect(await failureOf(open(server, { ...login, passphrase: 'wrong' }).list(''))).toMatchObject({
			code: 'invalid-settings',
		});
		expect(await failureOf(open(server, login).list(''))).toMatchObject({
			code: 'invalid-settings',
			setting: 'passphrase',
		});
	});

	test('a text that is no key is an invalid setting, and is not shown', async () => {
		const server = await embedded();
		for (const privateKey of [
			'not-a-key-Canary',
			'-----BEGIN OPENSSH PRIVATE KEY-----\nQ2FuYXJ5\n-----END OPENSSH PRIVATE KEY-----',
		]) {
			const error = await failureOf(open(server, { password: undefined, privateKey }).list(''));
			expect(error).toMatchObject({ code: 'invalid-settings', setting: 'privateKey' });
			expect(everythingShownOf(error)).not.toMatch(/Canary|Q2FuYXJ5/u);
		}
	});

	test('a key that the server does not know is login-failed', async () => {
		const server = await embedded({ publicKeys: [sshKeyPair('ed25519').public] });
		const { private: privateKey } = sshKeyPair('ed25519');
		expect(await failureOf(open(server, { password: undefined, privateKey }).list(''))).toMatchObject({
			code: 'login-failed',
		});
		expect(await open(server, { privateKey }).list('')).toHaveLength(1);
	});

	test('neither password nor key is an invalid setting', async () => {
		const server = await embedded();
		expect(await failureOf(open(server, { password: '' }).list(''))).toMatchObject({
			code: 'invalid-settings',
			setting: 'password',
		});
	});

	test('with the password asked for by keyboard-interactive', async () => {
		const server = await embedded({ passwordMethod: 'keyboard-interactive' });
		expect(await open(server).list('')).toHaveLength(1);
		expect((await failureOf(open(server, { password: 'wrong' }).list(''))).code).toBe('login-failed');
	});

	test('a refused password is sent once, however many requests there are', async () => {
		const server = await scripted({ files: {} });
		const store = open(server, { password: 'wrong', maxConnections: 4 });
		const codes = await Promise.all(Array.from({ length: 20 }, async () => (await failureOf(store.list(''))).code));
		codes.push((await failureOf(store.list(''))).code);
		expect(new Set(codes)).toEqual(new Set(['login-failed']));
		expect(server.logins()).toBe(1);
	});
});

describe('the receive window', () => {
	test('is widened on the installed version of ssh2, and the channel goes on working', async () => {
		const root = await temporaryDirectory('8x8-window');
		const server = await startEmbeddedSftp({ root: root.path, username: 'tenant', password: canary });
		const settings: SftpSettings = {
			protocol: 'sftp',
			host: server.host,
			port: server.port,
			username: 'tenant',
			password: canary,
			hostKeyFingerprints: [server.fingerprint],
			allowUnknownHostKey: false,
			tenantDirectory: '',
			maxConnections: 1,
		};
		const session = await openSshSession(settings, new HostKeyPolicy(settings), new AbortController().signal);
		expect(widenReceiveWindow(session.channel, 4_194_304)).toBe(true);
		const path = await new Promise<string>((resolve, reject) => {
			session.channel.realpath('.', (error, absolute) => (error ? reject(error) : resolve(absolute)));
		});
		expect(path).toMatch(/^\//u);
		await session.client.end();
		await server.close();
		await root.remove();
	});

	test('is left alone on a version whose inside is another', () => {
		expect(widenReceiveWindow({} as ssh2.SFTPWrapper, 1)).toBe(false);
	});
});

describe('a server that does not do its part', () => {
	test('accepts and never speaks: timeout', async () => {
		const server = await rawServer(() => undefined);
		const started = Date.now();
		const error = await failureOf(open(server, { connectTimeout: 300 }).list(''));
		expect(error.code).toBe('timeout');
		expect(Date.now() - started).toBeLessThan(2_000);
	});

	test('hangs up at once: connection-lost', async () => {
		const server = await rawServer((socket) => socket.end());
		expect((await failureOf(open(server).list(''))).code).toBe('connection-lost');
	});

	test.each([
		['speaks FTP', '220 ready\r\n'],
		['speaks HTTP and hangs up', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
		['speaks nonsense', 'SSH-2.0-x\r\n\0\0\0\0\0\0\0\0\0\0\0\0'],
		['speaks SSH 1', 'SSH-1.5-old\r\n'],
	])('%s: an error within the connect timeout', async (_what, greeting) => {
		const server = await rawServer((socket) => {
			socket.write(greeting);
			if (greeting.startsWith('HTTP')) socket.end();
		});
		const error = await failureOf(open(server, { connectTimeout: 500 }).list(''));
		expect(['timeout', 'connection-lost', 'protocol']).toContain(error.code);
	});

	test('cut in the middle of many reads: every one is connection-lost at once, and the next request connects again', async () => {
		const server = await embedded();
		await writeFile(join(server.root, 'big.wav'), '');
		await truncate(join(server.root, 'big.wav'), 200_000_000);
		const store = open(server, { stallTimeout: 30_000 });
		const streams = Array.from({ length: 12 }, () => store.read('big.wav', { size: 200_000_000 }));
		const codes = Promise.all(streams.map(async (stream) => (await failureOf(drain(stream))).code));
		await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.once('data', () => resolve()))));
		server.dropConnections();
		const started = Date.now();
		expect(new Set(await codes)).toEqual(new Set(['connection-lost']));
		expect(Date.now() - started).toBeLessThan(2_000);
		// A second connection may still have been on its way when all were cut.
		await pause(100);
		expect((await drain(store.read('index.csv'))).toString()).toBe('index');
	});

	test('vanishes without ending the connection: stalled or timeout after the stall timeout, then a new connection', async () => {
		const server = await embedded();
		await writeFile(join(server.root, 'big.wav'), '');
		await truncate(join(server.root, 'big.wav'), 200_000_000);
		const between = await relay(server.port);
		const store = open(between, { stallTimeout: 400, maxConnections: 1 });
		const stream = store.read('big.wav', { size: 200_000_000 });
		const code = failureOf(drain(stream)).then((error) => error.code);
		await new Promise<void>((resolve) => stream.once('data', () => resolve()));
		between.freeze();
		const started = Date.now();
		const listed = failureOf(store.list('')).then((error) => error.code);
		expect(['stalled', 'connection-lost']).toContain(await code);
		expect(['timeout', 'connection-lost']).toContain(await listed);
		expect(Date.now() - started).toBeLessThan(2_500);
		expect(await store.list('')).toHaveLength(2);
	});

	test('a reader that pauses for longer than the stall timeout is not stalled', async () => {
		const server = await embedded();
		await writeFile(join(server.root, 'big.wav'), '');
		await truncate(join(server.root, 'big.wav'), 20_000_000);
		const stream = open(server, { stallTimeout: 150 }).read('big.wav');
		let received = 0;
		for await (const chunk of stream) {
			if (received === 0) await pause(600);
			received += (chunk as Buffer).length;
		}
		expect(received).toBe(20_000_000);
	});

	test('one answer that never comes stalls that file alone', async () => {
		const files = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`R${n}.wav`, randomBytes(300_000)]));
		const server = await scripted({
			files,
			onRead: (read) => (read.path === 'R3.wav' && read.position > 100_000 ? undefined : read.answer()),
		});
		const store = open(server, { stallTimeout: 500, maxConnections: 1 });
		const outcomes = await Promise.all(
			Object.entries(files).map(async ([path, bytes]) => {
				const read = await drain(store.read(path)).catch((error: unknown) => error);
				return read instanceof TransportError ? read.code : Buffer.isBuffer(read) && read.equals(bytes);
			}),
		);
		expect(outcomes).toEqual(outcomes.map((_, n) => (n === 3 ? 'stalled' : true)));
		await eventually('every handle is closed', () => server.openHandles() === 0);
	});

	test.each(['OPEN', 'FSTAT', 'STAT', 'READDIR'] as const)(
		'%s that is never answered fails within the stall timeout',
		async (request) => {
			const server = await scripted({ files: { 'R1.wav': randomBytes(10) }, silentOn: [request] });
			const store = open(server, { stallTimeout: 300 });
			const works = {
				OPEN: () => drain(store.read('R1.wav')),
				FSTAT: () => drain(store.read('R1.wav')),
				STAT: () => store.stat('R1.wav'),
				READDIR: () => store.list(''),
			};
			const error = await failureOf(works[request]());
			expect(error.code).toBe(request === 'FSTAT' ? 'stalled' : 'timeout');
			expect(error.isTransient).toBe(true);
		},
	);

	test('CLOSE that is never answered does not matter', async () => {
		const bytes = randomBytes(100_000);
		const server = await scripted({ files: { 'R1.wav': bytes }, silentOn: ['CLOSE'] });
		expect((await drain(open(server, { stallTimeout: 300 }).read('R1.wav'))).equals(bytes)).toBe(true);
	});

	test('answers short, one byte short, and out of order: the bytes are exact', async () => {
		const bytes = randomBytes(700_003);
		const held: Array<() => void> = [];
		const server = await scripted({
			files: { 'R1.wav': bytes },
			onRead: ({ number, position, length, answer, data }) => {
				const cut = [1, length, Math.ceil(length / 2), length - 1][number % 4] ?? length;
				const some = bytes.subarray(position, position + Math.max(1, cut));
				held.push(some.length === 0 ? answer : () => data(some));
				setImmediate(() => held.splice(number % Math.max(1, held.length), 1)[0]?.());
			},
		});
		const store = open(server);
		expect((await drain(store.read('R1.wav', { size: 700_003 }))).equals(bytes)).toBe(true);
		expect((await drain(store.read('R1.wav', { start: 31_745 }))).equals(bytes.subarray(31_745))).toBe(true);
	});

	test('a file that ends early is a size-mismatch, and its handle is closed', async () => {
		const bytes = randomBytes(200_000);
		const server = await scripted({
			files: { 'R1.wav': bytes },
			onRead: ({ position, answer, status }) => (position < 100_000 ? answer() : status(utils.sftp.STATUS_CODE.EOF)),
		});
		expect((await failureOf(drain(open(server).read('R1.wav')))).code).toBe('size-mismatch');
		await eventually('every handle is closed', () => server.openHandles() === 0);
	});

	test.each([
		[utils.sftp.STATUS_CODE.PERMISSION_DENIED, 'permission-denied'],
		[utils.sftp.STATUS_CODE.NO_SUCH_FILE, 'not-found'],
		[utils.sftp.STATUS_CODE.FAILURE, 'protocol'],
		[utils.sftp.STATUS_CODE.OP_UNSUPPORTED, 'protocol'],
	])('OPEN refused with status %i is %s', async (openStatus, code) => {
		const server = await scripted({ files: { 'R1.wav': randomBytes(10) }, openStatus });
		expect((await failureOf(drain(open(server).read('R1.wav')))).code).toBe(code);
	});

	test('words of a server are shown as one line, without the password it was told', async () => {
		const openMessage = `no\r\n\u001b[31mright is wrong\u2028${'x'.repeat(500)}`;
		const files = { 'R1.wav': randomBytes(10) };
		const server = await scripted({ files, openStatus: utils.sftp.STATUS_CODE.FAILURE, openMessage });
		const error = await failureOf(drain(open(server).read('R1.wav')));
		expect(error.detail).toMatch(/^no \[31m\*\*\* is wrong x+$/u);
		expect(error.message.length).toBeLessThan(300);
		expect(everythingShownOf(error)).not.toContain('right');
	});

	test('names that would escape or forge lines are left out of a listing', async () => {
		const names = [
			'R1.wav',
			'.',
			'..',
			'../up.wav',
			'a/b.wav',
			'/etc/passwd',
			'a\\b.wav',
			'line\nbreak.wav',
			'nul\0.wav',
			'C:x.wav',
			'',
		];
		const server = await scripted({ files: {}, names });
		expect((await open(server).list('')).map((entry) => entry.path)).toEqual(['R1.wav']);
	});
});

describe('on the disk of the embedded server', () => {
	test('links show as what they point to, broken ones as other, and times are exact', async () => {
		const server = await embedded();
		await mkdir(join(server.root, 'S20160607'));
		await symlink('S20160607', join(server.root, 'to-directory'));
		await symlink('index.csv', join(server.root, 'to-file'));
		await symlink('nowhere', join(server.root, 'broken'));
		await symlink('/etc', join(server.root, 'outside'));
		const stamp = new Date('2016-06-07T01:30:00.000Z');
		await utimes(join(server.root, 'index.csv'), stamp, stamp);
		const store = open(server);
		const byName = new Map((await store.list('')).map((entry) => [entry.name, entry]));
		expect(byName.get('index.csv')?.modifiedAt).toEqual(stamp);
		expect(byName.get('to-file')).toMatchObject({ type: 'file', size: 5, modifiedAt: stamp });
		expect(byName.get('to-directory')?.type).toBe('directory');
		expect(byName.get('broken')?.type).toBe('other');
		expect(byName.get('outside')?.type).toBe('other');
		expect((await store.stat('to-directory')).type).toBe('directory');
		expect((await store.stat('broken')).type).toBe('other');
		expect((await failureOf(store.list('outside'))).code).toBe('not-found');
		expect((await failureOf(drain(store.read('outside/passwd')))).code).toBe('not-found');
		expect((await drain(store.read('to-file'))).toString()).toBe('index');
		expect((await failureOf(drain(store.read('S20160607')))).code).toBe('not-a-file');
	});

	test('a large directory is listed whole, each name once', async () => {
		const server = await embedded();
		await mkdir(join(server.root, 'S20160607'));
		for (let n = 0; n < 2_345; n += 1) await writeFile(join(server.root, 'S20160607', `R${n}.wav`), '');
		const names = (await open(server).list('S20160607')).map((entry) => entry.name);
		expect(names).toHaveLength(2_345);
		expect(new Set(names).size).toBe(2_345);
	});

	test('64 reads that share one signal warn of no leak', async () => {
		const server = await embedded();
		const warnings: Error[] = [];
		const note = (warning: Error): void => void warnings.push(warning);
		process.on('warning', note);
		cleanups.push(() => void process.off('warning', note));
		const { signal } = new AbortController();
		const store = open(server);
		const reads = await Promise.all(Array.from({ length: 64 }, () => drain(store.read('index.csv', { signal }))));
		expect(reads.every((bytes) => bytes.toString() === 'index')).toBe(true);
		await pause(10);
		expect(warnings).toEqual([]);
	});
});
