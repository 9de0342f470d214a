import type { StoredCredential } from '../../testbed/n8nHost/n8nClient';
import type { Workflow, WorkflowNode } from '../../testbed/n8nHost/workflow';

export const START = 'Start';

/** A step under test: one of the package's nodes with its parameters. */
export interface TestedNode {
	/** Name of the node type within the package, such as `listIndex`. */
	readonly type: 'listIndex' | 'downloadRecording' | 'reconcileDay' | 'resolveTenantDay';
	readonly name: string;
	readonly parameters: Readonly<Record<string, unknown>>;
	readonly credential?: StoredCredential;
	readonly onError?: WorkflowNode['onError'];
}

/** A manual trigger that gives `items`, followed by the tested node. */
export function testWorkflow(
	id: string,
	node: TestedNode,
	items: readonly Readonly<Record<string, unknown>>[] = [{}],
): Workflow {
	const { credential, onError } = node;
	const tested: WorkflowNode = {
		id: 'tested',
		name: node.name,
		type: `n8n-nodes-8x8-recordings.${node.type}`,
		typeVersion: 1,
		position: [300, 0],
		parameters: node.parameters,
		...(credential === undefined
			? {}
			: { credentials: { [credential.type]: { id: credential.id, name: credential.name } } }),
		...(onError === undefined ? {} : { onError }),
	};
	const start: WorkflowNode = {
		id: 'start',
		name: START,
		type: 'n8n-nodes-base.manualTrigger',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	return {
		id,
		name: id,
		nodes: [start, tested],
		connections: { [START]: { main: [[{ node: node.name, type: 'main', index: 0 }]] } },
		pinData: { [START]: items.map((json) => ({ json })) },
		settings: { executionOrder: 'v1' },
	};
}
