import { randomUUID } from 'node:crypto';

import 'reflect-metadata';

import { PollContext } from 'n8n-core';
import { Workflow } from 'n8n-workflow';
import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	INode,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	INodeTypes,
	IPollFunctions,
	IWorkflowExecuteAdditionalData,
	WorkflowActivateMode,
} from 'n8n-workflow';

export interface PollingNode {
	readonly parameters: INodeParameters;
	readonly credential: ICredentialDataDecryptedObject;
	/** The budget that newer hosts tell a poll. */
	readonly budgetMs?: number;
}

/**
 * An n8n with one active workflow that begins with a polling node. It keeps the node's memory as n8n 1.123 and 2.x do
 * (ActiveWorkflowManager): written down when a poll emits and when an activation succeeds, otherwise lost with the process.
 */
export class PollingHost {
	/** What a trigger has told, it keeps for the life of the process: the one of each host is another. */
	readonly #nodeId = randomUUID();

	/** The column in n8n's database. */
	saved = '{}';

	/** What the node told the log. */
	readonly log: string[] = [];

	node: PollingNode;

	#running: Workflow | undefined;

	constructor(
		private readonly type: INodeType,
		node: PollingNode,
	) {
		this.node = node;
	}

	/** Switches the workflow on; the first poll runs before it is on. Also what a start of n8n and a change of the workflow do. */
	async activate(mode: WorkflowActivateMode = 'activate'): Promise<IDataObject[]> {
		const workflow = this.#load();
		const items = await this.#poll(workflow, mode);
		this.#save(workflow);
		this.#running = workflow;
		return items;
	}

	/** n8n ends without a word and starts again. */
	async restart(): Promise<IDataObject[]> {
		this.#running = undefined;
		return await this.activate('init');
	}

	/** The next poll, at its time. A failure is what n8n shows as a failed execution. */
	async tick(): Promise<IDataObject[]> {
		if (this.#running === undefined) throw new Error('The workflow is not active');
		return await this.#poll(this.#running, 'activate');
	}

	/** *Fetch test event* in the editor. */
	async fetchTestEvent(): Promise<IDataObject[]> {
		const workflow = this.#load();
		const output = await this.type.poll?.call(this.#context(workflow, 'manual', 'manual'));
		return jsonOf(output);
	}

	/** What is in memory now, saved or not. */
	get memory(): IDataObject {
		if (this.#running === undefined) throw new Error('The workflow is not active');
		const node = this.#running.getNode(this.type.description.displayName);
		return this.#running.getStaticData('node', node ?? undefined);
	}

	async #poll(workflow: Workflow, activation: WorkflowActivateMode): Promise<IDataObject[]> {
		const output = await this.type.poll?.call(this.#context(workflow, 'trigger', activation));
		if (output === null || output === undefined) return [];
		this.#save(workflow);
		return jsonOf(output);
	}

	#context(workflow: Workflow, mode: 'manual' | 'trigger', activation: WorkflowActivateMode): IPollFunctions {
		const additionalData = {
			credentialsHelper: { getDecrypted: async () => this.node.credential, getParentTypes: () => [] },
			currentNodeParameters: undefined,
		} as unknown as IWorkflowExecuteAdditionalData;
		const [node] = Object.values(workflow.nodes);
		if (node === undefined) throw new Error('The workflow has no node');
		const context = new PollContext(workflow, node, additionalData, mode, activation);
		const tell = (message: string): void => void this.log.push(message);
		Object.defineProperty(context, 'logger', { value: { info: tell, warn: tell, error: tell, debug: tell } });
		const { budgetMs } = this.node;
		return budgetMs === undefined ? context : Object.assign(context, { getPollBudgetMs: () => budgetMs });
	}

	#load(): Workflow {
		const node: INode = {
			id: this.#nodeId,
			name: this.type.description.displayName,
			type: `n8n-nodes-8x8-recordings.${this.type.description.name}`,
			typeVersion: 1,
			position: [0, 0],
			parameters: this.node.parameters,
			credentials: { eightByEightSftpApi: { id: '1', name: 'Tenant' } },
		};
		const nodeTypes: INodeTypes = {
			getByName: () => this.type,
			getByNameAndVersion: () => this.type,
			getKnownTypes: () => ({}),
		};
		const staticData = JSON.parse(this.saved) as IDataObject;
		return new Workflow({
			id: 'workflow-1',
			name: 'Test',
			nodes: [node],
			connections: {},
			active: true,
			nodeTypes,
			staticData,
			settings: { timezone: 'UTC' },
		});
	}

	#save(workflow: Workflow): void {
		if (workflow.staticData['__dataChanged'] !== true) return;
		this.saved = JSON.stringify(workflow.staticData);
		workflow.staticData['__dataChanged'] = false;
	}
}

function jsonOf(output: INodeExecutionData[][] | null | undefined): IDataObject[] {
	return (output?.[0] ?? []).map(({ json }) => json);
}
