import { NodeConnectionTypes } from 'n8n-workflow';
import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { tenantDaysOf } from '../../recordings/period';
import { ResumingStore } from '../../transport/resumingStore';
import { eightByEightConnectionTest } from '../connection/credentialTest';
import { repeatedRuns, showHints, warning } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import { gapError, readingHints } from '../run/indexFindings';
import { runWithTenant } from '../run/itemRun';
import { failedItem, itemOrError, nodeError } from '../run/nodeError';
import { PERIOD_SUBTITLE, readPeriod } from '../form/periodParameters';
import { progressOf, showSummary } from '../run/progressReport';
import type { TenantSession } from '../connection/tenantSession';
import { RetriedRequests } from '../run/retriedRequests';
import { UnreadableListings } from '../run/unreadableListings';
import { checkMatched } from '../../tenant/comparison/checkMatched';
import { compareDays } from '../../tenant/comparison/compareDays';
import { dayHints } from './dayHints';
import { reconcileDayParameters } from './reconcileDayParameters';
import type { TenantReading } from '../../tenant/reading/tenantReading';
import { matchedItem, missingItem, simpleItem, unindexedItem } from './reconciledItem';

/** New attempts after a failure without progress. */
const RETRIES = 5;

export class ReconcileDay implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Reconcile Day',
		name: 'reconcileDay',
		icon: { light: 'file:reconcileDay.svg', dark: 'file:reconcileDay.dark.svg' },
		group: ['input'],
		version: 1,
		subtitle: `={{ ${PERIOD_SUBTITLE} }}`,
		description:
			'Compare the 8x8 index of a day with the recordings on the server: which are there, missing, empty, cut short or not indexed',
		defaults: { name: '8x8 Reconcile Day' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main, NodeConnectionTypes.Main, NodeConnectionTypes.Main],
		outputNames: ['Matched', 'Missing', 'Unindexed'],
		credentials: [{ name: 'eightByEightSftpApi', required: true, testedBy: 'eightByEightConnectionTest' }],
		properties: reconcileDayParameters,
	};

	methods = { credentialTest: { eightByEightConnectionTest } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const hints: Hint[] = repeatedRuns(this);
		const retried = new RetriedRequests();
		const listings = new UnreadableListings();
		const progress = progressOf(this, 'checked');
		let matched: INodeExecutionData[] = [];
		let missing: INodeExecutionData[] = [];
		let unindexed: INodeExecutionData[] = [];
		const compareAll = async (session: TenantSession, items: INodeExecutionData[]): Promise<INodeExecutionData[]> => {
			const store = new ResumingStore(session.store, { retries: RETRIES, onRetry: retried.note });
			const signal = this.getExecutionCancelSignal();
			for (const [i, item] of items.entries()) {
				const failures = await itemOrError(this, i, item, async () => {
					const clock = session.clock(String(this.getNodeParameter('timeZone', i, '') ?? ''));
					const days = tenantDaysOf(readPeriod(this, i), clock, Date.now());
					const checkSize = this.getNodeParameter('options.checkSize', i, true) !== false;
					const { tenantDirectory } = session;
					const compared = await compareDays({ store, tenantDirectory, clock, asksForTimes: checkSize, signal }, days);
					const gaps = unprovenErrors(compared.reading).map((error) => nodeError(this.getNode(), error, i));
					const [gap] = gaps;
					if (gap !== undefined && !this.continueOnFail()) return await Promise.reject(gap);

					const checked = await checkMatched(store, session, compared, { checkSize, signal, progress });
					const unreadable = checked.unreadable.map(({ error }) => nodeError(this.getNode(), error, i));
					const [first] = unreadable;
					if (first !== undefined && !this.continueOnFail()) return await Promise.reject(first);

					const isSimple = this.getNodeParameter('options.simplify', i, false) === true;
					const shown = isSimple ? simpleItem : (whole: INodeExecutionData): INodeExecutionData => whole;
					matched = matched.concat(checked.matched.map((recording) => shown(matchedItem(recording, i))));
					missing = missing.concat(checked.missing.map((row) => shown(missingItem(row, i))));
					unindexed = unindexed.concat(compared.unindexed.map((file) => shown(unindexedItem(file, i))));
					hints.push(...dayHints(compared, checked));
					hints.push(...[...compared.hints, ...readingHints(compared.reading)].map(warning));
					return [...gaps, ...unreadable].map((error) => failedItem(this.getNode(), error, item, i));
				});
				// What could not be proven must reach whoever watches for gaps; with an error output n8n takes it from here.
				missing = missing.concat(failures);
			}
			return [];
		};
		const [failed = []] = await runWithTenant(this, compareAll, { onUnreadable: listings.onUnreadable });
		showHints(this, [...hints, ...listings.hints, ...retried.hints]);
		showSummary(this, progress);
		missing = missing.concat(failed);
		// An agent is handed the first output alone (`mapResult` of n8n-core), and what is wrong has to come first.
		if (this.getNode().type.endsWith('Tool')) return [missing.concat(unindexed, matched)];
		return [matched, missing, unindexed];
	}
}

/** Why days cannot be proven complete. */
function unprovenErrors({ gaps, unreadable }: TenantReading): Error[] {
	const consequence = 'Without its index a day cannot be proven complete.';
	return [
		...unreadable.map(({ reason }) => reason),
		...gaps.map((gap) => gapError(gap, { detail: 'auto', consequence })),
	];
}
