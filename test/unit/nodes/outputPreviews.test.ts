import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeType } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import { DownloadRecording } from '../../../nodes/DownloadRecording/DownloadRecording.node';
import { ListIndex } from '../../../nodes/ListIndex/ListIndex.node';
import { MarkDelivered } from '../../../nodes/MarkDelivered/MarkDelivered.node';
import { ReconcileDay } from '../../../nodes/ReconcileDay/ReconcileDay.node';
import { RecordingTrigger } from '../../../nodes/RecordingTrigger/RecordingTrigger.node';
import { ResolveTenantDay } from '../../../nodes/ResolveTenantDay/ResolveTenantDay.node';

const NODES: readonly (new () => INodeType)[] = [
	DownloadRecording,
	ListIndex,
	MarkDelivered,
	ReconcileDay,
	RecordingTrigger,
	ResolveTenantDay,
];

/** Where n8n looks for a node's previews: `resolveSchema` of n8n 2.8, one for each choice of its `resource` and `operation`. */
function lookedFor({ description }: INodeType): string[] {
	const choices = ['resource', 'operation'].map((name) => {
		const options = description.properties.find((property) => property.name === name)?.options ?? [];
		return options.map((option) => ('value' in option ? String(option.value) : ''));
	});
	const paths = choices.reduce<string[]>(
		(found, values) =>
			values.length === 0 ? found : found.flatMap((path) => values.map((value) => join(path, value))),
		['v1.0.0'],
	);
	return paths.map((path) => `${path}.json`);
}

describe('output previews', () => {
	it.each(NODES.map((Node) => [Node.name, new Node()] as const))('of %s lie where n8n looks for them', (name, node) => {
		const directory = join('nodes', name, '__schema__');
		const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
			path.endsWith('.json'),
		);
		expect(files.toSorted()).toEqual(lookedFor(node).toSorted());
		for (const path of files) {
			expect(JSON.parse(readFileSync(join(directory, path), 'utf8')), path).toMatchObject({ type: 'object' });
		}
	});
});
