import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';

import { startEmbeddedFtps } from '../../testbed/servers/embeddedFtps';
import { createServerCertificate } from '../../testbed/servers/serverCertificate';
import { FtpsStore } from '../../transport/ftps/ftpsStore';
import { startFaultProxy } from '../faults/faultProxy';
import { proftpdHere, startProftpd, type FtpsServer } from '../../testbed/servers/proftpd';
import { pureftpdHere, startPureftpd } from '../../testbed/servers/pureftpd';
import { pyftpdlibHere, startPyftpdlib } from '../../testbed/servers/pyftpdlib';
import { startVsftpd, vsftpdHere } from '../../testbed/servers/vsftpd';
import type { FtpsSettings } from '../../transport/connectionSettings';
import { describeStore, drain, failureOf, type StoreUnderTest } from './storeContract';

const CREDENTIALS = { username: 'tenant', password: 'Correct-Horse-9' };

function settingsFor(
	server: Pick<FtpsServer, 'port' | 'caCertificate' | 'username' | 'password'>,
	mode: 'implicit' | 'explicit',
): FtpsSettings {
	return {
		protocol: mode === 'implicit' ? 'ftpsImplicit' : 'ftpsExplicit',
		host: '127.0.0.1',
		port: server.port,
		username: server.username,
		password: server.password,
		caCertificate: server.caCertificate,
		allowUnauthorizedCerts: false,
		tenantDirectory: '',
		maxConnections: 4,
	};
}

async function embedded(mode: 'implicit' | 'explicit'): Promise<StoreUnderTest> {
	const root = await mkdtemp(join(tmpdir(), '8x8-embedded-'));
	const server = await startEmbeddedFtps({ root, mode, ...CREDENTIALS });
	return {
		root,
		settings: settingsFor({ ...server, ...CREDENTIALS }, mode),
		connections: () => server.connections(),
		async close() {
			await server.close();
			await rm(root, { recursive: true, force: true });
		},
	};
}

for (const mode of ['implicit', 'explicit'] as const) {
	describeStore(`FTPS ${mode}, embedded server`, () => embedded(mode));
	for (const tlsProtocol of ['TLSv1.2', 'TLSv1.3'] as const) {
		describeStore(
			`FTPS ${mode}, ProFTPD, ${tlsProtocol}`,
			async () => {
				const server = await startProftpd({ mode, tlsProtocol, ...CREDENTIALS });
				return { root: server.root, settings: settingsFor(server, mode), close: () => server.close() };
			},
			{ skip: proftpdHere().reason },
		);
	}
}

describeStore(
	'FTPS implicit, vsftpd',
	async () => {
		const server = await startVsftpd();
		return { root: server.root, settings: settingsFor(server, 'implicit'), close: () => server.close() };
	},
	{ skip: vsftpdHere().reason },
);

describeStore(
	'FTPS explicit, Pure-FTPd',
	async () => {
		const server = await startPureftpd();
		return { root: server.root, settings: settingsFor(server, 'explicit'), close: () => server.close() };
	},
	{ skip: pureftpdHere().reason },
);

describeStore(
	'FTPS explicit, pyftpdlib',
	async () => {
		const server = await startPyftpdlib();
		return { root: server.root, settings: settingsFor(server, 'explicit'), close: () => server.close() };
	},
	{ skip: pyftpdlibHere().reason },
);

test.skipIf(pureftpdHere().skip)(
	'a Pure-FTPd that lists 20 names at most (-L) gives an error in place of a shorter listing, and whole ones below that',
	async () => {
		const server = await startPureftpd({ mostNames: 20 });
		const store = new FtpsStore(settingsFor(server, 'explicit'));
		try {
			for (const [day, files] of [
				['S20160607', 30],
				['S20160608', 10],
			] as const) {
				await mkdir(join(server.root, day));
				const names = Array.from({ length: files }, (_, i) => `R${day.slice(1)}0130${String(i).padStart(6, '0')}.wav`);
				await Promise.all(names.map((name) => writeFile(join(server.root, day, name), 'bytes')));
			}
			expect(await failureOf(store.list('S20160607'))).toMatchObject({
				code: 'protocol',
				message: expect.stringContaining('more names than the server lists') as string,
			});
			expect(await store.list('S20160608')).toHaveLength(10);
		} finally {
			await store.close();
			await server.close();
		}
	},
);

/** pyftpdlib is not among them: it runs as the user of the tests, who may read everything. */
const WITH_USERS = [
	['vsftpd', vsftpdHere().reason, startVsftpd, 'implicit'],
	['ProFTPD', proftpdHere().reason, () => startProftpd({ mode: 'implicit', tlsProtocol: 'TLSv1.3' }), 'implicit'],
	['Pure-FTPd', pureftpdHere().reason, startPureftpd, 'explicit'],
] as const;

for (const [name, reason, start, mode] of WITH_USERS) {
	test.skipIf(reason !== undefined)(
		`a directory of ${name} that may be entered and not be read is an error, never an empty one`,
		async () => {
			const server = await start();
			const store = new FtpsStore(settingsFor(server, mode));
			const closed = join(server.root, 'S20160607');
			try {
				await mkdir(join(server.root, 'S20160608'));
				await mkdir(closed);
				await writeFile(join(closed, 'R201606070130000001.wav'), 'bytes');
				await chmod(closed, 0o311);
				expect((await failureOf(store.list('S20160607'))).code).toBe('permission-denied');
				expect(await store.list('S20160608')).toEqual([]);
			} finally {
				await chmod(closed, 0o755);
				await store.close();
				await server.close();
			}
		},
	);
}

const MEGABYTE = 1_048_576;
const DAY_MILLISECONDS = 86_400_000;

describe('FTPS only', () => {
	const ending: Array<() => Promise<void>> = [];

	afterEach(async () => {
		for (const end of ending.splice(0).reverse()) await end();
	});

	const started = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
		const server = await starting;
		ending.push(() => server.close());
		return server;
	};
	const opened = (settings: FtpsSettings): FtpsStore => {
		const store = new FtpsStore(settings);
		ending.push(() => store.close());
		return store;
	};
	const embeddedWith = async (
		options: Parameters<typeof createServerCertificate>[0],
		mode: 'implicit' | 'explicit',
	) => {
		const root = await mkdtemp(join(tmpdir(), '8x8-embedded-'));
		ending.push(() => rm(root, { recursive: true, force: true }));
		const certificate = await createServerCertificate(options);
		const server = await started(startEmbeddedFtps({ root, mode, certificate, ...CREDENTIALS }));
		return { settings: settingsFor({ ...server, ...CREDENTIALS }, mode), certificate };
	};

	describe.each(['implicit', 'explicit'] as const)('certificates, %s', (mode) => {
		test('one of a CA that nobody named is refused with its fingerprint, and accepted with that CA or the switch', async () => {
			const { settings, certificate } = await embeddedWith({}, mode);
			const error = await failureOf(opened({ ...settings, caCertificate: undefined }).list(''));
			expect([error.code, error.isTransient]).toEqual(['certificate-untrusted', false]);
			expect(error.fingerprint).toBe(`SHA256:${new X509Certificate(certificate.certificate).fingerprint256}`);
			expect(error.message).toContain(error.fingerprint);
			expect(await opened(settings).list('')).toEqual([]);
			const unchecked = { ...settings, caCertificate: undefined, allowUnauthorizedCerts: true };
			expect(await opened(unchecked).list('')).toEqual([]);
		});

		test('one for another host is refused, and says so', async () => {
			const { settings } = await embeddedWith({ dnsNames: ['elsewhere.example'], ipAddresses: ['192.0.2.1'] }, mode);
			const error = await failureOf(opened(settings).list(''));
			expect(error.code).toBe('certificate-untrusted');
			expect(error.detail).toContain('another host name');
			expect(error.fingerprint).toMatch(/^SHA256:/u);
		});

		test('one that has expired is refused, and says so', async () => {
			const validity = {
				notBefore: new Date(Date.now() - 30 * DAY_MILLISECONDS),
				notAfter: new Date(Date.now() - DAY_MILLISECONDS),
			};
			const { settings } = await embeddedWith(validity, mode);
			const error = await failureOf(opened(settings).list(''));
			expect([error.code, error.detail]).toEqual(['certificate-untrusted', 'it has expired']);
		});

		test('a host name is checked too, and its server name sent', async () => {
			const { settings } = await embeddedWith({}, mode);
			expect(await opened({ ...settings, host: 'localhost' }).list('')).toEqual([]);
		});
	});

	test('a server with nothing above TLS 1.1 is refused', async () => {
		const certificate = await createServerCertificate();
		const server = createTlsServer({
			key: certificate.key,
			cert: certificate.certificate,
			minVersion: 'TLSv1',
			maxVersion: 'TLSv1.1',
			ciphers: 'DEFAULT:@SECLEVEL=0',
		});
		server.on('tlsClientError', () => undefined);
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		ending.push(() => new Promise((resolve) => server.close(() => resolve())));
		const { port } = server.address() as AddressInfo;
		const { caCertificate } = certificate;
		const settings = settingsFor({ port, caCertificate, ...CREDENTIALS }, 'implicit');
		const error = await failureOf(opened(settings).list(''));
		expect([error.code, error.detail]).toEqual(['tls-refused', 'it offers only TLS versions older than 1.2']);
		expect((await failureOf(opened({ ...settings, allowUnauthorizedCerts: true }).list(''))).code).toBe('tls-refused');
	});

	const realServers: Array<
		[string, string | undefined, (directives?: string[]) => Promise<FtpsServer>, 'implicit' | 'explicit']
	> = [['vsftpd', vsftpdHere().reason, (directives = []) => startVsftpd({ directives }), 'implicit']];
	for (const mode of ['implicit', 'explicit'] as const) {
		for (const tlsProtocol of ['TLSv1.2', 'TLSv1.3'] as const) {
			realServers.push([
				`ProFTPD, ${mode}, ${tlsProtocol}`,
				proftpdHere().reason,
				(directives = []) => startProftpd({ mode, tlsProtocol, directives }),
				mode,
			]);
		}
	}

	for (const [name, reason, start, mode] of realServers) {
		describe.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (${reason})`, () => {
			test('25 files over one connection, each data connection with a resumed TLS session', async () => {
				const server = await started(start());
				const bytes = randomBytes(100_000);
				await writeFile(join(server.root, 'a.wav'), bytes);
				const store = opened({ ...settingsFor(server, mode), maxConnections: 1 });
				for (let n = 0; n < 25; n += 1) expect((await drain(store.read('a.wav'))).equals(bytes)).toBe(true);
			});

			test('the beginnings of 25 large files over one log-in, and whole files after them', async () => {
				const server = await started(start());
				const bytes = randomBytes(3 * MEGABYTE);
				await writeFile(join(server.root, 'large.wav'), bytes);
				await writeFile(join(server.root, 'small.wav'), bytes.subarray(0, 6_000));
				const proxy = await started(startFaultProxy({ port: server.port }));
				const store = opened({ ...settingsFor({ ...server, port: proxy.port }, mode), maxConnections: 1 });
				const range = { start: 10, length: 4_096 };
				for (let n = 0; n < 25; n += 1) {
					expect((await drain(store.read('large.wav', range))).equals(bytes.subarray(10, 4_106))).toBe(true);
					expect((await drain(store.read('small.wav', range))).equals(bytes.subarray(10, 4_106))).toBe(true);
					if (n % 5 === 0) expect((await drain(store.read('large.wav'))).equals(bytes)).toBe(true);
				}
				expect(proxy.accepted('control')).toBe(1);
			});

			test('a connection that the server ends while it idles is replaced', async () => {
				// Long enough for a log-in on a busy machine: one that takes longer is itself ended with 421.
				const server = await started(start(name === 'vsftpd' ? ['idle_session_timeout=4'] : ['TimeoutIdle 4']));
				const store = opened(settingsFor(server, mode));
				expect(await store.list('')).toEqual([]);
				await pause(6_000);
				expect(await store.list('')).toEqual([]);
			});

			test('a server that is killed in the middle of transfers is connection-lost within seconds', async () => {
				const server = await started(start());
				await writeFile(join(server.root, 'huge.bin'), '');
				await truncate(join(server.root, 'huge.bin'), 256 * MEGABYTE);
				const store = opened(settingsFor(server, mode));
				const streams = [store.read('huge.bin'), store.read('huge.bin')];
				await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('readable', resolve))));
				await server.kill();
				const since = Date.now();
				const errors = await Promise.all(streams.map((stream) => failureOf(drain(stream))));
				expect(errors.map((error) => error.code)).toEqual(['connection-lost', 'connection-lost']);
				expect(Date.now() - since).toBeLessThan(5_000);
				expect((await failureOf(store.list(''))).code).toBe('unreachable');
			});
		});
	}
});
