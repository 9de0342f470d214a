import type { IndexRow } from '../../recordings/indexRow';
import { parseDirectoryName } from '../../recordings/remoteName';
import { addDays, datesBetween, tenantDay } from '../../recordings/tenantDay';
import type { UnreadableIndex } from '../reading/fileEvidence';
import { AUTOMATIC_FORMAT } from '../reading/indexFileReading';
import { tenantOverview } from '../reading/indexListing';
import { readTenantDays } from '../reading/tenantReading';
import type { PollRequest } from './pollRequest';

/** Tenant days read at once while looking for the newest calls, and how often another stretch before them is tried. */
const DAYS = 3;
const STRETCHES = 4;

/** The newest calls of the index that match, oldest first, and how many were looked at. */
export async function exampleCalls(request: PollRequest, count: number): Promise<{ items: IndexRow[]; seen: number }> {
	const { store, tenantDirectory, clock, judge, budget } = request;
	const { indexFiles, dayDirectories } = await tenantOverview(store, tenantDirectory);
	const newest = indexFiles[0]?.date ?? parseDirectoryName(dayDirectories[0] ?? '');
	let items: IndexRow[] = [];
	let seen = 0;
	let unreadable: UnreadableIndex | undefined;
	let last = newest;
	for (
		let stretch = 0;
		stretch < STRETCHES && last !== undefined && items.length < count && !budget.isNearlySpent;
		stretch++
	) {
		const first = addDays(last, 1 - DAYS);
		const days = datesBetween(first, last).map((date) => tenantDay(date, clock));
		const { signal } = budget;
		const result = await readTenantDays(
			{ store, tenantDirectory, clock, detail: 'auto', format: AUTOMATIC_FORMAT, judge, signal },
			days,
		);
		seen += result.seen;
		unreadable ??= result.unreadable[0];
		const judged = result.calls.filter(({ isUnjudged }) => !isUnjudged);
		items = [...judged.map(({ row }) => row), ...items];
		last = addDays(first, -1);
	}
	if (seen === 0 && unreadable !== undefined) throw unreadable.reason;
	return { items: items.slice(-count), seen };
}
