import { parse } from 'csv-parse/sync';

import type { TextLine } from './indexText';

/** One row of a CSV as cells of text, not yet decoded. */
export interface CsvRecord {
	readonly cells: readonly string[];
	/** The physical line where the row starts, counted from 1. */
	readonly line: number;
	/** The row had a quote that nothing closes, so quotes were read as ordinary characters. */
	readonly strayQuote: boolean;
	/** The file ends on this row without a line end. */
	readonly unterminated: boolean;
}

export interface CsvDialect {
	readonly delimiter: ',' | ';' | '\t' | '|';
	/** Cells in the header, which tell a whole row from a piece of one. */
	readonly columnCount: number;
}

/** A quoted value may run over this many lines. */
const MOST_LINES = 100;
const MOST_CHARACTERS = 262_144;
/** Rows handed to the parser at once: enough to run at its speed, few enough to stay small. */
const BATCH = 500;

interface PendingRow {
	readonly text: string;
	readonly line: number;
	readonly unterminated: boolean;
}

const OPTIONS = {
	// A quote inside an unquoted value is a character like any other.
	relax_quotes: true,
	relax_column_count: true,
	skip_empty_lines: false,
	record_delimiter: ['\r\n', '\n', '\r'],
};

function parseRows(text: string, dialect: CsvDialect, quote: boolean): string[][] | undefined {
	try {
		return parse(text, { ...OPTIONS, delimiter: dialect.delimiter, quote: quote ? '"' : null }) as string[][];
	} catch {
		// The caller reads row by row then, and at last without quotes, which cannot fail.
		return undefined;
	}
}

/** Cells of one line whose quotes mean nothing. */
export function splitPlain(text: string, delimiter: string): string[] {
	return text.split(delimiter).map((cell) => cell.replace(/^\s*"|"\s*$/g, ''));
}

function parseOne(row: PendingRow, dialect: CsvDialect): CsvRecord {
	const rows = parseRows(row.text, dialect, true);
	const [cells] = rows ?? [];
	const { line, unterminated } = row;
	if (rows?.length === 1 && cells !== undefined) return { cells, line, unterminated, strayQuote: false };
	return { cells: splitPlain(row.text, dialect.delimiter), line, unterminated, strayQuote: true };
}

function quotesIn(text: string): number {
	let count = 0;
	for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
	return count;
}

/**
 * Rows of a CSV, parsed by csv-parse in batches of whole rows. A parser alone would let one quote that nobody closed
 * swallow every row after it, so rows are put together here: a line whose quotes do not pair up goes on in the next lines only if
 * that gives a whole row; otherwise it is a row by itself with a stray quote.
 */
export async function* readRecords(
	batches: AsyncIterable<readonly TextLine[]>,
	dialect: CsvDialect,
	onTooLong: (line: number) => void,
): AsyncGenerator<CsvRecord[], void, void> {
	let batch: PendingRow[] = [];
	let open: TextLine[] = [];
	let openCharacters = 0;

	const closeOpen = (atEnd: boolean): void => {
		const rows = resolveOpen(open, dialect, atEnd);
		open = rows.stillOpen;
		openCharacters = open.reduce((sum, line) => sum + line.text.length, 0);
		batch.push(...rows.rows);
	};

	const take = (line: TextLine): void => {
		if (line.tooLong) {
			closeOpen(true);
			onTooLong(line.number);
			return;
		}
		const isOdd = quotesIn(line.text) % 2 === 1;
		if (open.length === 0 && !isOdd) {
			if (line.text.trim() !== '') batch.push({ text: line.text, line: line.number, unterminated: line.end === '' });
			return;
		}
		open.push(line);
		openCharacters += line.text.length;
		const isFull = open.length >= MOST_LINES || openCharacters > MOST_CHARACTERS;
		if (isFull || (isOdd && open.length > 1)) closeOpen(isFull);
	};

	for await (const lines of batches) {
		for (const line of lines) {
			take(line);
			if (batch.length < BATCH) continue;
			yield parseBatch(batch, dialect);
			batch = [];
		}
	}
	while (open.length > 0) closeOpen(true);
	yield parseBatch(batch, dialect);
}

/** Lines joined as they stood in the file. */
function joined(lines: readonly TextLine[]): string {
	return lines.map((line, position) => (position === lines.length - 1 ? line.text : line.text + line.end)).join('');
}

/**
 * Lines that begin with an odd number of quotes: one row when they parse into one with a whole row's cells. When they don't, the
 * first line stands alone and the others are looked at again.
 */
function resolveOpen(
	open: readonly TextLine[],
	dialect: CsvDialect,
	atEnd: boolean,
): { rows: PendingRow[]; stillOpen: TextLine[] } {
	const rows: PendingRow[] = [];
	let rest = [...open];
	for (let [first] = rest; first !== undefined; [first] = rest) {
		const length = rowLength(rest, dialect);
		// Its quote is still open: the next lines may close it.
		if (length === undefined && !atEnd && !pairsUp(rest)) break;
		const taken = rest.slice(0, length ?? 1);
		const text = joined(taken);
		if (text.trim() !== '') rows.push({ text, line: first.number, unterminated: taken.at(-1)?.end === '' });
		rest = rest.slice(taken.length);
	}
	return { rows, stillOpen: rest };
}

function pairsUp(lines: readonly TextLine[]): boolean {
	return lines.reduce((sum, line) => sum + quotesIn(line.text), 0) % 2 === 0;
}

/** How many lines make the row that begins here; `undefined` when none of them closes its quote in a sensible place. */
function rowLength(lines: readonly TextLine[], dialect: CsvDialect): number | undefined {
	let quotes = 0;
	for (let count = 1; count <= lines.length; count++) {
		quotes += quotesIn(lines[count - 1]?.text ?? '');
		if (quotes % 2 === 1) continue;
		if (count === 1) return 1;
		if (standAlone(lines.slice(0, count), dialect)) return undefined;
		const rows = parseRows(joined(lines.slice(0, count)), dialect, true);
		const cells = rows?.length === 1 ? rows[0] : undefined;
		if (cells !== undefined && isWhole(cells, dialect)) return count;
	}
	return undefined;
}

/** Two stray quotes in the same column would make one row of two: lines that hold a whole row's cells each are rows each. */
function standAlone(lines: readonly TextLine[], dialect: CsvDialect): boolean {
	const holdsRow = ({ text }: TextLine): boolean => splitPlain(text, dialect.delimiter).length >= dialect.columnCount;
	const [first, ...later] = lines;
	return first !== undefined && dialect.columnCount > 1 && holdsRow(first) && later.some(holdsRow);
}

/** A trailing comma adds an empty cell. */
function isWhole(cells: readonly string[], dialect: CsvDialect): boolean {
	if (cells.length === dialect.columnCount) return true;
	return cells.length === dialect.columnCount + 1 && cells.at(-1)?.trim() === '';
}

function parseBatch(batch: readonly PendingRow[], dialect: CsvDialect): CsvRecord[] {
	if (batch.length === 0) return [];
	const parsed = parseRows(batch.map((row) => row.text).join('\n'), dialect, true);
	if (parsed === undefined || parsed.length !== batch.length) return batch.map((row) => parseOne(row, dialect));
	return batch.map(({ line, unterminated }, position) => ({
		cells: parsed[position] ?? [],
		line,
		unterminated,
		strayQuote: false,
	}));
}
