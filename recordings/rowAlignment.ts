import { readDuration } from './callDuration';
import { isTime } from './callShape';
import type { HeaderCell, IndexColumn } from './indexColumn';
import { dayDirectoryIn, isStampedCell, PLACEHOLDER, recordingPaths } from './recordingPlace';
import { withoutGuard } from './spreadsheetGuard';

const PHONE = /^[+*#\d][\d \u00a0().x#*+-]*$/i;
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
	fileName: (cell) => recordingPaths(cell).length > 0,
	directory: (cell) => dayDirectoryIn(cell) !== undefined,
};

/** Whether a cell may stand in a column, asked gently: numbers and times are not all written as one expects, but have digits. */
export function mayStandIn(cell: string, column: IndexColumn): boolean {
	if (ANCHORS.has(column) ? LOOKS_LIKE[column]?.(withoutGuard(cell.trim())) === true : /\d/.test(cell)) return true;
	return isText(column) || column === 'callType' || PLACEHOLDER.test(cell.trim());
}

/** Cells that must not be wrong: a row whose recording stands in another column is a row of another call. */
const ANCHORS: ReadonlySet<IndexColumn> = new Set<IndexColumn>(['fileName', 'directory']);

const ANCHOR_WEIGHT = 5;

/** Joining cells has to be worth something. */
const JOIN_COST = 0.01;
/** A value that is whole without the cells behind it hardly has them, but for the thousands of a duration. */
const WHOLE_BEFORE_COST = 0.1;
/** A column is left out, and cells are joined for it, only where that puts another one right: a cell that does not fit is worth less. */
const GAP_COST = 1;
/** So many values of a row may be missing while others are split. */
const MOST_MISSING = 4;
/** More surplus than this is another kind of file, and trying all of it would take long. */
const MOST_SURPLUS = 40;

/** How well cells put together fit a column. */
function fitOf(cells: readonly string[], column: IndexColumn | undefined, delimiter: string): number {
	const looksRight = column === undefined ? undefined : LOOKS_LIKE[column];
	if (column === undefined || looksRight === undefined) return -missedIn(cells);
	const [first = ''] = cells;
	const cell = withoutGuard(joinedCells(cells, delimiter).trim());
	if (PLACEHOLDER.test(cell)) return 0;
	// What only has a name or a directory in it somewhere is no anchor.
	if (ANCHORS.has(column))
		return cells.every((piece) => looksRight(withoutGuard(piece.trim()))) ? ANCHOR_WEIGHT : -ANCHOR_WEIGHT;
	const isWholeBefore = cells.length > 1 && column !== 'duration' && looksRight(withoutGuard(first.trim()));
	return looksRight(cell) ? 1 - (isWholeBefore ? WHOLE_BEFORE_COST : 0) : -1;
}

/** A recording that is named in a text, or behind the last column, is missed, which is worse than a column left out. */
function missedIn(cells: readonly string[]): number {
	const named = cells.filter(isStampedCell);
	return named.length * 2 * GAP_COST;
}

/**
 * Puts the cells of a ragged row under their columns. With cells too many, unquoted delimiters have split values: neighbours
 * are joined where everything else then fits best, and between two ways that fit as well it is the later column that has the
 * delimiter in it. With cells too few, the row ends early unless gaps fit better. What is left behind the last column comes last.
 */
export function alignRow(
	cells: readonly string[],
	header: readonly HeaderCell[],
	delimiter: string,
): Array<string | undefined> {
	const surplus = cells.length - header.length;
	const isInPlace = header.every(({ column }, at) => fitOf(cells.slice(at, at + 1), column, delimiter) >= 0);
	if (surplus >= 0 && isInPlace && isBlank(cells.slice(header.length))) return cells.slice(0, header.length);
	if (Math.abs(surplus) > Math.max(MOST_SURPLUS, header.length)) return [...cells];
	const [tooMany, tooFew] = [Math.max(0, surplus), Math.max(0, -surplus)];
	const lastIsText = isText(header.at(-1)?.column);

	// From the last column back: how well the cells from `at` on fit the columns from `column` on, and how many the first takes.
	type Way = { readonly fit: number; readonly taken: number };
	let later = new Map<number, Way>();
	const ways: Array<ReadonlyMap<number, Way>> = [];
	for (let at = 0; at <= cells.length; at += 1) {
		const left = cells.length - at;
		if (isBlank(cells.slice(at))) later.set(at, { fit: 0, taken: 0 });
		else if (!lastIsText) later.set(at, { fit: -left * 2 * JOIN_COST - missedIn(cells.slice(at)), taken: 0 });
	}
	for (let column = header.length - 1; column >= 0; column -= 1) {
		const here = new Map<number, Way>();
		const from = Math.max(0, column - tooFew - MOST_MISSING);
		const to = Math.min(cells.length, column + tooMany + MOST_MISSING);
		// A row that ends early lacks its last columns, which costs nothing unless it has cells for them.
		const isEnding = header.length - column <= tooFew;
		for (let at = from; at <= to; at += 1) {
			let best: Way | undefined;
			for (const taken of takenAtMost(tooMany + 1 + MOST_MISSING, cells.length - at)) {
				const rest = later.get(at + taken);
				if (rest === undefined) continue;
				const own = taken === 0 ? 0 : fitOf(cells.slice(at, at + taken), header[column]?.column, delimiter);
				const isFree = at === cells.length && isEnding;
				const cost = taken > 0 ? (taken - 1) * JOIN_COST : isFree ? 0 : GAP_COST;
				const fit = own + rest.fit - cost;
				if (best === undefined || fit > best.fit + JOIN_COST / 10) best = { fit, taken };
			}
			if (best !== undefined) here.set(at, best);
		}
		ways[column] = here;
		later = here;
	}
	return followed(cells, header.length, ways, delimiter) ?? [...cells];
}

function isBlank(cells: readonly string[]): boolean {
	return cells.every((cell) => cell.trim() === '');
}

function followed(
	cells: readonly string[],
	columns: number,
	ways: ReadonlyArray<ReadonlyMap<number, { readonly taken: number }>>,
	delimiter: string,
): Array<string | undefined> | undefined {
	const aligned: Array<string | undefined> = [];
	let at = 0;
	for (let column = 0; column < columns; column += 1) {
		const way = ways[column]?.get(at);
		if (way === undefined) return undefined;
		aligned.push(way.taken === 0 ? undefined : joinedCells(cells.slice(at, at + way.taken), delimiter));
		at += way.taken;
	}
	const left = cells.slice(at);
	return isBlank(left) ? aligned : [...aligned, ...left];
}

/** One cell before anything else, so that of equal ways the first columns are taken as they stand. */
function takenAtMost(most: number, left: number): number[] {
	const joins = Array.from({ length: Math.max(0, Math.min(most, left) - 1) }, (_, more) => more + 2);
	return left === 0 ? [0] : [1, 0, ...joins];
}

function joinedCells(cells: readonly string[], delimiter: string): string {
	const text = cells.join(delimiter);
	if (cells.length === 1) return text;
	// An apostrophe at both ends of what belongs together was meant as a quote.
	return /^\s*'([^']*)'\s*$/s.exec(text)?.[1] ?? text;
}

/** Whether a column takes anything, so that nothing in it can be told from its shape. */
export function isText(column: IndexColumn | undefined): boolean {
	return column === undefined || LOOKS_LIKE[column] === undefined;
}
