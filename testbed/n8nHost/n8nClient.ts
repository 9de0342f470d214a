import { setTimeout as pause } from 'node:timers/promises';
import { executionResult, type ExecutionResult } from './executionResult';
import type { Workflow } from './workflow';

const REQUEST_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 100;
const FINAL_STATUSES: ReadonlySet<string> = new Set(['success', 'error', 'crashed', 'canceled']);

export interface Owner {
	readonly email: string;
	readonly password: string;
}

export interface StoredCredential {
	readonly id: string;
	readonly name: string;
	readonly type: string;
}

export interface CredentialTestResult {
	readonly status: string;
	readonly message: string;
}

/** Checks a piece of n8n's answer without trusting its shape further than used. */
function field(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown, name: string): string {
	const found = field(value, name);
	if (typeof found !== 'string' && typeof found !== 'number') {
		throw new Error(`n8n's answer has no "${name}": ${JSON.stringify(value)?.slice(0, 300)}`);
	}
	return String(found);
}

/** An answer of n8n that is not 2xx. */
export class N8nRefusal extends Error {
	override readonly name = 'N8nRefusal';

	readonly status: number;

	constructor(status: number, request: string, answer: string) {
		super(`${request}: ${status} ${answer.slice(0, 500)}`);
		this.status = status;
	}
}

/** The editor's own REST interface, the same in n8n 1.123 to 2.41 as far as the demo and the tests use it. */
export class N8nClient {
	readonly #url: string;

	#cookie = '';

	constructor(url: string) {
		this.#url = url;
	}

	/** The answer's `data`; rejects with n8n's message when the answer is not 2xx. */
	async request(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
		const response = await fetch(`${this.#url}${path}`, {
			method,
			headers: { accept: 'application/json', 'content-type': 'application/json', cookie: this.#cookie },
			signal: AbortSignal.timeout(REQUEST_MILLISECONDS),
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		const answer = await response.text();
		if (!response.ok) throw new N8nRefusal(response.status, `n8n ${method} ${path}`, answer);
		for (const cookie of response.headers.getSetCookie()) {
			if (cookie.startsWith('n8n-auth=')) this.#cookie = cookie.split(';')[0] ?? '';
		}
		const parsed: unknown = JSON.parse(answer);
		return field(parsed, 'data') ?? parsed;
	}

	/** Creates the instance's owner on a new database, logs in on one that has it. */
	async logIn(owner: Owner): Promise<void> {
		const settings = await this.request('GET', '/rest/settings');
		const isNew = field(field(settings, 'userManagement'), 'showSetupOnFirstLoad') === true;
		if (isNew) {
			await this.request('POST', '/rest/owner/setup', { ...owner, firstName: 'Demo', lastName: 'Owner' });
			return;
		}
		await this.request('POST', '/rest/login', { emailOrLdapLoginId: owner.email, password: owner.password });
	}

	/** Names of the node types that n8n has loaded, such as `n8n-nodes-base.set`. */
	async nodeTypes(): Promise<string[]> {
		const types = await this.request('GET', '/types/nodes.json');
		if (!Array.isArray(types)) throw new Error('n8n listed no node types');
		return types.map((type) => text(type, 'name'));
	}

	/** Creates the credential, or replaces the one with the same name and type. */
	async putCredential(name: string, type: string, data: Readonly<Record<string, unknown>>): Promise<StoredCredential> {
		const all = await this.request('GET', '/rest/credentials');
		const existing = (Array.isArray(all) ? all : []).find(
			(credential) => field(credential, 'name') === name && field(credential, 'type') === type,
		);
		const stored =
			existing === undefined
				? await this.request('POST', '/rest/credentials', { name, type, data })
				: await this.request('PATCH', `/rest/credentials/${text(existing, 'id')}`, { name, type, data });
		return { id: text(stored, 'id'), name, type };
	}

	/** What the editor's "Test" does: n8n runs the node's own test with `data`. */
	async testCredential(
		credential: StoredCredential,
		data: Readonly<Record<string, unknown>>,
	): Promise<CredentialTestResult> {
		const result = await this.request('POST', '/rest/credentials/test', { credentials: { ...credential, data } });
		return { status: text(result, 'status'), message: text(result, 'message') };
	}

	/** Creates the workflow, or replaces the one with the same id. Gives its id, which n8n 1 draws for a new one itself. */
	async putWorkflow(workflow: Workflow): Promise<string> {
		const { id, ...content } = workflow;
		// n8n 2 could be asked for `/exists`, n8n 1 cannot.
		const known = await this.request('GET', `/rest/workflows/${id}`).catch((error: unknown) => {
			if (error instanceof N8nRefusal && error.status === 404) return undefined;
			throw error;
		});
		const stored =
			known === undefined
				? // n8n 1 stores nothing that does not say whether it is on.
					await this.request('POST', '/rest/workflows', { active: false, ...workflow })
				: await this.request('PATCH', `/rest/workflows/${id}`, content);
		return text(stored, 'id');
	}

	/** Starts a stored workflow at a trigger, as "Execute workflow" does. Gives the execution's id. */
	async startWorkflow(workflowId: string, trigger: string): Promise<string> {
		const workflowData = await this.request('GET', `/rest/workflows/${workflowId}`);
		const started = await this.request('POST', `/rest/workflows/${workflowId}/run`, {
			workflowData,
			triggerToStartFrom: { name: trigger },
		});
		return text(started, 'executionId');
	}

	/** Waits until the execution has ended, however it ended; rejects after `milliseconds`. */
	async waitForExecution(executionId: string, milliseconds = 120_000): Promise<ExecutionResult> {
		const deadline = Date.now() + milliseconds;
		let before: string | undefined;
		for (;;) {
			const execution = await this.request('GET', `/rest/executions/${executionId}`);
			const status = text(execution, 'status');
			// n8n 1 stores the status first and the data after it: they are the last when they stay as they are.
			if (FINAL_STATUSES.has(status)) {
				const data = text(execution, 'data');
				if (data === before) return executionResult(executionId, status, data);
				before = data;
			}
			if (Date.now() > deadline)
				throw new Error(`Execution ${executionId} is still ${status} after ${milliseconds} ms`);
			await pause(POLL_MILLISECONDS);
		}
	}

	async runWorkflow(workflowId: string, trigger: string, milliseconds?: number): Promise<ExecutionResult> {
		return await this.waitForExecution(await this.startWorkflow(workflowId, trigger), milliseconds);
	}

	/** What the editor's "Stop" does. */
	async stopExecution(executionId: string): Promise<void> {
		await this.request('POST', `/rest/executions/${executionId}/stop`);
	}
}
