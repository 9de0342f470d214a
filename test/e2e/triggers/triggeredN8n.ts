import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { StoredCredential } from '../../../testbed/n8nHost/n8nClient';
import { installPackage } from '../../../testbed/n8nHost/packPackage';
import { startN8n, type RunningN8n } from '../../../testbed/n8nHost/startN8n';
import type { Workflow } from '../../../testbed/n8nHost/workflow';
import { startEmbeddedSftp, type EmbeddedSftp } from '../../../testbed/servers/embeddedSftp';
import { CREDENTIAL_TYPE, sftpCredential } from '../../../testbed/tenant/tenantCredential';
import { activate, everySeconds, executionsOf, until } from '../../../testbed/n8nHost/activeWorkflow';
import type { SupportedN8n } from '../matrix/supportedN8n';
import { DiskTenant } from '../../../testbed/tenant/diskTenant';

const TRIGGER = '8x8 Recording Trigger';
const WORKFLOW = 'growingTenant001';
const SECRET = `Test-${randomBytes(9).toString('hex')}-1`;
const OWNER = { email: 'owner@test.example.com', password: SECRET };
/** Long enough that a half row, once seen, is whole before it has stood for a whole poll. */
const POLL_SECONDS = 3;

function triggerWorkflow(credential: StoredCredential, watch: 'index' | 'files'): Workflow {
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
					watch,
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

/** A real n8n with one active workflow that a Recording Trigger starts, a tenant that grows, and a clock that both go by. */
export class TriggeredN8n {
	readonly tenant: DiskTenant;

	/** Ids of what should have been emitted so far. */
	readonly expected: string[] = [];

	#shift = 0;

	#workflow = '';

	#starts = 0;

	#n8n: RunningN8n | undefined;

	#server: EmbeddedSftp | undefined;

	private constructor(
		private readonly directory: string,
		private readonly host: SupportedN8n,
	) {
		this.tenant = new DiskTenant(join(directory, 'tenant'), () => Date.now() + this.#shift);
	}

	/** At this time of its clock, with nothing in it but an empty tenant. */
	static async at(utc: string, host: SupportedN8n): Promise<TriggeredN8n> {
		const triggered = new TriggeredN8n(await mkdtemp(join(tmpdir(), '8x8-e2e-')), host);
		const { root } = triggered.tenant;
		await mkdir(join(root, 'Index'), { recursive: true });
		await triggered.setClock(utc);
		triggered.#server = await startEmbeddedSftp({ root, username: 'acmejets', password: SECRET });
		await installPackage(join(triggered.directory, 'n8n'));
		await triggered.start();
		return triggered;
	}

	async setClock(utc: string): Promise<void> {
		this.#shift = Date.parse(utc) - Date.now();
		await writeFile(join(this.directory, 'clock'), String(this.#shift));
	}

	async passTime(seconds: number): Promise<void> {
		await this.setClock(new Date(Date.now() + this.#shift + seconds * 1_000).toISOString());
	}

	async start(): Promise<void> {
		this.#starts += 1;
		this.#n8n = await startN8n({
			userFolder: join(this.directory, 'n8n'),
			logFile: join(this.directory, 'logs', `n8n-${this.#starts}.log`),
			release: this.host.release,
			env: {
				...this.host.env,
				NODE_OPTIONS: `--require ${join(__dirname, 'shiftedClock.cjs')}`,
				SHIFTED_CLOCK_FILE: join(this.directory, 'clock'),
			},
		});
		await this.#n8n.client.logIn(OWNER);
	}

	async stop(): Promise<void> {
		await this.#n8n?.stop();
	}

	async kill(): Promise<void> {
		await this.#n8n?.kill();
	}

	async close(): Promise<void> {
		await this.stop();
		await this.#server?.close();
		await rm(this.directory, { recursive: true, force: true });
	}

	/** Stores the credential and the workflow, and switches it on. */
	async activate(watch: 'index' | 'files'): Promise<void> {
		const { client } = this.#running;
		const { host, port, fingerprint } = this.#serving;
		const tenantTimeZone = 'America/Los_Angeles';
		const data = sftpCredential({ host, port, username: 'acmejets', password: SECRET, tenantTimeZone }, fingerprint);
		const credential = await client.putCredential('Tenant', CREDENTIAL_TYPE, data);
		this.#workflow = await client.putWorkflow(triggerWorkflow(credential, watch));
		await activate(client, this.#workflow);
	}

	/** What every execution so far began with, in order. */
	async emitted(): Promise<readonly Readonly<Record<string, unknown>>[]> {
		const executions = await executionsOf(this.#running.client, this.#workflow);
		expect(executions.map(({ status, error }) => [status, error?.message])).toEqual(
			executions.map(() => ['success', undefined]),
		);
		return executions.flatMap(({ nodes }) => nodes.get('Next Step')?.outputs[0]?.map(({ json }) => json) ?? []);
	}

	async emittedIds(): Promise<string[]> {
		return (await this.emitted()).map(({ recordingId }) => String(recordingId));
	}

	/** Waits until as many came as should have, and sees that they are those. */
	async expectNew(...recordings: ReadonlyArray<{ readonly recordingId: string }>): Promise<void> {
		this.expected.push(...recordings.map(({ recordingId }) => recordingId));
		await until(
			`${this.expected.length} recordings`,
			async () => (await this.emittedIds()).length >= this.expected.length,
			30_000,
		).catch(() => undefined);
		await this.#expectEachOnce();
	}

	async expectNothingNew(): Promise<void> {
		await pause(3 * POLL_SECONDS * 1_000);
		await this.#expectEachOnce();
	}

	async #expectEachOnce(): Promise<void> {
		expect([...(await this.emittedIds())].sort()).toEqual([...this.expected].sort());
	}

	get #running(): RunningN8n {
		if (this.#n8n === undefined) throw new Error('n8n was not started');
		return this.#n8n;
	}

	get #serving(): EmbeddedSftp {
		if (this.#server === undefined) throw new Error('The server was not started');
		return this.#server;
	}
}
