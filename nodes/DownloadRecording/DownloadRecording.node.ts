import { NodeConnectionTypes } from 'n8n-workflow';
import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { eightByEightConnectionTest } from '../connection/credentialTest';
import { showHints } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import { searchIndexFiles } from '../form/indexFileSearch';
import { runWithTenant } from '../run/itemRun';
import { progressOf, showSummary } from '../run/progressReport';
import { searchDirectories, searchRecordings } from '../form/recordingSearch';
import { RetriedRequests } from '../run/retriedRequests';
import { UnreadableListings } from '../run/unreadableListings';
import { stallTimeoutOf } from './downloadOptions';
import { downloadRecordingParameters } from './downloadRecordingParameters';
import { DownloadRun } from './downloadRun';

export class DownloadRecording implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Download Recording',
		name: 'downloadRecording',
		icon: { light: 'file:downloadRecording.svg', dark: 'file:downloadRecording.dark.svg' },
		group: ['input'],
		version: 1,
		subtitle:
			'={{ ({ recording: "Recording", directory: "Directory " + $parameter["pattern"], file: $parameter["path"]?.value ?? $parameter["path"] })[$parameter["download"]] }}',
		description: 'Download call recordings, verified whole, into binary fields',
		defaults: { name: '8x8 Download Recording' },
		// Audio cannot cross to a language model.
		usableAsTool: undefined,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'eightByEightSftpApi', required: true, testedBy: 'eightByEightConnectionTest' }],
		properties: downloadRecordingParameters,
	};

	methods = {
		credentialTest: { eightByEightConnectionTest },
		listSearch: { searchDirectories, searchIndexFiles, searchRecordings },
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const hints: Hint[] = [];
		const retried = new RetriedRequests();
		const unreadable = new UnreadableListings();
		const progress = progressOf(this, 'downloaded');
		const output = await runWithTenant(
			this,
			async (session, items) => await new DownloadRun(this, session, { hints, retried, progress }).outputOf(items),
			{ stallTimeout: () => stallTimeoutOf(this), onUnreadable: unreadable.onUnreadable },
		);
		showHints(this, [...hints, ...unreadable.hints, ...retried.hints]);
		showSummary(this, progress);
		return output;
	}
}
