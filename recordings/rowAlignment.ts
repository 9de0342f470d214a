import { readDuration } from './callDuration';
import { isTime } from './callShape';
import type { HeaderCell, IndexColumn } from './indexColumn';
import { dayDirectoryIn, recordingPaths } from './recordingPlace';
import { withoutGuard } from './spreadsheetGuard';

const PHONE = /^[+*#\d][\d\s().x#*+-]*$/i;
/** What exports write where there is nothing. */
const PLACEHOLDER = /^(?:n\/?a|null|none|nil|yes|no|\W*)$/i;
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

/** Cells that must not be wrong: a row whose recording stands in another column is a row of another call. */
const ANCHORS: ReadonlySet<IndexColumn> = new Set<IndexColumn>(['fileName', 'directory']);

/** Joining cells, or leaving a column out, has to be worth something. */
const STEP_COST = 0.01;
/** More surplus than this is another kind of file, and trying all of it would take long. */
const MOST_SURPLUS = 40;

function fitOf(text: string, column: IndexColumn | undefined): number {
	const looksRight = column === undefined ? undefined : LOOKS_LIKE[column];
	const cell = withoutGuard(text.trim());
	if (column === undefined || looksRight === undefined || PLACEHOLDER.test(cell)) return 0;
	const weight = ANCHORS.has(column) ? 5 : 1;
	return looksRight(cell) ? weight : -weight;
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
	if (Math.abs(surplus) > Math.max(MOST_SURPLUS, header.length)) return [...cells];
	const mostJoined = Math.max(1, surplus + 2);
	const mostGaps = Math.max(1, -surplus);
	const lastIsText = isText(header.at(-1)?.column);

	// From the last column back: how well the cells from `at` on fit the columns from `column` on, and how many the first takes.
	type Way = { readonly fit: number; readonly taken: number };
	let later = new Map<number, Way>();
	const ways: Array<ReadonlyMap<number, Way>> = [];
	for (let at = 0; at <= cells.length; at += 1) {
		const left = cells.length - at;
		if (left === 0) later.set(at, { fit: 0, taken: 0 });
		else if (!lastIsText) later.set(at, { fit: -left * 2 * STEP_COST, taken: 0 });
	}
	for (let column = header.length - 1; column >= 0; column -= 1) {
		const here = new Map<number, Way>();
		const from = Math.max(0, column - mostGaps);
		const to = Math.min(cells.length, column + Math.max(0, surplus) + 1);
		for (let at = from; at <= to; at += 1) {
			let best: Way | undefined;
			for (const taken of takenAtMost(mostJoined, cells.length - at)) {
				const rest = later.get(at + taken);
				if (rest === undefined) continue;
				const own = taken === 0 ? 0 : fitOf(joinedCells(cells, at, taken, delimiter), header[column]?.column);
				// A gap at the end costs nothing: that is how a row ends early.
				const cost = taken === 0 ? (at === cells.length ? 0 : STEP_COST) : (taken - 1) * STEP_COST;
				const fit = own + rest.fit - cost;
				if (best === undefined || fit > best.fit + STEP_COST / 10) best = { fit, taken };
			}
			if (best !== undefined) here.set(at, best);
		}
		ways[column] = here;
		later = here;
	}
	return followed(cells, header.length, ways, delimiter) ?? [...cells];
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
		aligned.push(way.taken === 0 ? undefined : joinedCells(cells, at, way.taken, delimiter));
		at += way.taken;
	}
	return [...aligned, ...cells.slice(at)];
}

/** One cell before anything else, so that of equal ways the first columns are taken as they stand. */
function takenAtMost(most: number, left: number): number[] {
	const joins = Array.from({ length: Math.max(0, Math.min(most, left) - 1) }, (_, more) => more + 2);
	return left === 0 ? [0] : [1, 0, ...joins];
}

function joinedCells(cells: readonly string[], at: number, count: number, delimiter: string): string {
	if (count === 1) return cells[at] ?? '';
	const text = cells.slice(at, at + count).join(delimiter);
	// An apostrophe at both ends of what belongs together was meant as a quote.
	return /^\s*'([^']*)'\s*$/s.exec(text)?.[1] ?? text;
}

/** Whether a column takes anything, so that nothing in it can be told from its shape. */
export function isText(column: IndexColumn | undefined): boolean {
	return column === undefined || LOOKS_LIKE[column] === undefined;
}
