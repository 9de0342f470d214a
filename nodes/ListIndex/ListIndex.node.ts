import { NodeConnectionTypes } from 'n8n-workflow';
import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { groupByTransaction } from '../../recordings/transaction';
import type { IndexRow } from '../../recordings/indexRow';
import { simplifiedCall, simplifiedTransaction } from '../../recordings/simplifiedCall';
import { eightByEightConnectionTest } from '../connection/credentialTest';
import { info, repeatedRuns, showHints, warning } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import { gapError } from '../run/indexFindings';
import { FILTER_SUBTITLE, filterLoadOptions } from '../form/filterParameters';
import { searchIndexFiles } from '../form/indexFileSearch';
import { runWithTenant } from '../run/itemRun';
import { failedItem, itemOrError, nodeError } from '../run/nodeError';
import { PERIOD_SUBTITLE } from '../form/periodParameters';
import { searchDirectories } from '../form/recordingSearch';
import { RetriedRequests } from '../run/retriedRequests';
import { UnreadableListings } from '../run/unreadableListings';
import { resumingStore } from '../connection/tenantSession';
import type { TenantSession } from '../connection/tenantSession';
import { readListIndexOptions } from './listIndexOptions';
import type { ListIndexOptions } from './listIndexOptions';
import { listIndexParameters } from './listIndexParameters';
import { readyCalls } from './readyCalls';
import { requestedCalls } from './requestedCalls';
import { undeliveredRows } from './undeliveredRows';

export class ListIndex implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 List Index',
		name: 'listIndex',
		icon: { light: 'file:listIndex.svg', dark: 'file:listIndex.dark.svg' },
		group: ['input'],
		version: 1,
		subtitle: `={{ ({ directory: "Directory", indexFile: "Index file" })[$parameter["readFrom"]] ?? ${PERIOD_SUBTITLE} }}{{ ${FILTER_SUBTITLE} }}`,
		description:
			'List the recorded calls of one or more days from the 8x8 index, one item per recording, with agent, queue, wrap-up code, times and numbers',
		defaults: { name: '8x8 List Index' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'eightByEightSftpApi', required: true, testedBy: 'eightByEightConnectionTest' }],
		properties: listIndexParameters,
	};

	methods = {
		credentialTest: { eightByEightConnectionTest },
		listSearch: { searchDirectories, searchIndexFiles },
		loadOptions: filterLoadOptions,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const told: Told = { hints: repeatedRuns(this), seen: 0, listed: 0, skipped: 0 };
		const retried = new RetriedRequests();
		const listings = new UnreadableListings();
		const output = await runWithTenant(
			this,
			async (session, items) => {
				// A list of lists: spreading hundreds of thousands of items into one call overflows the stack.
				const results: INodeExecutionData[][] = [];
				for (const [i, item] of items.entries()) {
					const calls = await itemOrError(this, i, item, async () => await listItem(this, session, i, item, told));
					results.push(calls);
				}
				return results.flat();
			},
			{ decorate: (store) => resumingStore(store, retried.note), onUnreadable: listings.onUnreadable },
		);
		showHints(this, [
			...told.hints,
			...(output.flat().length === 0 ? whyNothing(told) : []),
			...listings.hints,
			...retried.hints,
		]);
		return output;
	}
}

/** What a person should know about a run. */
interface Told {
	readonly hints: Hint[];
	/** Distinct calls read, and those of them that the filters let through. */
	seen: number;
	listed: number;
	/** Days and directories without an index that were passed over. */
	skipped: number;
}

/** Why nothing came out, where no other hint tells. */
function whyNothing({ seen, listed, skipped }: Told): Hint[] {
	if (listed > 0 || (seen === 0 && skipped > 0)) return [];
	return [info(seen === 0 ? 'The index lists no calls.' : `None of ${seen} calls met the filters.`)];
}

const GO_ON = "To go on without it, set 'On Missing Index' to 'Skip'.";

/** The calls that one item asks for, as items. */
async function listItem(
	context: IExecuteFunctions,
	session: TenantSession,
	itemIndex: number,
	input: INodeExecutionData,
	run: Told,
): Promise<INodeExecutionData[]> {
	const { hints } = run;
	const options = readListIndexOptions(context, itemIndex);
	const { onMissingIndex, limit } = options;
	const { reading, hints: told } = await requestedCalls(context, session, itemIndex, options);
	const gaps = reading.gaps.map((gap) => gapError(gap, { detail: options.indexDetail, consequence: GO_ON }));
	hints.push(...told.map(warning));

	const errors = [...reading.unreadable.map(({ reason }) => reason), ...(onMissingIndex === 'skip' ? [] : gaps)];
	const failures = errors.map((error) => nodeError(context.getNode(), error, itemIndex));
	const [failure] = failures;
	if (failure !== undefined && !context.continueOnFail()) return await Promise.reject(failure);
	if (onMissingIndex === 'skip') hints.push(...gaps.map((gap) => warning(`Skipped: ${gap.message}.`)));

	const ready = readyCalls(reading.calls, { waits: options.onlyUndelivered, now: Date.now() });
	hints.push(...ready.hints.map(warning));
	run.skipped += gaps.length;
	run.seen += reading.seen;
	run.listed += reading.calls.length;

	const rows = options.onlyUndelivered
		? await undeliveredRows(context, session, options, ready.rows, hints)
		: ready.rows;
	const calls = asItems(rows, options);
	if (calls.length > limit) hints.push(warning(`Limit reached: ${calls.length - limit} more not shown.`));
	const found = calls.slice(0, limit).map((call) => ({ json: call as IDataObject, pairedItem: { item: itemIndex } }));
	return [...found, ...failures.map((error) => failedItem(context.getNode(), error, input, itemIndex))];
}

/** Calls, or transactions of calls, with all their fields or the few that people look at. */
function asItems(rows: readonly IndexRow[], { groupBy, simplify }: ListIndexOptions): readonly object[] {
	if (groupBy === 'none') return simplify ? rows.map(simplifiedCall) : rows;
	const transactions = groupByTransaction(rows);
	return simplify ? transactions.map(simplifiedTransaction) : transactions;
}
