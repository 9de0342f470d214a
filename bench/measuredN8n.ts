import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { installN8n } from '../testbed/n8nHost/installN8n';
import type { ExecutionResult } from '../testbed/n8nHost/executionResult';
import { installPackage } from '../testbed/n8nHost/packPackage';
import { startN8n, type RunningN8n } from '../testbed/n8nHost/startN8n';
import type { Workflow, WorkflowNode } from '../testbed/n8nHost/workflow';
import { temporaryDirectory } from '../testbed/servers/process';
import { countingTurns, longestTurns, type Turns } from './longestTurns';
import { cpuSecondsOf, descendantsOf, peakMegabytesOf, resetPeakMemory, type Cost } from './processCost';

export const START = 'Start';

const OWNER = { email: 'owner@example.com', password: 'Measured-Only-1' };
/** Seldom, because answering takes processor time of the n8n that is measured. */
const POLL_MILLISECONDS = 1_000;
/** n8n answers with a long execution's data only after reading it back from its database. */
const FINISHED_MILLISECONDS = 60_000;
/** Time for the garbage collector and the database to come to rest between two runs. */
const REST_MILLISECONDS = 1_500;

export interface MeasuredExecution extends Cost {
	readonly result: ExecutionResult;
	/** Files that the execution left in the binary store, and their bytes. */
	readonly storedFiles: number;
	readonly storedBytes: number;
}

/** One step of a measured workflow. */
export type Step = Pick<WorkflowNode, 'name' | 'type' | 'typeVersion' | 'parameters'> & {
	readonly credentials?: WorkflowNode['credentials'];
};

/** A manual trigger and the steps, one after the other. */
export function measuredWorkflow(id: string, steps: readonly Step[]): Workflow {
	const start: Step = { name: START, type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} };
	const all = [start, ...steps];
	const nodes = all.map((step, i): WorkflowNode => ({ ...step, id: `step${i}`, position: [i * 200, 0] }));
	const links = all.slice(0, -1).map((step, i) => {
		const next = all[i + 1]?.name ?? '';
		return [step.name, { main: [[{ node: next, type: 'main', index: 0 }]] }] as const;
	});
	return { id, name: id, nodes, connections: Object.fromEntries(links), settings: { executionOrder: 'v1' } };
}

function field(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The process that runs the workflows: n8n's own, not the task runner that it starts. */
function n8nProcess(): number {
	const found = descendantsOf(process.pid).find((pid) =>
		readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(join('n8n', 'bin', 'n8n')),
	);
	if (found === undefined) throw new Error('The process of n8n was not found');
	return found;
}

const turnsFileIn = (userFolder: string): string => join(userFolder, 'turns.json');

async function filesBelow(directory: string): Promise<{ files: number; bytes: number }> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
	const sizes = entries
		.filter((entry) => entry.isFile() && !entry.name.endsWith('.metadata'))
		.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
	const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
	return { files: sizes.length, bytes };
}

/**
 * A real n8n with our package, on this machine's loopback, as the demo and the end-to-end tests start it: binary data
 * in files, executions kept. Its process is measured, which is where nodes run.
 */
export class MeasuredN8n {
	readonly #n8n: RunningN8n;

	readonly #pid: number;

	readonly #userFolder: string;

	readonly #remove: () => Promise<void>;

	private constructor(n8n: RunningN8n, pid: number, userFolder: string, remove: () => Promise<void>) {
		this.#n8n = n8n;
		this.#pid = pid;
		this.#userFolder = userFolder;
		this.#remove = remove;
	}

	/** Needs the built package in `dist/`. */
	static async start(say: (line: string) => void): Promise<MeasuredN8n> {
		await installN8n(say);
		const directory = await temporaryDirectory('8x8-bench-n8n');
		let n8n: RunningN8n | undefined;
		try {
			await installPackage(directory.path);
			n8n = await startN8n({
				userFolder: directory.path,
				logFile: join(directory.path, 'n8n.log'),
				env: countingTurns(turnsFileIn(directory.path)),
			});
			await n8n.client.logIn(OWNER);
			return new MeasuredN8n(n8n, n8nProcess(), directory.path, directory.remove);
		} catch (error) {
			await n8n?.stop();
			await directory.remove();
			throw error;
		}
	}

	/** Stores a credential; gives what a node's `credentials` take. */
	async credential(
		name: string,
		type: string,
		data: Readonly<Record<string, unknown>>,
	): Promise<NonNullable<WorkflowNode['credentials']>> {
		const { id } = await this.#n8n.client.putCredential(name, type, data);
		return { [type]: { id, name } };
	}

	/**
	 * Runs the workflow once and measures it, by n8n's own clock. What it stored is counted and thrown away. Rejects when
	 * it fails, and when the signal aborts it.
	 */
	async measure(workflow: Workflow, signal: AbortSignal): Promise<MeasuredExecution> {
		const { client } = this.#n8n;
		await client.putWorkflow(workflow);
		await pause(REST_MILLISECONDS);
		resetPeakMemory(this.#pid);
		await this.#turns();
		const cpuBefore = cpuSecondsOf(this.#pid);
		const id = await client.startWorkflow(workflow.id, START);
		const seconds = await this.#duration(id, workflow.id, signal);
		const cpuSeconds = cpuSecondsOf(this.#pid) - cpuBefore;
		const turns = await this.#turns();
		const peakMegabytes = peakMegabytesOf(this.#pid);
		const stored = await this.#clearStore(workflow.id);
		const readBack = async () => await client.waitForExecution(id, FINISHED_MILLISECONDS);
		const result = await readBack().catch(readBack);
		signal.throwIfAborted();
		if (result.status !== 'success')
			throw new Error(`The execution ended as ${result.status}: ${result.error?.message ?? ''}`);
		return {
			seconds,
			cpuSeconds,
			peakMegabytes,
			...turns,
			result,
			storedFiles: stored.files,
			storedBytes: stored.bytes,
		};
	}

	async stop(): Promise<void> {
		await this.#n8n.stop();
		await this.#remove();
	}

	async #turns(): Promise<Turns> {
		return await longestTurns(this.#pid, turnsFileIn(this.#userFolder), () => this.#n8n.isAlive());
	}

	/** Waits by the list of executions: asking for one itself makes n8n load all of its data each time. */
	async #duration(executionId: string, workflowId: string, signal: AbortSignal): Promise<number> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		for (let asked = false; ; ) {
			const page = await this.#n8n.client
				.request('GET', `/rest/executions?limit=1&filter=${filter}`)
				// While it works on a hundred thousand items it answers nobody, and a kept connection may end meanwhile.
				.catch((error: unknown) => (this.#n8n.isAlive() ? undefined : Promise.reject(error)));
			const answer = field(page, 'results');
			const execution: unknown = Array.isArray(answer)
				? answer.find((one) => String(field(one, 'id')) === executionId)
				: undefined;
			const stoppedAt = field(execution, 'stoppedAt');
			const status = field(execution, 'status');
			if (typeof stoppedAt === 'string' && status !== 'running' && status !== 'new') {
				return (Date.parse(stoppedAt) - Date.parse(String(field(execution, 'startedAt')))) / 1_000;
			}
			if (!this.#n8n.isAlive()) throw new Error('n8n ended during the execution');
			if (signal.aborted && !asked) {
				asked = true;
				await this.#n8n.client.stopExecution(executionId);
			}
			await pause(POLL_MILLISECONDS);
		}
	}

	async #clearStore(workflowId: string): Promise<{ files: number; bytes: number }> {
		const counted = { files: 0, bytes: 0 };
		for (const store of ['binaryData', 'storage']) {
			const directory = join(this.#userFolder, '.n8n', store, 'workflows', workflowId);
			const { files, bytes } = await filesBelow(directory);
			counted.files += files;
			counted.bytes += bytes;
			// A node that was stopped may still be writing its last file.
			await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
		}
		await mkdir(join(this.#userFolder, '.n8n', 'binaryData'), { recursive: true });
		return counted;
	}
}
