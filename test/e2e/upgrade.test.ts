import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activate, everySeconds, executionsOf, until } from '../../testbed/n8nHost/activeWorkflow';
import { itemsOf } from '../../testbed/n8nHost/executionResult';
import type { StoredCredential } from '../../testbed/n8nHost/n8nClient';
import { installPackage } from '../../testbed/n8nHost/packPackage';
import type { Workflow } from '../../testbed/n8nHost/workflow';
import { startEmbeddedSftp, type EmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import { callAudio, soundLibrary } from '../../testbed/tenant/callAudio';
import { callAt, DiskTenant } from '../../testbed/tenant/diskTenant';
import { seededRandom } from '../../testbed/tenant/seededRandom';
import type { PlannedCall } from '../../testbed/tenant/tenantCall';
import { CREDENTIAL_TYPE, sftpCredential } from '../../testbed/tenant/tenantCredential';
import { ShiftedN8n } from './clock/shiftedN8n';

const FIRST_VERSION = join(__dirname, 'upgrade', 'n8n-nodes-8x8-recordings-0.1.0.tgz');
const SECRET = `Test-${randomBytes(9).toString('hex')}-1`;
const DAY = '2026-10-30';
const INDEX = 'Index/I20261030.csv';
const POLL_SECONDS = 2;

const WORKFLOWS = { calls: 'upgradeCalls0001', files: 'upgradeFiles0001', deliveries: 'upgradeDeliver01' };

/** Nodes of the package, one after the other behind a node that starts them. */
function chain(
	id: string,
	credential: StoredCredential,
	steps: readonly (readonly [name: string, type: string, parameters: Readonly<Record<string, unknown>>])[],
): Workflow {
	const credentials = { [credential.type]: { id: credential.id, name: credential.name } };
	return {
		id,
		name: id,
		nodes: steps.map(([name, type, parameters], i) => ({
			id: `step-${i}`,
			name,
			type,
			typeVersion: 1,
			position: [i * 220, 0],
			parameters,
			...(/trigger|list|download/.test(name.toLowerCase()) ? { credentials } : {}),
		})),
		connections: Object.fromEntries(
			steps
				.slice(1)
				.map(([name], i) => [steps[i]?.[0] ?? '', { main: [[{ node: name, type: 'main' as const, index: 0 }]] }]),
		),
		settings: { executionOrder: 'v1' },
	};
}

const triggered = (id: string, credential: StoredCredential, watch: 'index' | 'files'): Workflow =>
	chain(id, credential, [
		['Trigger', 'n8n-nodes-8x8-recordings.recordingTrigger', { pollTimes: everySeconds(POLL_SECONDS), watch }],
		['Next Step', 'n8n-nodes-base.noOp', {}],
	]);

const deliveries = (id: string, credential: StoredCredential): Workflow =>
	chain(id, credential, [
		['Start', 'n8n-nodes-base.manualTrigger', {}],
		[
			'List',
			'n8n-nodes-8x8-recordings.listIndex',
			{ readFrom: 'tenantDay', period: 'date', date: DAY, options: { onlyUndelivered: true } },
		],
		['Download', 'n8n-nodes-8x8-recordings.downloadRecording', {}],
		['Mark', 'n8n-nodes-8x8-recordings.markDelivered', {}],
	]);

/** docs/upgrades.md: one n8n with one data directory, in which versions follow each other. */
describe('an update of the package in a real n8n', () => {
	let directory = '';
	let server: EmbeddedSftp;
	let tenant: DiskTenant;
	let n8n: ShiftedN8n;
	let credential: StoredCredential;
	let packageDirectory = '';
	const sounds = soundLibrary();
	const random = seededRandom('an update');

	/** A new recording: its file, and its row in the index of the day. */
	const record = async (...calls: readonly PlannedCall[]): Promise<void> => {
		for (const call of calls) await tenant.put(call.path, callAudio(call, sounds, random));
		await tenant.index(INDEX, 'basic', calls);
	};
	const emitted = async (workflow: string): Promise<string[]> => {
		const executions = await executionsOf(n8n.running.client, workflow);
		return executions.flatMap((one) => itemsOf(one, 'Next Step').map(({ json }) => String(json['recordingId'])));
	};
	const expectEmitted = async (...calls: readonly PlannedCall[]): Promise<void> => {
		const ids = calls.map(({ recordingId }) => recordingId).sort();
		for (const workflow of [WORKFLOWS.calls, WORKFLOWS.files]) {
			await until(
				`${ids.length} recordings in ${workflow}`,
				async () => (await emitted(workflow)).length >= ids.length,
			);
			expect((await emitted(workflow)).sort()).toEqual(ids);
		}
	};
	/** Ids of what one run downloaded and marked. */
	const deliver = async (): Promise<string[]> => {
		const run = await n8n.running.client.runWorkflow(WORKFLOWS.deliveries, 'Start');
		expect([run.status, run.error?.message]).toEqual(['success', undefined]);
		return run.nodes.has('Mark') ? itemsOf(run, 'Mark').map(({ json }) => String(json['recordingId'])) : [];
	};
	const published = async (): Promise<unknown[]> =>
		await Promise.all(
			[WORKFLOWS.calls, WORKFLOWS.files].map(async (id) =>
				Reflect.get(Object(await n8n.running.client.request('GET', `/rest/workflows/${id}`)), 'active'),
			),
		);

	const known = callAt(`${DAY}T16:00:00Z`, 1);
	const before = callAt(`${DAY}T17:00:00Z`, 2);
	const whileOff = callAt(`${DAY}T18:00:00Z`, 3);
	const after = callAt(`${DAY}T19:00:00Z`, 4);

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
		const root = join(directory, 'tenant');
		await mkdir(join(root, 'Index'), { recursive: true });
		n8n = new ShiftedN8n(directory);
		await n8n.setClock('2026-10-31T17:00:00Z');
		tenant = new DiskTenant(root, () => n8n.now() - 3_600_000);
		await record(known);
		server = await startEmbeddedSftp({ root, username: 'acmejets', password: SECRET });
		packageDirectory = await installPackage(n8n.userFolder, FIRST_VERSION);
		await n8n.start();
		const { host, port, fingerprint } = server;
		const login = { host, port, username: 'acmejets', password: SECRET, tenantTimeZone: 'America/Los_Angeles' };
		credential = await n8n.running.client.putCredential('Tenant', CREDENTIAL_TYPE, sftpCredential(login, fingerprint));
		await n8n.running.client.putWorkflow(triggered(WORKFLOWS.calls, credential, 'index'));
		await n8n.running.client.putWorkflow(triggered(WORKFLOWS.files, credential, 'files'));
		await n8n.running.client.putWorkflow(deliveries(WORKFLOWS.deliveries, credential));
	});

	afterAll(async () => {
		await n8n?.stop();
		await server?.close();
		await rm(directory, { recursive: true, force: true });
	});

	it('begins with what the first version delivered, marked and remembers', async () => {
		await activate(n8n.running.client, WORKFLOWS.calls);
		await activate(n8n.running.client, WORKFLOWS.files);
		expect(await deliver()).toEqual([known.recordingId]);
		await record(before);
		await expectEmitted(before);
	});

	it('leaves workflows published while a half installed update cannot be loaded', async () => {
		await n8n.stop();
		await installPackage(n8n.userFolder);
		await truncate(join(packageDirectory, 'dist', 'nodes', 'RecordingTrigger', 'RecordingTrigger.node.js'), 100);
		await n8n.start();
		expect(await n8n.running.client.nodeTypes()).not.toContain('n8n-nodes-8x8-recordings.recordingTrigger');
		expect(await published()).toEqual([true, true]);
	});

	it('goes on where the first version stopped once the update is whole: triggers, marks and credential', async () => {
		await n8n.stop();
		await record(whileOff);
		await installPackage(n8n.userFolder);
		await n8n.start();
		expect(await published()).toEqual([true, true]);
		await expectEmitted(before, whileOff);
		expect(await deliver()).toEqual([before.recordingId, whileOff.recordingId]);
		expect(await deliver()).toEqual([]);
		await record(after);
		await expectEmitted(before, whileOff, after);
		expect(await deliver()).toEqual([after.recordingId]);
	});
});
