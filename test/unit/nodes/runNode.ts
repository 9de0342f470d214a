import 'reflect-metadata';

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Container } from '@n8n/di';
import { BinaryDataConfig, BinaryDataService, ExecuteContext } from 'n8n-core';
import { createEmptyRunExecutionData, Workflow } from 'n8n-workflow';
import type {
	IBinaryData,
	ICredentialDataDecryptedObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	INodeTypes,
	IWorkflowExecuteAdditionalData,
	NodeExecutionHint,
} from 'n8n-workflow';

export type BinaryMode = 'filesystem' | 'database' | 'default';

export interface NodeRun {
	readonly parameters: INodeParameters;
	readonly items?: INodeExecutionData[];
	/** Absent = the node has no credential chosen. */
	readonly credential?: ICredentialDataDecryptedObject;
	/** What the node does on errors, *Stop Workflow* when absent. */
	readonly onError?: 'continueErrorOutput' | 'continueRegularOutput';
	readonly signal?: AbortSignal;
	/** Type of the node right in front, as in `n8n-nodes-base.httpRequest`. */
	readonly after?: string;
}

export interface NodeResult {
	readonly output: INodeExecutionData[];
	readonly hints: NodeExecutionHint[];
	/** What the node told whoever watches, in the browser's console. */
	readonly messages: string[];
}

export const credential: ICredentialDataDecryptedObject = {
	protocol: 'ftpsImplicit',
	platform: 'custom',
	host: '127.0.0.1',
	port: 990,
	username: 'acme',
	password: 'canary-password',
	tenantTimeZone: 'America/Los_Angeles',
	maxConnections: 4,
};

/** Sets up n8n's real binary store in a directory of its own. */
export async function useBinaryStore(mode: BinaryMode): Promise<BinaryDataService> {
	const directory = mkdtempSync(join(tmpdir(), 'binary-store-'));
	const config = {
		mode,
		availableModes: [mode],
		localStoragePath: directory,
		signingSecret: 'unused',
		dbMaxFileSize: 512,
	};
	Container.set(BinaryDataConfig, config as unknown as BinaryDataConfig);
	const reporter = { error: (): void => undefined, warn: (): void => undefined };
	const service = new BinaryDataService(config as never, reporter as never, reporter as never);
	await service.init();
	Container.set(BinaryDataService, service);
	return service;
}

/** Bytes of a binary field, wherever the store keeps them. */
export async function bytesOf(binary: IBinaryData | undefined): Promise<Buffer> {
	if (binary === undefined) throw new Error('The item has no such binary field');
	return await Container.get(BinaryDataService).getAsBuffer(binary);
}

/**
 * Runs a node in n8n's own execution context: expressions are evaluated by n8n, and asking for a parameter that the node does
 * not declare, or that is hidden with these values, throws as it does there.
 */
export async function runNode(type: INodeType, run: NodeRun): Promise<NodeResult> {
	const { items = [{ json: {} }] } = run;
	const node: INode = {
		id: 'node-1',
		name: type.description.displayName,
		type: `n8n-nodes-8x8-recordings.${type.description.name}`,
		typeVersion: 1,
		position: [0, 0],
		parameters: run.parameters,
		...(run.onError === undefined ? {} : { onError: run.onError }),
		...(run.credential === undefined ? {} : { credentials: { eightByEightSftpApi: { id: '1', name: 'Tenant' } } }),
	};
	const inFront: INode[] =
		run.after === undefined ? [] : [{ ...node, id: 'node-0', name: 'In front', type: run.after, parameters: {} }];
	const nodeTypes: INodeTypes = {
		getByName: () => type,
		getByNameAndVersion: () => type,
		getKnownTypes: () => ({}),
	};
	const workflow = new Workflow({
		id: 'workflow-1',
		name: 'Test',
		nodes: [node, ...inFront],
		connections: Object.fromEntries(
			inFront.map(({ name }) => [name, { main: [[{ node: node.name, type: 'main' as const, index: 0 }]] }]),
		),
		active: false,
		nodeTypes,
		settings: { timezone: 'UTC' },
	});
	const messages: string[] = [];
	const additionalData = {
		executionId: 'execution-1',
		sendDataToUI: (_: string, told: { messages: string[] }) => void messages.push(...told.messages),
		credentialsHelper: { getDecrypted: async () => run.credential, getParentTypes: () => [] },
		currentNodeParameters: undefined,
	} as unknown as IWorkflowExecuteAdditionalData;
	const resolved = workflow.getNode(node.name) ?? node;
	const context = new ExecuteContext(
		workflow,
		resolved,
		additionalData,
		'manual',
		createEmptyRunExecutionData(),
		0,
		items,
		{ main: [items] },
		{ node: resolved, data: { main: [items] }, source: null },
		[],
		run.signal,
	);
	const output = await type.execute?.call(context as unknown as IExecuteFunctions);
	return { output: (output as INodeExecutionData[][])[0] ?? [], hints: context.hints, messages };
}
