import type { ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow';

import { IndexNotes } from '../../recordings/indexNotes';
import { readIndex } from '../../recordings/indexReader';
import { NameCounts } from '../../recordings/nameCounts';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { RemoteStore } from '../../transport/remoteStore';
import { INTERACTIVE_PATIENCE } from '../connection/accountConnections';
import { indexFilesOf, tenantOverview } from '../../tenant/reading/indexListing';
import type { ListedIndexFile } from '../../tenant/reading/indexListing';
import { nodeError } from '../run/nodeError';
import { ExplainedError } from '../../tenant/explainedError';
import { withTenant } from '../connection/tenantSession';
import type { TenantSession } from '../connection/tenantSession';

/** Somebody waits in front of an open drop-down. */
const PATIENCE = 15_000;
/** Days of calls from which names are taken: a week has those of every shift. */
const DAYS = 7;
/** Calls read at most. */
const CALLS = 50_000;

type NamedField = 'agentName' | 'queueName' | 'wrapUpCode';

/** Agents in the newest index files, for a drop-down. */
export async function listAgentNames(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return await namesInIndex(this, 'agentName', 'agents', 'Agent Names');
}

/** Queues in the newest index files, for a drop-down. */
export async function listQueueNames(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return await namesInIndex(this, 'queueName', 'queues', 'Queue Names');
}

/** Wrap-up codes in the newest index files, for a drop-down. */
export async function listWrapUpCodes(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return await namesInIndex(this, 'wrapUpCode', 'wrap-up codes', 'Wrap-Up Codes');
}

async function namesInIndex(
	context: ILoadOptionsFunctions,
	field: NamedField,
	what: string,
	filter: string,
): Promise<INodePropertyOptions[]> {
	const signal = AbortSignal.timeout(PATIENCE);
	const names = await withTenant(context, async (session) => await readNames(session, field, signal), {
		patience: INTERACTIVE_PATIENCE,
	}).catch((error: unknown) => {
		throw nodeError(context.getNode(), error, 0);
	});
	const options = names.sorted.map(({ name, calls }) => ({
		name,
		value: name,
		description: calls === 1 ? '1 call' : `${calls} calls`,
	}));
	if (options.length > 0) return options;
	const nothing = new ExplainedError(
		`The newest index files name no ${what}`,
		`Type them into the filter '${filter}' instead.`,
	);
	throw nodeError(context.getNode(), nothing, 0);
}

/** The names of the newest days, as many as can be read while somebody waits. */
async function readNames(session: TenantSession, field: NamedField, signal: AbortSignal): Promise<NameCounts> {
	const { store, tenantDirectory } = session;
	const clock = session.clock();
	const names = new NameCounts();
	let calls = 0;
	let failure: unknown;
	const addFrom = async (file: ListedIndexFile): Promise<void> => {
		if (signal.aborted || calls >= CALLS) return;
		await addNames(store, file, clock, signal, (row) => {
			names.add(row[field]);
			calls += 1;
			return calls < CALLS;
		}).catch((error: unknown) => {
			// What cannot be read hides the names of one day only.
			failure = error;
		});
	};
	const { indexFiles, dayDirectories } = await tenantOverview(store, tenantDirectory);
	for (const file of mostDetailed(indexFiles)) await addFrom(file);
	// Some tenants have the detailed index, or any at all, only beside the recordings of a day.
	for (const directory of names.sorted.length > 0 ? [] : dayDirectories.slice(0, DAYS)) {
		if (signal.aborted) break;
		const entries = await store.list(directory, { signal }).catch((error: unknown): [] => {
			failure = error;
			return [];
		});
		for (const file of mostDetailed(indexFilesOf(directory, entries))) await addFrom(file);
	}
	if (names.sorted.length === 0 && failure !== undefined) return await Promise.reject(failure);
	return names;
}

async function addNames(
	store: RemoteStore,
	file: ListedIndexFile,
	clock: ZoneClock,
	signal: AbortSignal,
	goesOn: (row: Readonly<Record<NamedField, string | null>>) => boolean,
): Promise<void> {
	const format = { encoding: 'auto', dateOrder: 'auto', includeRawRow: false } as const;
	const bytes = store.read(file.path, { size: file.size, signal });
	for await (const { row } of readIndex({ path: file.path, bytes }, clock, format, new IndexNotes())) {
		if (!goesOn(row)) break;
	}
}

/** The most detailed index of each of the newest days; only that one has queues and wrap-up codes. */
function mostDetailed(files: readonly ListedIndexFile[]): ListedIndexFile[] {
	const byDate = new Map<string, ListedIndexFile>();
	for (const file of files) {
		if ((byDate.get(file.date)?.edition ?? 0) < file.edition) byDate.set(file.date, file);
	}
	return [...byDate.values()].sort((a, b) => (a.date < b.date ? 1 : -1)).slice(0, DAYS);
}
