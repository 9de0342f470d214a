import { NodeConnectionTypes } from 'n8n-workflow';
import type { INodeExecutionData, INodeType, INodeTypeDescription, IPollFunctions } from 'n8n-workflow';

import { eightByEightConnectionTest } from '../connection/credentialTest';
import { FILTER_SUBTITLE, filterLoadOptions } from '../form/filterParameters';
import { recordingTriggerParameters } from './recordingTriggerParameters';
import { keyOf, pollError, pollRecordings, sampleRecordings } from './runPoll';

/** Triggers that are polling at this moment. n8n starts a poll at its time even when the one before is still under way. */
const underWay = new Set<string>();

/**
 * Starts a workflow for every new recording.
 *
 * What n8n's engine allows to guarantee (n8n-core's ActiveWorkflows, n8n's ActiveWorkflowManager): the first poll runs when the workflow
 * is activated, and its baseline is saved when that succeeds. From then on the memory is saved only when a poll emits, just before
 * the workflow runs. A restart, or a change of the workflow, therefore goes on from the last emission: what came later is read again, and
 * as none of it had been emitted, nothing comes twice and nothing is missed. Calls that the filters had turned away since then
 * are judged again; with other filters now, some of them may come.
 */
export class RecordingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Recording Trigger',
		name: 'recordingTrigger',
		icon: { light: 'file:recordingTrigger.svg', dark: 'file:recordingTrigger.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: `={{ $parameter["watch"] === "files" ? "New files" : "New calls" + ${FILTER_SUBTITLE} }}`,
		description: 'Starts the workflow when there are new call recordings, one item per recording',
		eventTriggerDescription: '',
		activationMessage: 'Recordings that are there now count as known. New ones start the workflow at the next poll.',
		defaults: { name: '8x8 Recording Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'eightByEightSftpApi', required: true, testedBy: 'eightByEightConnectionTest' }],
		properties: recordingTriggerParameters,
	};

	methods = { credentialTest: { eightByEightConnectionTest }, loadOptions: filterLoadOptions };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		const failed = (error: unknown): never => {
			throw pollError(this, error);
		};
		if (this.getMode() === 'manual') return await sampleRecordings(this).catch(failed);
		const key = keyOf(this);
		if (underWay.has(key)) return null;
		underWay.add(key);
		return await pollRecordings(this)
			.catch(failed)
			.finally(() => underWay.delete(key));
	}
}
