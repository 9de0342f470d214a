import { Workflow } from 'n8n-workflow';
import type { INodeParameters, INodeType, INodeTypes } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import { ListIndex } from '../../../nodes/ListIndex/ListIndex.node';
import { RecordingTrigger } from '../../../nodes/RecordingTrigger/RecordingTrigger.node';
import { ReconcileDay } from '../../../nodes/ReconcileDay/ReconcileDay.node';
import { ResolveTenantDay } from '../../../nodes/ResolveTenantDay/ResolveTenantDay.node';

/** The subtitle under a node with these parameters, as the editor works it out. */
function subtitleOf(type: INodeType, parameters: INodeParameters): unknown {
	const node = {
		id: '1',
		name: 'Node',
		type: 'tested',
		typeVersion: 1,
		position: [0, 0] as [number, number],
		parameters,
	};
	const nodeTypes: INodeTypes = {
		getByName: () => type,
		getByNameAndVersion: () => type,
		getKnownTypes: () => ({}),
	};
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const resolved = workflow.getNode('Node') ?? node;
	return workflow.expression.getSimpleParameterValue(resolved, type.description.subtitle, 'internal', {});
}

describe('the subtitle of a node', () => {
	it.each<[INodeParameters, string]>([
		[{}, 'Yesterday'],
		[{ period: 'today' }, 'Today'],
		[{ period: 'date', date: '2016-06-06T00:00:00' }, '2016-06-06'],
		[{ period: 'dateRange', startDate: '2016-06-01', endDate: '2016-06-30' }, '2016-06-01 to 2016-06-30'],
		[{ period: 'lastDays', days: 7 }, 'Last 7 days'],
	])('names the days of %j', (parameters, subtitle) => {
		for (const type of [new ListIndex(), new ReconcileDay(), new ResolveTenantDay()])
			expect(subtitleOf(type, parameters)).toBe(subtitle);
	});

	it.each<[INodeParameters, string]>([
		[{ readFrom: 'directory' }, 'Directory'],
		[{ readFrom: 'indexFile' }, 'Index file'],
		[{ filters: { wrapUpCodes: 'Complaint' } }, 'Yesterday · wrap-up: Complaint'],
		[{ filters: { wrapUpCodes: 'Sale, Complaint*' } }, 'Yesterday · wrap-up: Sale +1'],
		[
			{ filters: { wrapUpCodes: ' , ', listedQueueNames: ['Support', 'Sales', 'Spares'] } },
			'Yesterday · queue: Support +2',
		],
		[{ filters: { agentNames: 'Kim', listedAgentNames: ['Bo'] } }, 'Yesterday · agent: Kim +1'],
		[{ filters: { agentNames: 'Kim', wrapUpCodes: 'Sale' } }, 'Yesterday · wrap-up: Sale'],
		[{ filters: { minimumDuration: 5 } }, 'Yesterday'],
	])('says what List Index does with %j', (parameters, subtitle) => {
		expect(subtitleOf(new ListIndex(), parameters)).toBe(subtitle);
	});

	it('says what the trigger waits for', () => {
		expect(subtitleOf(new RecordingTrigger(), {})).toBe('New calls');
		expect(subtitleOf(new RecordingTrigger(), { watch: 'files' })).toBe('New files');
		expect(subtitleOf(new RecordingTrigger(), { filters: { listedWrapUpCodes: ['Sale'] } })).toBe(
			'New calls · wrap-up: Sale',
		);
	});
});
