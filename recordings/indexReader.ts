import { readRecords } from './csvRecord';
import type { CsvRecord, LineObserver } from './csvRecord';
import { columnsNamed, headerCells } from './indexColumn';
import type { HeaderCell } from './indexColumn';
import type { IndexNotes } from './indexNotes';
import { readOpening } from './indexOpening';
import { RowBuilder } from './rowBuilder';
import type { ReadRow } from './indexRow';
import { settleDateOrder } from './indexTime';
import type { DateOrder } from './indexTime';
import { decodeField, readLines } from './indexText';
import type { IndexEncoding } from './indexText';
import { recordingPaths } from './recordingPlace';
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

/** Rows looked at before the file's date order is settled. */
const SAMPLE = 400;

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
	const { dialect, header, rest } = await readOpening(lines, source.path, format.encoding, notes);
	const records = readRecords(startingWith(rest, lines), dialect, observerOf(source.path, notes));
	const builderOf = (cells: readonly HeaderCell[]): RowBuilder =>
		new RowBuilder(source.path, clock, cells, dialect.delimiter, format, notes);
	let current = header;
	let builder = builderOf(current);
	let waiting: CsvRecord[] | undefined = [];
	const sampled = function* (): Generator<ReadRow, void, void> {
		if (waiting === undefined || waiting.length === 0) return;
		builder = builderOf((current = withFileNames(current, waiting)));
		yield* buildSampled(builder, waiting, source.path, format);
	};
	for await (const batch of records) {
		for (const record of batch) {
			const again = headerAgain(record, builder, format.encoding);
			if (again !== undefined) {
				if (isSameOrder(again, current)) continue;
				// The file was put together from several with columns in another order.
				yield* sampled();
				builder = builderOf((current = again));
				waiting = [];
			} else if (waiting === undefined) {
				yield* builder.build(record);
			} else {
				waiting.push(record);
				if (waiting.length < SAMPLE) continue;
				yield* sampled();
				waiting = undefined;
			}
		}
	}
	yield* sampled();
}

function observerOf(path: string, notes: IndexNotes): LineObserver {
	return {
		tooLong: (line) => notes.add(path, line, 'the line is longer than 1 MB and was skipped'),
		blank: (line) => notes.addNoCall(path, line),
		utf16: (line) =>
			notes.add(path, line, 'the line is written in UTF-16, unlike the rest of the file, and was left out'),
	};
}

/** The header of a record that is one, as in a file that was written in several goes; `undefined` for any other record. */
function headerAgain(record: CsvRecord, builder: RowBuilder, encoding: IndexEncoding): HeaderCell[] | undefined {
	if (builder.namesRecording(record)) return undefined;
	const cells = record.cells.map((cell) => decodeField(cell, encoding));
	const filled = cells.findLastIndex((cell) => cell.trim() !== '') + 1;
	const named = columnsNamed(cells);
	return named >= 2 && named * 2 >= filled ? headerCells(cells.slice(0, filled)) : undefined;
}

function isSameOrder(a: readonly HeaderCell[], b: readonly HeaderCell[]): boolean {
	return a.length === b.length && a.every(({ header }, position) => header === b[position]?.header);
}

/** The same header; where its FILENAME holds no recordings and a column that it does not know does, that one is FILENAME. */
function withFileNames(header: readonly HeaderCell[], sample: readonly CsvRecord[]): readonly HeaderCell[] {
	const known = header.findIndex(({ column }) => column === 'fileName');
	const namesIn = (position: number): { names: number; others: number } => {
		let [names, others] = [0, 0];
		for (const { cells } of sample) {
			const cell = cells[position]?.trim() ?? '';
			if (recordingPaths(cell).length > 0) names += 1;
			else if (cell !== '') others += 1;
		}
		return { names, others };
	};
	if (known !== -1 && namesIn(known).names > 0) return header;
	const told = header.findIndex(({ column }, position) => {
		if (column !== undefined) return false;
		const { names, others } = namesIn(position);
		return names > others;
	});
	if (told === -1) return header;
	return header.map(({ header: name, column }, position) => {
		if (position === told) return { header: name, column: 'fileName' };
		return { header: name, column: column === 'fileName' ? undefined : column };
	});
}

function* buildSampled(
	builder: RowBuilder,
	sample: readonly CsvRecord[],
	path: string,
	format: IndexFormat,
): Generator<ReadRow, void, void> {
	builder.dateOrder = format.dateOrder === 'auto' ? dateOrderOf(builder, sample, path) : format.dateOrder;
	for (const record of sample) yield* builder.build(record);
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

async function* startingWith<Batch>(first: Batch, rest: AsyncIterable<Batch>): AsyncGenerator<Batch, void, void> {
	yield first;
	yield* rest;
}
