import { NodeConnectionTypes } from 'n8n-workflow';
import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { deliveredMarks, deliveryNameOf } from '../run/deliveredMarks';
import { showHints, warning } from '../run/executionHints';
import { failedItem, nodeError } from '../run/nodeError';
import { markDeliveredParameters } from './markDeliveredParameters';
import { recordingIdsOf } from './recordingIdsOf';

export class MarkDelivered implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Mark Delivered',
		name: 'markDelivered',
		icon: { light: 'file:markDelivered.svg', dark: 'file:markDelivered.dark.svg' },
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
		const isAfterOurs = followsOurs(this);
		let undelivered = 0;

		for (const [i, item] of items.entries()) {
			if (operation === 'mark' && carriesError(item, isAfterOurs)) {
				undelivered += 1;
				output.push({ ...item, pairedItem: { item: i } });
				continue;
			}
			try {
				const { deliveryName } = this.getNodeParameter('options', i, {}) as { deliveryName?: unknown };
				const delivery = deliveryNameOf(deliveryName);
				const ids = idsByDelivery.get(delivery) ?? new Set();
				for (const id of recordingIdsOf(this.getNodeParameter('recordingId', i, ''), item)) ids.add(id);
				idsByDelivery.set(delivery, ids);
				output.push({ ...item, pairedItem: { item: i } });
			} catch (error) {
				const failure = nodeError(this.getNode(), error, i);
				failures.push(failure);
				output.push(failedItem(this.getNode(), failure, item, i));
			}
		}

		// One item without an id must not keep the others, which were delivered, from being marked.
		for (const [delivery, ids] of idsByDelivery) {
			const written = Promise.resolve().then(
				async () => await deliveredMarks(this, this.helpers, delivery)[operation]([...ids]),
			);
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

/** Whether a node of this package stands right in front: with *Continue* it puts `error` beside the fields of what failed. */
function followsOurs(context: IExecuteFunctions): boolean {
	const { name, type } = context.getNode();
	const ours = type.slice(0, type.lastIndexOf('.') + 1);
	return context.getParentNodes(name, { depth: 1 }).some((parent) => parent.type.startsWith(ours));
}

/**
 * What *Continue* on an earlier node leaves behind: its paired item would still lead to a recording that did not arrive. Told as n8n
 * itself tells it (`handleNodeErrorOutput` of n8n-core): a field `error` beside others may be anything, such as a CRM's answer.
 */
function carriesError({ error, json }: INodeExecutionData, isAfterOurs: boolean): boolean {
	if (error !== undefined && error !== null) return true;
	if (!json['error']) return false;
	const fields = Object.keys(json).length;
	return isAfterOurs || fields === 1 || (fields === 2 && Boolean(json['message']));
}
