import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredCredential } from '../testbed/n8nHost/n8nClient';
import { PROJECT_ROOT } from '../testbed/n8nHost/projectPaths';
import type { Workflow, WorkflowNode } from '../testbed/n8nHost/workflow';

/** Names of the example's nodes, as a person reads them in the editor. */
export const EXAMPLE_NODES = {
	start: 'Run by Hand',
	list: 'List Index',
	download: 'Download Recording',
	deliver: 'Send to CRM',
	mark: 'Mark Delivered',
} as const;

const FILE = join(PROJECT_ROOT, 'workflows', 'nightly-index-to-crm.json');

export interface Placement {
	/** n8n's id for the workflow; the same one replaces it. */
	readonly id: string;
	readonly name: string;
	readonly credential: StoredCredential;
	/** What n8n keeps in mind as delivered is kept under this name. A new one makes everything come once more. */
	readonly deliveryName: string;
}

function withCredential(node: WorkflowNode, credential: StoredCredential): WorkflowNode {
	if (node.credentials?.[credential.type] === undefined) return node;
	return {
		...node,
		credentials: { ...node.credentials, [credential.type]: { id: credential.id, name: credential.name } },
	};
}

function withOptions(node: WorkflowNode, options: Readonly<Record<string, unknown>>): WorkflowNode {
	return {
		...node,
		parameters: { ...node.parameters, options: { ...Object(node.parameters['options']), ...options } },
	};
}

/** The example workflow as it is in `workflows/`; only the credential, the CRM's address and the delivery's name are put in. */
export async function exampleWorkflow(placement: Placement, crmAddress: string): Promise<Workflow> {
	const file: Workflow = JSON.parse(await readFile(FILE, 'utf8'));
	const nodes = file.nodes
		.map((node) => withCredential(node, placement.credential))
		.map((node) =>
			node.name === EXAMPLE_NODES.deliver ? { ...node, parameters: { ...node.parameters, url: crmAddress } } : node,
		)
		.map((node) =>
			node.name === EXAMPLE_NODES.list || node.name === EXAMPLE_NODES.mark
				? withOptions(node, { deliveryName: placement.deliveryName })
				: node,
		);
	return { ...file, id: placement.id, name: placement.name, nodes };
}

/** The example's first two steps without filters: every call of the same days, to see what the filter works on. */
export async function unfilteredListing(placement: Placement): Promise<Workflow> {
	const example = await exampleWorkflow(placement, '');
	const kept: readonly string[] = [EXAMPLE_NODES.start, EXAMPLE_NODES.list];
	const nodes = example.nodes
		.filter((node) => kept.includes(node.name))
		.map((node) =>
			node.name === EXAMPLE_NODES.list ? { ...node, parameters: { ...node.parameters, filters: {} } } : node,
		);
	const start = example.connections[EXAMPLE_NODES.start];
	return { ...example, nodes, connections: { [EXAMPLE_NODES.start]: start } };
}

/**
 * Whether the example's own wrap-up filter keeps a code, read from the file and worked out here once more: what the
 * nodes keep is compared with this.
 */
export function exampleKeeps(example: Workflow): (wrapUpCode: string | null) => boolean {
	const list = example.nodes.find((node) => node.name === EXAMPLE_NODES.list);
	const filters = list?.parameters['filters'];
	const codes = typeof filters === 'object' && filters !== null ? Reflect.get(filters, 'wrapUpCodes') : undefined;
	if (typeof codes !== 'string') throw new Error(`${FILE} filters by no wrap-up codes`);
	const patterns = codes.split(',').map((code) => {
		const parts = code.trim().split('*');
		return new RegExp(`^${parts.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 'i');
	});
	return (wrapUpCode) => wrapUpCode !== null && patterns.some((pattern) => pattern.test(wrapUpCode));
}
