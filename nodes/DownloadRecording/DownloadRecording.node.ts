import { NodeConnectionTypes } from 'n8n-workflow';
import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { ResumingStore } from '../../transport/resumingStore';
import { TransportError } from '../../transport/transportError';
import { eightByEightConnectionTest } from '../shared/connectionTest';
import { showHints } from '../shared/executionHints';
import { inOrder } from '../shared/inOrder';
import { runWithTenant } from '../shared/itemRun';
import { itemOrError } from '../shared/nodeError';
import { downloadFile } from './downloadFile';
import { readOptions, runOptions } from './downloadOptions';
import { downloadRecordingParameters } from './downloadRecordingParameters';
import { wantedFiles } from './remoteFile';
import type { WantedFile } from './remoteFile';

export class DownloadRecording implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Download Recording',
		name: 'downloadRecording',
		icon: { light: 'file:../shared/recordings.svg', dark: 'file:../shared/recordings.dark.svg' },
		group: ['input'],
		version: 1,
		subtitle:
			'={{ ({ recording: "Recording", directory: "Directory " + $parameter["pattern"], file: $parameter["path"] })[$parameter["download"]] }}',
		description: 'Download call recordings, verified whole, into binary fields',
		defaults: { name: '8x8 Download Recording' },
		// Audio cannot cross to a language model.
		usableAsTool: undefined,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'eightByEightSftpApi', required: true, testedBy: 'eightByEightConnectionTest' }],
		properties: downloadRecordingParameters,
	};

	methods = { credentialTest: { eightByEightConnectionTest } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const hints: string[] = [];
		const { retries, stallTimeout } = runOptions(this);
		const output = await runWithTenant(
			this,
			async (session, items) => {
				const store = new ResumingStore(session.store, { retries });
				const { concurrency } = runOptions(this, session);
				const skipIfMissing = (i: number, error: unknown): [] | Promise<never> => {
					const isMissing = error instanceof TransportError && error.code === 'not-found';
					if (!isMissing || this.getNodeParameter('options.onMissingFile', i, 'error') !== 'skip') return Promise.reject(error);
					hints.push(`Skipped, not on the server: ${error.path ?? 'a file'}.`);
					return [];
				};

				// First which files, then all of them in one line, so that an item with many files does not hold up the others.
				const jobs = await inOrder(items, concurrency, async (item, i) => {
					const listing = wantedFiles(this, store, i).catch(async (error: unknown) => await skipIfMissing(i, error));
					let wanted: WantedFile[] = [];
					const failed = await itemOrError(this, i, item, async () => {
						wanted = await listing;
						return [];
					});
					return { files: wanted.map((file) => ({ i, item, file })), failed };
				});
				const outcomes = await inOrder(
					jobs.flatMap(({ files }) => files),
					concurrency,
					async ({ i, item, file }) =>
						await itemOrError(this, i, item, async () => {
							const done = await downloadFile(this, store, file, readOptions(this, i)).catch(
								async (error: unknown) => await skipIfMissing(i, error),
							);
							if (Array.isArray(done)) return done;
							if (done.hint !== undefined) hints.push(done.hint);
							const field = String(this.getNodeParameter('binaryPropertyName', i));
							return [
								{
									json: { ...item.json, download: done.facts as unknown as IDataObject },
									binary: { ...item.binary, [field]: done.binary },
									pairedItem: { item: i },
								},
							];
						}),
				);
				const downloaded = outcomes.values();
				return jobs.flatMap(({ files, failed }) => [...failed, ...files.flatMap(() => downloaded.next().value ?? [])]);
			},
			{ stallTimeout },
		);
		showHints(this, hints);
		return output;
	}
}
