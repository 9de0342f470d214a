import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { Gate } from '../../transport/gate';
import { isNotFound } from '../../transport/ifThere';
import { ResumingStore } from '../../transport/resumingStore';
import { TransportError } from '../../transport/transportError';
import { ExplainedError } from '../../tenant/explainedError';
import type { TenantSession } from '../connection/tenantSession';
import { warning } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import { itemOrError, transportAdvice } from '../run/nodeError';
import type { ProgressReport } from '../run/progressReport';
import type { RetriedRequests } from '../run/retriedRequests';
import { DirectoryListings } from './directoryListings';
import { downloadFile } from './downloadFile';
import type { DownloadedFile } from './downloadFile';
import { binaryFieldOf, filesInFlight, onMissingFileOf, readOptions, retriesOf } from './downloadOptions';
import type { FilesInFlight } from './downloadOptions';
import { wantedFiles } from './remoteFile';
import type { WantedFile } from './remoteFile';

/** Who is told what happens in a run. */
export interface DownloadWatchers {
	readonly hints: Hint[];
	readonly retried: RetriedRequests;
	readonly progress: ProgressReport;
}

interface Item {
	readonly index: number;
	readonly data: INodeExecutionData;
}

/** One run of the node: the files of all its items, several at a time, each item's failures its own. */
export class DownloadRun {
	readonly #inFlight: FilesInFlight;

	readonly #store: ResumingStore;

	readonly #gate: Gate;

	readonly #listings: DirectoryListings;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly session: TenantSession,
		private readonly watchers: DownloadWatchers,
	) {
		this.#inFlight = filesInFlight(context, session);
		const onRetry = (failure: unknown): void => {
			watchers.retried.note(failure);
			this.#heed(failure);
		};
		this.#store = new ResumingStore(session.store, { retries: retriesOf(context), onRetry });
		this.#gate = new Gate(() => this.#inFlight.limit.current);
		this.#listings = new DirectoryListings(this.#store, context.getExecutionCancelSignal());
	}

	/** What comes out, in the order of the items. */
	async outputOf(items: readonly INodeExecutionData[]): Promise<INodeExecutionData[]> {
		const runs = items.map(async (data, index) => await this.#itemOutput({ index, data }));
		return (await Promise.all(runs).finally(() => this.#gate.close())).flat();
	}

	async #itemOutput(item: Item): Promise<INodeExecutionData[]> {
		let files: WantedFile[] = [];
		const failed = await itemOrError(this.context, item.index, item.data, async () => {
			files = await this.#filesOf(item).catch((error: unknown) => this.#nothingWhenSkipped(item, error));
			this.watchers.progress.expect(files.length);
			for (const { path, listed } of files) if (listed === undefined) this.#listings.want(path);
			return [];
		});
		const done = await Promise.all(files.map(async (file) => await this.#fileOutput(item, file)));
		return [...failed, ...done.flat()];
	}

	async #filesOf({ index }: Item): Promise<WantedFile[]> {
		const onNothing = (message: string): unknown => this.watchers.hints.push(warning(message));
		return await wantedFiles(this.context, this.#store, index, this.#gate, onNothing);
	}

	/** One file in its turn; a failure of it is one of its item. */
	async #fileOutput(item: Item, file: WantedFile): Promise<INodeExecutionData[]> {
		const weight = (): number => this.#inFlight.shareOf((file.listed ?? this.#listings.find(file.path))?.size);
		const download = async (): Promise<INodeExecutionData[]> =>
			await this.#download(item, file).catch((error: unknown) => {
				this.#heed(error);
				this.watchers.progress.goneWithout();
				return this.#nothingWhenSkipped(item, error);
			});
		return await this.#gate.run(async () => await itemOrError(this.context, item.index, item.data, download), {
			weight,
		});
	}

	async #download({ index, data }: Item, file: WantedFile): Promise<INodeExecutionData[]> {
		const field = binaryFieldOf(this.context, index);
		const { facts, binary, hint } = await this.#downloadedFile(index, file);
		this.#inFlight.limit.succeeded(facts.bytes);
		this.watchers.progress.finished(facts.bytes, facts.attempts);
		if (hint !== undefined) this.watchers.hints.push(warning(hint));
		const json = { ...data.json, download: facts as unknown as IDataObject };
		return [{ json, binary: { ...data.binary, [field]: binary }, pairedItem: { item: index } }];
	}

	/** The file, under the name that the index gives or another spelling of it. */
	async #downloadedFile(index: number, file: WantedFile): Promise<DownloadedFile> {
		const options = readOptions(this.context, index, this.session);
		const get = async (wanted: WantedFile): Promise<DownloadedFile> =>
			await downloadFile(this.context, this.#store, wanted, options);
		const listed = file.listed ?? this.#listings.find(file.path);
		return await get({ ...file, listed }).catch(async (error: unknown) => {
			const alike = isNotFound(error) ? await this.#listings.spelledAlike(file.path) : undefined;
			if (alike === undefined) throw error;
			return await get({ ...file, path: alike.path, listed: alike });
		});
	}

	/** No output and a hint, where what is missing is to be skipped. Throws the error otherwise, with a word on that choice. */
	#nothingWhenSkipped({ index }: Item, error: unknown): [] {
		if (!isNotFound(error)) throw error;
		if (onMissingFileOf(this.context, index) === 'error') {
			const advice = `${transportAdvice(error)} To leave out what is missing, set 'On Missing File' to 'Skip'.`;
			throw new ExplainedError(error.message.replace(/\.$/, ''), advice);
		}
		this.watchers.hints.push(warning(`Skipped, not on the server: ${error.path ?? 'a file'}.`));
		return [];
	}

	/** Fewer files at a time when the server had no room for this one. */
	#heed(failure: unknown): void {
		if (failure instanceof TransportError && (failure.code === 'busy' || failure.code === 'connection-lost'))
			this.#inFlight.limit.objected();
	}
}
