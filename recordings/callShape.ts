import { DATE_ORDERS, readTime, wallMillisOf } from './indexTime';
import { parseDirectoryName, parseRecordingName } from './remoteName';

/** A call type as 8x8 writes it, and nothing behind it. */
const CALL_TYPE = /^(?:in|out|inbound|outbound|direct agent access|daa)$/i;

/** A name alone, or its directory and something more, or three smaller things. */
export const WEIGHT_OF_CALL = 3;
/** Cells that a row has at least, in an index with as many columns. */
const FEWEST_CELLS = 4;

/**
 * Whether cells look like a row about a call wherever its columns stand: a recording's name, a day directory, times, a call type.
 * Text that runs over several lines hardly ever does.
 */
export function looksLikeCall(cells: readonly string[], columnCount: number): boolean {
	if (cells.length < Math.min(FEWEST_CELLS, columnCount)) return false;
	return callWeight(cells) >= WEIGHT_OF_CALL;
}

/** How much of a call cells hold. */
export function callWeight(cells: readonly string[]): number {
	return cells.reduce((weight, cell) => weight + weightOf(cell.trim()), 0);
}

function weightOf(cell: string): number {
	if (cell.length < 2 || cell.length > 64) return 0;
	if (parseRecordingName(cell) !== undefined) return WEIGHT_OF_CALL;
	if (parseDirectoryName(cell) !== undefined) return 2;
	return CALL_TYPE.test(cell) || isTime(cell) ? 1 : 0;
}

/** Whether a cell is a time in one order of day and month or another. */
export function isTime(cell: string): boolean {
	const time = readTime(cell);
	return time !== undefined && DATE_ORDERS.some((order) => wallMillisOf(time, order) !== undefined);
}
