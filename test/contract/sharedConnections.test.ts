import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

import { Coordination } from '../../coordination/coordination';
import { RedisLink } from '../../coordination/redisLink';
import { LEDGER_TIMES } from '../../coordination/redisLedger';
import { redisSettings } from '../../coordination/redisSettings';
import type { ConnectionSettings } from '../../transport/connectionSettings';
import { startCountingProxy, type CountingProxy } from '../../testbed/servers/countingProxy';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, startProcess } from '../../testbed/servers/process';
import { proftpdHere, startProftpd } from '../../testbed/servers/proftpd';
import { redisHere, startRedis } from '../../testbed/servers/redis';
import { QUICK_TIMES } from './leaseHolding';
import { readAll, type ReadingRun, type Repeated } from './sharedReader';

const READER = fileURLToPath(new URL('./sharedReaderProcess.ts', import.meta.url));
const RESTING_WORKER = fileURLToPath(new URL('./restingWorkerProcess.ts', import.meta.url));
const LIMIT = 4;
const FILES = 24;
const FILE_BYTES = 300_000;

/** For how long two processes are at work and at rest by turns; TURNS_SECONDS=300 for as long as a night's work takes. */
const ASKED_SECONDS = process.env['TURNS_SECONDS'];
const TURNS = Number(ASKED_SECONDS ?? 5) * 1_000;
/** Milliseconds until a process that works has heard that another one waits, and that one of the end of a file. */
const HEARD = LEDGER_TIMES.holding + LEDGER_TIMES.waiting;
/** What a machine with more to do may add to that: far less than a lease that nobody gives back takes to run out. */
const SLOW_MACHINE = 5_000;
const PATIENCE = 50_000;

const cleanups: Array<() => Promise<void>> = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Tenant {
	readonly settings: ConnectionSettings;
	readonly proxy: CountingProxy;
	readonly files: Readonly<Record<string, string>>;
}

async function filesIn(root: string): Promise<Record<string, string>> {
	await mkdir(join(root, 'S20160607'), { recursive: true });
	const files: Record<string, string> = {};
	for (let number = 0; number < FILES; number += 1) {
		const path = `S20160607/R2016060701300000${String(number).padStart(2, '0')}.wav`;
		const content = randomBytes(FILE_BYTES);
		files[path] = createHash('sha256').update(content).digest('hex');
		await writeFile(join(root, path), content, { mode: 0o644 });
	}
	return files;
}

async function proxyFor(port: number): Promise<CountingProxy> {
	const proxy = await startCountingProxy(port);
	cleanups.push(async () => await proxy.close());
	return proxy;
}

async function sftpTenant(): Promise<Tenant> {
	const root = await mkdtemp(join(tmpdir(), '8x8-shared-'));
	cleanups.push(async () => await rm(root, { recursive: true, force: true }));
	const files = await filesIn(root);
	const server = await startOpenSsh({ root, configuration: ['MaxStartups 100'] });
	cleanups.push(async () => await server.close());
	const proxy = await proxyFor(server.port);
	const { username, privateKey } = server;
	const common = { host: '127.0.0.1', port: proxy.port, tenantDirectory: root, maxConnections: LIMIT };
	return {
		files,
		proxy,
		settings: {
			...common,
			protocol: 'sftp',
			username,
			privateKey,
			hostKeyFingerprints: [],
			allowUnknownHostKey: true,
		},
	};
}

async function ftpsTenant(mode: 'implicit' | 'explicit'): Promise<Tenant> {
	const server = await startProftpd({ mode, tlsProtocol: 'TLSv1.3' });
	cleanups.push(async () => await server.close());
	const files = await filesIn(server.root);
	const proxy = await proxyFor(server.port);
	const { username, password, caCertificate } = server;
	const common = { host: '127.0.0.1', port: proxy.port, tenantDirectory: '', maxConnections: LIMIT };
	return {
		files,
		proxy,
		settings: {
			...common,
			protocol: mode === 'implicit' ? 'ftpsImplicit' : 'ftpsExplicit',
			username,
			password,
			caCertificate,
			allowUnauthorizedCerts: false,
		},
	};
}

/** Runs that begin one after the other: the first has all connections when the next ones come. */
function runsOf({ settings, files }: Tenant, count: number): ReadingRun[] {
	return Array.from({ length: count }, (_, number) => ({ settings, files, atOnce: 12, delay: number * 150 }));
}

const SERVERS = [
	{ name: 'SFTP, OpenSSH', here: realServer('OpenSSH', available()), start: sftpTenant },
	{ name: 'FTPS implicit, ProFTPD', here: proftpdHere(), start: async () => await ftpsTenant('implicit') },
	{ name: 'FTPS explicit, ProFTPD', here: proftpdHere(), start: async () => await ftpsTenant('explicit') },
];
const redis = redisHere();

for (const { name, here, start } of SERVERS) {
	describe.skipIf(here.skip)(here.reason ?? `many runs of one account, ${name}`, () => {
		test('never have more connections than the credential allows, and each gets its work done', async () => {
			const tenant = await start();
			const shared = new Coordination();
			const counts = await Promise.all(runsOf(tenant, 6).map(async (run) => await readAll(run, shared)));
			expect(counts).toEqual(Array(6).fill(FILES));
			expect(tenant.proxy.peakConnections()).toBeLessThanOrEqual(LIMIT);
			// On a slow machine the runs overlap less, but they do.
			expect(tenant.proxy.peakConnections()).toBeGreaterThan(1);
			// All came back, each when its socket was closed.
			const desk = shared.desk(tenant.settings);
			const free = Array.from({ length: LIMIT }, async () => await desk.run(LIMIT).first(5_000));
			expect(await Promise.all(free)).toHaveLength(LIMIT);
			expect(tenant.proxy.openConnections()).toBe(0);
		});

		test('a run on its own has all of them', async () => {
			const tenant = await start();
			const [run] = runsOf(tenant, 1);
			const atOnce = 40;
			const shared = new Coordination();
			expect(await readAll({ ...(run as ReadingRun), atOnce }, shared)).toBe(FILES);
			expect(tenant.proxy.peakConnections()).toBeGreaterThan(1);
		});

		test.skipIf(redis.skip)(redis.reason ?? 'the same in three processes of the queue mode together', async () => {
			const tenant = await start();
			const server = await startRedis({ password: 'Tin-Whistle-4' });
			cleanups.push(async () => await server.close());
			const env = { ...process.env, ...server.environment, EXECUTIONS_MODE: 'queue' };
			const workers = [1, 2, 3].map(() =>
				startProcess(process.execPath, ['--import', 'tsx', READER, JSON.stringify(runsOf(tenant, 2))], { env }),
			);
			for (const worker of workers) cleanups.push(async () => await worker.stop());
			await expect
				.poll(() => workers.map((worker) => worker.output().trim()), { timeout: 50_000, interval: 100 })
				.toEqual(Array(3).fill(`[${FILES},${FILES}]\n[${process.execPath} ended: 0]`));
			expect(tenant.proxy.peakConnections()).toBeLessThanOrEqual(LIMIT);
			expect(tenant.proxy.peakConnections()).toBeGreaterThan(1);
		});

		test.skipIf(redis.skip)(
			redis.reason ??
				'two processes with two connections, at work and at rest by turns, have two at most, and both end',
			async () => {
				const tenant = await start();
				const settings = { ...tenant.settings, maxConnections: 2 };
				const { files } = tenant;
				// Short pauses, in which connections rest, and long ones, in which the other process, which could do with both, gets them.
				const run = { settings, files, atOnce: 12, delay: 0, lasting: TURNS, pauses: [0, 20, 700, 0, 300, 2_000] };
				const server = await startRedis({ password: 'Tin-Whistle-4' });
				cleanups.push(async () => await server.close());
				const env = { ...process.env, ...server.environment, EXECUTIONS_MODE: 'queue' };
				const workers = [run, { ...run, pauses: [...run.pauses].reverse() }].map((one) =>
					startProcess(process.execPath, ['--import', 'tsx', READER, JSON.stringify([one])], { env }),
				);
				for (const worker of workers) cleanups.push(async () => await worker.stop());
				const ended = { timeout: TURNS + PATIENCE, interval: 100 };
				for (const worker of workers) {
					await expect.poll(() => worker.output(), ended).toContain(`\n[${process.execPath} ended: 0]`);
					const [line = ''] = worker.output().split('\n');
					const [{ runs, right, waits }] = JSON.parse(line) as [Repeated];
					expect(right).toBe(runs * FILES);
					expect(runs).toBeGreaterThan(1);
					expect(waits.connection).toBeLessThan(waits.file + HEARD + SLOW_MACHINE);
					if (ASKED_SECONDS !== undefined) console.log(`${name}: ${line}`);
				}
				expect(tenant.proxy.peakConnections()).toBeLessThanOrEqual(2);
				if (ASKED_SECONDS !== undefined) console.log(`${name}: ${tenant.proxy.peakConnections()} connections at most`);
			},
			TURNS + 2 * PATIENCE,
		);

		test.skipIf(redis.skip)(
			redis.reason ?? 'a worker killed while its connections rest frees their leases by their time to live',
			async () => {
				const tenant = await start();
				const settings = { ...tenant.settings, maxConnections: 2 };
				const server = await startRedis({ password: 'Tin-Whistle-4' });
				cleanups.push(async () => await server.close());
				const run = JSON.stringify({ ...tenant, settings, atOnce: FILES, delay: 0, proxy: undefined });
				const env = { ...process.env, ...server.environment };
				const worker = startProcess(process.execPath, ['--import', 'tsx', RESTING_WORKER, run], { env });
				cleanups.push(async () => await worker.stop());
				await expect.poll(() => worker.output(), { timeout: 50_000, interval: 20 }).toBe(`at rest: ${FILES}\n`);
				const resting = tenant.proxy.openConnections();
				expect(resting).toBeGreaterThan(0);
				await worker.kill();
				await expect.poll(() => tenant.proxy.openConnections(), { timeout: 5_000 }).toBe(0);
				const link = new RedisLink(redisSettings(server.environment));
				cleanups.push(() => Promise.resolve(link.close()));
				const other = new Coordination(link, { ledger: QUICK_TIMES }).desk(settings).run(resting);
				// Nobody told Redis that they are closed.
				await expect(other.first(300)).rejects.toMatchObject({ reason: 'busy' });
				const leases = [await other.first(QUICK_TIMES.lease + 10_000)];
				const others = Array.from({ length: resting - 1 }, async () => await other.another());
				for (const lease of await Promise.all(others)) if (lease !== undefined) leases.push(lease);
				expect(leases).toHaveLength(resting);
				for (const lease of leases) lease.release();
			},
		);
	});
}
