import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCrm, type RunningCrm } from '../testbed/crm/startCrm';
import { installN8n } from '../testbed/n8nHost/installN8n';
import { CACHE_DIRECTORY, PROJECT_ROOT } from '../testbed/n8nHost/projectPaths';
import { CREDENTIAL_TYPE } from '../testbed/tenant/tenantCredential';
import { activate, until } from '../testbed/n8nHost/activeWorkflow';
import { workflowFile } from '../testbed/n8nHost/workflowFile';
import { startCluster, type N8nCluster } from '../testbed/servers/n8nCluster';
import { temporaryDirectory } from '../testbed/servers/process';
import { makeBackfillTenant, type BackfillTenant } from './backfillTenant';
import { ourCredential } from './inN8n';
import { MeasuredServers, type Endpoint } from './measuredServers';
import { cpuSecondsOf, descendantsOf, peakMegabytesOf } from './processCost';

const USAGE = `Measures workflows/backfill-days-to-crm.json in n8n's queue mode over FTPS behind a WAN, with PostgreSQL and Redis.

  --workers 1,2,4      workers of each run, in ascending order
  --days 30            tenant days
  --calls 100          recordings a day
  --round-trip 80      milliseconds
  --connections 8      what the credential allows in all
  --share 2            of them, for each worker: Download Recording > Concurrency
  --name backfill      bench/results/<name>.json`;

const WORKFLOW = 'benchBackfill000';
const RUN_MILLISECONDS = 3_600_000;

interface BackfillRun {
	readonly workers: number;
	readonly recordings: number;
	readonly seconds: number;
	/** Of workers and main together, their children included. */
	readonly cpuSeconds: number;
	/** Highest resident memory of any worker since it started, megabytes. */
	readonly workerMegabytes: number;
}

interface Setting {
	readonly cluster: N8nCluster;
	readonly crm: RunningCrm;
	readonly tenant: BackfillTenant;
	readonly endpoint: Endpoint;
	readonly connections: number;
	readonly share: number;
}

function cpuOf({ main, workers }: N8nCluster): number {
	const processes = [main, ...workers].flatMap(({ pid }) => (pid === undefined ? [] : [pid, ...descendantsOf(pid)]));
	return processes.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}

/** Every recording must be at the CRM once, as the tenant has it. */
function verify(crm: RunningCrm, before: number, { sums }: BackfillTenant): void {
	const delivered = crm.deliveries().slice(before);
	const times = new Map<string, number>();
	for (const { recordingId } of delivered) times.set(recordingId, (times.get(recordingId) ?? 0) + 1);
	const wrong = Object.keys(sums).filter((id) => times.get(id) !== 1);
	const changed = delivered.filter(({ recordingId, sha256 }) => sums[recordingId] !== sha256);
	if (wrong.length === 0 && changed.length === 0) return;
	throw new Error(
		`Not delivered once: ${wrong.slice(0, 5).join(', ')} (${wrong.length}); not as in the tenant: ${changed.length}`,
	);
}

async function backfill({ cluster, crm, tenant, endpoint, connections, share }: Setting): Promise<BackfillRun> {
	const { client, url } = cluster.main;
	const workers = cluster.workers.length;
	const key = await client.putCredential('Key', 'httpHeaderAuth', { name: 'X-Backfill-Key', value: 'Measured-Only-1' });
	const credential = await client.putCredential('Measured', CREDENTIAL_TYPE, ourCredential(endpoint, connections));
	// Each run keeps its own marks, so that everything is delivered again.
	const deliveryName = `${workers} workers, ${new Date().toISOString()}`;
	const listing = { onlyUndelivered: true, onMissingIndex: 'skip', deliveryName };
	const workflow = await workflowFile('backfill-days-to-crm.json', WORKFLOW, {
		credentials: [credential, key],
		settings: {
			startDate: tenant.days[0] ?? '',
			endDate: tenant.days.at(-1) ?? '',
			address: url,
			atATime: String(Math.max(8, 4 * workers)),
		},
		parameters: {
			'What Is Missing': { options: listing },
			'List Directory': { options: listing },
			'Download Recording': { options: { concurrency: share } },
			'Send to CRM': { url: crm.deliveryUrl },
			'Mark Delivered': { options: { deliveryName } },
		},
	});
	await client.putWorkflow(workflow);
	await activate(client, WORKFLOW);
	const before = crm.deliveries().length;
	const recordings = Object.keys(tenant.sums).length;
	const cpuBefore = cpuOf(cluster);
	const begun = performance.now();
	const execution = await client.startWorkflow(WORKFLOW, 'Run by Hand');
	// Asking for the execution makes n8n load all of its data, so that is left for the end.
	await until('all deliveries', () => crm.deliveries().length - before >= recordings, RUN_MILLISECONDS);
	const result = await client.waitForExecution(execution, RUN_MILLISECONDS);
	const seconds = (performance.now() - begun) / 1_000;
	const cpuSeconds = cpuOf(cluster) - cpuBefore;
	if (result.status !== 'success') throw new Error(`The backfill ended as ${result.status}: ${result.error?.message}`);
	verify(crm, before, tenant);
	const peaks = cluster.workers.map(({ pid }) => (pid === undefined ? 0 : peakMegabytesOf(pid)));
	return { workers, recordings, seconds, cpuSeconds, workerMegabytes: Math.max(...peaks) };
}

function table(runs: readonly BackfillRun[]): string {
	const [first] = runs;
	const rows = runs.map(({ workers, recordings, seconds, cpuSeconds, workerMegabytes }) => {
		const cells = [
			workers,
			recordings,
			seconds.toFixed(1),
			(recordings / seconds).toFixed(2),
			first === undefined ? '' : (first.seconds / seconds).toFixed(2),
			cpuSeconds.toFixed(1),
			workerMegabytes.toFixed(0),
		];
		return `| ${cells.join(' | ')} |`;
	});
	const head =
		'| workers | recordings | seconds | recordings/s | x the first | CPU seconds | worker MB |\n|---|---|---|---|---|---|---|';
	return [head, ...rows].join('\n');
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			workers: { type: 'string', default: '1,2,4' },
			days: { type: 'string', default: '30' },
			calls: { type: 'string', default: '100' },
			'round-trip': { type: 'string', default: '80' },
			connections: { type: 'string', default: '8' },
			share: { type: 'string', default: '2' },
			name: { type: 'string', default: 'backfill' },
			help: { type: 'boolean' },
		},
	});
	if (values.help === true) {
		console.log(USAGE);
		return;
	}
	await installN8n(console.log);
	const closing: (() => Promise<void>)[] = [];
	try {
		const trees = join(CACHE_DIRECTORY, 'bench', 'trees');
		await mkdir(trees, { recursive: true });
		const tenant = await makeBackfillTenant(trees, Number(values.days), Number(values.calls));
		const servers = await MeasuredServers.start(tenant.root, ['ftps']);
		closing.push(() => servers.close());
		const way = await servers.open({ roundTrip: Number(values['round-trip']) });
		closing.push(() => way.close());
		const scratch = await temporaryDirectory('8x8-bench-backfill');
		closing.push(scratch.remove);
		const crm = await startCrm({ directory: join(scratch.path, 'crm') });
		closing.push(() => crm.close());
		const cluster = await startCluster({
			directory: scratch.path,
			workers: 0,
			concurrency: 1,
			// The upper row runs on main, so that every place of a worker is for a directory.
			env: { OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'false' },
		});
		closing.push(() => cluster.stop());
		const setting = {
			...{ cluster, crm, tenant },
			endpoint: way.endpoint('ftps'),
			connections: Number(values.connections),
			share: Number(values.share),
		};
		const runs: BackfillRun[] = [];
		for (const workers of values.workers.split(',').map(Number)) {
			while (cluster.workers.length < workers) await cluster.startWorker();
			runs.push(await backfill(setting));
			console.log(`\n${table(runs)}`);
		}
		const results = join(PROJECT_ROOT, 'bench', 'results');
		await mkdir(results, { recursive: true });
		await writeFile(join(results, `${values.name}.json`), `${JSON.stringify({ options: values, runs }, null, '\t')}\n`);
	} finally {
		for (const close of closing.reverse()) await close();
	}
}

main().then(
	() => process.exit(0),
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exit(1);
	},
);
