import type { PollState } from './pollState';
import { firstDay } from './pollWindow';
import { SeenRecordings } from './seenRecordings';
import { addDays } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';

/** Days before the look-back that a recording may still be remembered for: a time zone reaches into one, a call over midnight into another. */
const DAYS_BEFORE = 2;

/** A state that is not ready for a clock that goes back, which takes less room after a longer time off. */
export function withoutEarlier({ earlier, ...state }: PollState): PollState {
	if (earlier === undefined) return state;
	const seen = new SeenRecordings(state.seen);
	seen.forgetBefore(addDays(state.since, -DAYS_BEFORE));
	return { ...state, seen: seen.pack() };
}

/**
 * The longest look-back, in days, whose recordings fit into the memory; 0 when not even those of one day do.
 *
 * @param fits whether a state can be kept
 */
export function fittingLookback(
	state: PollState,
	today: CalendarDate,
	lookbackDays: number,
	fits: (state: PollState) => boolean,
): number {
	const seen = new SeenRecordings(state.seen);
	for (let days = lookbackDays - 1; days > 0; days -= 1) {
		seen.forgetBefore(addDays(firstDay(today, days), -DAYS_BEFORE));
		if (fits({ ...state, seen: seen.pack() })) return days;
	}
	return 0;
}
