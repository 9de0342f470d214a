import { NodeConnectionTypes } from 'n8n-workflow';
import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { deliveredMarks } from '../run/deliveredMarks';
import { showHints, warning } from '../run/executionHints';
import { failedItem, nodeError } from '../run/nodeError';
import { markDeliveredParameters } from './markDeliveredParameters';
import { recordingIdsOf } from './recordingIdsOf';

export class MarkDelivered implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Mark Delivered',
		name: 'markDelivered',
		icon: { light: 'file:../form/recordings.svg', dark: 'file:../form/recordings.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle:
			'={{ $parameter["operation"] === "forget" ? "Forget" : "Mark" }}{{ $parameter["options"]["deliveryName"] ? ": " + $parameter["options"]["deliveryName"] : "" }}',
		description:
			"Remember that recordings have arrived where they should, at the end of a workflow: 8x8 List Index with 'Only Undelivered' leaves them out from then on",
		defaults: { name: '8x8 Mark Delivered' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: markDeliveredParameters,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const items = this.getInputData();
		const output: INodeExecutionData[] = [];
		const failures: Error[] = [];
		const idsByDelivery = new Map<string, Set<string>>();
		const operation = this.getNodeParameter('operation', 0, 'mark') as 'mark' | 'forget';
		let undelivered = 0;

		for (const [i, item] of items.entries()) {
			if (operation === 'mark' && carriesError(item)) {
				undelivered += 1;
				output.push({ ...item, pairedItem: { item: i } });
				continue;
			}
			try {
				const { deliveryName = '' } = this.getNodeParameter('options', i, {}) as { deliveryName?: string };
				const ids = idsByDelivery.get(deliveryName) ?? new Set();
				for (const id of recordingIdsOf(this.getNodeParameter('recordingId', i, ''), item)) ids.add(id);
				idsByDelivery.set(deliveryName, ids);
				output.push({ ...item, pairedItem: { item: i } });
			} catch (error) {
				const failure = nodeError(this.getNode(), error, i);
				failures.push(failure);
				output.push(failedItem(this.getNode(), failure, item, i));
			}
		}

		// One item without an id must not keep the others, which were delivered, from being marked.
		for (const [deliveryName, ids] of idsByDelivery) {
			const written = Promise.resolve().then(async () => await deliveredMarks(this, deliveryName)[operation]([...ids]));
			await written.catch(async (error: unknown) => await Promise.reject(nodeError(this.getNode(), error, 0)));
		}
		const [failure] = failures;
		if (failure !== undefined && !this.continueOnFail()) return await Promise.reject(failure);
		if (undelivered > 0) {
			showHints(this, [
				warning(
					`${undelivered} of ${items.length} items carry the error of an earlier node and were not marked: List Index gives them again in the next run.`,
				),
			]);
		}
		return [output];
	}
}

/** What *Continue* on an earlier node leaves behind: its paired item would still lead to a recording that did not arrive. */
function carriesError(item: INodeExecutionData): boolean {
	return item.error !== undefined || Boolean(item.json['error']);
}
