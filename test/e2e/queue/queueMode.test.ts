import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_NODES, exampleWorkflow } from '../../../demo/exampleWorkflow';
import { itemsOf, type ExecutionResult } from '../../../testbed/n8nHost/executionResult';
import type { StoredCredential } from '../../../testbed/n8nHost/n8nClient';
import { runExample, type ExampleRun } from '../../../demo/runExample';
import { callAudio, soundLibrary } from '../../../testbed/tenant/callAudio';
import { seededRandom } from '../../../testbed/tenant/seededRandom';
import { startCluster, type ClusterWorker, type N8nCluster } from '../../../testbed/servers/n8nCluster';
import { postgresHere } from '../../../testbed/servers/postgres';
import { redisHere } from '../../../testbed/servers/redis';
import {
	activate,
	deactivate,
	everySeconds,
	executionIds,
	executionsOf,
	until,
} from '../../../testbed/n8nHost/activeWorkflow';
import { callAt, DiskTenant } from '../../../testbed/tenant/diskTenant';
import { workflowFile } from '../../../testbed/n8nHost/workflowFile';
import { startQueueTenant, type QueueTenant } from './queueTenant';

const DAYS = 4;
const MAX_CONNECTIONS = 4;
const BACKFILL = 'backfill-days-to-crm.json';
const START = 'Run by Hand';
/** A worker that died is found out in seconds here, and in about a minute by n8n's own settings. */
const QUICK_TO_NOTICE = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
};

const missing = postgresHere().reason ?? redisHere().reason;

/** These run one after another on one n8n; each leaves it with at least one worker. */
describe.skipIf(missing !== undefined)(`n8n in queue mode${missing === undefined ? '' : ` (${missing})`}`, () => {
	let directory = '';
	let storage = '';
	let cluster: N8nCluster;
	let tenant: QueueTenant;
	let ftps: StoredCredential;
	let sftp: StoredCredential;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-queue-'));
		storage = join(directory, 'storage');
		tenant = await startQueueTenant({ directory, days: DAYS, callsPerDay: 40, maxConnections: MAX_CONNECTIONS });
		cluster = await startCluster({
			directory,
			workers: 2,
			concurrency: 1,
			env: { ...QUICK_TO_NOTICE, N8N_STORAGE_PATH: storage },
		});
		ftps = await tenant.ftps.credential(cluster.main.client);
		sftp = await tenant.sftp.credential(cluster.main.client);
	});

	afterAll(async () => {
		await cluster?.stop();
		await tenant?.close();
		await rm(directory, { recursive: true, force: true });
	});

	const logOf = async (worker: ClusterWorker): Promise<string> => await readFile(worker.logFile, 'utf8');
	const ranOn = async (executionId: string, workers: readonly ClusterWorker[]): Promise<boolean> => {
		const logs = await Promise.all(workers.map(logOf));
		return logs.some((log) => log.includes(`Worker finished execution ${executionId} `));
	};
	const mainJob = async (credential: StoredCredential, deliveryName?: string): Promise<ExampleRun> =>
		await runExample(
			{ tenant: tenant.tenant, crm: tenant.crm, n8n: cluster.main },
			{ protocol: credential === ftps ? 'ftpsImplicit' : 'sftp', credential, data: {} },
			deliveryName,
		);
	/** Ids in the order in which the CRM took them. */
	const taken = (since: number): string[] =>
		tenant.crm
			.deliveries()
			.slice(since)
			.map(({ recordingId }) => recordingId);
	const expectAsInTenant = (since: number): void => {
		const sums = new Map(tenant.tenant.calls.map(({ recordingId, sha256 }) => [recordingId, sha256]));
		for (const { recordingId, sha256 } of tenant.crm.deliveries().slice(since))
			expect([recordingId, sha256]).toEqual([recordingId, sums.get(recordingId)]);
	};
	const hintsOf = (execution: ExecutionResult, node: string): readonly string[] =>
		execution.nodes.get(node)?.hints ?? [];

	it('runs the main job on a worker and delivers byte for byte, with binary data in the database', async () => {
		const run = await mainJob(ftps, 'Queue');
		expect(run.problems).toEqual([]);
		expect(run.equal).toBe(run.toKeep);
		expect(await ranOn(run.execution.id, cluster.workers)).toBe(true);
		expect(run.execution.stored).toContain('database:');
		expect(hintsOf(run.execution, EXAMPLE_NODES.download).join()).toContain(`${run.kept} files downloaded`);
	});

	it('shares the connections of the credential between runs on two workers at once, and both deliver everything', async () => {
		const { client } = cluster.main;
		const before = tenant.crm.deliveries().length;
		const names = ['queueTogether001', 'queueTogether002'];
		const started = await Promise.all(
			names.map(async (id) => {
				const placement = { id, name: id, credential: ftps, deliveryName: id };
				await client.putWorkflow(await exampleWorkflow(placement, tenant.crm.deliveryUrl));
				return await client.startWorkflow(id, START);
			}),
		);
		const ended = await Promise.all(started.map(async (id) => await client.waitForExecution(id)));
		expect(ended.map(({ status }) => status)).toEqual(['success', 'success']);
		// Each worker runs one execution at a time.
		for (const worker of cluster.workers)
			expect(await Promise.all(started.map(async (id) => await ranOn(id, [worker])))).toContain(true);
		const ids = ended.flatMap((run) => itemsOf(run, EXAMPLE_NODES.list).map(({ json }) => String(json['recordingId'])));
		expect(new Set(ids).size).toBe(ids.length / 2);
		expect(taken(before).sort()).toEqual(ids.sort());
		expectAsInTenant(before);
		expect(tenant.ftps.proxy.peakConnections()).toBeLessThanOrEqual(MAX_CONNECTIONS);
	});

	it('polls the Recording Trigger on main and runs its executions on workers, each recording once', async () => {
		const { client } = cluster.main;
		const id = 'queueTrigger0001';
		const credentials = { [sftp.type]: { id: sftp.id, name: sftp.name } };
		await client.putWorkflow({
			id,
			name: id,
			nodes: [
				{
					id: 'trigger',
					name: 'Trigger',
					type: 'n8n-nodes-8x8-recordings.recordingTrigger',
					typeVersion: 1,
					position: [0, 0],
					parameters: {
						pollTimes: everySeconds(2),
						watch: 'index',
					},
					credentials,
				},
				{
					id: 'download',
					name: 'Download',
					type: 'n8n-nodes-8x8-recordings.downloadRecording',
					typeVersion: 1,
					position: [300, 0],
					parameters: {},
					credentials,
				},
			],
			connections: { Trigger: { main: [[{ node: 'Download', type: 'main', index: 0 }]] } },
			settings: { executionOrder: 'v1' },
		});
		await activate(client, id);
		const day = tenant.tenant.days.at(-1) ?? '';
		const disk = new DiskTenant(tenant.tenant.root, Date.now);
		// The tenant writes detailed indexes: a call that only the basic one lists would wait for them.
		const stamp = day.replaceAll('-', '');
		const index = `S${stamp}/I${stamp}_version2.csv`;
		const before = await disk.text(index);
		const sounds = soundLibrary();
		const random = seededRandom('new calls');
		const calls = [1, 2, 3, 4].map((n) => callAt(`${day}T20:00:0${n}Z`, 9_000 + n));
		const downloads = async (): Promise<Readonly<Record<string, unknown>>[]> =>
			(await executionsOf(client, id)).flatMap((execution) =>
				itemsOf(execution, 'Download').map(({ json }) => Object(json['download'])),
			);
		const sums = new Map<string, string>();
		try {
			for (const [position, call] of calls.entries()) {
				const audio = callAudio(call, sounds, random);
				sums.set(call.path, createHash('sha256').update(audio).digest('hex'));
				await disk.put(call.path, audio);
				await disk.index(index, 'detailed', [call]);
				await until(`recording ${position + 1}`, async () => (await downloads()).length > position, 20_000);
			}
			// Two more polls, which must find nothing.
			await pause(4_500);
			const all = await downloads();
			expect(new Map(all.map(({ path, sha256 }) => [path, sha256]))).toEqual(sums);
			expect(all).toHaveLength(calls.length);
			for (const execution of await executionIds(client, id))
				expect(await ranOn(execution, cluster.workers)).toBe(true);
		} finally {
			await deactivate(client, id);
			await writeFile(join(tenant.tenant.root, index), before);
			for (const call of calls) await unlink(join(tenant.tenant.root, call.path));
		}
	});

	it('goes on or fails in plain sight when Redis restarts in the middle, and the next run delivers what is missing', async () => {
		const before = tenant.crm.deliveries().length;
		const reached = tenant.sftp.proxy.hold(1_500_000);
		const first = mainJob(sftp, 'Redis');
		await reached;
		await cluster.redis.kill();
		await cluster.redis.start();
		await pause(2_000);
		tenant.sftp.proxy.release();
		await first;
		for (const worker of cluster.workers) if (!worker.isAlive()) await cluster.startWorker();
		const second = await mainJob(sftp, 'Redis');
		expect(second.execution.status).toBe('success');
		const delivered = taken(before);
		expect(new Set(delivered).size).toBe(delivered.length);
		expect(delivered).toHaveLength(second.toKeep);
		expectAsInTenant(before);
	});

	it('delivers byte for byte with binary data on a filesystem that workers share, and nothing that another worker delivered', async () => {
		await Promise.all(cluster.workers.map((worker) => worker.stop()));
		const worker = await cluster.startWorker(2, { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' });
		const before = tenant.crm.deliveries().length;
		const marked = await mainJob(ftps, 'Queue');
		expect([marked.execution.status, marked.delivered]).toEqual(['success', 0]);

		const run = await mainJob(ftps);
		expect(run.problems).toEqual([]);
		expect(run.equal).toBe(run.toKeep);
		expectAsInTenant(before);
		expect(await ranOn(run.execution.id, [worker])).toBe(true);
		// Every process finds it at the same place.
		const [item] = itemsOf(run.execution, EXAMPLE_NODES.download);
		const [mode, path = ''] = String(Reflect.get(Object(item?.binary['data']), 'id')).split(':');
		expect(mode).toBe('filesystem-v2');
		const stored = createHash('sha256').update(await readFile(join(storage, path)));
		expect(stored.digest('hex')).toBe(Reflect.get(Object(item?.json['download']), 'sha256'));
	});

	it('ends a backfill with every recording delivered once although a worker is killed in the middle of a download', async () => {
		const { client } = cluster.main;
		const key = await client.putCredential('Key', 'httpHeaderAuth', { name: 'X-Backfill-Key', value: 'k'.repeat(32) });
		const workflow = await workflowFile(BACKFILL, 'backfillOfDays01', {
			credentials: [sftp, key],
			settings: {
				startDate: tenant.tenant.days[0] ?? '',
				endDate: tenant.tenant.days.at(-1) ?? '',
				address: cluster.main.url,
			},
			parameters: { 'Send to CRM': { url: tenant.crm.deliveryUrl } },
		});
		await client.putWorkflow(workflow);
		await activate(client, workflow.id);
		const before = tenant.crm.deliveries().length;
		const [survivor] = cluster.workers.filter((worker) => worker.isAlive());
		if (survivor === undefined) throw new Error('No worker is left');

		const parent = await client.startWorkflow(workflow.id, START);
		await until('the backfill on the worker that stays', async () =>
			(await logOf(survivor)).includes(`Worker started execution ${parent} `),
		);
		const victim = await cluster.startWorker(1);
		const running = async (): Promise<string | undefined> => {
			const log = await logOf(victim);
			const started = [...log.matchAll(/Worker started execution (\d+) /g)].map(([, id]) => id);
			return started.find((id) => !log.includes(`Worker finished execution ${id} `));
		};
		await until('an execution on the other worker', async () => (await running()) !== undefined);
		await tenant.sftp.proxy.hold(1_000_000);
		// Whoever is posting or marking comes to an end; the others wait for the server.
		await pause(2_500);
		const killed = await running();
		await victim.kill();
		tenant.sftp.proxy.release();

		const execution = await client.waitForExecution(parent, 120_000);
		expect([execution.status, execution.error?.message]).toEqual(['success', undefined]);
		expect(itemsOf(execution, 'Complete')[0]?.json['result']).toContain(`all ${tenant.tenant.calls.length} recordings`);
		const ids = taken(before);
		expect([...ids].sort()).toEqual(tenant.tenant.calls.map(({ recordingId }) => recordingId).sort());
		expectAsInTenant(before);
		expect(killed).toBeDefined();
		const died = await client.waitForExecution(killed ?? '');
		expect([died.status, died.error?.message]).toEqual(['error', expect.stringContaining('failed to be processed')]);
	});

	it('never had more connections open than the credential allows, over all its processes', () => {
		expect(tenant.ftps.proxy.peakConnections()).toBe(MAX_CONNECTIONS);
		expect(tenant.sftp.proxy.peakConnections()).toBeGreaterThan(1);
		expect(tenant.sftp.proxy.peakConnections()).toBeLessThanOrEqual(MAX_CONNECTIONS);
	});
});
