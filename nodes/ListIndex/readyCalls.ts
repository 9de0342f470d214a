import type { IndexRow } from '../../recordings/indexRow';
import type { ReadCall } from '../../tenant/reading/tenantReading';
import { waitsUntil } from '../../tenant/reading/unfinishedCalls';

export interface ReadyOptions {
	/** Whether calls wait for their detailed row, because what comes out counts as delivered. */
	readonly waits: boolean;
	/** Milliseconds since the epoch. */
	readonly now: number;
}

/** The calls that can come out now, and a sentence on each kind of those that only the basic index lists so far. */
export function readyCalls(
	calls: readonly ReadCall[],
	{ waits, now }: ReadyOptions,
): { readonly rows: readonly IndexRow[]; readonly hints: readonly string[] } {
	const waiting = calls.filter((call) => waits && call.isUnfinished && waitsUntil(call) > now);
	const unjudged = waits ? [] : calls.filter(({ isUnjudged }) => isUnjudged);
	const left = new Set([...waiting, ...unjudged]);
	const ready = calls.filter((call) => !left.has(call));
	const overdue = waits ? ready.filter(({ isUnfinished }) => isUnfinished) : [];
	const hints = [
		waiting.length === 0
			? []
			: `${counted(waiting, 'waits', 'wait')} for the detailed index, which is to list them too: they come with the run after it is there, 36 hours after the call at the latest.`,
		unjudged.length === 0
			? []
			: `${counted(unjudged, 'is', 'are')} left out, because only the basic index lists them so far and it does not have the columns that the filters ask for. List the day again when its detailed index is there.`,
		overdue.length === 0
			? []
			: `${counted(overdue, 'comes', 'come')} as the basic index has them, because the detailed one does not list them 36 hours after the call. Filters on columns that it does not have were passed over.`,
	].flat();
	return { rows: ready.map(({ row }) => row), hints };
}

function counted(calls: readonly ReadCall[], one: string, several: string): string {
	return calls.length === 1 ? `1 call ${one}` : `${calls.length} calls ${several}`;
}
