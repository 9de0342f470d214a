import { isTime } from './callShape';
import type { IndexColumn } from './indexColumn';

/** The first words of a line that sums up, says how many there are, or where the file is from. */
const SUMMARY =
	/^\W*(?:grand|sub|(?:sub)?totals?|sums?|counts?|averages?|avg|records?|rows?|calls?\s*:|end of|page|report|generated|exported|printed|\d+\s+(?:records?|rows?|calls?))(?!\p{L})/iu;
const NUMBER_DIALLED = /^\+?\d[\d\s().-]{4,}$/;
const CALL_TYPE = /^(?:in|out|direct)/i;

/** Pieces of a call that are needed when no time and no recording is told. */
const ENOUGH = 2;

/**
 * Whether a row is no call: it names no recording, tells no time, and little else of a call stands where it belongs. That is so for totals,
 * counts, dashes and lines of delimiters.
 *
 * @param cellOf the cell under a column, `undefined` when it is absent or empty
 * @param columns those that the header names
 * @param first the first cell that is not empty
 */
export function isNoCall(
	cellOf: (column: IndexColumn) => string | undefined,
	columns: ReadonlySet<IndexColumn>,
	first: string | undefined,
): boolean {
	if (first === undefined) return true;
	const callType = cellOf('callType');
	const isSummary = SUMMARY.test(first) && (callType === undefined || !CALL_TYPE.test(callType));
	const times = (['startTimeUtc', 'startTime', 'stopTimeUtc', 'stopTime'] as const).map(
		(column) => cellOf(column) ?? '',
	);
	if (isSummary) return true;
	if (times.some(isTime)) return false;
	const pieces = [
		CALL_TYPE.test(callType ?? ''),
		NUMBER_DIALLED.test(cellOf('customerNumber') ?? ''),
		NUMBER_DIALLED.test(cellOf('calledNumber') ?? ''),
	].filter(Boolean).length;
	// Any text may be a name and any number an id, so the two together prove nothing.
	const others = [
		/\d/.test(cellOf('transactionId') ?? ''),
		/[A-Za-z\u0080-\uffff]{2}/.test(cellOf('agentName') ?? ''),
		// A time that cannot be read. Below a call type, sums have a number.
		times.some((cell) => /\p{L}{2}/u.test(cell)),
	].filter(Boolean).length;
	if (pieces > 0 && pieces + others >= ENOUGH) return false;
	const filled = [...columns].filter((column) => /[\p{L}\p{N}]/u.test(cellOf(column) ?? '')).length;
	return filled < ENOUGH || filled * 2 < columns.size;
}
