import type { PollState } from './pollState';
import { firstDay } from './pollWindow';
import { SeenRecordings } from './seenRecordings';
import { addDays } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';

/** Bytes of JSON that a trigger keeps in n8n's database, which writes the whole of it with every emission. */
export const MOST_BYTES = 256_000;

/** Days before the look-back that a recording may still be remembered for: a time zone reaches into one, a call over midnight into another. */
const DAYS_BEFORE = 2;

/** Bytes of JSON. */
export function bytesOf(state: PollState): number {
	return Buffer.byteLength(JSON.stringify(state));
}

/** The longest look-back, in days, whose recordings fit into the memory; 0 when not even those of one day do. */
export function fittingLookback(state: PollState, today: CalendarDate, lookbackDays: number): number {
	const seen = new SeenRecordings(state.seen);
	for (let days = lookbackDays - 1; days > 0; days -= 1) {
		seen.forgetBefore(addDays(firstDay(today, days), -DAYS_BEFORE));
		if (bytesOf({ ...state, seen: seen.pack() }) <= MOST_BYTES) return days;
	}
	return 0;
}
