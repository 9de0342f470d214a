import { readRecords, splitPlain } from './csvRecord';
import type { CsvDialect, CsvRecord } from './csvRecord';
import { cellsWithoutHeader, columnOfHeader, headerCells } from './indexColumn';
import type { HeaderCell } from './indexColumn';
import type { IndexNotes } from './indexNotes';
import { RowBuilder } from './rowBuilder';
import type { ReadRow } from './indexRow';
import { settleDateOrder } from './indexTime';
import type { DateOrder } from './indexTime';
import { decodeField, readLines } from './indexText';
import type { IndexEncoding, TextLine } from './indexText';
import { parseIndexName, parseRecordingName } from './remoteName';
import { dateMillis } from './tenantDay';
import type { ZoneClock } from './zoneClock';

export interface IndexFormat {
	readonly encoding: IndexEncoding;
	readonly dateOrder: DateOrder | 'auto';
	readonly includeRawRow: boolean;
}

export interface IndexSource {
	/** Path of the file below the tenant directory, `Index/I20160606.csv`. */
	readonly path: string;
	readonly bytes: AsyncIterable<Uint8Array>;
}

/** A file that holds no index at all; `advice` says what to do next. */
export class IndexFormatError extends Error {
	override readonly name = 'IndexFormatError';

	constructor(
		readonly indexFile: string,
		message: string,
		readonly advice: string,
	) {
		super(message);
	}
}

/** Rows looked at before the file's date order is settled. */
const SAMPLE = 400;
/** An index has about twenty columns. Hundreds mean a wrong delimiter or another kind of file. */
const MOST_COLUMNS = 500;
const DELIMITERS: readonly CsvDialect['delimiter'][] = [',', ';', '\t', '|'];

/**
 * The rows of one index file, in the order of the file, in constant memory. What could not be read whole is told to
 * `notes`; a bad row never stops the others.
 *
 * @throws IndexFormatError when the file as a whole is no index; the source's own errors pass through
 */
export async function* readIndex(
	source: IndexSource,
	clock: ZoneClock,
	format: IndexFormat,
	notes: IndexNotes,
): AsyncGenerator<ReadRow, void, void> {
	const lines = readLines(source.bytes, format.encoding);
	const opening = await readOpening(lines, source.path, format, notes);
	if (opening === undefined) {
		throw new IndexFormatError(
			source.path,
			`${source.path} is empty`,
			'An index has a header even on a day without calls. The file may still be being written: try again in a few minutes.',
		);
	}

	const { dialect, header, rest } = opening;
	const records = readRecords(startingWith(rest, lines), dialect, (line) =>
		notes.add(source.path, line, 'the line is longer than 1 MB and was skipped'),
	);
	const builder = new RowBuilder(source.path, clock, header, dialect.delimiter, format, notes);
	let waiting: CsvRecord[] | undefined = [];
	for await (const batch of records) {
		if (waiting === undefined) {
			yield* buildAll(builder, batch);
			continue;
		}
		waiting.push(...batch);
		if (waiting.length < SAMPLE) continue;
		yield* buildSampled(builder, waiting, source.path, format);
		waiting = undefined;
	}
	if (waiting !== undefined) yield* buildSampled(builder, waiting, source.path, format);
}

function* buildSampled(
	builder: RowBuilder,
	sample: readonly CsvRecord[],
	path: string,
	format: IndexFormat,
): Generator<ReadRow, void, void> {
	builder.dateOrder = format.dateOrder === 'auto' ? dateOrderOf(builder, sample, path) : format.dateOrder;
	yield* buildAll(builder, sample);
}

function* buildAll(builder: RowBuilder, records: readonly CsvRecord[]): Generator<ReadRow, void, void> {
	for (const record of records) if (!builder.isHeader(record)) yield builder.build(record);
}

function dateOrderOf(builder: RowBuilder, sample: readonly CsvRecord[], path: string): DateOrder {
	const stamped: Array<{ text: string; recordedAtUtc: number }> = [];
	const unstamped: string[] = [];
	for (const record of sample) {
		const stamp = parseRecordingName(builder.cellOf(record, 'fileName') ?? '');
		for (const column of ['startTimeUtc', 'startTime', 'stopTimeUtc', 'stopTime'] as const) {
			const text = builder.cellOf(record, column);
			if (text === undefined) continue;
			if (stamp === undefined) unstamped.push(text);
			else stamped.push({ text, recordedAtUtc: stamp.recordedAtUtc });
		}
	}
	const fileDate = parseIndexName(path.split('/').at(-1) ?? '')?.date;
	return settleDateOrder(stamped, unstamped, fileDate === undefined ? undefined : dateMillis(fileDate));
}

interface Opening {
	readonly dialect: CsvDialect;
	readonly header: readonly HeaderCell[];
	/** Lines that have been read with the header and are still to be parsed. */
	readonly rest: readonly TextLine[];
}

/** Finds the header, and with it the delimiter: the one under which most columns have a name we know. */
async function readOpening(
	batches: AsyncGenerator<TextLine[], void, void>,
	path: string,
	format: IndexFormat,
	notes: IndexNotes,
): Promise<Opening | undefined> {
	let declared: string | undefined;
	for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
		const lines = next.value;
		for (const [position, line] of lines.entries()) {
			if (line.tooLong) {
				throw new IndexFormatError(
					path,
					`${path} is not an index: its first line is longer than 1 MB`,
					'Check that the path names a CSV file.',
				);
			}
			if (line.text.trim() === '') continue;
			// Spreadsheets put the delimiter into a line of its own.
			const separator = /^sep=(.)$/i.exec(line.text.trim())?.[1];
			if (separator !== undefined && line.number === 1) {
				declared = separator;
				continue;
			}
			const { hasHeader, ...opening } = openingOf(line, declared, path, format, notes);
			return { ...opening, rest: lines.slice(hasHeader ? position + 1 : position) };
		}
	}
	return undefined;
}

function openingOf(
	line: TextLine,
	declared: string | undefined,
	path: string,
	format: IndexFormat,
	notes: IndexNotes,
): Omit<Opening, 'rest'> & { readonly hasHeader: boolean } {
	const candidates = DELIMITERS.map((delimiter) => {
		const cells = splitPlain(line.text, delimiter).map((cell) => decodeField(cell, format.encoding));
		const known = cells.filter((cell) => columnOfHeader(cell) !== undefined).length;
		return { delimiter, cells, known, preferred: delimiter === declared };
	});
	const best = candidates.reduce((a, b) =>
		b.known > a.known || (b.known === a.known && (b.preferred || (!a.preferred && b.cells.length > a.cells.length)))
			? b
			: a,
	);
	if (best.cells.length > MOST_COLUMNS) {
		throw new IndexFormatError(
			path,
			`${path} is not an index: its first line has ${best.cells.length} columns`,
			"Check that the path names one of the tenant's index files.",
		);
	}
	const { delimiter, cells } = best;
	if (best.known >= 2 || (best.known === 1 && cells.length === 1)) {
		// A trailing delimiter is no column.
		const named = cells.at(-1)?.trim() === '' ? cells.slice(0, -1) : cells;
		return { dialect: { delimiter, columnCount: named.length }, header: headerCells(named), hasHeader: true };
	}
	if (!cells.some((cell) => parseRecordingName(cell.trim()) !== undefined)) {
		throw new IndexFormatError(
			path,
			`${path} is not an index that can be read: its first line names none of the columns of an index`,
			`Open the file and check that its first line holds headers such as CALL TYPE, START TIME and FILENAME${format.encoding === 'auto' ? '' : ", and that it is written in the 'Encoding' that is set"}.`,
		);
	}
	notes.add(path, line.number, 'the file has no header, so its columns were told by their order and shape');
	return { dialect: { delimiter, columnCount: cells.length }, header: headerByShape(cells), hasHeader: false };
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

async function* startingWith<Batch>(first: Batch, rest: AsyncIterable<Batch>): AsyncGenerator<Batch, void, void> {
	yield first;
	yield* rest;
}
