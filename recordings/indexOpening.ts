import { cellsOf, DELIMITERS, formOf, isOpen } from './csvCells';
import type { CsvDialect } from './csvCells';
import { MARKS } from './csvRecord';
import type { RowDialect } from './csvRecord';
import {
	cellsWithoutHeader,
	columnsNamed,
	COLUMNS_IN_ORDER,
	fileNameAt,
	headerCells,
	isExactHeader,
} from './indexColumn';
import type { HeaderCell } from './indexColumn';
import { IndexFormatError } from './indexFormatError';
import type { IndexNotes } from './indexNotes';
import { decodeField } from './indexText';
import type { IndexEncoding, TextLine } from './indexText';
import { parseRecordingName } from './remoteName';
import { onlyCell } from './rowsOfLine';

export interface Opening {
	readonly dialect: RowDialect;
	readonly header: readonly HeaderCell[];
	/** Lines that have been read with the header and are still to be parsed. */
	readonly rest: readonly TextLine[];
}

/** The header is looked for in so many lines. */
const LINES = 20;
/** An index has about twenty columns. Hundreds mean a wrong delimiter or another kind of file. */
const MOST_COLUMNS = 500;
/** A row that names so few columns may be anything. */
const FEWEST_NAMED = 2;

/** A line of the opening read as CSV in one dialect; a header may run over several lines. */
interface Candidate {
	readonly dialect: CsvDialect;
	readonly cells: readonly string[];
	/** Columns that it names. */
	readonly named: number;
	/** Lines before it, and lines with it. */
	readonly begin: number;
	readonly end: number;
}

/**
 * Finds the header of an index, and with it delimiter and quotes: of the first lines, up to the first call, the one that names most
 * columns.
 *
 * @throws IndexFormatError when there is none, or only a piece of one, and no recording either
 */
export async function readOpening(
	batches: AsyncGenerator<TextLine[], void, void>,
	path: string,
	encoding: IndexEncoding,
	notes: IndexNotes,
): Promise<Opening> {
	const { lines, isEnd } = await firstLines(batches, path);
	const inOpening = lines.slice(0, LINES);
	const firstText = inOpening.findIndex(({ text }) => isText(text));
	if (firstText === -1 && isEnd) throw empty(path);
	const declared = declaredDelimiter(inOpening);
	const candidates = inOpening.flatMap((_, begin) => candidatesAt(inOpening, begin, encoding));
	const { wide, ofCall } = { wide: widest(candidates, firstText), ofCall: firstCall(candidates) };
	if (wide !== undefined && wide > MOST_COLUMNS) {
		throw new IndexFormatError(
			path,
			`${path} is not an index: its first line has ${wide} columns`,
			"Check that the path names one of the tenant's index files.",
		);
	}
	const isBefore = ({ begin }: Candidate): boolean => ofCall === undefined || begin < ofCall.begin;
	const header = bestHeader(candidates.filter(isBefore), declared) ?? bestHeader(candidates, declared);
	if (header === undefined) return withoutHeader(lines, ofCall, path, encoding, notes);

	const rest = lines.slice(header.end);
	const isCut = isEnd && lines[header.end - 1]?.end === '' && rest.length === 0;
	if (isCut && !isWholeHeader(header)) throw cutHeader(path);
	const before = lines.slice(0, header.begin);
	// Calls above the header are calls too.
	const isCallAbove = ofCall !== undefined && ofCall.begin < header.begin;
	if (!isCallAbove)
		for (const { text, number } of before) if (isText(text) && !isSeparator(text)) notes.addNoCall(path, number);
	// A trailing delimiter is no column.
	const hasTrailing = header.cells.at(-1)?.trim() === '';
	const named = hasTrailing ? header.cells.slice(0, -1) : header.cells;
	const quote = header.dialect.quote === '"' ? quoteOfRows(rest, header.dialect) : header.dialect.quote;
	const columns = headerCells(named);
	const { delimiter } = header.dialect;
	return {
		dialect: { delimiter, quote, columnCount: named.length, fileNameAt: fileNameAt(columns), hasTrailing },
		header: columns,
		rest: isCallAbove ? [...before, ...rest] : rest,
	};
}

async function firstLines(
	batches: AsyncGenerator<TextLine[], void, void>,
	path: string,
): Promise<{ lines: TextLine[]; isEnd: boolean }> {
	const lines: TextLine[] = [];
	for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
		lines.push(...next.value);
		if (lines.every(({ text, tooLong }) => !tooLong && text.trim() === '')) {
			// Blank lines do not count.
			lines.splice(0, Math.max(0, lines.length - 1));
			continue;
		}
		if (lines.find(({ text, tooLong }) => tooLong || text.trim() !== '')?.tooLong === true) {
			throw new IndexFormatError(
				path,
				`${path} is not an index: its first line is longer than 1 MB`,
				'Check that the path names a CSV file.',
			);
		}
		// One line more than is looked at, since a header that ends the file may be cut short.
		if (lines.length > LINES) return { lines, isEnd: false };
	}
	return { lines, isEnd: true };
}

function isText(text: string): boolean {
	return text.replace(MARKS, '').replaceAll('\0', '').replaceAll('\x1a', '').trim() !== '';
}

function empty(path: string): IndexFormatError {
	return new IndexFormatError(
		path,
		`${path} is empty: it has not even a header`,
		'An index of a day without calls still names its columns. It may be being written: run again in a few minutes. If it stays, whoever runs the server has to restore it.',
	);
}

function cutHeader(path: string): IndexFormatError {
	return new IndexFormatError(
		path,
		`${path} ends inside its header, so nothing can be said about its calls`,
		'It may be being written: run again in a few minutes. If it stays, the file is damaged on the server, and whoever runs the server has to restore it.',
	);
}

/** The line in which spreadsheets put the delimiter. */
const SEPARATOR = /^\s*["']?\s*sep\s*=\s*(\\t|tab|[,;|\t])?/i;

function isSeparator(text: string): boolean {
	const bare = text.replace(MARKS, '');
	return SEPARATOR.test(bare) && /^[\s"',;|]*$/.test(bare.replace(SEPARATOR, ''));
}

function declaredDelimiter(lines: readonly TextLine[]): string | undefined {
	const line = lines.find(({ text }) => isSeparator(text));
	if (line === undefined) return undefined;
	const [, delimiter] = SEPARATOR.exec(line.text.replace(MARKS, '')) ?? [];
	return delimiter?.length === 1 ? delimiter : '\t';
}

/** What a header is in any dialect, if one begins on this line. */
function candidatesAt(lines: readonly TextLine[], begin: number, encoding: IndexEncoding): Candidate[] {
	const [line] = lines.slice(begin);
	if (line === undefined || line.tooLong || !isText(line.text)) return [];
	return (['"', "'"] as const).flatMap((quote) => {
		if (quote === "'" && !line.text.includes("'")) return [];
		return DELIMITERS.map((delimiter): Candidate => {
			const dialect = { delimiter, quote };
			const { text, count } = rowText(lines.slice(begin), dialect);
			const own = cellsOf(text.replace(MARKS, ''), dialect);
			// A line that is quoted as a whole is one cell, and its columns stand in that.
			const only = onlyCell(own);
			const parted = only?.includes(delimiter) === true ? cellsOf(only, dialect) : own;
			const cells = parted.map((cell) => decodeField(cell, encoding));
			return { dialect, cells, named: columnsNamed(cells), begin, end: begin + count };
		});
	});
}

/** The text of the row that begins on the first line, which ends on a later one when a quoted cell has a line end in it. */
function rowText(lines: readonly TextLine[], dialect: CsvDialect): { text: string; count: number } {
	let text = '';
	for (const [position, line] of lines.entries()) {
		text += line.text;
		const form = formOf(text, dialect);
		if (position > 0 && form === 'broken') break;
		if (!isOpen(form)) return { text, count: position + 1 };
		text += line.end;
	}
	return { text: lines[0]?.text ?? '', count: 1 };
}

function bestHeader(candidates: readonly Candidate[], declared: string | undefined): Candidate | undefined {
	const isPreferred = ({ dialect }: Candidate): boolean => dialect.delimiter === declared;
	return candidates
		.filter(({ named, cells }) => named >= FEWEST_NAMED || (named === 1 && cells.length === 1))
		.reduce<Candidate | undefined>((best, candidate) => {
			if (best === undefined || candidate.named > best.named) return candidate;
			if (candidate.named < best.named || candidate.begin > best.begin) return best;
			if (isPreferred(candidate) !== isPreferred(best)) return isPreferred(candidate) ? candidate : best;
			const [soiled, fewest] = [soiledIn(candidate), soiledIn(best)];
			if (soiled !== fewest) return soiled < fewest ? candidate : best;
			return candidate.cells.length > best.cells.length ? candidate : best;
		}, undefined);
}

/** How many cells have a delimiter or a quote left at an end, which those parted rightly have not. */
function soiledIn({ cells }: Candidate): number {
	return cells.filter((cell) => /^\s*["',;|]|["',;|]\s*$/.test(cell)).length;
}

function firstCall(candidates: readonly Candidate[]): Candidate | undefined {
	const calls = candidates.filter(
		({ cells, named }) => named < FEWEST_NAMED && cells.some((cell) => parseRecordingName(cell.trim()) !== undefined),
	);
	const [first] = calls;
	return calls
		.filter(({ begin }) => begin === first?.begin)
		.reduce<
			Candidate | undefined
		>((best, call) => (best === undefined || call.cells.length > best.cells.length ? call : best), undefined);
}

function widest(candidates: readonly Candidate[], begin: number): number | undefined {
	const counts = candidates.filter((candidate) => candidate.begin === begin).map(({ cells }) => cells.length);
	return counts.length === 0 ? undefined : Math.max(...counts);
}

/** Whether a header that ends the file has all that an index can have, so that nothing of it is cut off. */
function isWholeHeader({ cells, named }: Candidate): boolean {
	return named === COLUMNS_IN_ORDER.length && isExactHeader(cells.at(-1) ?? '');
}

/** Apostrophes quote when cells are enclosed in them and none in quotes. */
function quoteOfRows(lines: readonly TextLine[], { delimiter }: CsvDialect): CsvDialect['quote'] {
	const sample = lines.slice(0, LINES);
	if (sample.some(({ text }) => text.includes('"'))) return '"';
	const enclosed = sample.flatMap(({ text }) =>
		formOf(text, { delimiter, quote: "'" }) === 'legal' && text.includes("'") ? [text] : [],
	);
	return enclosed.length > 0 ? "'" : '"';
}

function withoutHeader(
	lines: readonly TextLine[],
	call: Candidate | undefined,
	path: string,
	encoding: IndexEncoding,
	notes: IndexNotes,
): Opening {
	if (call === undefined) {
		throw new IndexFormatError(
			path,
			`${path} is not an index that can be read: none of its first ${LINES} lines names the columns of an index`,
			`Open the file and check that one of its first lines holds headers such as CALL TYPE, START TIME and FILENAME${encoding === 'auto' ? '' : ", and that it is written in the 'Encoding' that is set"}.`,
		);
	}
	const number = lines[call.begin]?.number ?? 1;
	notes.add(path, number, 'the file has no header, so its columns were told by their order and shape');
	const header = headerByShape(call.cells);
	const dialect = {
		...call.dialect,
		columnCount: call.cells.length,
		fileNameAt: fileNameAt(header),
		hasTrailing: false,
	};
	return { dialect, header, rest: lines };
}

/** Without a header: the known order, else at least the columns that show by their shape which recording the row is about. */
function headerByShape(cells: readonly string[]): HeaderCell[] {
	const header = cellsWithoutHeader(cells.length);
	const fileName = cells.findIndex((cell) => parseRecordingName(cell.trim()) !== undefined);
	if (header[fileName]?.column === 'fileName') return header;
	return header.map((cell, position) => ({
		header: cell.header,
		column: position === fileName ? 'fileName' : undefined,
	}));
}
