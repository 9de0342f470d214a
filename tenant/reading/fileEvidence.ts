import type { IndexFile } from './indexFile';
import { INDEX_DIRECTORY } from './indexFile';
import type { IndexFormatError } from '../../recordings/indexFormatError';
import type { ReadRow } from '../../recordings/indexRow';
import { parseDirectoryName } from '../../recordings/remoteName';
import { tenantDay } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { TransportError } from '../../transport/transportError';

/** An index file that is on the server and cannot be read: no bytes, half a header, another kind of file, no permission. */
export interface UnreadableIndex {
	readonly file: IndexFile;
	readonly reason: IndexFormatError | TransportError;
}

/** Recordings so soon after midnight may be of calls that began before it, where the file tells no times. */
const AFTER_MIDNIGHT = 3_600_000;

/** Calls that begin so long before midnight may run over it, and stand in the index of the next day. */
const OVER_MIDNIGHT = 6 * 3_600_000;

interface RowsOfDay {
	/** Calls that begin now or later may run over midnight. */
	readonly lateFrom: number;
	/** Recordings before it may be of calls of the day before. */
	readonly ownFrom: number;
	rows: number;
	/** Not all of them are calls that may have run over the midnight at the end. */
	hasEarly: boolean;
	/** Not all of them are calls that may have run over a midnight. */
	hasOwn: boolean;
}

/** What an index file whose header could be read is about, gathered while its rows pass. */
export class FileEvidence {
	readonly #days = new Map<CalendarDate, RowsOfDay>();

	readonly #directories = new Set<string>();

	readonly #recordings = new Set<string>();

	constructor(
		readonly file: IndexFile,
		private readonly clock: ZoneClock,
	) {}

	add({ row, at }: Pick<ReadRow, 'row' | 'at'>): void {
		const { tenantDay: date, directory, recordingId } = row;
		if (directory !== null) this.#directories.add(directory);
		if (recordingId !== null) this.#recordings.add(recordingId);
		if (date === null || at === undefined) return;
		const ofDay = this.#days.get(date) ?? this.#begin(date);
		ofDay.rows += 1;
		ofDay.hasEarly ||= at < ofDay.lateFrom;
		ofDay.hasOwn ||= at >= ofDay.ownFrom && at < ofDay.lateFrom;
	}

	#begin(date: CalendarDate): RowsOfDay {
		const { fromUtc, toUtc } = tenantDay(date, this.clock);
		const [ownFrom, lateFrom] = [fromUtc + AFTER_MIDNIGHT, toUtc - OVER_MIDNIGHT];
		const ofDay = { ownFrom, lateFrom, rows: 0, hasEarly: false, hasOwn: false };
		this.#days.set(date, ofDay);
		return ofDay;
	}

	/**
	 * The tenant days in which most rows lie: none for a file without calls. Of days with as many rows those count whose calls did not
	 * just run over a midnight; several are left when that tells nothing.
	 */
	get mainDays(): CalendarDate[] {
		const most = Math.max(...[...this.#days.values()].map(({ rows }) => rows));
		const days = [...this.#days].filter(([, { rows }]) => rows === most);
		const own = days.filter(([, { hasOwn }]) => hasOwn);
		return (own.length > 0 ? own : days).map(([date]) => date);
	}

	/** No row has a time by which it lies in a day. */
	get isWithoutDays(): boolean {
		return this.#days.size === 0;
	}

	get spansDays(): boolean {
		return this.#days.size > 1;
	}

	hasRowsOf(date: CalendarDate): boolean {
		return this.#days.has(date);
	}

	/** Whether rows of a day show that the file lists it: more than some calls over midnight in the index of another day. */
	isAlsoAbout(date: CalendarDate): boolean {
		const ofDay = this.#days.get(date);
		if (ofDay === undefined || !ofDay.hasOwn) return false;
		return ofDay.rows * 2 >= Math.max(...[...this.#days.values()].map(({ rows }) => rows));
	}

	/** Nothing in it but calls of this day that may have run over its midnight. */
	holdsOnlyLateCallsOf(date: CalendarDate): boolean {
		return this.#days.size === 1 && this.#days.get(date)?.hasEarly === false;
	}

	/** The UTC date of the day directory it lies in; `undefined` in `Index/`. */
	get directoryDate(): CalendarDate | undefined {
		return this.file.directory === INDEX_DIRECTORY ? undefined : parseDirectoryName(this.file.directory);
	}

	/** Lists a recording that lies in another directory than the file itself. */
	get listsElsewhere(): boolean {
		return [...this.#directories].some((directory) => directory !== this.file.directory);
	}

	get listsItsDirectory(): boolean {
		return this.#directories.has(this.file.directory);
	}

	/** Whether it lists every recording of the other one. */
	listsAllOf(other: FileEvidence): boolean {
		return [...other.#recordings].every((id) => this.#recordings.has(id));
	}
}
