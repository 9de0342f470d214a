import { NodeConnectionTypes } from 'n8n-workflow';
import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { ResumingStore } from '../../transport/resumingStore';
import { TransportError } from '../../transport/transportError';
import { eightByEightConnectionTest } from '../connection/credentialTest';
import { showHints, warning } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import { Gate } from '../../transport/gate';
import { searchIndexFiles } from '../form/indexFileSearch';
import { runWithTenant } from '../run/itemRun';
import { itemOrError } from '../run/nodeError';
import { progressOf, showSummary } from '../run/progressReport';
import { searchDirectories, searchRecordings } from '../form/recordingSearch';
import { RetriedRequests } from '../run/retriedRequests';
import { UnreadableListings } from '../run/unreadableListings';
import { DirectoryListings } from './directoryListings';
import { downloadFile } from './downloadFile';
import { binaryFieldOf, filesInFlight, readOptions, retriesOf, stallTimeoutOf } from './downloadOptions';
import { downloadRecordingParameters } from './downloadRecordingParameters';
import { wantedFiles } from './remoteFile';
import type { WantedFile } from './remoteFile';

export class DownloadRecording implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Download Recording',
		name: 'downloadRecording',
		icon: { light: 'file:../form/recordings.svg', dark: 'file:../form/recordings.dark.svg' },
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
			async (session, items) => {
				const { limit, shareOf } = filesInFlight(this, session);
				const takeNote = (failure: unknown): void => {
					retried.note(failure);
					if (isObjection(failure)) limit.objected();
				};
				const store = new ResumingStore(session.store, { retries: retriesOf(this), onRetry: takeNote });
				const gate = new Gate(() => limit.current);
				const listings = new DirectoryListings(store, this.getExecutionCancelSignal());
				const skipIfMissing = async (i: number, error: unknown): Promise<[]> => {
					if (!isNotFound(error) || this.getNodeParameter('options.onMissingFile', i, 'error') !== 'skip')
						return await Promise.reject(error);
					hints.push(warning(`Skipped, not on the server: ${error.path ?? 'a file'}.`));
					return [];
				};
				const download = async (
					i: number,
					item: INodeExecutionData,
					file: WantedFile,
				): Promise<INodeExecutionData[]> => {
					const field = binaryFieldOf(this, i);
					const listed = file.listed ?? listings.find(file.path);
					const options = readOptions(this, i, session);
					const done = await downloadFile(this, store, { ...file, listed }, options).catch(async (error: unknown) => {
						const alike = isNotFound(error) ? await listings.spelledAlike(file.path) : undefined;
						if (alike === undefined) throw error;
						return await downloadFile(this, store, { ...file, path: alike.path, listed: alike }, options);
					});
					limit.succeeded(done.facts.bytes);
					progress.finished(done.facts.bytes, done.facts.attempts);
					if (done.hint !== undefined) hints.push(warning(done.hint));
					const json = { ...item.json, download: done.facts as unknown as IDataObject };
					return [{ json, binary: { ...item.binary, [field]: done.binary }, pairedItem: { item: i } }];
				};
				const run = async (i: number, item: INodeExecutionData, file: WantedFile): Promise<INodeExecutionData[]> =>
					await itemOrError(
						this,
						i,
						item,
						async () =>
							await download(i, item, file).catch(async (error: unknown) => {
								if (isObjection(error)) limit.objected();
								progress.goneWithout();
								return await skipIfMissing(i, error);
							}),
					);
				const runs = items.map(async (item, i) => {
					let files: WantedFile[] = [];
					const failed = await itemOrError(this, i, item, async () => {
						const onNothing = (message: string): unknown => hints.push(warning(message));
						files = await wantedFiles(this, store, i, gate, onNothing).catch(
							async (error: unknown) => await skipIfMissing(i, error),
						);
						progress.expect(files.length);
						for (const { path, listed } of files) if (listed === undefined) listings.want(path);
						return [];
					});
					const done = await Promise.all(
						files.map(async (file) => {
							const weight = (): number => shareOf((file.listed ?? listings.find(file.path))?.size);
							return await gate.run(async () => await run(i, item, file), { weight });
						}),
					);
					return [...failed, ...done.flat()];
				});
				return (await Promise.all(runs).finally(() => gate.close())).flat();
			},
			{ stallTimeout: () => stallTimeoutOf(this), onUnreadable: unreadable.onUnreadable },
		);
		showHints(this, [...hints, ...unreadable.hints, ...retried.hints]);
		showSummary(this, progress);
		return output;
	}
}

function isNotFound(error: unknown): error is TransportError {
	return error instanceof TransportError && error.code === 'not-found';
}

/** The server had no room for this transfer. */
function isObjection(error: unknown): boolean {
	return error instanceof TransportError && (error.code === 'busy' || error.code === 'connection-lost');
}
