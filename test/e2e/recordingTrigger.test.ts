import { randomBytes } from 'node:crypto';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredCredential } from '../../demo/n8nHost/n8nClient';
import { installPackage } from '../../demo/n8nHost/packPackage';
import { startN8n, type RunningN8n } from '../../demo/n8nHost/startN8n';
import type { Workflow } from '../../demo/n8nHost/workflow';
import { startEmbeddedSftp, type EmbeddedSftp } from '../../demo/servers/embeddedSftp';
import { indexFile } from '../../demo/tenant/indexFile';
import type { PlannedCall } from '../../demo/tenant/tenantCall';
import { CREDENTIAL_TYPE, sftpCredential } from '../../demo/tenantCredential';
import { activate, everySeconds, executionsOf, until } from './activeWorkflow';
import { callAt, DiskTenant } from './diskTenant';

const TRIGGER = '8x8 Recording Trigger';
const WORKFLOW = 'growingTenant001';
const SECRET = `Test-${randomBytes(9).toString('hex')}-1`;
const OWNER = { email: 'owner@test.example.com', password: SECRET };
/** Long enough that a half row, once seen, is whole before it has stood for a whole poll. */
const POLL_SECONDS = 3;

function triggerWorkflow(credential: StoredCredential): Workflow {
	return {
		id: WORKFLOW,
		name: 'A tenant that grows',
		nodes: [
			{
				id: 'trigger',
				name: TRIGGER,
				type: 'n8n-nodes-8x8-recordings.recordingTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters: {
					pollTimes: { item: [{ mode: 'custom', cronExpression: everySeconds(POLL_SECONDS) }] },
					watch: 'index',
				},
				credentials: { [credential.type]: { id: credential.id, name: credential.name } },
			},
			{
				id: 'next',
				name: 'Next Step',
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [300, 0],
				parameters: {},
			},
		],
		connections: { [TRIGGER]: { main: [[{ node: 'Next Step', type: 'main', index: 0 }]] } },
		settings: { executionOrder: 'v1' },
	};
}

/** The days around 2026-11-01, which in Los Angeles has 25 hours: its hour from 01:00 to 02:00 comes twice. */
describe('the Recording Trigger in an active workflow of a real n8n', () => {
	let directory = '';
	let server: EmbeddedSftp;
	let n8n: RunningN8n;
	let starts = 0;
	let shift = 0;
	let tenant: DiskTenant;
	const expected: string[] = [];

	const now = (): number => Date.now() + shift;
	const setClock = async (utc: string): Promise<void> => {
		shift = Date.parse(utc) - Date.now();
		await writeFile(join(directory, 'clock'), String(shift));
	};
	const start = async (): Promise<void> => {
		starts += 1;
		n8n = await startN8n({
			userFolder: join(directory, 'n8n'),
			logFile: join(directory, 'logs', `n8n-${starts}.log`),
			env: {
				NODE_OPTIONS: `--require ${join(__dirname, 'shiftedClock.cjs')}`,
				SHIFTED_CLOCK_FILE: join(directory, 'clock'),
			},
		});
		await n8n.client.logIn(OWNER);
	};
	/** What every execution so far began with, in order. */
	const emitted = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
		const executions = await executionsOf(n8n.client, WORKFLOW);
		expect(executions.map(({ status, error }) => [status, error?.message])).toEqual(
			executions.map(() => ['success', undefined]),
		);
		return executions.flatMap(({ nodes }) => nodes.get('Next Step')?.outputs[0]?.map(({ json }) => json) ?? []);
	};
	const emittedIds = async (): Promise<string[]> => (await emitted()).map(({ recordingId }) => String(recordingId));
	/** Waits until as many came as should have, and sees that they are those. */
	const expectNew = async (...calls: readonly PlannedCall[]): Promise<void> => {
		expected.push(...calls.map((call) => call.recordingId));
		await until(
			`${expected.length} recordings`,
			async () => (await emittedIds()).length >= expected.length,
			30_000,
		).catch(() => undefined);
		expect([...(await emittedIds())].sort()).toEqual([...expected].sort());
	};
	const expectNothingNew = async (): Promise<void> => {
		await pause(3 * POLL_SECONDS * 1_000);
		expect([...(await emittedIds())].sort()).toEqual([...expected].sort());
	};

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
		const root = join(directory, 'tenant');
		await mkdir(join(root, 'Index'), { recursive: true });
		await setClock('2026-10-31T18:00:00Z');
		tenant = new DiskTenant(root, now);
		server = await startEmbeddedSftp({ root, username: 'acmejets', password: SECRET });
		await installPackage(join(directory, 'n8n'));
		await start();
	});

	afterAll(async () => {
		await n8n?.stop();
		await server?.close();
		await rm(directory, { recursive: true, force: true });
	});

	const dayBefore = [callAt('2026-10-30T16:00:00Z', 1), callAt('2026-10-30T20:00:00Z', 2)];
	const late = [callAt('2026-10-30T21:00:00Z', 3), callAt('2026-10-30T22:00:00Z', 4)];
	const halloween = [
		callAt('2026-10-31T16:00:00Z', 10),
		callAt('2026-10-31T21:00:00Z', 11),
		// 23:50 in Los Angeles, and in the next UTC directory.
		callAt('2026-11-01T06:50:00Z', 12),
	];
	const onlyDetailed = callAt('2026-10-31T17:00:00Z', 13);
	const afterRename = callAt('2026-10-31T19:00:00Z', 14);
	const whileOff = callAt('2026-10-31T20:00:00Z', 15);
	const longDay = [
		callAt('2026-11-01T07:30:00Z', 20),
		// 01:30, and an hour later 01:30 again.
		callAt('2026-11-01T08:30:00Z', 21),
		callAt('2026-11-01T09:30:00Z', 22),
		callAt('2026-11-01T10:30:00Z', 23),
		callAt('2026-11-02T07:50:00Z', 24),
	];
	const lateInLongDay = callAt('2026-11-01T09:45:00Z', 25);

	it('takes what is there when it is activated as known', async () => {
		await tenant.index('Index/I20261030.csv', 'basic', dayBefore);
		const data = sftpCredential(
			{
				host: server.host,
				port: server.port,
				username: 'acmejets',
				password: SECRET,
				tenantTimeZone: 'America/Los_Angeles',
			},
			server.fingerprint,
		);
		const credential = await n8n.client.putCredential('Tenant', CREDENTIAL_TYPE, data);
		await n8n.client.putWorkflow(triggerWorkflow(credential));
		await activate(n8n.client, WORKFLOW);
		await expectNothingNew();
	});

	it('emits rows that are appended late, each once it is whole', async () => {
		const text = indexFile('basic', late).split('\r\n').slice(1).join('\r\n');
		const middle = text.indexOf('\r\n') + 20;
		await tenant.append('Index/I20261030.csv', text.slice(0, middle));
		await until('the first late row', async () => (await emittedIds()).length > 0);
		await tenant.append('Index/I20261030.csv', text.slice(middle));
		await expectNew(...late);
	});

	it('emits the calls of a day when its index appears after midnight', async () => {
		await setClock('2026-11-01T07:45:00Z');
		await tenant.index('Index/I20261031.csv', 'basic', halloween);
		await expectNew(...halloween);
	});

	it('emits of a second index file of the day only what the first did not list', async () => {
		await tenant.index('S20261031/I20261031_version2.csv', 'detailed', [onlyDetailed, ...halloween]);
		await expectNew(onlyDetailed);
	});

	it('emits nothing again when an edition of the index is renamed, and goes on with it', async () => {
		await tenant.rename('Index/I20261031.csv', 'Index/I20261031_version1.csv');
		await expectNothingNew();
		await tenant.index('Index/I20261031_version1.csv', 'basic', [afterRename]);
		await expectNew(afterRename);
	});

	it('emits after a restart what came while n8n was off, and a day of 25 hours', async () => {
		await n8n.stop();
		await tenant.index('Index/I20261031_version1.csv', 'basic', [whileOff]);
		await setClock('2026-11-02T08:45:00Z');
		await tenant.index('Index/I20261101.csv', 'basic', longDay);
		await start();
		await expectNew(whileOff, ...longDay);
		const times = new Map((await emitted()).map((row) => [row['recordingId'], row['startTime']]));
		expect(longDay.map(({ recordingId }) => times.get(recordingId))).toEqual([
			'2026-11-01T00:30:00.000-07:00',
			'2026-11-01T01:30:00.000-07:00',
			'2026-11-01T01:30:00.000-08:00',
			'2026-11-01T02:30:00.000-08:00',
			'2026-11-01T23:50:00.000-08:00',
		]);
	});

	it('emits nothing twice when n8n is killed and starts again, and then what comes late', async () => {
		await n8n.kill();
		await start();
		await expectNothingNew();
		await tenant.index('Index/I20261101.csv', 'basic', [lateInLongDay]);
		await expectNew(lateInLongDay);
	});

	it('has emitted every recording once in the end, none missed and none twice', async () => {
		await expectNothingNew();
		const all = [...late, ...halloween, onlyDetailed, afterRename, whileOff, ...longDay, lateInLongDay];
		expect([...(await emittedIds())].sort()).toEqual(all.map(({ recordingId }) => recordingId).sort());
	});
});
