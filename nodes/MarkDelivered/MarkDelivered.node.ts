import { NodeConnectionTypes } from 'n8n-workflow';
import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	NodeOperationError,
} from 'n8n-workflow';

import { optionChoice } from '../form/optionChoice';
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
		const node = this.getNode();
		const items = this.getInputData();
		const output = items.map((item, i): INodeExecutionData => ({ ...item, pairedItem: { item: i } }));
		const failed = (error: unknown, i: number): NodeOperationError => {
			const failure = nodeError(node, error, i);
			output[i] = failedItem(node, failure, items[i], i);
			return failure;
		};
		const failures: NodeOperationError[] = [];
		const deliveries = new Map<string, Delivery>();
		const isAfterOurs = followsOurs(this);
		let undelivered = 0;

		for (const [i, item] of items.entries()) {
			try {
				const operation = optionChoice('Operation', this.getNodeParameter('operation', i, ''), ['mark', 'forget']);
				if (operation === 'mark' && carriesError(item, isAfterOurs)) {
					undelivered += 1;
					continue;
				}
				const { deliveryName } = this.getNodeParameter('options', i, {}) as { deliveryName?: unknown };
				const name = deliveryNameOf(deliveryName);
				const key = JSON.stringify([operation, name]);
				const delivery = deliveries.get(key) ?? { operation, name, ids: new Set(), items: [] };
				for (const id of recordingIdsOf(this.getNodeParameter('recordingId', i, ''), item)) delivery.ids.add(id);
				delivery.items.push(i);
				deliveries.set(key, delivery);
			} catch (error) {
				failures.push(failed(error, i));
			}
		}

		// One item without an id must not keep the others, which were delivered, from being marked.
		const unwritten: NodeOperationError[] = [];
		for (const { operation, name, ids, items: asking } of deliveries.values()) {
			const written = Promise.resolve().then(
				async () => await deliveredMarks(this, this.helpers, name)[operation]([...ids]),
			);
			await written.catch((error: unknown) => {
				for (const i of asking) unwritten.push(failed(error, i));
			});
		}
		const [failure] = [...unwritten, ...failures];
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

/** What is to be written under one 'Delivery Name'. */
interface Delivery {
	readonly operation: 'mark' | 'forget';
	readonly name: string;
	readonly ids: Set<string>;
	/** The items that ask for it. */
	readonly items: number[];
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
