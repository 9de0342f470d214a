import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExample } from '../../../demo/runExample';
import { postgresHere } from '../../servers/postgres';
import { redisHere } from '../../servers/redis';
import { startCluster, type N8nCluster } from './n8nCluster';
import { startQueueTenant, type QueueTenant } from './queueTenant';

const missing = postgresHere().reason ?? redisHere().reason;

describe.skipIf(missing !== undefined)(
	`n8n in queue mode with two workers${missing === undefined ? '' : ` (${missing})`}`,
	() => {
		let directory = '';
		let cluster: N8nCluster;
		let tenant: QueueTenant;

		beforeAll(async () => {
			directory = await mkdtemp(join(tmpdir(), '8x8-queue-'));
			tenant = await startQueueTenant({ directory, days: 3, callsPerDay: 40, maxConnections: 4 });
			cluster = await startCluster({ directory, workers: 2, concurrency: 5 });
		});

		afterAll(async () => {
			await cluster?.stop();
			await tenant?.close();
			await rm(directory, { recursive: true, force: true });
		});

		it('runs the main job on a worker and delivers byte for byte, with binary data in the database', async () => {
			const credential = await tenant.credential(cluster.main.client);
			const run = await runExample(
				{ tenant: tenant.tenant, crm: tenant.crm, n8n: cluster.main },
				{ protocol: 'ftpsImplicit', credential, data: {} },
			);
			expect(run.problems).toEqual([]);
			expect(run.equal).toBe(run.toKeep);
			const logs = await Promise.all(cluster.workers.map(async ({ logFile }) => await readFile(logFile, 'utf8')));
			expect(logs.join('\n')).toContain(`Worker finished execution ${run.execution.id}`);
		});
	},
);
