import { parse } from 'csv-parse/sync';

import { callWeight, looksLikeCall, WEIGHT_OF_CALL } from './callShape';
import { cellsOf, formOf, isOpen, plainCells } from './csvCells';
import type { CsvDialect, CsvForm } from './csvCells';
import { fileNameAt, headerAgain } from './indexColumn';
import type { HeaderCell } from './indexColumn';
import type { TextLine } from './indexText';
import { isStampedCell, isStampedPath } from './recordingPlace';
import { otherwiseParted, rowsOfLine } from './rowsOfLine';

/** One row of a CSV as cells of text, not yet decoded. */
export interface CsvRecord {
	readonly cells: readonly string[];
	/** The physical line where the row starts, counted from 1. */
	readonly line: number;
	/** A quote of the row has no partner, so it was read as an ordinary character. */
	readonly strayQuote: boolean;
	/** The file ends on this row without a line end. */
	readonly unterminated: boolean;
	/** The line or lines, when they are legal CSV. */
	readonly legalText: string | undefined;
	/** Where the header above it has FILENAME, counted from 0; -1 when it does not name it. */
	readonly fileNameAt: number;
	/** Other rows follow in the same line. */
	readonly sharesLine: boolean;
	/** A line break without quotes around it stood in a value. */
	readonly isRejoined: boolean;
}

export interface RowDialect extends CsvDialect {
	/** Cells in the header, which tell a whole row from a piece of one. */
	readonly columnCount: number;
	/** Where the header has FILENAME, counted from 0; -1 when it does not name it. */
	readonly fileNameAt: number;
	/** The header ends with a delimiter, and so do the rows. */
	readonly hasTrailing: boolean;
}

/** Is told of lines that are no rows. */
export interface LineObserver {
	tooLong(line: number): void;
	/** Nothing but zero bytes or the Ctrl-Z with which DOS ends a file. */
	blank(line: number): void;
	/** Two bytes a letter in a file that has one. */
	utf16(line: number): void;
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
	readonly form: CsvForm;
	/** That of the header above it. */
	readonly dialect: RowDialect;
}

/**
 * Rows of a CSV, the legal ones parsed by csv-parse in batches. A parser alone would let one quote that nobody closed swallow
 * the rows after it, so rows are put together here: a line that ends inside a quoted cell goes on in the next lines only if that
 * makes a row and takes none of another; otherwise it is a row by itself with a stray quote.
 */
export async function* readRecords(
	batches: AsyncIterable<readonly TextLine[]>,
	dialect: RowDialect,
	observer: LineObserver,
): AsyncGenerator<CsvRecord[], void, void> {
	const assembly = new RowAssembly(dialect);
	const rejoining = new Rejoining();
	const clean = cleanerOf(observer);
	for await (const lines of batches) {
		for (const line of lines) {
			if (line.tooLong) {
				assembly.end();
				observer.tooLong(line.number);
				continue;
			}
			const cleaned = clean(line);
			if (cleaned !== undefined) assembly.add(cleaned);
			if (assembly.rows.length >= BATCH) yield rejoining.of(parseBatch(assembly.take(), dialect));
		}
	}
	assembly.end();
	yield [...rejoining.of(parseBatch(assembly.take(), dialect)), ...rejoining.rest()];
}

/** A byte order mark of UTF-8, as it stands in text that is not decoded yet. */
const MARK = '\u00ef\u00bb\u00bf';
export const MARKS = new RegExp(`^(?:${MARK})+`);
const CTRL_Z = '\x1a';
const END_OF_FILE = new RegExp(`${CTRL_Z}+\\s*$`);

/** Takes out of lines what is no text: a byte order mark in the middle of a file, zero bytes, Ctrl-Z. */
function cleanerOf(observer: LineObserver): (line: TextLine) => TextLine | undefined {
	let isAfterUtf16 = false;
	return (line) => {
		const { text, number } = line;
		const hasZeros = text.includes('\0');
		if (!hasZeros && !text.includes(CTRL_Z) && !text.startsWith(MARK)) {
			isAfterUtf16 = false;
			return line;
		}
		const rest = text.replaceAll('\0', '');
		// The line end of UTF-16 leaves its second byte on a line of its own.
		if (isAfterUtf16 && rest === '' && text.length === 1) return undefined;
		isAfterUtf16 = hasZeros && isUtf16(text);
		if (isAfterUtf16) {
			observer.utf16(number);
			return undefined;
		}
		const kept = rest.replace(MARKS, '').replace(END_OF_FILE, '');
		if (kept.trim() !== '') return { ...line, text: kept };
		observer.blank(number);
		return undefined;
	};
}

/** Every second byte of a longer stretch is zero. */
function isUtf16(text: string): boolean {
	const inner = text.replace(/^\0+|\0+$/g, '');
	return inner.length > 2 && inner.length - inner.replaceAll('\0', '').length > inner.length / 3;
}

/** Puts lines together into rows. */
class RowAssembly {
	rows: PendingRow[] = [];

	/** Lines that begin with one whose quote is still open. */
	#open: TextLine[] = [];

	#openCharacters = 0;

	constructor(private dialect: RowDialect) {}

	take(): PendingRow[] {
		const { rows } = this;
		this.rows = [];
		return rows;
	}

	add(line: TextLine): void {
		if (this.#open.length === 0) {
			const form = formOf(line.text, this.dialect);
			if (!isOpen(form)) {
				this.#push([line], form);
				return;
			}
		}
		// No value runs over a header.
		if (this.#headerIn(line.text) !== undefined) this.#settle(true);
		this.#open.push(line);
		this.#openCharacters += line.text.length;
		this.#settle(false);
	}

	/** No line comes after those that were added. */
	end(): void {
		this.#settle(true);
	}

	#settle(isEnd: boolean): void {
		for (let [first] = this.#open; first !== undefined; [first] = this.#open) {
			const isFull = this.#open.length >= MOST_LINES || this.#openCharacters > MOST_CHARACTERS;
			const row = this.#rowAt(this.#open, isEnd, isFull);
			if (row === undefined) return;
			this.#push(this.#open.slice(0, row.lines), row.form, row.isCut);
			this.#open = this.#open.slice(row.lines);
			this.#openCharacters = this.#open.reduce((sum, { text }) => sum + text.length, 0);
		}
	}

	#push(lines: readonly TextLine[], form: CsvForm, isCut = false): void {
		const [first] = lines;
		const text = joined(lines);
		if (first === undefined || text.trim() === '') return;
		this.#followHeader(text);
		const unterminated = isCut || lines.at(-1)?.end === '';
		this.rows.push({ text, line: first.number, unterminated, form, dialect: this.dialect });
	}

	/** Rows about a recording have a dot in its name, and headers have none. */
	#headerIn(text: string): HeaderCell[] | undefined {
		return text.includes('.') ? undefined : headerAgain(cellsOf(text, this.dialect));
	}

	/** Below a header in the middle of the file its columns count. */
	#followHeader(text: string): void {
		const header = this.#headerIn(text);
		if (header !== undefined)
			this.dialect = { ...this.dialect, columnCount: header.length, fileNameAt: fileNameAt(header) };
	}

	/** The row that begins on the first of the lines; `undefined` when later lines have to tell. */
	#rowAt(
		lines: readonly TextLine[],
		isEnd: boolean,
		isFull: boolean,
	): { readonly lines: number; readonly form: CsvForm; readonly isCut?: boolean } | undefined {
		const { dialect } = this;
		const closed = closedRow(lines, dialect);
		const alone = { lines: 1, form: formOf(lines[0]?.text ?? '', dialect) };
		if (closed?.lines === 1) return alone;
		if (closed !== undefined) {
			const takes = this.#takesAnother(lines, closed, isEnd || isFull);
			if (takes === undefined) return undefined;
			return takes ? alone : closed;
		}
		const [first, newest] = [lines[0], lines.at(-1)];
		if (lines.length > 1 && newest !== undefined && isCallByItself(newest, dialect)) return alone;
		if (isFull) return alone;
		if (!isEnd) return undefined;
		// The file ends inside a quoted value.
		const isMoreText = lines.slice(1).every(({ text }) => plainCells(text, dialect).length * 2 < dialect.columnCount);
		const isWhole = cellsOf(first?.text ?? '', dialect).length >= dialect.columnCount;
		if (newest?.end === '' && isMoreText && !isWhole) return { lines: lines.length, form: alone.form, isCut: true };
		return { ...alone, isCut: lines.length === 1 };
	}

	/** Whether a row over several lines would swallow another; `undefined` when later lines have to tell. */
	#takesAnother(
		lines: readonly TextLine[],
		closed: { readonly lines: number; readonly form: CsvForm },
		isEnd: boolean,
	): boolean | undefined {
		const { dialect } = this;
		const { columnCount } = dialect;
		if (closed.form === 'broken') return true;
		const cells = cellsOf(joined(lines.slice(0, closed.lines)), dialect);
		const isInPlace = isOneRow(cells, dialect);
		if (closed.form === 'bare' && !isInPlace) return true;
		if (!isInPlace && cells.length > columnCount && !namesAreTogether(cells)) return true;
		// A row that holds less of calls than its lines do by themselves has another row in one of its cells.
		const ownWeight = callWeight(cells.flatMap(namesOrCell));
		if (weightByLines(lines.slice(0, closed.lines), dialect) >= ownWeight + WEIGHT_OF_CALL) return true;
		const isFirstWhole = isWholeCall(lines[0]?.text ?? '', dialect);
		for (let at = 1; at < closed.lines; at += 1) {
			const inner = closedRow(lines.slice(at), dialect);
			const text = lines[at]?.text ?? '';
			const isStrict = inner !== undefined && (inner.form === 'legal' || inner.form === 'padded');
			if (isStrict) {
				const innerCells = cellsOf(joined(lines.slice(at, at + inner.lines)), dialect);
				const isRow = !isInPlace || isOneRow(innerCells, dialect);
				// A row that would end beyond this one, and tells less, is made of pieces of both.
				const isPieces = at + inner.lines > closed.lines && callWeight(innerCells) < callWeight(cells);
				if (isRow && !isPieces && looksLikeCall(innerCells, columnCount)) return true;
				// Its first line and what stands in its last cell fit the header, and it does not.
				const isUnfit = !isInPlace || (isFirstWhole && cells.length !== columnCount);
				if (innerCells.length === columnCount && isUnfit) return true;
			} else if (inner === undefined && !isEnd && formOf(text, dialect) === 'open') {
				return undefined;
			}
		}
		return false;
	}
}

/** Whether one line is a call by itself, with all of its columns. */
function isWholeCall(text: string, dialect: RowDialect): boolean {
	const cells = cellsOf(text, dialect);
	return cells.length >= dialect.columnCount && looksLikeCall(cells, dialect.columnCount);
}

/** The names of a cell that holds nothing else, which may stand on lines of their own; a text with names in it may be another row. */
function namesOrCell(cell: string): readonly string[] {
	const words = cell.split(/[\s,;|]+/).filter((word) => word !== '');
	return words.length > 1 && words.every(isStampedPath) ? words : [cell];
}

/** How much of calls lines hold, each read by itself. */
function weightByLines(lines: readonly TextLine[], dialect: RowDialect): number {
	return lines.reduce((sum, { text }) => sum + callWeight(cellsOf(text, dialect)), 0);
}

/** Whether the recordings' names of a row stand side by side, as those of one call do. */
function namesAreTogether(cells: readonly string[]): boolean {
	return cells.slice(cells.findIndex(isStampedCell), cells.findLastIndex(isStampedCell) + 1).every(isStampedCell);
}

/** Whether cells are those of a row: as many as columns, the recording where it belongs, or more than columns by bare delimiters. */
function isOneRow(cells: readonly string[], dialect: RowDialect): boolean {
	if (isWholeRow(cells, dialect) || hasNameInPlace(cells, dialect)) return true;
	const { columnCount } = dialect;
	return cells.length > columnCount && looksLikeCall(cells, columnCount) && namesAreTogether(cells);
}

/** A trailing delimiter adds an empty cell. */
function isWholeRow(cells: readonly string[], { columnCount }: RowDialect): boolean {
	return cells.length === columnCount || (cells.length === columnCount + 1 && cells.at(-1)?.trim() === '');
}

function hasNameInPlace(cells: readonly string[], { fileNameAt }: { readonly fileNameAt: number }): boolean {
	return isStampedCell(cells[fileNameAt] ?? '');
}

/** How many lines make the row that begins on the first; `undefined` when none of them closes its quote. */
function closedRow(
	lines: readonly TextLine[],
	dialect: CsvDialect,
): { readonly lines: number; readonly form: CsvForm } | undefined {
	let text = '';
	for (const [position, line] of lines.entries()) {
		text += line.text;
		// Only a line with a quote can close one.
		if (position === 0 || line.text.includes(dialect.quote)) {
			const form = formOf(text, dialect);
			if (!isOpen(form)) return { lines: position + 1, form };
		}
		text += line.end;
	}
	return undefined;
}

function isCallByItself({ text }: TextLine, dialect: RowDialect): boolean {
	const form = formOf(text, dialect);
	return (form === 'legal' || form === 'padded') && looksLikeCall(cellsOf(text, dialect), dialect.columnCount);
}

/** Lines joined as they stood in the file. */
function joined(lines: readonly TextLine[]): string {
	if (lines.length === 1) return lines[0]?.text ?? '';
	return lines.map((line, position) => (position === lines.length - 1 ? line.text : line.text + line.end)).join('');
}

function parseBatch(batch: readonly PendingRow[], dialect: RowDialect): CsvRecord[] {
	const legal = parseLegal(
		batch.filter(({ form }) => form === 'legal').map(({ text }) => text),
		dialect,
	);
	let next = 0;
	return batch.flatMap(({ text, line, unterminated, form, dialect: own }) => {
		const isLegal = form === 'legal';
		const cells = isLegal ? (legal[next++] ?? []) : cellsOf(text, own);
		const rows = rowsOfLine(otherwiseParted(text, cells, own), own);
		return rows.map((row, position): CsvRecord => {
			const isLast = position === rows.length - 1;
			return {
				cells: row,
				line,
				strayQuote: form === 'broken' || isOpen(form),
				unterminated: unterminated && isLast,
				legalText: isLegal ? text : undefined,
				fileNameAt: own.fileNameAt,
				sharesLine: !isLast,
				isRejoined: false,
			};
		});
	});
}

/** Whether each cell of a record stood in quotes of its own, so that no delimiter can have split one. */
export function isQuotedThroughout({ cells, legalText }: CsvRecord, { quote, delimiter }: CsvDialect): boolean {
	return legalText?.startsWith(quote) === true && legalText.split(quote + delimiter + quote).length === cells.length;
}

/**
 * Puts rows together again that a line break without quotes has parted before their recording's name: a short row without one, and
 * behind it another short one whose name stands where the two together have FILENAME.
 */
class Rejoining {
	/** May be the first part of a row. */
	#held: CsvRecord | undefined;

	of(records: readonly CsvRecord[]): CsvRecord[] {
		const rows: CsvRecord[] = [];
		for (const record of records) {
			const whole = this.#held === undefined ? undefined : this.#joined(this.#held, record);
			rows.push(...(whole === undefined ? this.rest() : []));
			this.#held = undefined;
			if (whole === undefined && this.#isFirstPart(record)) this.#held = record;
			else rows.push(whole ?? record);
		}
		return rows;
	}

	/** What waits for the next row when none comes. */
	rest(): CsvRecord[] {
		return this.#held === undefined ? [] : [this.#held];
	}

	#isFirstPart({ cells, fileNameAt, unterminated }: CsvRecord): boolean {
		return cells.length > 1 && cells.length <= fileNameAt && !unterminated && !cells.some(isStampedCell);
	}

	#joined(first: CsvRecord, second: CsvRecord): CsvRecord | undefined {
		const [before, [begin = '', ...behind]] = [first.cells.slice(0, -1), second.cells];
		const cells = [...before, `${first.cells.at(-1) ?? ''}\n${begin}`, ...behind];
		if (hasNameInPlace(second.cells, second) || !hasNameInPlace(cells, second)) return undefined;
		const strayQuote = first.strayQuote || second.strayQuote;
		return { ...second, cells, line: first.line, strayQuote, legalText: undefined, isRejoined: true };
	}
}

/** Cells of rows that are legal CSV. */
function parseLegal(rows: readonly string[], { delimiter, quote }: CsvDialect): string[][] {
	if (rows.length === 0) return [];
	return parse(rows.join('\n'), {
		delimiter,
		quote,
		escape: quote,
		relax_column_count: true,
		skip_empty_lines: false,
		record_delimiter: ['\r\n', '\n', '\r'],
	}) as string[][];
}
