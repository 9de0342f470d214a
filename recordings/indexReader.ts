import { readRecords } from './csvRecord';
import type { CsvRecord, LineObserver, RowDialect } from './csvRecord';
import { DateOrders } from './dateOrder';
import { fileNameAt, headerAgain } from './indexColumn';
import type { HeaderCell } from './indexColumn';
import type { IndexNotes } from './indexNotes';
import { readOpening } from './indexOpening';
import { mayStandIn } from './rowAlignment';
import { RowBuilder } from './rowBuilder';
import type { ReadRow } from './indexRow';
import type { DateOrder } from './indexTime';
import { decodeField, readLines } from './indexText';
import type { IndexEncoding } from './indexText';
import { recordingPaths } from './recordingPlace';
import { parseIndexName } from './remoteName';
import { dateMillis } from './tenantDay';
import { WaitingRows } from './waitingRows';
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

/** Rows looked at before it is settled which column holds the recordings. */
const SAMPLE = 400;

/**
 * The rows of one index file, in the order of the file, in constant memory. What could not be read whole is told to
 * `notes`; a bad row never stops the others.
 *
 * @throws IndexFormatError when the file as a whole is no index, whose source is then ended; the source's own errors pass through
 */
export async function* readIndex(
	source: IndexSource,
	clock: ZoneClock,
	format: IndexFormat,
	notes: IndexNotes,
): AsyncGenerator<ReadRow, void, void> {
	const lines = readLines(source.bytes, format.encoding);
	const { dialect, header, rest } = await readOpening(lines, source.path, format.encoding, notes).catch(
		async (error: unknown): Promise<never> => {
			await lines.return();
			throw error;
		},
	);
	const records = readRecords(startingWith(rest, lines), dialect, observerOf(source.path, notes));
	const fileDate = parseIndexName(source.path.split('/').at(-1) ?? '')?.date;
	const orders = new DateOrders(format.dateOrder, fileDate === undefined ? undefined : dateMillis(fileDate));
	const builderOf = (cells: readonly HeaderCell[]): RowBuilder =>
		new RowBuilder(source.path, clock, cells, dialect, format, notes, orders);
	let current = header;
	let builder = builderOf(current);
	let sample: CsvRecord[] | undefined = [];
	const undecided = new WaitingRows<Draft>(orders, (draft) => draft.builder.datesOf(draft.record));
	const sampled = (): Draft[] => {
		if (sample === undefined || sample.length === 0) return [];
		builder = builderOf((current = withFileNames(current, sample, dialect)));
		return sample.map((record) => ({ record, builder }));
	};
	for await (const batch of records) {
		const drafts: Draft[] = [];
		for (const record of batch) {
			const again = builder.namesRecording(record)
				? undefined
				: headerAgain(record.cells.map((cell) => decodeField(cell, format.encoding)));
			if (again !== undefined) {
				if (isSameOrder(again, current)) continue;
				// The file was put together from several with columns in another order.
				drafts.push(...sampled());
				builder = builderOf((current = again));
				sample = [];
			} else if (sample === undefined) {
				drafts.push({ record, builder });
			} else {
				sample.push(record);
				if (sample.length < SAMPLE) continue;
				drafts.push(...sampled());
				sample = undefined;
			}
		}
		// `yield*` would take three more turns of the event loop's microtasks a row.
		for (const read of builtFrom(undecided.take(drafts))) yield read;
	}
	yield* builtFrom(undecided.take(sampled()));
	yield* builtFrom(undecided.rest());
}

/** A record and what turns it into rows, under the header above it. */
interface Draft {
	readonly record: CsvRecord;
	readonly builder: RowBuilder;
}

function* builtFrom(drafts: readonly Draft[]): Generator<ReadRow, void, void> {
	for (const { record, builder } of drafts) yield* builder.build(record);
}

function observerOf(path: string, notes: IndexNotes): LineObserver {
	return {
		tooLong: (line) => notes.add(path, line, 'the line is longer than 1 MB and was skipped'),
		blank: (line) => notes.addNoCall(path, line),
		utf16: (line) =>
			notes.add(path, line, 'the line is written in UTF-16, unlike the rest of the file, and was left out'),
	};
}

function isSameOrder(a: readonly HeaderCell[], b: readonly HeaderCell[]): boolean {
	return a.length === b.length && a.every(({ header }, position) => header === b[position]?.header);
}

/** The same header; where its FILENAME holds no recordings and a column that it does not know does, that one is FILENAME. */
function withFileNames(
	header: readonly HeaderCell[],
	sample: readonly CsvRecord[],
	{ hasTrailing }: RowDialect,
): readonly HeaderCell[] {
	const known = fileNameAt(header);
	// In a row with cells too many, or with one that cannot stand in its column, others stand under other columns than their own.
	const isInPlace = ({ cells }: CsvRecord): boolean =>
		cells.length <= header.length + (hasTrailing ? 1 : 0) &&
		header.every(
			({ column }, at) => column === undefined || column === 'fileName' || mayStandIn(cells[at] ?? '', column),
		);
	const told = sample.filter(isInPlace);
	const namesIn = (position: number): { names: number; others: number } => {
		let [names, others] = [0, 0];
		for (const { cells } of told) {
			const cell = cells[position]?.trim() ?? '';
			if (recordingPaths(cell).length > 0) names += 1;
			else if (cell !== '') others += 1;
		}
		return { names, others };
	};
	if (known !== -1 && namesIn(known).names > 0) return header;
	const other = header.findIndex(({ column }, position) => {
		if (column !== undefined) return false;
		const { names, others } = namesIn(position);
		return names > others;
	});
	if (other === -1) return header;
	return header.map(({ header: name, column }, position) => {
		if (position === other) return { header: name, column: 'fileName' };
		return { header: name, column: column === 'fileName' ? undefined : column };
	});
}

/** Ends the rest when it is left before its end: a file that is not read on would hold the connection that it comes over. */
async function* startingWith<Batch>(
	first: Batch,
	rest: AsyncGenerator<Batch, void, void>,
): AsyncGenerator<Batch, void, void> {
	try {
		yield first;
		yield* rest;
	} finally {
		await rest.return();
	}
}
