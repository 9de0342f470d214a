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
import { startCountingProxy, type CountingProxy } from '../../../testbed/servers/countingProxy';
import { startEmbeddedSftp, type EmbeddedSftp } from '../../../testbed/servers/embeddedSftp';
import { CREDENTIAL_TYPE, sftpCredential } from '../../../testbed/tenant/tenantCredential';
import { activate, deactivate, everySeconds, executionsOf, until } from '../../../testbed/n8nHost/activeWorkflow';
import type { SupportedN8n } from '../matrix/supportedN8n';
import { DiskTenant } from '../../../testbed/tenant/diskTenant';

const TRIGGER = '8x8 Recording Trigger';
const SECRET = `Test-${randomBytes(9).toString('hex')}-1`;
const OWNER = { email: 'owner@test.example.com', password: SECRET };
/** Long enough that a half row, once seen, is whole before it has stood for a whole poll. */
const POLL_SECONDS = 3;

/** What the workflow watches, and how often. */
interface Watching {
	readonly watch: 'index' | 'files';
	readonly pollSeconds: number;
}

function triggerWorkflow(id: string, credential: StoredCredential, { watch, pollSeconds }: Watching): Workflow {
	return {
		id,
		name: 'A tenant that grows',
		nodes: [
			{
				id: 'trigger',
				name: TRIGGER,
				type: 'n8n-nodes-8x8-recordings.recordingTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters: {
					pollTimes: everySeconds(pollSeconds),
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
	expected: string[] = [];

	#shift = 0;

	#workflow = '';

	#workflows = 0;

	#pollSeconds = POLL_SECONDS;

	/** Polls of this clock's n8n list directories; how often that was. */
	#listings = 0;

	#mayFail: RegExp | undefined;

	#proxy: CountingProxy | undefined;

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
		const onListing = (): void => void (triggered.#listings += 1);
		triggered.#server = await startEmbeddedSftp({ root, username: 'acmejets', password: SECRET, onListing });
		triggered.#proxy = await startCountingProxy(triggered.#server.port);
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
		await this.#proxy?.close();
		await this.#server?.close();
		await rm(this.directory, { recursive: true, force: true });
	}

	/** Stores the credential and a new workflow, switches it on in place of the one before, and waits for its first poll. */
	async activate(watch: 'index' | 'files', pollSeconds = POLL_SECONDS): Promise<void> {
		const { client } = this.#running;
		const { host, fingerprint } = this.#serving;
		const { port } = this.#link;
		if (this.#workflow !== '') await deactivate(client, this.#workflow);
		this.expected = [];
		this.#pollSeconds = pollSeconds;
		this.#workflows += 1;
		const tenantTimeZone = 'America/Los_Angeles';
		const data = sftpCredential({ host, port, username: 'acmejets', password: SECRET, tenantTimeZone }, fingerprint);
		const credential = await client.putCredential('Tenant', CREDENTIAL_TYPE, data);
		const id = `growingTenant00${this.#workflows}`;
		this.#workflow = await client.putWorkflow(triggerWorkflow(id, credential, { watch, pollSeconds }));
		await this.#whileItPolls(async () => await activate(client, this.#workflow));
	}

	/** Gives the trigger another name, as in the editor, and waits for a poll that n8n makes of that. */
	async renameTrigger(name: string): Promise<void> {
		const { client } = this.#running;
		const workflow = (await client.request('GET', `/rest/workflows/${this.#workflow}`)) as Workflow;
		const nodes = workflow.nodes.map((node) => (node.id === 'trigger' ? { ...node, name } : node));
		const connections = { [name]: Object.values(workflow.connections)[0] };
		const rename = async (): Promise<void> => {
			await client.putWorkflow({
				id: this.#workflow,
				name: workflow.name,
				nodes,
				connections,
				settings: workflow.settings,
			});
			await activate(client, this.#workflow);
		};
		await (this.host.isDurable === true ? rename() : this.#whileItPolls(rename));
	}

	/** The server says nothing any more for so long. What fails meanwhile has to say this. */
	async silence(seconds: number, meanwhile: () => Promise<void>, mayFail: RegExp): Promise<void> {
		this.#mayFail = mayFail;
		const silent = this.#link.hold(1);
		await meanwhile();
		await silent;
		await pause(seconds * 1_000);
		this.#link.release();
	}

	/** What every execution so far began with, in order. */
	async emitted(): Promise<readonly Readonly<Record<string, unknown>>[]> {
		const executions = await executionsOf(this.#running.client, this.#workflow);
		const failures = executions.filter(({ error }) => this.#mayFail?.test(error?.message ?? '') !== true);
		expect(failures.map(({ status, error }) => [status, error?.message])).toEqual(
			failures.map(() => ['success', undefined]),
		);
		return executions.flatMap(({ nodes }) => nodes.get('Next Step')?.outputs[0]?.map(({ json }) => json) ?? []);
	}

	/**
	 * The durable scheduler makes up for each poll time that passed while n8n was off, one right after the other, and a poll may
	 * begin before it has written down what the one before emitted: a trigger with several times, as here, may then repeat it.
	 */
	async emittedIds(): Promise<string[]> {
		const ids = (await this.emitted()).map(({ recordingId }) => String(recordingId));
		return this.host.isDurable === true && this.#starts > 1 ? [...new Set(ids)] : ids;
	}

	/** Waits until as many came as should have, and sees that they are those. */
	async expectNew(...recordings: ReadonlyArray<{ readonly recordingId: string }>): Promise<void> {
		this.expected.push(...recordings.map(({ recordingId }) => recordingId));
		await until(
			`${this.expected.length} recordings`,
			async () => (await this.emittedIds()).length >= this.expected.length,
			30_000 + this.#pollSeconds * 1_000,
		).catch(() => undefined);
		await this.#expectEachOnce();
	}

	async expectNothingNew(): Promise<void> {
		await pause(3 * this.#pollSeconds * 1_000);
		await this.#expectEachOnce();
	}

	async #expectEachOnce(): Promise<void> {
		expect([...(await this.emittedIds())].sort()).toEqual([...this.expected].sort());
	}

	/** Does something that makes n8n poll, and waits until that poll has been. */
	async #whileItPolls(work: () => Promise<void>): Promise<void> {
		const before = this.#listings;
		await work();
		await until('the poll', () => this.#listings > before, 30_000);
		let listings = -1;
		while (listings !== this.#listings) {
			listings = this.#listings;
			await pause(1_000);
		}
	}

	get #link(): CountingProxy {
		if (this.#proxy === undefined) throw new Error('The proxy was not started');
		return this.#proxy;
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
