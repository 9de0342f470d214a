import { setTimeout as pause } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import type { StoredCredential } from '../../../testbed/n8nHost/n8nClient';
import { installPackage } from '../../../testbed/n8nHost/packPackage';
import type { Workflow, WorkflowNode } from '../../../testbed/n8nHost/workflow';
import { startEmbeddedSftp, type EmbeddedSftp } from '../../../testbed/servers/embeddedSftp';
import { callAudio, soundLibrary } from '../../../testbed/tenant/callAudio';
import { seededRandom } from '../../../testbed/tenant/seededRandom';
import type { PlannedCall } from '../../../testbed/tenant/tenantCall';
import { CREDENTIAL_TYPE, sftpCredential } from '../../../testbed/tenant/tenantCredential';
import { activate } from '../../../testbed/n8nHost/activeWorkflow';
import { callAt, DiskTenant } from '../../../testbed/tenant/diskTenant';
import { ShiftedN8n } from '../clock/shiftedN8n';
import { startHttpStandIn, type HttpStandIn } from '../standIns/httpStandIn';
import { multipartForm } from '../standIns/multipartForm';
import type { SupportedN8n } from '../matrix/supportedN8n';

const SECRET = `Test-${randomBytes(9).toString('hex')}-1`;
const MINUTE = 60_000;
/** A run takes seconds. One that takes so long hangs. */
const RUN_MILLISECONDS = 120_000;
const WEEK_STARTS = Date.parse('2026-11-02T08:00:30Z');
const WEEK_ENDS = WEEK_STARTS + 7 * 24 * 60 * MINUTE;

/** Webhook -> List Index (Only Undelivered) -> Download Recording -> CRM -> Mark Delivered; what fails goes nowhere. */
function deliveryWorkflow(id: string, tenant: StoredCredential, crmUrl: string): Workflow {
	const credentials = { [tenant.type]: { id: tenant.id, name: tenant.name } };
	const chain: readonly (Pick<WorkflowNode, 'name' | 'type' | 'typeVersion' | 'parameters'> & Partial<WorkflowNode>)[] =
		[
			{
				name: 'Run',
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2,
				parameters: { httpMethod: 'POST', path: id, responseMode: 'lastNode', responseData: 'noData', options: {} },
				webhookId: id,
			},
			{
				name: 'List',
				type: 'n8n-nodes-8x8-recordings.listIndex',
				typeVersion: 1,
				parameters: {
					readFrom: 'tenantDay',
					period: 'lastDays',
					days: 2,
					options: { onlyUndelivered: true, onMissingIndex: 'skip' },
				},
				credentials,
			},
			{
				name: 'Download',
				type: 'n8n-nodes-8x8-recordings.downloadRecording',
				typeVersion: 1,
				parameters: {},
				credentials,
				onError: 'continueErrorOutput',
			},
			{
				name: 'CRM',
				type: 'n8n-nodes-base.httpRequest',
				typeVersion: 4.2,
				parameters: {
					method: 'POST',
					url: crmUrl,
					sendBody: true,
					contentType: 'multipart-form-data',
					bodyParameters: {
						parameters: [
							{ name: 'recordingId', value: '={{ $json.recordingId }}' },
							{ parameterType: 'formBinaryData', name: 'audio', inputDataFieldName: 'data' },
						],
					},
					options: { batching: { batch: { batchSize: 1, batchInterval: 0 } } },
				},
				onError: 'continueErrorOutput',
			},
			{
				name: 'Mark',
				type: 'n8n-nodes-8x8-recordings.markDelivered',
				typeVersion: 1,
				parameters: { recordingId: "={{ $('Download').item.json.recordingId }}" },
			},
		];
	const nodes = chain.map((node, i) => ({ id: `node-${i}`, position: [i * 220, 0] as const, ...node }));
	return {
		id,
		name: id,
		nodes,
		connections: Object.fromEntries(
			nodes
				.slice(0, -1)
				.map(({ name }, i) => [
					name,
					{ main: [[{ node: nodes[i + 1]?.name ?? '', type: 'main' as const, index: 0 }]] },
				]),
		),
		settings: { executionOrder: 'v1', saveDataSuccessExecution: 'none' },
	};
}

/** @param minutesBetweenRuns the week's runs are this far apart on n8n's shifted clock */
export function describeDeliveredOnce(host: SupportedN8n, minutesBetweenRuns: number): void {
	describe('Only Undelivered and Mark Delivered', () => {
		let directory = '';
		let server: EmbeddedSftp;
		let n8n: ShiftedN8n;
		let crm: HttpStandIn;
		let tenant: DiskTenant;
		let credential: StoredCredential;
		/** Ids in the order in which the CRM took them. */
		const taken: string[] = [];
		let refusals = 0;
		const random = seededRandom('a week');
		const sounds = soundLibrary();
		/** Whether the CRM takes a delivery; it may do more first. */
		let accepts: (recordingId: string) => boolean | Promise<boolean> = () => true;

		/** n8n 2.41 answers before it knows the webhooks of workflows that are active: it has started none then. */
		const run = async (workflow: string): Promise<number> => {
			const deadline = Date.now() + 30_000;
			for (;;) {
				const signal = AbortSignal.timeout(RUN_MILLISECONDS);
				const { status } = await fetch(`${n8n.running.url}/webhook/${workflow}`, { method: 'POST', signal });
				if (status !== 404 || Date.now() > deadline) return status;
				await pause(200);
			}
		};
		const record = async (calls: readonly PlannedCall[]): Promise<void> => {
			for (const call of calls) await tenant.put(call.path, callAudio(call, sounds, random));
		};

		beforeAll(async () => {
			directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
			const root = join(directory, 'tenant');
			await mkdir(join(root, 'Index'), { recursive: true });
			n8n = new ShiftedN8n(directory, host);
			await n8n.setClock(WEEK_STARTS);
			tenant = new DiskTenant(root, () => n8n.now());
			server = await startEmbeddedSftp({ root, username: 'acmejets', password: SECRET });
			crm = await startHttpStandIn(async (request) => {
				const { fields, files } = await multipartForm(request);
				const id = fields.get('recordingId') ?? '';
				if ((files.get('audio')?.bytes.length ?? 0) === 0) return { status: 400 };
				if (await accepts(id)) {
					taken.push(id);
					return { status: 201, json: { stored: true } };
				}
				refusals += 1;
				return { status: 503, json: { message: 'Try later' } };
			});
			await installPackage(n8n.userFolder);
			await n8n.start();
			credential = await n8n.running.client.putCredential(
				'Tenant',
				CREDENTIAL_TYPE,
				sftpCredential(
					{
						host: server.host,
						port: server.port,
						username: 'acmejets',
						password: SECRET,
						tenantTimeZone: 'America/Los_Angeles',
					},
					server.fingerprint,
				),
			);
		});

		beforeEach(() => {
			onTestFailed(async () => console.error(`n8n said last:\n${await n8n.running.lastLines()}`));
		});

		afterAll(async () => {
			await n8n?.stop();
			await crm?.close();
			await server?.close();
			await rm(directory, { recursive: true, force: true });
		});

		it('delivers a week of recordings exactly once to a CRM that fails at random 30 % of the time', async () => {
			const workflow = 'weekOfRuns000001';
			await activate(
				n8n.running.client,
				await n8n.running.client.putWorkflow(deliveryWorkflow(workflow, credential, crm.url)),
			);
			accepts = () => random.next() >= 0.3;

			const expected: string[] = [];
			const statuses = new Map<number, number>();
			let day = '';
			let late: PlannedCall[] = [];
			for (let now = WEEK_STARTS; now < WEEK_ENDS; now += minutesBetweenRuns * MINUTE) {
				await n8n.setClock(now);
				// After each midnight in Los Angeles the index of the day before appears; at noon some rows come late.
				const yesterday = new Date(now - 32 * 60 * MINUTE).toISOString().slice(0, 10);
				const index = `Index/I${yesterday.replaceAll('-', '')}.csv`;
				const isNewDay = yesterday !== day && new Date(now - 8 * 60 * MINUTE).getUTCHours() === 0;
				const hours = [15, 16, 18, 19, 20, 21, 22, 23];
				if (isNewDay) {
					day = yesterday;
					const calls = hours.map((hour, i) => callAt(`${yesterday}T${hour}:00:0${i}Z`, i));
					await record(calls);
					late = calls.splice(5);
					await tenant.index(index, 'basic', calls);
					expected.push(...calls.map(({ recordingId }) => recordingId));
				} else if (late.length > 0 && new Date(now).getUTCHours() === 20) {
					await tenant.index(index, 'basic', late);
					expected.push(...late.map(({ recordingId }) => recordingId));
					late = [];
				}
				const status = await run(workflow);
				statuses.set(status, (statuses.get(status) ?? 0) + 1);
			}
			expect([...statuses]).toEqual([[200, (7 * 24 * 60) / minutesBetweenRuns]]);
			expect(refusals).toBeGreaterThan(expected.length / 10);
			expect(expected).toHaveLength(7 * 8);
			expect([...taken].sort()).toEqual([...expected].sort());
		}, 1_800_000);

		it('loses nothing when n8n is killed in the middle of deliveries, and repeats only what it had not marked', async () => {
			const workflow = 'killedRuns000001';
			await activate(
				n8n.running.client,
				await n8n.running.client.putWorkflow(deliveryWorkflow(workflow, credential, crm.url)),
			);
			await n8n.setClock(WEEK_ENDS);
			const yesterday = new Date(WEEK_ENDS - 32 * 60 * MINUTE).toISOString().slice(0, 10);
			const calls = Array.from({ length: 12 }, (_, i) => callAt(`${yesterday}T17:00:${10 + i}Z`, 100 + i));
			await record(calls);
			await tenant.index(`Index/I${yesterday.replaceAll('-', '')}.csv`, 'basic', calls);

			// Everything before was delivered by the other workflow; this one keeps its own marks.
			accepts = () => true;
			taken.length = 0;
			for (const dieAt of [4, 9]) {
				let deliveries = 0;
				let killed: Promise<void> | undefined;
				accepts = async () => {
					deliveries += 1;
					if (deliveries === dieAt) {
						killed = n8n.kill();
						await killed;
					}
					return true;
				};
				const outcome: unknown = await run(workflow).catch((error: unknown) => error);
				// Two n8n on one database would prove nothing: the run ends with its n8n, and not before.
				expect([outcome, killed]).toEqual([expect.any(Error), expect.any(Promise)]);
				await killed;
				await n8n.start();
			}
			accepts = () => true;
			const before = taken.length;
			expect(await run(workflow)).toBe(200);
			const all = taken.slice(before);
			expect(new Set(all).size).toBe(all.length);
			expect(all).toEqual(expect.arrayContaining(calls.map(({ recordingId }) => recordingId)));
			// All of them are marked now.
			expect(await run(workflow)).toBe(200);
			expect(taken.slice(before)).toEqual(all);
		}, 300_000);
	});
}
