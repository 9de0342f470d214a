import { clip } from './clippedText';
import { isQuotedThroughout } from './csvRecord';
import type { CsvRecord, RowDialect } from './csvRecord';
import type { HeaderCell, IndexColumn } from './indexColumn';
import type { IndexNotes } from './indexNotes';
import { callTypeOf, detailOf, richnessOf } from './indexRow';
import type { IndexDetail, IndexRow, ReadRow } from './indexRow';
import { decodeField } from './indexText';
import type { IndexEncoding } from './indexText';
import { UTC_TEXT } from './isoText';
import { isNoCall } from './noCall';
import { isRecordingFile, parseRecordingName } from './remoteName';
import { isStampedCell, recordingPaths, recordingPlaces } from './recordingPlace';
import type { RecordingPlace } from './recordingPlace';
import { alignRow, isText, mayStandIn } from './rowAlignment';
import type { DateOrders, RowDates } from './dateOrder';
import { TIME_COLUMNS, TimeEvidence } from './rowTimes';
import { withoutGuard } from './spreadsheetGuard';
import { tenantDateAt } from './tenantDay';
import type { ZoneClock } from './zoneClock';

/** Cells under their columns, trimmed; those of a short row may be missing. */
type AlignedCells = ReadonlyArray<string | undefined>;

interface KnownCells {
	get(column: IndexColumn): string | undefined;
}

/** Turns the records of one file into typed rows. */
export class RowBuilder {
	readonly #times: TimeEvidence;

	readonly #positions = new Map<IndexColumn, number>();

	/** Those that the header names. */
	readonly #columns: ReadonlySet<IndexColumn>;

	readonly #detail: IndexDetail;

	/** Where the last column stands whose cells are known by their shape: in a row that was split it holds another one. */
	readonly #lastShaped: number;

	/** Positions and headers of the columns that go to `extra`. */
	readonly #unknown: ReadonlyArray<readonly [number, string]>;

	/** Cells of the shortest call so far that has its line end. */
	#fewestCells: number;

	constructor(
		private readonly indexFile: string,
		private readonly clock: ZoneClock,
		private readonly header: readonly HeaderCell[],
		private readonly dialect: RowDialect,
		private readonly format: { readonly encoding: IndexEncoding; readonly includeRawRow: boolean },
		private readonly notes: IndexNotes,
		orders: DateOrders,
	) {
		this.#times = new TimeEvidence(clock, orders);
		for (const [position, { column }] of header.entries())
			if (column !== undefined) this.#positions.set(column, position);
		this.#columns = new Set(this.#positions.keys());
		this.#detail = detailOf(indexFile, this.#columns);
		this.#lastShaped = header.findLastIndex(({ column }) => !isText(column) && column !== 'callType');
		this.#fewestCells = header.length;
		this.#unknown = header.flatMap(({ header: name, column }, position) =>
			column === undefined ? [[position, name] as const] : [],
		);
	}

	/** What of the record may tell the order of dates. */
	datesOf(record: CsvRecord): RowDates {
		const isWhole = record.cells.length === this.header.length && !this.#isShifted(record);
		const cells = isWhole ? record.cells : this.#alignedCells(record);
		const read = (column: IndexColumn): string => {
			const cell = cells[this.#positions.get(column) ?? -1] ?? '';
			return withoutGuard(isWhole ? decodeField(cell, this.format.encoding).trim() : cell);
		};
		const fileName = read('fileName');
		const stamp = parseRecordingName(fileName) ?? recordingPlaces(fileName, undefined)[0]?.stamp;
		return {
			times: TIME_COLUMNS.map(read).filter((time) => time !== ''),
			recordedAtUtc: stamp?.recordedAtUtc,
		};
	}

	#cell(aligned: AlignedCells, column: IndexColumn): string | undefined {
		const position = this.#positions.get(column);
		const cell = position === undefined ? undefined : aligned[position];
		return cell === undefined ? undefined : withoutGuard(cell) || undefined;
	}

	/** Whether FILENAME of a record as it stands holds a name of 8x8's kind, which is cheap to tell. */
	namesRecording({ cells }: CsvRecord): boolean {
		const position = this.#positions.get('fileName');
		return position !== undefined && parseRecordingName(cells[position] ?? '') !== undefined;
	}

	/** The calls of a record: one, or one for each recording that it names; none when it is no call. */
	build(record: CsvRecord): ReadRow[] {
		const aligned = this.#alignedCells(record);
		const cells = { get: (column: IndexColumn): string | undefined => this.#cell(aligned, column) };
		const places = recordingPlaces(cells.get('fileName'), cells.get('directory'));
		if (places[0]?.fileName === null && isNoCall(cells.get, this.#columns, aligned.find(Boolean))) {
			this.#tellNoCall(record);
			return [];
		}
		const troubles = this.#raggedTroubles(record, aligned);
		if (places[0]?.fileName === null && !record.unterminated) troubles.push(noRecording(cells.get('fileName')));
		const rows = places.map((place) => this.#rowOf(record, aligned, cells, place, troubles));
		if (troubles.length > 0) this.notes.add(this.indexFile, record.line, [...new Set(troubles)].join(', '));
		if (!record.unterminated) this.#fewestCells = Math.min(this.#fewestCells, record.cells.length);
		return rows;
	}

	#tellNoCall({ line, unterminated }: CsvRecord): void {
		if (unterminated)
			this.notes.add(this.indexFile, line, 'the file ends here, in a line that tells too little to be a call');
		else this.notes.addNoCall(this.indexFile, line);
	}

	/** What is wrong with the cells of a record as a whole. */
	#raggedTroubles(record: CsvRecord, aligned: AlignedCells): string[] {
		const expected = this.header.length;
		const troubles: string[] = [];
		if (record.strayQuote) troubles.push('a quote is never closed, so quotes were read as plain characters');
		if (record.isRejoined) troubles.push('a line break without quotes stands in it, so it was put together again');
		if (record.sharesLine) troubles.push('a line end behind it is lost, so its line was parted into rows');
		if (aligned.length > expected) troubles.push(`it has ${aligned.length} columns where the header has ${expected}`);
		else if (record.cells.length > expected && this.#isGuessed(record, aligned))
			troubles.push('it has more delimiters than columns, so values were put together where they fit');
		else if (record.cells.length >= expected && aligned.includes(undefined))
			troubles.push(
				'it lacks columns and has more delimiters than the rest, so values were put together where they fit',
			);
		if (record.cells.length >= expected) return troubles;
		return [
			...troubles,
			record.unterminated
				? 'the file ends inside this row, so its last value may be cut short'
				: `it has ${record.cells.length} of ${expected} columns`,
		];
	}

	/** Whether values that were put together are of no shape that would prove it. */
	#isGuessed(record: CsvRecord, aligned: AlignedCells): boolean {
		const own = record.cells.map((cell) => decodeField(cell, this.format.encoding).trim());
		return this.header.some(({ column }, position) => {
			const cell = aligned[position] ?? '';
			const isJoined = countOf(cell, aligned) > countOf(cell, own);
			return isText(column) && cell.includes(this.dialect.delimiter) && isJoined;
		});
	}

	#rowOf(
		record: CsvRecord,
		aligned: AlignedCells,
		cells: KnownCells,
		{ fileName, directory, stamp }: RecordingPlace,
		troubles: string[],
	): ReadRow {
		const text = (column: IndexColumn): string | null => cells.get(column) ?? null;
		const { startUtc, stopUtc, durationSeconds } = this.#times.weigh(cells, stamp?.recordedAtUtc, troubles);
		const label = text('callType');
		const callType = label === null ? null : callTypeOf(label);
		const customerNumber = text('customerNumber');
		const calledNumber = text('calledNumber');
		const at = startUtc ?? stamp?.recordedAtUtc;
		const path = fileName === null || directory === null ? fileName : `${directory}/${fileName}`;

		const row: IndexRow = {
			recordingId: fileName === null || directory === null ? null : path,
			tenantDay: at === undefined ? null : tenantDateAt(at, this.clock),
			callType,
			callTypeLabel: label,
			startTime: startUtc === undefined ? null : this.clock.isoAt(startUtc),
			stopTime: stopUtc === undefined ? null : this.clock.isoAt(stopUtc),
			startTimeUtc: startUtc === undefined ? null : UTC_TEXT.of(startUtc),
			stopTimeUtc: stopUtc === undefined ? null : UTC_TEXT.of(stopUtc),
			durationSeconds,
			agentName: text('agentName'),
			customerNumber,
			calledNumber,
			phoneChannel: text('phoneChannel'),
			customerPhone: callType === 'outbound' ? calledNumber : customerNumber,
			caseId: text('caseId'),
			accountNumber: text('accountNumber'),
			transactionId: text('transactionId'),
			queue: text('queue'),
			queueName: text('queueName'),
			externalVariable1: text('externalVariable1'),
			externalVariable2: text('externalVariable2'),
			outdialCode: text('outdialCode'),
			wrapUpCode: text('wrapUpCode'),
			directory,
			fileName,
			path,
			recordedAtUtc: stamp === undefined ? null : UTC_TEXT.of(stamp.recordedAtUtc),
			sequence: stamp?.sequence ?? null,
			indexFile: this.indexFile,
			indexLine: record.line,
			indexDetail: this.#detail,
			extra: this.#extraOf(aligned),
		};
		if (this.format.includeRawRow) row.rawRow = this.#rawRowOf(aligned);
		const isCut = record.unterminated && (record.strayQuote || record.cells.length < this.#fewestCells);
		return {
			row,
			at,
			richness: richnessOf(row),
			columns: this.#columns,
			isUnterminated: record.unterminated,
			isCut,
		};
	}

	#alignedCells(record: CsvRecord): AlignedCells {
		const { encoding } = this.format;
		if (record.cells.length === this.header.length && !this.#isShifted(record))
			return record.cells.map((cell) => decodeField(cell, encoding).trim());
		const cells = record.cells.map((cell) => decodeField(cell, encoding));
		if (this.dialect.hasTrailing && cells.length > this.header.length && cells.at(-1)?.trim() === '') cells.pop();
		if (cells.length === this.header.length && !this.#isShifted(record)) return cells.map((cell) => cell.trim());
		// What the file cuts off is at the end: nothing of the row moves to another column to make its last value fit.
		const isCut = record.unterminated && cells.length < this.header.length;
		if (isCut && !this.#hasNameElsewhere(cells)) return cells.map((cell) => cell.trim());
		return alignRow(cells, this.header, this.dialect.delimiter).map((cell) => cell?.trim());
	}

	/** As many cells as columns, and some of them under another one: a value was split and another is missing. */
	#isShifted(record: CsvRecord): boolean {
		return this.#isOutOfPlace(record) && !isQuotedThroughout(record, this.dialect);
	}

	#isOutOfPlace(record: CsvRecord): boolean {
		const { cells } = record;
		const column = this.header[this.#lastShaped]?.column;
		const isMisfit = column !== undefined && !mayStandIn(cells[this.#lastShaped] ?? '', column);
		return (isMisfit && this.#hasNameInPlace(cells)) || this.#hasNameElsewhere(cells);
	}

	/** Whether a recording's name stands where FILENAME is not: right behind the name there, parted from it by a bare delimiter, or alone. */
	#hasNameElsewhere(cells: readonly string[]): boolean {
		const position = this.#positions.get('fileName');
		if (position === undefined) return false;
		if (!this.#hasNameInPlace(cells)) return cells.some(isStampedCell);
		const next = cells[position + 1] ?? '';
		return next.includes('.') && isRecordingFile(next.trim());
	}

	#hasNameInPlace(cells: readonly string[]): boolean {
		const cell = cells[this.#positions.get('fileName') ?? cells.length] ?? '';
		return parseRecordingName(cell) !== undefined || recordingPaths(cell).length > 0;
	}

	#extraOf(aligned: AlignedCells): Record<string, string | null> {
		if (this.#unknown.length === 0 && aligned.length <= this.header.length) return {};
		const surplus = aligned
			.slice(this.header.length)
			.map((cell, position): [string, string | null] => [
				`column ${this.header.length + position + 1}`,
				emptyAsNull(cell),
			])
			.filter(([, cell]) => cell !== null);
		const unknown = this.#unknown.map(([position, name]): [string, string | null] => [
			name,
			emptyAsNull(aligned[position]),
		]);
		return Object.fromEntries([...unknown, ...surplus]);
	}

	#rawRowOf(aligned: AlignedCells): Record<string, string> {
		return Object.fromEntries(
			aligned.map((cell, position) => [this.header[position]?.header ?? `column ${position + 1}`, cell ?? '']),
		);
	}
}

function countOf(cell: string, cells: AlignedCells): number {
	return cells.filter((each) => each === cell).length;
}

function noRecording(cell: string | undefined): string {
	return cell === undefined ? 'it names no recording' : `it names no recording, but '${clip(cell)}'`;
}

function emptyAsNull(cell: string | undefined): string | null {
	return cell === undefined ? null : withoutGuard(cell) || null;
}
