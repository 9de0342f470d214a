import { readDuration } from './callDuration';
import type { HeaderCell, IndexColumn } from './indexColumn';
import { DATE_ORDERS, readTime, wallMillisOf } from './indexTime';
import { parseDirectoryName, parseRecordingName } from './remoteName';

const PHONE = /^[+*#\d][\d\s().x#*+-]*$/i;
const IDENTIFIER = /^\d+$/;

/** Whether a cell looks like what its column holds; columns of free text take anything. */
const LOOKS_LIKE: Partial<Record<IndexColumn, (cell: string) => boolean>> = {
	callType: (cell) => /^(in|out|direct)/i.test(cell),
	startTime: isTime,
	stopTime: isTime,
	startTimeUtc: isTime,
	stopTimeUtc: isTime,
	customerNumber: (cell) => PHONE.test(cell),
	calledNumber: (cell) => PHONE.test(cell),
	phoneChannel: (cell) => PHONE.test(cell),
	caseId: (cell) => IDENTIFIER.test(cell),
	transactionId: (cell) => IDENTIFIER.test(cell),
	duration: (cell) => readDuration(cell) !== undefined,
	fileName: (cell) => parseRecordingName(cell) !== undefined,
	directory: (cell) => parseDirectoryName(cell.replace(/^[/\\]+|[/\\]+$/g, '')) !== undefined,
};

/** Cells that must not be wrong: a row whose recording stands in another column is a row of another call. */
const ANCHORS: ReadonlySet<IndexColumn> = new Set<IndexColumn>(['fileName', 'directory']);

function isTime(cell: string): boolean {
	const time = readTime(cell);
	return time !== undefined && DATE_ORDERS.some((order) => wallMillisOf(time, order) !== undefined);
}

/** How well cells fit the columns they stand under. */
function fitOf(cells: readonly (string | undefined)[], header: readonly HeaderCell[]): number {
	let fit = 0;
	for (const [position, { column }] of header.entries()) {
		const cell = cells[position]?.trim() ?? '';
		const looksRight = column === undefined ? undefined : LOOKS_LIKE[column];
		if (column === undefined || looksRight === undefined || cell === '') continue;
		const weight = ANCHORS.has(column) ? 5 : 1;
		fit += looksRight(cell) ? weight : -weight;
	}
	return fit;
}

/**
 * Puts the cells of a ragged row under their columns. With cells too many, an unquoted delimiter has split a value: the
 * neighbours are joined where everything else then fits best. With cells too few, the row ends early unless a gap
 * fits better. A tie is taken as it stands, from the left.
 */
export function alignRow(
	cells: readonly string[],
	header: readonly HeaderCell[],
	delimiter: string,
): Array<string | undefined> {
	const surplus = cells.length - header.length;
	if (surplus === 0) return [...cells];
	let best: { cells: Array<string | undefined>; fit: number } = { cells: [...cells], fit: fitOf(cells, header) };
	for (let position = 0; position < header.length; position++) {
		const candidate =
			surplus > 0
				? [
						...cells.slice(0, position),
						cells.slice(position, position + surplus + 1).join(delimiter),
						...cells.slice(position + surplus + 1),
					]
				: [...cells.slice(0, position), ...Array<undefined>(-surplus).fill(undefined), ...cells.slice(position)];
		const fit = fitOf(candidate, header);
		if (fit > best.fit) best = { cells: candidate, fit };
	}
	return best.cells;
}
