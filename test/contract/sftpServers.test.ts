import { randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';
import type { AuthContext, Connection } from 'ssh2';
import { afterEach, describe, expect, test } from 'vitest';

import { type OddSftp, type OddSftpOptions, refuse, startOddSftp } from '../../testbed/servers/oddSftp';
import { sshKeyPair } from '../../testbed/servers/sshKeyPair';
import { available, type OpenSsh, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, temporaryDirectory } from '../../testbed/servers/process';
import type { SftpSettings } from '../../transport/connectionSettings';
import type { RemoteStore, StoreListener, UnreadableLines } from '../../transport/remoteStore';
import { ResumingStore } from '../../transport/resumingStore';
import { fingerprintOf } from '../../transport/sftp/hostKey';
import { SftpStore } from '../../transport/sftp/sftpStore';
import { LISTINGS, MANNERS, refusesFstat, refusesMissing } from './oddServers';
import { drain, failureOf } from './storeContract';

const { STATUS_CODE } = ssh2.utils.sftp;

const cleanups: Array<() => Promise<void>> = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const DAY = 'S20160607';
const FILES: Readonly<Record<string, Buffer>> = Object.fromEntries([
	['Index/I20160606.csv', Buffer.from('index')],
	...Array.from({ length: 250 }, (_, i) => [
		`${DAY}/R20160607013000${String(i).padStart(4, '0')}.wav`,
		randomBytes(2_000 + i),
	]),
]) as Record<string, Buffer>;

async function odd(
	options: Partial<OddSftpOptions>,
	changes: Partial<SftpSettings> = {},
	listener: StoreListener = {},
): Promise<{ server: OddSftp; store: SftpStore }> {
	const server = await startOddSftp({ files: FILES, ...options });
	cleanups.push(server.close);
	const settings: SftpSettings = {
		...{ protocol: 'sftp', host: server.host, port: server.port, username: 'tenant', password: 'right' },
		...{ hostKeyFingerprints: [], allowUnknownHostKey: true, tenantDirectory: '', maxConnections: 1 },
		...{ connectTimeout: 5_000, stallTimeout: 2_000 },
		...changes,
	};
	const store = new SftpStore(settings, undefined, listener);
	cleanups.push(() => store.close());
	return { server, store };
}

/** Every file of the tenant as it arrives by listing and reading, with its size told or not: a few by their bytes, all by name. */
async function arrived(store: RemoteStore): Promise<Record<string, string>> {
	const files: Record<string, string> = {};
	for (const { path, type } of await store.list('')) {
		if (type !== 'directory') continue;
		const listed = await store.list(path);
		for (const { path: file, type: kind, size } of listed.filter(
			(one) => one.path.endsWith('.wav') || one.path.endsWith('.csv'),
		)) {
			const range = file.endsWith('17.wav') ? { size } : {};
			files[file] =
				`${files[file] ?? ''}${kind} ${isSample(file) ? (await drain(store.read(file, range))).toString('base64') : ''}`;
		}
	}
	return files;
}

const isSample = (file: string): boolean => file.endsWith('.csv') || file.endsWith('07.wav') || file.endsWith('17.wav');

const WHOLE = Object.fromEntries(
	Object.entries(FILES).map(([file, bytes]) => [file, `file ${isSample(file) ? bytes.toString('base64') : ''}`]),
);

/** Every status of the protocol that is a refusal, and the end. */
const FSTAT_REFUSALS = Object.entries(STATUS_CODE).flatMap(([name, status]) =>
	typeof status === 'number' && name !== 'OK' ? [[name, status] as const] : [],
);

/** Nothing in the answers of these shows that they are wrong, but for what every directory holds. */
const IS_UNPROVABLE = /without a sign|to all that ask while it reads/u;

/** A store on a server that passes for OpenSSH's own, with and without the two names that one lists in each directory. */
async function inOrder(
	change: NonNullable<OddSftpOptions['change']>,
	listsItself: boolean,
): Promise<{ store: RemoteStore; opened: string[] }> {
	const opened: string[] = [];
	const { store } = await odd({
		...{ ident: 'OpenSSH_9.2p1', extensions: ['fsync@openssh.com'] },
		change: (sftp, tree) => {
			sftp.on('OPENDIR', (_id, path) => void opened.push(path));
			const attrs = { mode: 0o040755, uid: 0, gid: 0, size: 0, atime: 0, mtime: 1_000 };
			const itself = ['.', '..'].map((filename) => ({ filename, longname: `drwxr-xr-x ${filename}`, attrs }));
			change(sftp, { ...tree, entries: (handle) => [...(listsItself ? itself : []), ...tree.entries(handle)] });
		},
	});
	return { store: new ResumingStore(store, { retries: 1 }), opened };
}

describe('A server that', () => {
	test.each(Object.entries(LISTINGS))('%s lists every name once', async (_name, change) => {
		const { store } = await odd({ change });
		expect(await arrived(store)).toEqual(WHOLE);
	});

	test.each(Object.entries(LISTINGS))('calls itself OpenSSH and %s lists every name once', async (_name, change) => {
		const { store } = await odd({ change, ident: 'OpenSSH_9.2p1' });
		expect(await arrived(store)).toEqual(WHOLE);
	});

	/** READDIRs are sent ahead to what says that it is OpenSSH's own server, until an answer is odd. */
	test.each(Object.entries(LISTINGS))(
		'passes for a server that answers in order and %s lists every name once, its first directory at the second attempt',
		async (_name, change) => {
			const { store, opened } = await inOrder(change, false);
			expect(await arrived(store)).toEqual(WHOLE);
			expect(opened).toEqual(['.', '.', 'Index', DAY]);
		},
	);

	test.each(Object.entries(LISTINGS).filter(([name]) => !IS_UNPROVABLE.test(name)))(
		'passes for one, lists a directory and its parent, too, and %s lists every name once',
		async (_name, change) => {
			const { store, opened } = await inOrder(change, true);
			expect(await arrived(store)).toEqual(WHOLE);
			expect(opened.length - new Set(opened).size).toBeLessThanOrEqual(1);
		},
	);

	test('leaves the file type out of the permissions tells it by the long name', async () => {
		const { store } = await odd(MANNERS['leaves the file type out of the permissions']);
		expect(await arrived(store)).toEqual(WHOLE);
	});

	test('tells no file type anywhere has its directories found by opening them, and its files by their names', async () => {
		const { store } = await odd(MANNERS['tells no file type anywhere']);
		expect(await arrived(store)).toEqual(WHOLE);
		expect(await store.stat(DAY)).toMatchObject({ type: 'directory' });
		expect(await store.stat('Index/I20160606.csv')).toMatchObject({ type: 'file', size: 5 });
	});

	test.each(FSTAT_REFUSALS)('refuses FSTAT with %s gives every file whole', async (_name, status) => {
		const { store } = await odd({ change: refusesFstat(status) });
		expect(await arrived(store)).toEqual(WHOLE);
	});

	test('says that an open file is empty gives every file whole', async () => {
		const { store } = await odd(MANNERS['says that an open file is empty']);
		expect(await arrived(store)).toEqual(WHOLE);
	});

	test('does not know STAT tells a file from the listing of its directory', async () => {
		const { store } = await odd(MANNERS['does not know STAT']);
		expect(await arrived(store)).toEqual(WHOLE);
		expect(await store.stat('')).toMatchObject({ type: 'directory' });
		expect(await store.stat('Index/I20160606.csv')).toMatchObject({ type: 'file', size: 5 });
		expect(await failureOf(store.stat('Index/I20160605.csv'))).toMatchObject({ code: 'not-found' });
	});

	test('refuses paths that begin at the login directory is asked for it once, and then by whole paths', async () => {
		let asked = 0;
		const { store } = await odd({
			...MANNERS['refuses paths that begin at the login directory'],
			change: (sftp) => {
				sftp.on('REALPATH', () => {
					asked += 1;
				});
			},
		});
		expect(await arrived(store)).toEqual(WHOLE);
		expect(await store.stat(DAY)).toMatchObject({ type: 'directory' });
		expect(asked).toBe(1);
	});

	/** FAILURE as in sshj issue 817, BAD_MESSAGE as freeSSHd (TGPuttyLib issue 13), SSH_FX_NO_SUCH_PATH of later versions. */
	test.each([
		[4, 'Failure'],
		[5, 'Bad message'],
		[10, 'No such path'],
	])(
		'refuses what is missing with the status %i is told from one that refuses what is there',
		async (status, words) => {
			const { store } = await odd({ change: refusesMissing(status, words) });
			const code = async (work: Promise<unknown>): Promise<string> => (await failureOf(work)).code;
			expect(await code(store.list('S20160608'))).toBe('not-found');
			expect(await code(store.list('S20160608/deep'))).toBe('not-found');
			expect(await code(store.stat(`${DAY}/none.wav`))).toBe('not-found');
			expect(await code(drain(store.read(`${DAY}/none.wav`)))).toBe('not-found');
			expect(await code(drain(store.read('S20160608/none.wav', { size: 5 })))).toBe('not-found');
			expect(await arrived(store)).toEqual(WHOLE);
		},
	);

	test('refuses what is missing without a reason lists a directory once for a hundred files that are not in it', async () => {
		const opened: string[] = [];
		const { store } = await odd({
			change: (sftp, tree) => {
				refusesMissing(4, 'Failure')(sftp, tree);
				sftp.on('OPENDIR', (_id, path) => void opened.push(path));
			},
		});
		const missing = Array.from(
			{ length: 100 },
			async (_, n) => await failureOf(drain(store.read(`${DAY}/none${n}.wav`))),
		);
		expect(new Set((await Promise.all(missing)).map(({ code }) => code))).toEqual(new Set(['not-found']));
		expect(opened).toEqual([DAY]);
	});

	test.each([
		[4, 'The process cannot access the file because it is being used by another process'],
		[17, 'Lock conflict'],
	])('refuses a file that is in use (status %i, %j) is asked again', async (status, words) => {
		let refusals = 2;
		const { store } = await odd({
			change: (sftp) => {
				const usual = sftp.listeners('OPEN');
				sftp.removeAllListeners('OPEN');
				sftp.on('OPEN', (id, ...more) => {
					if ((refusals -= 1) >= 0) refuse(sftp, id, status, words);
					else for (const answer of usual) Reflect.apply(answer, sftp, [id, ...more]);
				});
			},
		});
		const patient = new ResumingStore(store, { retries: 3, firstDelay: 1 });
		expect((await drain(patient.read('Index/I20160606.csv'))).toString()).toBe('index');
		expect(refusals).toBe(-1);
	});

	test('fails while it lists does not pass for one without the directory', async () => {
		const { store } = await odd({
			change: (sftp) => {
				sftp.removeAllListeners('READDIR');
				sftp.on('READDIR', (id) => sftp.status(id, STATUS_CODE.NO_SUCH_FILE, 'No such file'));
			},
		});
		const failure = await failureOf(store.list(DAY));
		expect([failure.code, failure.message]).toEqual([
			'protocol',
			`The names in "${DAY}" were refused by the server: No such file.`,
		]);
	});

	test.each([
		'forbids to ask for the state of anything',
		'lists names with the path of their directory',
		'puts a slash behind the names of directories',
	] as const)('%s gives every file whole', async (name) => {
		const { store } = await odd(MANNERS[name]);
		expect(await arrived(store)).toEqual(WHOLE);
		expect(await store.stat('Index/I20160606.csv')).toMatchObject({ type: 'file', size: 5 });
		expect(await failureOf(store.stat('Index/I20160605.csv'))).toMatchObject({ code: 'not-found' });
	});

	test('lists names of which no path can be made has them counted', async () => {
		const found: UnreadableLines[] = [];
		const files = { 'odd/a\\b': Buffer.from('x'), 'odd/two\nlines': Buffer.from('x'), 'odd/R1.wav': Buffer.from('x') };
		const { store } = await odd({ files }, {}, { onUnreadable: (lines) => found.push(lines) });
		expect((await store.list('odd')).map(({ name }) => name)).toEqual(['R1.wav']);
		expect(found).toEqual([{ directory: 'odd', lines: 2, example: 'a\\b' }]);
	});

	test('takes paths that begin at the login directory is never asked for it', async () => {
		const { store } = await odd({
			change: (sftp) => {
				sftp.removeAllListeners('REALPATH');
				sftp.on('REALPATH', () => {
					throw new Error('asked for the login directory');
				});
			},
		});
		expect(await store.list(DAY)).toHaveLength(250);
		expect(await failureOf(store.stat('S20160608'))).toMatchObject({ code: 'not-found' });
	});
});

describe('A login', () => {
	test('to an account whose password has to be changed is refused at once, and tried once', async () => {
		let logins = 0;
		const { server, store } = await odd({
			authenticate: (context) => {
				logins += 1;
				if (context.method === 'password') context.requestChange('Your password has expired', () => undefined);
				else context.reject(['password']);
			},
		});
		const before = Date.now();
		expect(await failureOf(store.list(''))).toMatchObject({
			code: 'login-failed',
			message: expect.stringContaining('new password') as string,
		});
		expect(await failureOf(store.list(''))).toMatchObject({ code: 'login-failed' });
		expect([logins, server.connections()]).toEqual([1, 1]);
		expect(Date.now() - before).toBeLessThan(4_000);
	});

	// RFC 4253 section 11.1: 12 is SSH_DISCONNECT_TOO_MANY_CONNECTIONS, 7 SSH_DISCONNECT_SERVICE_NOT_AVAILABLE.
	test.each([
		[12, 'has too many sessions open'],
		[7, 'takes no logins for now'],
	])('that the server breaks off with reason %d is not refused: it may be tried again', async (reason, words) => {
		const ways: string[] = [];
		const { store } = await odd({
			authenticate: (context, connection) => {
				ways.push(context.method);
				// Whether a way was refused before, or the very first is not answered.
				if (ways.length % 2 === 1) context.reject(['keyboard-interactive']);
				else hangUp(connection, reason);
			},
		});
		const failure = await failureOf(store.list(''));
		expect(failure).toMatchObject({ code: 'busy', message: expect.stringContaining(words) as string });
		expect((await failureOf(store.list(''))).code).toBe('busy');
		expect(ways).toHaveLength(4);
	});

	test('that asks for a new password in a prompt is refused at once', async () => {
		const { store } = await odd({
			authenticate: (context) => {
				if (context.method === 'keyboard-interactive')
					context.prompt([{ prompt: 'New password: ', echo: false }], () => undefined);
				else context.reject(['keyboard-interactive']);
			},
		});
		expect(await failureOf(store.list(''))).toMatchObject({
			code: 'login-failed',
			message: expect.stringContaining('new password') as string,
		});
	});

	test.each([
		[[{ prompt: 'Password: ', echo: true }], ['right']],
		[
			[
				{ prompt: 'User name: ', echo: true },
				{ prompt: 'Password: ', echo: false },
			],
			['tenant', 'right'],
		],
		[[{ prompt: '(tenant@files.example.com) Kennwort: ', echo: true }], ['right']],
	])('answers the prompts %j', async (prompts, expected) => {
		const answers: string[][] = [];
		const { store } = await odd({
			authenticate: (context) => {
				if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
				context.prompt(prompts, (given) => {
					answers.push(given);
					if (given.join() === expected.join()) context.accept();
					else context.reject(['keyboard-interactive']);
				});
			},
		});
		expect(await store.list('')).toHaveLength(2);
		expect(answers).toEqual([expected]);
	});

	/** As sshd with MaxAuthTries 1: the first refusal is the end of the connection, but asking for the ways is free. */
	const once =
		(ways: Array<'password' | 'keyboard-interactive'>, tried: string[]) =>
		(context: AuthContext, connection: Connection): void => {
			if (context.method === 'none') return context.reject(ways);
			tried.push(context.method);
			if (context.method === 'keyboard-interactive' && ways.includes('keyboard-interactive')) {
				return context.prompt([{ prompt: 'Password: ', echo: false }], ([answer]) => {
					if (answer === 'right') context.accept();
					else hangUp(connection);
				});
			}
			if (context.method === 'password' && ways.includes('password') && context.password === 'right')
				return context.accept();
			return hangUp(connection);
		};

	test('to a server that hangs up after the first refusal succeeds in the way it takes, and begins with it from then on', async () => {
		const tried: string[] = [];
		const { server, store } = await odd({ authenticate: once(['keyboard-interactive'], tried) });
		expect(await store.list('')).toHaveLength(2);
		expect(tried).toEqual(['password', 'keyboard-interactive']);
		expect(server.connections()).toBe(2);
	});

	test('with a wrong password to a server that hangs up after the first refusal is tried once', async () => {
		const tried: string[] = [];
		const { store } = await odd(
			{ authenticate: once(['password', 'keyboard-interactive'], tried) },
			{ password: 'wrong' },
		);
		expect(await failureOf(store.list(''))).toMatchObject({ code: 'login-failed' });
		expect(await failureOf(store.list(''))).toMatchObject({ code: 'login-failed' });
		expect(tried).toEqual(['password']);
	});

	describe.skipIf(realServer('OpenSSH', available()).skip)('to a real OpenSSH with MaxAuthTries 1', () => {
		async function strict(
			changes: (server: OpenSsh) => Partial<SftpSettings>,
		): Promise<{ ssh: OpenSsh; store: SftpStore }> {
			const root = await temporaryDirectory('8x8-max-auth-tries');
			cleanups.push(root.remove);
			const ssh = await startOpenSsh({ root: root.path, configuration: ['MaxAuthTries 1'] });
			cleanups.push(ssh.close);
			const store = new SftpStore({
				...{ protocol: 'sftp', host: ssh.host, port: ssh.port, username: ssh.username },
				...{ hostKeyFingerprints: [], allowUnknownHostKey: true, tenantDirectory: '', maxConnections: 1 },
				...{ connectTimeout: 5_000, stallTimeout: 2_000 },
				...changes(ssh),
			});
			cleanups.push(() => store.close());
			return { ssh, store };
		}
		const times = (ssh: OpenSsh, line: RegExp): number => ssh.output().match(line)?.length ?? 0;

		test('with a key succeeds at the first attempt', async () => {
			const { ssh, store } = await strict(({ privateKey }) => ({ privateKey }));
			expect(await store.list('')).toEqual([]);
			expect([times(ssh, /Accepted publickey/gu), times(ssh, /Failed|exceeded/gu)]).toEqual([1, 0]);
		});

		test('with a wrong password is refused, and sends it once', async () => {
			const { ssh, store } = await strict(() => ({ password: 'wrong' }));
			expect(await failureOf(store.list(''))).toMatchObject({ code: 'login-failed' });
			expect(await failureOf(store.list(''))).toMatchObject({ code: 'login-failed' });
			expect(times(ssh, /Failed password/gu)).toBe(1);
		});
	});

	test.each(['Welcome to files.example.com\n', '\u001b[1mWelcome', 'Übertragungen\n'])(
		'to a server that sends %j before the SFTP protocol begins says so',
		async (text) => {
			const { store } = await odd({
				session: (session) => {
					session.on('subsystem', () => undefined);
					session.on('sftp', (accept) => {
						const raw = accept() as unknown as {
							_protocol: { channelData(id: number, data: Buffer): void };
							outgoing: { id: number };
						};
						raw._protocol.channelData(raw.outgoing.id, Buffer.from(text));
					});
				},
			});
			const failure = await failureOf(store.list(''));
			expect(failure).toMatchObject({
				code: 'protocol',
				message: expect.stringContaining('text before the SFTP protocol') as string,
			});
		},
	);

	test('to a server with several host keys costs one connection, once it is known which one it has to show', async () => {
		const keys = ['ed25519', 'ecdsa', 'rsa'] as const;
		const pairs = keys.map((type) => sshKeyPair(type));
		const fingerprint = fingerprintOf(Buffer.from(pairs[2]?.public.split(' ')[1] ?? '', 'base64'));
		const { server, store } = await odd(
			{ hostKeys: pairs.map((pair) => pair.private) },
			{ hostKeyFingerprints: [fingerprint], allowUnknownHostKey: false, maxConnections: 2 },
		);
		const big = Array.from({ length: 40 }, async () => await store.list(DAY));
		await Promise.all(big);
		await expect.poll(() => server.connections()).toBe(4);
	});
});

function hangUp(connection: Connection, reason = 2): void {
	const raw = connection as unknown as { _protocol: { disconnect(reason: number): void } };
	raw._protocol.disconnect(reason);
	connection.end();
}
