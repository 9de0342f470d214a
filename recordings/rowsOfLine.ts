import { cellsOf, DELIMITERS } from './csvCells';
import type { CsvDialect } from './csvCells';
import { isStampedCell } from './recordingPlace';

/** What a line has to be like to hold whole rows. */
interface RowShape {
	readonly columnCount: number;
	/** -1 where the header does not name it. */
	readonly fileNameAt: number;
}

/** With fewer columns, a cell with delimiters in it may well be the only one that is filled. */
const FEWEST_COLUMNS = 4;

/**
 * Cells of a line that has too few of them, or nothing behind the first: of one that is quoted as a whole, as a spreadsheet leaves
 * it, or is parted by another delimiter, as in a file that was put together from exports of several kinds.
 */
export function otherwiseParted(text: string, cells: string[], dialect: CsvDialect & RowShape): string[] {
	const { columnCount } = dialect;
	const only = columnCount < FEWEST_COLUMNS ? undefined : onlyCell(cells);
	if (only === undefined && cells.length * 2 >= columnCount) return cells;
	const inside = only ?? text;
	for (const delimiter of [dialect.delimiter, ...DELIMITERS]) {
		if (!inside.includes(delimiter)) continue;
		const other = cellsOf(inside, { ...dialect, delimiter });
		const isMore = other.length > (only === undefined ? cells.length : 1);
		if (isMore && other.length * 2 >= columnCount) return other;
	}
	return cells;
}

/** The first cell, if nothing stands behind it; `undefined` otherwise. */
export function onlyCell(cells: readonly string[]): string | undefined {
	return cells.every((cell, position) => position === 0 || cell.trim() === '') ? cells[0] : undefined;
}

const CALL_TYPE_BEHIND = /^(.*?)[\s"]*((?:inbound|outbound|direct agent access)(?: call)?)$/is;

/**
 * The rows of a line: several where a line end is lost, which shows by a second recording's name as far behind the cell in which two
 * rows meet as FILENAME is from the front, with all the columns of a row around it. The first of them may be cut short.
 */
export function rowsOfLine(cells: readonly string[], { columnCount, fileNameAt }: RowShape): Array<readonly string[]> {
	const rows: Array<readonly string[]> = [];
	let left = cells;
	while (fileNameAt > 0 && left.length >= columnCount + fileNameAt && isStampedCell(left[fileNameAt] ?? '')) {
		// Names side by side are those of one call.
		const behind = left.findIndex((cell, position) => position > fileNameAt && !isStampedCell(cell));
		const from = Math.max(2 * fileNameAt, behind);
		const begin = left.findIndex((cell, position) => position > from && isStampedCell(cell)) - fileNameAt;
		const next = left.slice(begin + 1, begin + columnCount);
		if (begin < 0 || next.length < columnCount - 1) break;
		const meeting = left[begin] ?? '';
		const [, last = meeting, first = ''] = CALL_TYPE_BEHIND.exec(meeting) ?? [];
		rows.push([...left.slice(0, begin), last]);
		left = [first, ...left.slice(begin + 1)];
	}
	return [...rows, left];
}
