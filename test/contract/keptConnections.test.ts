import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

import { Coordination } from '../../coordination/coordination';
import { accountConnections } from '../../nodes/connection/accountConnections';
import { Accounts } from '../../transport/accounts';
import type { ConnectionSettings } from '../../transport/connectionSettings';
import { openStore } from '../../transport/openStore';
import type { RemoteStore } from '../../transport/remoteStore';
import { startCountingProxy, type CountingProxy } from '../../testbed/servers/countingProxy';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, startProcess } from '../../testbed/servers/process';
import { proftpdHere, startProftpd, type FtpsServer } from '../../testbed/servers/proftpd';
import { startVsftpd, vsftpdHere } from '../../testbed/servers/vsftpd';
import { drain } from './storeContract';

const READER = fileURLToPath(new URL('./restingProcess.ts', import.meta.url));
const FILES = Array.from({ length: 6 }, (_, n) => `S20160607/R2016060701300000${String(n).padStart(2, '0')}.wav`);
const CONTENT = Buffer.alloc(16_384, 'sound');

const cleanups: Array<() => Promise<void>> = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Tenant {
	readonly settings: ConnectionSettings;
	readonly proxy: CountingProxy;
}

async function plant(root: string): Promise<void> {
	await mkdir(join(root, 'S20160607'), { recursive: true });
	for (const path of FILES) await writeFile(join(root, path), CONTENT, { mode: 0o644 });
}

async function proxyFor(port: number): Promise<CountingProxy> {
	const proxy = await startCountingProxy(port);
	cleanups.push(async () => await proxy.close());
	return proxy;
}

async function sftpTenant(): Promise<Tenant> {
	const root = await mkdtemp(join(tmpdir(), '8x8-kept-'));
	cleanups.push(async () => await rm(root, { recursive: true, force: true }));
	await plant(root);
	const server = await startOpenSsh({ root, configuration: ['MaxStartups 100'] });
	cleanups.push(async () => await server.close());
	const proxy = await proxyFor(server.port);
	const { username, privateKey } = server;
	const common = { host: '127.0.0.1', port: proxy.port, tenantDirectory: root, maxConnections: 4 };
	const keys = { hostKeyFingerprints: [], allowUnknownHostKey: true };
	return { proxy, settings: { ...common, ...keys, protocol: 'sftp', username, privateKey } };
}

async function ftpsTenant(start: () => Promise<FtpsServer>): Promise<Tenant> {
	const server = await start();
	cleanups.push(async () => await server.close());
	await plant(server.root);
	const proxy = await proxyFor(server.port);
	const { username, password, caCertificate } = server;
	const common = { host: '127.0.0.1', port: proxy.port, tenantDirectory: '', maxConnections: 4 };
	const trust = { caCertificate, allowUnauthorizedCerts: false };
	return { proxy, settings: { ...common, ...trust, protocol: 'ftpsImplicit', username, password } };
}

const proftpd = async (): Promise<FtpsServer> => await startProftpd({ mode: 'implicit', tlsProtocol: 'TLSv1.3' });

/** A process with its runs. */
class Host {
	readonly accounts: Accounts;

	readonly shared = new Coordination();

	constructor(restMilliseconds?: number) {
		this.accounts = new Accounts(restMilliseconds);
		cleanups.push(async () => await this.accounts.retire());
	}

	store(settings: ConnectionSettings): RemoteStore {
		return openStore(settings, accountConnections(settings, 20_000, this.shared), {}, this.accounts);
	}

	/** What one node does: lists, and reads all files at once. */
	async run(settings: ConnectionSettings): Promise<void> {
		const store = this.store(settings);
		const read = async (path: string): Promise<number> => {
			let bytes = 0;
			for await (const chunk of store.read(path)) bytes += (chunk as Buffer).length;
			return bytes;
		};
		const work = async (): Promise<void> => {
			expect(await store.list('S20160607')).toHaveLength(FILES.length);
			expect(await Promise.all(FILES.map(read))).toEqual(FILES.map(() => CONTENT.length));
		};
		await work().finally(async () => await store.close());
	}
}

const SERVERS = [
	{ name: 'OpenSSH', here: realServer('OpenSSH', available()), isOneOfAKind: true, start: sftpTenant },
	{ name: 'ProFTPD', here: proftpdHere(), isOneOfAKind: true, start: async () => await ftpsTenant(proftpd) },
	{ name: 'vsftpd', here: vsftpdHere(), isOneOfAKind: false, start: async () => await ftpsTenant(startVsftpd) },
];

for (const { name, here, isOneOfAKind, start } of SERVERS) {
	describe.skipIf(here.skip)(here.reason ?? `connections between runs, ${name}`, () => {
		test('forty runs in a row log in as often as one', async () => {
			const { settings, proxy } = await start();
			const host = new Host();
			for (let run = 1; run <= 40; run += 1) await host.run({ ...settings, maxConnections: 2 });
			expect(proxy.allConnections()).toBeLessThanOrEqual(2);
		});

		test('what rests is closed after a while, and the next run logs in anew', async () => {
			const { settings, proxy } = await start();
			const host = new Host(1_000);
			const once = { ...settings, maxConnections: 2 };
			await host.run(once);
			await expect.poll(() => proxy.openConnections(), { timeout: 10_000 }).toBe(0);
			const before = proxy.allConnections();
			await host.run(once);
			expect(proxy.allConnections()).toBeGreaterThan(before);
		});

		test('a connection that ended while it rested costs a log-in that nobody sees', async () => {
			const { settings, proxy } = await start();
			const host = new Host();
			await host.run({ ...settings, maxConnections: 1 });
			proxy.cut();
			await host.run({ ...settings, maxConnections: 1 });
			expect(proxy.allConnections()).toBe(2);
		});

		test('one that falls silent without a sign costs a wait, and no failed request', async () => {
			const { settings, proxy } = await start();
			const host = new Host();
			const patient = { ...settings, maxConnections: 1 };
			await host.run(patient);
			proxy.goSilent();
			const store = host.store({ ...patient, stallTimeout: 3_000 });
			expect(await store.stat(FILES[0] ?? '')).toMatchObject({ size: CONTENT.length });
			await store.close();
			expect(proxy.allConnections()).toBe(2);
		});

		test.each(['stat', 'read'] as const)(
			'one that fell silent costs one wait, when it is lent for a %s: others that rested with it are not tried',
			async (request) => {
				const { settings, proxy } = await start();
				const host = new Host();
				const [path = ''] = FILES;
				const stores = [host.store(settings), host.store(settings)];
				for (const store of stores) await store.stat(path);
				for (const store of stores) await store.close();
				expect(proxy.openConnections()).toBe(2);
				proxy.goSilent(1);
				const store = host.store({ ...settings, stallTimeout: 3_000 });
				if (request === 'stat') expect(await store.stat(path)).toMatchObject({ size: CONTENT.length });
				else expect((await drain(store.read(path, { size: CONTENT.length }))).equals(CONTENT)).toBe(true);
				await store.close();
				expect(proxy.allConnections()).toBe(3);
			},
		);

		test('runs with another password never meet an open connection of this one', async () => {
			const { settings, proxy } = await start();
			const host = new Host();
			await host.run({ ...settings, maxConnections: 1 });
			await host.run({ ...settings, maxConnections: 1, stallTimeout: 20_000 });
			expect(proxy.allConnections()).toBe(1);
			const password = randomUUID();
			await host.store({ ...settings, password } as ConnectionSettings).close();
			await expect.poll(() => proxy.openConnections(), { timeout: 5_000 }).toBe(0);
		});

		test('what rests goes at once to a run with other settings that waits', async () => {
			const { settings, proxy } = await start();
			const host = new Host(60_000);
			await host.run({ ...settings, maxConnections: 1 });
			// As another process would: nothing of the first one's accounts, but the same desk.
			const other = new Host();
			const store = openStore(
				{ ...settings, maxConnections: 1 },
				accountConnections({ ...settings, maxConnections: 1 }, 5_000, host.shared),
				{},
				other.accounts,
			);
			expect(await store.stat(FILES[0] ?? '')).toMatchObject({ size: CONTENT.length });
			await store.close();
			expect([proxy.allConnections(), proxy.peakConnections()]).toEqual([2, 1]);
		});

		if (isOneOfAKind) {
			test('nothing keeps a process from ending, and no secret is in memory after the rest', async () => {
				const { settings } = await start();
				const directory = await mkdtemp(join(tmpdir(), '8x8-canary-'));
				cleanups.push(async () => await rm(directory, { recursive: true, force: true }));
				const [given, canary] = [join(directory, 'settings.json'), join(directory, 'canary')];
				await writeFile(given, JSON.stringify(settings));
				await writeFile(canary, secretOf(settings));
				const reader = startProcess(process.execPath, ['--import', 'tsx', READER, given, canary, FILES[0] ?? '']);
				cleanups.push(async () => await reader.stop());
				await expect.poll(() => reader.output(), { timeout: 50_000, interval: 100 }).toContain('ended: ');
				expect(reader.output()).toBe(`resting: true, afterwards: false\n[${process.execPath} ended: 0]\n`);
			}, 60_000);
		}
	});
}

/** What shows in memory when a secret is there: the password, or a line from the middle of the key. */
function secretOf(settings: ConnectionSettings): string {
	const key = settings.protocol === 'sftp' ? settings.privateKey : undefined;
	return key?.split('\n')[3] ?? settings.password ?? '';
}
