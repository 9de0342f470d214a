import type { CsvRecord } from './csvRecord';
import { columnOfHeader } from './indexColumn';
import type { HeaderCell, IndexColumn } from './indexColumn';
import type { IndexNotes } from './indexNotes';
import { callTypeOf, detailOf, richnessOf } from './indexRow';
import type { IndexDetail, IndexRow, ReadRow } from './indexRow';
import { decodeField } from './indexText';
import type { IndexEncoding } from './indexText';
import { readDuration, readTime } from './indexTime';
import type { DateOrder } from './indexTime';
import { directoryNameOf, parseDirectoryName, parseRecordingName } from './remoteName';
import { alignRow } from './rowAlignment';
import { dateOfMillis, tenantDateAt } from './tenantDay';
import type { ZoneClock } from './zoneClock';

const DAY = 86_400_000;

/** Cells under their columns, trimmed; those of a short row may be missing. */
type AlignedCells = ReadonlyArray<string | undefined>;

interface KnownCells {
	get(column: IndexColumn): string | undefined;
}

/** Turns the records of one file into typed rows. */
export class RowBuilder {
	dateOrder: DateOrder = 'mdy';

	readonly #positions = new Map<IndexColumn, number>();

	readonly #columns: ReadonlySet<IndexColumn>;

	readonly #detail: IndexDetail;

	/** Positions and headers of the columns that go to `extra`. */
	readonly #unknown: ReadonlyArray<readonly [number, string]>;

	constructor(
		private readonly indexFile: string,
		private readonly clock: ZoneClock,
		private readonly header: readonly HeaderCell[],
		private readonly delimiter: string,
		private readonly format: { readonly encoding: IndexEncoding; readonly includeRawRow: boolean },
		private readonly notes: IndexNotes,
	) {
		for (const [position, { column }] of header.entries())
			if (column !== undefined) this.#positions.set(column, position);
		this.#columns = new Set(this.#positions.keys());
		this.#detail = detailOf(indexFile, this.#columns);
		this.#unknown = header.flatMap(({ header: name, column }, position) =>
			column === undefined ? [[position, name] as const] : [],
		);
	}

	/** The cell of a column that this version knows, trimmed; `undefined` when it is absent or empty. */
	cellOf(record: CsvRecord, column: IndexColumn): string | undefined {
		return this.#cell(this.#alignedCells(record), column);
	}

	#cell(aligned: AlignedCells, column: IndexColumn): string | undefined {
		const position = this.#positions.get(column);
		return position === undefined ? undefined : aligned[position] || undefined;
	}

	/** Whether the record is the header once more, as in a file that was written in several goes. */
	isHeader({ cells }: CsvRecord): boolean {
		if (this.#positions.size === 0) return false;
		return [...this.#positions].every(([column, position]) => columnOfHeader(cells[position] ?? '') === column);
	}

	build(record: CsvRecord): ReadRow {
		const troubles: string[] = [];
		const aligned = this.#alignedCells(record);
		if (record.strayQuote) troubles.push('a quote is never closed, so quotes were read as plain characters');
		if (aligned.length > this.header.length)
			troubles.push(`it has ${aligned.length} columns where the header has ${this.header.length}`);
		const isShort = record.cells.length < this.header.length;
		if (isShort) {
			troubles.push(
				record.unterminated
					? 'the file ends inside this row, so its last value may be cut short'
					: `it has ${record.cells.length} of ${this.header.length} columns`,
			);
		}

		const cells = { get: (column: IndexColumn): string | undefined => this.#cell(aligned, column) };
		const text = (column: IndexColumn): string | null => cells.get(column) ?? null;
		const { fileName, directory } = this.#placeOf(cells, isShort && record.unterminated);
		const stamp = fileName === null ? undefined : parseRecordingName(fileName);
		const duration = readDuration(cells.get('duration') ?? '');
		const startUtc = this.#instantOf('startTime', cells, stamp?.recordedAtUtc, troubles);
		const likelyStop = startUtc === undefined ? stamp?.recordedAtUtc : startUtc + (duration ?? 0) * 1_000;
		const stopUtc = this.#instantOf('stopTime', cells, likelyStop, troubles);
		if (startUtc !== undefined && stamp !== undefined && Math.abs(startUtc - stamp.recordedAtUtc) > DAY) {
			troubles.push(`its start time is more than a day from the time in the file name ${fileName}`);
		}
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
			startTimeUtc: startUtc === undefined ? null : new Date(startUtc).toISOString(),
			stopTimeUtc: stopUtc === undefined ? null : new Date(stopUtc).toISOString(),
			durationSeconds: duration ?? this.#durationFrom(cells, startUtc, stopUtc, troubles),
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
			recordedAtUtc: stamp === undefined ? null : new Date(stamp.recordedAtUtc).toISOString(),
			sequence: stamp?.sequence ?? null,
			indexFile: this.indexFile,
			indexLine: record.line,
			indexDetail: this.#detail,
			extra: this.#extraOf(aligned),
		};
		if (fileName === null && !record.unterminated) troubles.push('it names no recording');
		if (this.format.includeRawRow) row.rawRow = this.#rawRowOf(aligned);
		if (troubles.length > 0) this.notes.add(this.indexFile, record.line, troubles.join(', '));
		return { row, at, richness: richnessOf(row), columns: this.#columns, isUnterminated: record.unterminated };
	}

	#alignedCells(record: CsvRecord): AlignedCells {
		const { encoding } = this.format;
		if (record.cells.length === this.header.length)
			return record.cells.map((cell) => decodeField(cell, encoding).trim());
		const cells = record.cells.map((cell) => decodeField(cell, encoding));
		// A trailing delimiter is no column.
		while (cells.length > this.header.length && cells.at(-1)?.trim() === '') cells.pop();
		// What the file cuts off is at the end: nothing of the row moves to another column to make its last value fit.
		const isCut = record.unterminated && cells.length < this.header.length;
		if (isCut) return cells.map((cell) => cell.trim());
		return alignRow(cells, this.header, this.delimiter).map((cell) => cell?.trim());
	}

	/** Directory and file name, without slashes around them; the directory follows from the file's stamp when it is not given. */
	#placeOf(cells: KnownCells, isCut: boolean): { fileName: string | null; directory: string | null } {
		const written = cells.get('fileName')?.replace(/^[/\\]+/, '') ?? '';
		const cut = isCut && !/\d\.(?:wav|mp3)$/i.test(written);
		const inside = /^(.+)[/\\]([^/\\]+)$/.exec(written);
		const fileName = written === '' || cut ? null : (inside?.[2] ?? written);
		const stated = cells.get('directory')?.replace(/^[/\\]+|[/\\]+$/g, '') ?? inside?.[1] ?? '';
		if (stated !== '' && !(isCut && parseDirectoryName(stated) === undefined)) return { fileName, directory: stated };
		const stamp = fileName === null ? undefined : parseRecordingName(fileName);
		return { fileName, directory: stamp === undefined ? null : directoryNameOf(dateOfMillis(stamp.recordedAtUtc)) };
	}

	/** A time's instant: the UTC column wins; a local one is read in the tenant zone, a repeated hour settled by `near`. */
	#instantOf(
		which: 'startTime' | 'stopTime',
		cells: KnownCells,
		near: number | undefined,
		troubles: string[],
	): number | undefined {
		const utcText = cells.get(`${which}Utc`);
		const utc = utcText === undefined ? undefined : readTime(utcText, this.dateOrder);
		if (utc !== undefined) return utc.wallMillis - (utc.offset ?? 0);
		if (utcText !== undefined) troubles.push(`'${clip(utcText)}' is not a time`);

		const localText = cells.get(which);
		const local = localText === undefined ? undefined : readTime(localText, this.dateOrder);
		if (local === undefined) {
			if (localText !== undefined) troubles.push(`'${clip(localText)}' is not a time`);
			return undefined;
		}
		if (local.offset !== undefined) return local.wallMillis - local.offset;
		const instants = this.clock.instantsOf(local.wallMillis);
		const [earliest] = instants;
		if (earliest === undefined) return this.clock.skippedInstantOf(local.wallMillis);
		if (near === undefined) return earliest;
		return instants.reduce((best, instant) => (Math.abs(instant - near) < Math.abs(best - near) ? instant : best));
	}

	/** Stop minus start, where the index has no DURATION that can be read. */
	#durationFrom(
		cells: KnownCells,
		startUtc: number | undefined,
		stopUtc: number | undefined,
		troubles: string[],
	): number | null {
		const written = cells.get('duration');
		if (written !== undefined) troubles.push(`'${clip(written)}' is not a duration`);
		if (startUtc === undefined || stopUtc === undefined || stopUtc < startUtc) return null;
		return (stopUtc - startUtc) / 1_000;
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

function emptyAsNull(cell: string | undefined): string | null {
	return cell === undefined || cell === '' ? null : cell;
}

function clip(text: string): string {
	return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
