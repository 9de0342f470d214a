import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { StoredCredential } from '../../../testbed/n8nHost/n8nClient';
import { installPackage } from '../../../testbed/n8nHost/packPackage';
import type { Workflow } from '../../../testbed/n8nHost/workflow';
import { startCountingProxy, type CountingProxy } from '../../../testbed/servers/countingProxy';
import { startEmbeddedSftp, type EmbeddedSftp } from '../../../testbed/servers/embeddedSftp';
import { CREDENTIAL_TYPE, sftpCredential } from '../../../testbed/tenant/tenantCredential';
import { activate, deactivate, everySeconds, executionsOf, until } from '../../../testbed/n8nHost/activeWorkflow';
import type { SupportedN8n } from '../matrix/supportedN8n';
import { DiskTenant } from '../../../testbed/tenant/diskTenant';
import { ShiftedN8n } from '../clock/shiftedN8n';

const TRIGGER = '8x8 Recording Trigger';
const SECRET = `Test-${randomBytes(9).toString('hex')}-1`;
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

	#workflow = '';

	#workflows = 0;

	#pollSeconds = POLL_SECONDS;

	/** Polls of this clock's n8n list directories; how often that was. */
	#listings = 0;

	#mayFail: RegExp | undefined;

	#proxy: CountingProxy | undefined;

	readonly #n8n: ShiftedN8n;

	#server: EmbeddedSftp | undefined;

	private constructor(
		private readonly directory: string,
		private readonly host: SupportedN8n,
	) {
		this.#n8n = new ShiftedN8n(directory, host);
		this.tenant = new DiskTenant(join(directory, 'tenant'), () => this.#n8n.now());
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
		await installPackage(triggered.#n8n.userFolder);
		await triggered.start();
		return triggered;
	}

	async setClock(utc: string): Promise<void> {
		await this.#n8n.setClock(utc);
	}

	async passTime(seconds: number): Promise<void> {
		await this.#n8n.passTime(seconds);
	}

	async start(): Promise<void> {
		await this.#n8n.start();
	}

	async stop(): Promise<void> {
		await this.#n8n.stop();
	}

	async kill(): Promise<void> {
		await this.#n8n.kill();
	}

	async close(): Promise<void> {
		await this.stop();
		await this.#proxy?.close();
		await this.#server?.close();
		await rm(this.directory, { recursive: true, force: true });
	}

	/** Stores the credential and a new workflow, switches it on in place of the one before, and waits for its first poll. */
	async activate(watch: 'index' | 'files', pollSeconds = POLL_SECONDS): Promise<void> {
		const { client } = this.#n8n.running;
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
		const { client } = this.#n8n.running;
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
		const executions = await executionsOf(this.#n8n.running.client, this.#workflow);
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
		return this.host.isDurable === true && this.#n8n.starts > 1 ? [...new Set(ids)] : ids;
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

	get #serving(): EmbeddedSftp {
		if (this.#server === undefined) throw new Error('The server was not started');
		return this.#server;
	}
}
