import type { IndexRow } from '../../recordings/indexRow';
import { parseDirectoryName } from '../../recordings/remoteName';
import { addDays, datesBetween, tenantDay } from '../../recordings/tenantDay';
import { tenantOverview } from '../reading/indexListing';
import { readTenantDays } from '../reading/tenantReading';
import type { PollRequest } from './pollRequest';

/** Tenant days read at once while looking for the newest calls, and how often another stretch before them is tried. */
const DAYS = 3;
const STRETCHES = 4;

/** The newest calls of the index that match, oldest first, and how many were looked at. */
export async function exampleCalls(request: PollRequest, count: number): Promise<{ items: IndexRow[]; seen: number }> {
	const { store, tenantDirectory, clock, matches, budget } = request;
	const { indexFiles, dayDirectories } = await tenantOverview(store, tenantDirectory);
	const newest = indexFiles[0]?.date ?? parseDirectoryName(dayDirectories[0] ?? '');
	let items: IndexRow[] = [];
	let seen = 0;
	let last = newest;
	for (
		let stretch = 0;
		stretch < STRETCHES && last !== undefined && items.length < count && !budget.isNearlySpent;
		stretch++
	) {
		const first = addDays(last, 1 - DAYS);
		const days = datesBetween(first, last).map((date) => tenantDay(date, clock));
		const result = await readTenantDays(
			{
				store,
				tenantDirectory,
				clock,
				detail: 'auto',
				format: { encoding: 'auto', dateOrder: 'auto', includeRawRow: false },
				matches,
				signal: budget.signal,
			},
			days,
		);
		seen += result.seen;
		items = [...result.rows, ...items];
		last = addDays(first, -1);
	}
	return { items: items.slice(-count), seen };
}
