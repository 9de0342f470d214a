import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredCredential } from './n8nClient';
import { PROJECT_ROOT } from './projectPaths';
import type { Workflow, WorkflowNode } from './workflow';

/** What a person fills in after the import. Everything else stays as it is in the file. */
export interface FilledIn {
	/** By type; each goes to every node that asks for one of its type. */
	readonly credentials: readonly StoredCredential[];
	/** Fields of the node "Settings". */
	readonly settings?: Readonly<Record<string, string>>;
	/** Parameters of other nodes, by the node's name. */
	readonly parameters?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
	/** Nodes to activate or deactivate, by name. */
	readonly active?: Readonly<Record<string, boolean>>;
}

export const WORKFLOWS_DIRECTORY = join(PROJECT_ROOT, 'workflows');

function withCredentials(node: WorkflowNode, credentials: readonly StoredCredential[], file: string): WorkflowNode {
	if (node['disabled'] === true) return node;
	const types = Object.keys(node.credentials ?? {});
	if (types.length === 0) return node;
	const chosen = types.map((type) => {
		const credential = credentials.find((candidate) => candidate.type === type);
		if (credential === undefined) throw new Error(`${file}: "${node.name}" needs a credential of the type ${type}`);
		return [type, { id: credential.id, name: credential.name }] as const;
	});
	return { ...node, credentials: Object.fromEntries(chosen) };
}

interface Assignment {
	readonly name: string;
	readonly value: unknown;
}

function withSettings(node: WorkflowNode, settings: Readonly<Record<string, string>>): WorkflowNode {
	const list = node.parameters['assignments'];
	const assignments: readonly Assignment[] =
		typeof list === 'object' && list !== null && 'assignments' in list && Array.isArray(list.assignments)
			? list.assignments
			: [];
	const unknown = Object.keys(settings).filter((name) => !assignments.some((assignment) => assignment.name === name));
	if (unknown.length > 0) throw new Error(`"${node.name}" has no ${unknown.join(', ')}`);
	const filled = assignments.map((assignment) => ({
		...assignment,
		value: settings[assignment.name] ?? assignment.value,
	}));
	return { ...node, parameters: { ...node.parameters, assignments: { assignments: filled } } };
}

/** A workflow of `workflows/` as it is in its file, with what a person has to fill in. */
export async function workflowFile(file: string, id: string, filledIn: FilledIn): Promise<Workflow> {
	const { credentials, settings = {}, parameters = {}, active = {} } = filledIn;
	const workflow: Workflow = JSON.parse(await readFile(join(WORKFLOWS_DIRECTORY, file), 'utf8'));
	const missing = [...Object.keys(parameters), ...Object.keys(active)].filter(
		(name) => !workflow.nodes.some((node) => node.name === name),
	);
	if (missing.length > 0) throw new Error(`${file} has no node ${missing.join(', ')}`);
	const nodes = workflow.nodes
		.map((node) => (active[node.name] === undefined ? node : { ...node, disabled: !active[node.name] }))
		.map((node) => withCredentials(node, credentials, file))
		.map((node) => (node.name === 'Settings' ? withSettings(node, settings) : node))
		.map((node) => ({ ...node, parameters: { ...node.parameters, ...parameters[node.name] } }));
	return { ...workflow, id, nodes };
}
