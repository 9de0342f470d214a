import type { IDataObject, INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { callJudge } from '../../recordings/callFilter';
import type { CallFilters } from '../../recordings/callFilter';
import type { IndexRow } from '../../recordings/indexRow';
import { fittingLookback, withoutEarlier } from '../../tenant/polling/fittingLookback';
import type { PollState, Watch } from '../../tenant/polling/pollState';
import { bytesOf, MOST_BYTES, TriggerMemory } from '../../tenant/polling/triggerMemory';
import type { MemoryOwner } from '../../tenant/polling/triggerMemory';
import { simplifiedCall } from '../../recordings/simplifiedCall';
import { tenantDateAt } from '../../recordings/tenantDay';
import { isEmptyValue } from '../form/emptyValue';
import { optionChoice } from '../form/optionChoice';
import { deliveredMarks, deliveryNameOf } from '../run/deliveredMarks';
import { causeOf, nodeError } from '../run/nodeError';
import { unreadableText } from '../run/unreadableListings';
import { ExplainedError } from '../../tenant/explainedError';
import { TransportError } from '../../transport/transportError';
import { resumingStore, withTenant } from '../connection/tenantSession';
import { refuseNoTenant, tenantOverview } from '../../tenant/reading/indexListing';
import { exampleCalls } from '../../tenant/polling/exampleCalls';
import type { PollRequest } from '../../tenant/polling/pollRequest';
import type { AudioFile } from '../../tenant/polling/audioFile';
import { pollBudgetOf } from './hostBudget';
import { HostMemory } from './hostMemory';
import { pollDeduplication } from './pollDeduplication';
import type { RedeliveryRules } from '../../tenant/polling/redeliveryRules';
import { filesToReport, firstMet } from './reportedOnce';
import { newestFiles, pollFiles } from '../../tenant/polling/watchFiles';
import { pollIndex } from '../../tenant/polling/watchIndex';

/** Items that *Fetch test event* shows. */
const SAMPLES = 5;

/** The longest look-back: longer than recordings of most tenants are kept. */
const LONGEST_LOOKBACK = 60;

interface TriggerOptions {
	readonly lookbackDays?: number;
	readonly emitExisting?: boolean;
	readonly maximumItems?: number;
	readonly simplify?: boolean;
	readonly onlyUndelivered?: boolean;
	readonly deliveryName?: unknown;
	readonly repeatAfter?: number;
	readonly maximumAttempts?: number;
}

/** The newest real recordings, for a look at what the trigger gives. The trigger's memory is neither read nor touched. */
export async function sampleRecordings(context: IPollFunctions): Promise<INodeExecutionData[][]> {
	const items = await withRequest(context, async (request, { watch }) => {
		if (watch === 'files') {
			const files = await newestFiles(request, SAMPLES);
			if (files.length > 0) return files;
			throw new ExplainedError(
				'There is no audio file on the server yet',
				"A day directory such as S20160607 appears with its first call. Check 'Tenant Directory' in the credential if there should be some.",
			);
		}
		const { items: calls, seen } = await exampleCalls(request, SAMPLES);
		if (calls.length > 0) return calls;
		throw seen === 0
			? new ExplainedError(
					'The newest index files list no calls',
					"8x8 writes the index of a day between 00:00 and 01:00 tenant time after it. Try again then, set 'Watch' to 'Files', or check 'Tenant Time Zone'.",
				)
			: new ExplainedError(
					`None of the ${seen} newest calls meets the filters`,
					"Loosen 'Filters' to see an example; a call that meets them starts the workflow all the same.",
				);
	});
	return outputOf(context, items);
}

/**
 * One poll of an active workflow: `null`, or new recordings. The memory is assigned at the very end, in one step: n8n writes it
 * down with the next emission, so that a failure in between must leave nothing behind.
 */
export async function pollRecordings(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const hosted = new HostMemory(context);
	const outcome = await withRequest(context, async (asked, owner) => {
		const memory = new TriggerMemory(hosted.state, owner);
		const { previous } = memory;
		// What another tenant has is told in the log, and not emitted.
		const request = { ...asked, emitExisting: asked.emitExisting && memory.isEmpty };
		const polled = await (owner.watch === 'files' ? pollFiles(request, previous) : pollIndex(request, previous));
		if (previous === undefined) await refuseNothingThere(request, polled.state);
		const bytesWith = (state: PollState): number => bytesOf(memory.next(state).kept);
		const state = bytesWith(polled.state) <= MOST_BYTES ? polled.state : withoutEarlier(polled.state);
		refuseTooMuch(state, request, bytesWith);
		const { kept, forgotten } = memory.next(state);
		return { ...polled, kept, forgotten, isOther: previous === undefined && !memory.isEmpty };
	});
	const { items, kept, unreadable, withoutIndex, givenUp } = outcome;
	const lastEmissions = givenUp.map(({ recordingId, at }) => `${recordingId} ${at}`);
	const unnamed = new Set(firstMet(keyOf(context), lastEmissions));
	refuseGivenUp(givenUp.map(({ recordingId }) => recordingId).filter((_, at) => unnamed.has(lastEmissions[at] ?? '')));
	tellAboutTenants(context, outcome);
	for (const [path, failure] of unreadable)
		context.logger.warn(`8x8 Recording Trigger: ${path} cannot be read: ${failure.message}`);
	for (const date of firstMet(keyOf(context), withoutIndex))
		context.logger.warn(
			`8x8 Recording Trigger: no index of tenant day ${date} is on the server, a day after its end. That is not to say that it had no calls: check it with 8x8 Reconcile Day`,
		);
	const [reported] = filesToReport(keyOf(context), unreadable.keys(), items.length === 0);
	const failure = reported === undefined ? undefined : unreadable.get(reported);
	if (failure !== undefined) throw failure;
	hosted.keep(kept as unknown as IDataObject, items.length > 0);
	return items.length === 0 ? null : outputOf(context, items);
}

/**
 * A trigger that begins where no tenant is would wait for ever, and nobody would notice. A directory with nothing in it may be that of
 * a new tenant.
 */
async function refuseNothingThere({ store, tenantDirectory, budget }: PollRequest, state: PollState): Promise<void> {
	// The top itself has no name.
	const directories = Object.keys(state.directories).filter((name) => name !== '');
	if (directories.length > 0 || Object.keys(state.files).length > 0) return;
	const overview = await tenantOverview(store, tenantDirectory, budget.signal);
	if (!overview.isEmpty) refuseNoTenant(overview, tenantDirectory);
}

function tellAboutTenants(
	context: IPollFunctions,
	{ isOther, forgotten }: { isOther: boolean; forgotten: number },
): void {
	if (isOther)
		context.logger.warn(
			"8x8 Recording Trigger: this tenant (account and 'Tenant Directory'), or what 'Watch' says, is another than before. What is there now counts as known. What is remembered of the one before is kept: when it comes back, the trigger goes on there where it stopped",
		);
	if (forgotten > 0)
		context.logger.warn(
			'8x8 Recording Trigger: what was remembered of a tenant that has not been polled for the longest time had to make room. When it comes back, what is there then counts as known',
		);
}

/** Recordings named in an error about many. */
const MOST_NAMED = 10;

/** Names what came too often, once, in a failed execution; what else this poll found comes with the next one. */
function refuseGivenUp(recordingIds: readonly string[]): void {
	const [first] = recordingIds;
	if (first === undefined) return;
	const named = recordingIds.slice(0, MOST_NAMED).join(', ');
	const more = recordingIds.length - MOST_NAMED;
	const [what, them] = recordingIds.length === 1 ? ['recording was', 'it'] : ['recordings were', 'them'];
	throw new ExplainedError(
		`${recordingIds.length} ${what} emitted as often as 'Maximum Attempts' allows and not marked as delivered: ${named}${more > 0 ? ` and ${more} more` : ''}`,
		`The trigger does not bring ${them} again. Look at the failed executions of this workflow and mend what they tell of; then fetch ${them} in the same workflow with 8x8 List Index and 'Only Undelivered'. What else is new comes with the next poll.`,
	);
}

/** Better no poll, which says why and can be mended, than a memory that slows n8n down, or one that forgets and emits again. */
function refuseTooMuch(
	state: PollState,
	{ clock, now, lookbackDays }: PollRequest,
	bytesWith: (state: PollState) => number,
): void {
	const bytes = bytesWith(state);
	if (bytes <= MOST_BYTES) return;
	const fits = (shorter: PollState): boolean => bytesWith(shorter) <= MOST_BYTES;
	const fitting = fittingLookback(state, tenantDateAt(now, clock), lookbackDays, fits);
	const advice =
		fitting > 0
			? `Set 'Lookback Days' to ${fitting} or less. Nothing is lost: the next poll goes on where the last one ended.`
			: "This tenant has too many recordings a day for a trigger. Use a schedule with 8x8 List Index, 'Only Undelivered' and 8x8 Mark Delivered instead.";
	throw new ExplainedError(
		`To remember which recordings of ${lookbackDays} look-back ${lookbackDays === 1 ? 'day' : 'days'} were emitted takes ${Math.ceil(bytes / 1_000)} kB, and a trigger may keep ${MOST_BYTES / 1_000} kB in n8n's database`,
		advice,
	);
}

function outputOf(context: IPollFunctions, items: ReadonlyArray<IndexRow | AudioFile>): INodeExecutionData[][] {
	const { simplify } = context.getNodeParameter('options', {}) as TriggerOptions;
	const isSimple = simplify === true && watchOf(context) === 'index';
	const jsonOf = (item: IndexRow | AudioFile): IDataObject =>
		(isSimple ? simplifiedCall(item as IndexRow) : item) as unknown as IDataObject;
	return [items.map((item) => ({ json: jsonOf(item) }))];
}

/** A trigger node of a workflow; its name may change. */
export function keyOf(context: IPollFunctions): string {
	return `${context.getWorkflow().id ?? ''}:${context.getNode().id}`;
}

function watchOf(context: IPollFunctions): Watch {
	return optionChoice('Watch', context.getNodeParameter('watch', ''), ['index', 'files']);
}

async function withRequest<Result>(
	context: IPollFunctions,
	work: (request: PollRequest, owner: MemoryOwner) => Promise<Result>,
): Promise<Result> {
	const budget = pollBudgetOf(context);
	const watch = watchOf(context);
	const filters = watch === 'index' ? (context.getNodeParameter('filters', {}) as CallFilters) : {};
	const options = context.getNodeParameter('options', {}) as TriggerOptions;
	const judge = callJudge(filters);
	const lookbackDays = wholeNumber('Lookback Days', options.lookbackDays, 3, LONGEST_LOOKBACK);
	const redelivery = redeliveryOptions(options);
	const maximumItems = wholeNumber('Maximum Items', options.maximumItems, 500, Number.MAX_SAFE_INTEGER);
	const polling = withTenant(
		context,
		async ({ store, tenant, tenantKey, tenantDirectory, isSftp, clock }) =>
			await work(
				{
					store,
					tenantDirectory,
					isSftp,
					clock: clock(String(context.getNodeParameter('timeZone', '') ?? '')),
					now: Date.now(),
					judge,
					lookbackDays,
					maximumItems,
					emitExisting: options.emitExisting === true,
					budget,
					redelivery: redelivery && {
						...redelivery,
						undelivered: undeliveredOf(context, tenant, redelivery.deliveryName),
					},
					warn: (message) => context.logger.warn(`8x8 Recording Trigger: ${message}`),
				},
				{ tenant: tenantKey, watch },
			),
		{
			decorate: resumingStore,
			patience: budget.patience,
			onUnreadable: (found) => context.logger.warn(`8x8 Recording Trigger: ${unreadableText(found)}`),
		},
	);
	return await polling.catch((error: unknown) => {
		const isOutOfTime = budget.signal.aborted && error instanceof TransportError && error.code === 'aborted';
		if (!isOutOfTime) throw error;
		throw new ExplainedError(
			'The poll ran out of time while it waited for the server',
			'The server may be slow or busy. The next poll tries again; nothing is lost.',
		);
	});
}

/** Milliseconds in a minute, and the minutes of a week. */
const MINUTE = 60_000;
const LONGEST_REPEAT = 10_080;

function redeliveryOptions({
	onlyUndelivered,
	deliveryName,
	repeatAfter,
	maximumAttempts,
}: TriggerOptions): (Omit<RedeliveryRules, 'undelivered'> & { readonly deliveryName: string }) | undefined {
	if (onlyUndelivered !== true) return undefined;
	return {
		deliveryName: deliveryNameOf(deliveryName),
		repeatAfter: wholeNumber('Repeat After', repeatAfter, 30, LONGEST_REPEAT) * MINUTE,
		maximumAttempts: wholeNumber('Maximum Attempts', maximumAttempts, 5, Number.MAX_SAFE_INTEGER),
	};
}

function undeliveredOf(context: IPollFunctions, tenant: string, deliveryName: string): RedeliveryRules['undelivered'] {
	return async (recordingIds) => {
		const marks = deliveredMarks(context, await pollDeduplication(context), deliveryName);
		return await marks.undelivered(tenant, recordingIds);
	};
}

function wholeNumber(field: string, value: unknown, fallback: number, most: number): number {
	const number = isEmptyValue(value) ? fallback : Number(value);
	if (Number.isInteger(number) && number >= 1 && number <= most) return number;
	const upTo = most === Number.MAX_SAFE_INTEGER ? 'of 1 or more' : `from 1 to ${most}`;
	throw new ExplainedError(`'${String(value)}' in '${field}' cannot be used`, `Give a whole number ${upTo}.`);
}

/** Any failure of a poll as the error of the trigger. A poll that has begun before tells that it goes on by itself, when it does. */
export function pollError(context: IPollFunctions, error: unknown): Error {
	const failure = nodeError(context.getNode(), error, 0);
	const isPassing = causeOf(error) === 'temporarily-unavailable';
	if (isPassing && context.getMode() !== 'manual' && new HostMemory(context).state !== undefined)
		failure.description = `${failure.description ?? ''} The next poll tries again; nothing is lost.`.trim();
	return failure;
}
