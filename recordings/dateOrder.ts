import { DATE_ORDERS, readTime, wallMillisOf } from './indexTime';
import type { DateOrder, WrittenTime } from './indexTime';

const HOUR = 3_600_000;
/** A time lies within a day of its recording's stamp, and a local clock within 14 hours of UTC. */
const FARTHEST = 38 * HOUR;
/** A file is stamped with its own day or with the next, in local time. */
const FARTHEST_FROM_FILE = 72 * HOUR;
/** Rows heard before the order of a file is taken as settled. */
const ENOUGH = 400;
/** Dates remembered as heard, so that memory stays bounded in any file. */
const MOST_DATES = 1_000;

/** What a row holds that may tell the order of dates: its times as written, and the UTC stamp in its recording's name. */
export interface RowDates {
	readonly times: readonly string[];
	readonly recordedAtUtc: number | undefined;
}

/**
 * The order of day and month in one file, settled by the rows that can tell: those whose times come near their stamp, or near
 * each other, in one order and not in another, or are dates in one only. A row that fits every order (6 June) counts for all of them, and so for
 * none. The file's own date breaks a tie, and then month first does, as 8x8 writes for the United States.
 */
export class DateOrders {
	readonly #votes = new Map<DateOrder, number>();

	readonly #nearFileDate = new Map<DateOrder, number>();

	readonly #datesHeard = new Set<string>();

	#rowsHeard = 0;

	#hasFixedDate = false;

	#hasUnsettledDate = false;

	#isOpen: boolean;

	#preferred: readonly DateOrder[];

	/** @param fileDate milliseconds of the date in the index file's name */
	constructor(
		setting: DateOrder | 'auto',
		private readonly fileDate: number | undefined,
	) {
		this.#isOpen = setting === 'auto';
		// A year that stands last although it should come first leaves month and day as the United States write them.
		this.#preferred = setting === 'ymd' ? ['ymd', 'mdy'] : setting === 'auto' ? DATE_ORDERS : [setting];
	}

	/** Orders to try for a row, best first; only one when it is set by hand. */
	get preferred(): readonly DateOrder[] {
		return this.#preferred;
	}

	/** Whether more rows may still change it. */
	get isOpen(): boolean {
		return this.#isOpen;
	}

	/** Whether so many rows have been heard that what they agree on holds for the rest. */
	get hasHeardEnough(): boolean {
		return this.#rowsHeard >= ENOUGH;
	}

	hear(rows: readonly RowDates[]): void {
		for (const row of rows) if (!this.#isHeardAlready(row)) this.#hearRow(row);
		this.#preferred = [...DATE_ORDERS].sort(
			(a, b) =>
				votesOf(this.#votes, b) - votesOf(this.#votes, a) ||
				votesOf(this.#nearFileDate, b) - votesOf(this.#nearFileDate, a),
		);
		const isPlain = this.#hasFixedDate && !this.#hasUnsettledDate;
		if (this.hasHeardEnough && (this.#leading().length === 1 || isPlain)) this.#isOpen = false;
	}

	/** Whether the row reads differently in orders of which none leads yet, and has no stamp to tell for itself. */
	isUndecided({ times, recordedAtUtc }: RowDates): boolean {
		if (recordedAtUtc !== undefined) return false;
		const leading = this.#leading();
		return readTimes(times).some((time) => new Set(leading.map((order) => wallMillisOf(time, order))).size > 1);
	}

	/** A file of one day that fits every order repeats a few dates: beyond the first rows, a date heard once tells nothing new. */
	#isHeardAlready({ times, recordedAtUtc }: RowDates): boolean {
		if (!this.hasHeardEnough || recordedAtUtc === undefined) return false;
		if (times.every((time) => this.#datesHeard.has(dateOf(time)))) return true;
		if (this.#datesHeard.size >= MOST_DATES) this.#datesHeard.clear();
		for (const time of times) this.#datesHeard.add(dateOf(time));
		return false;
	}

	#hearRow(row: RowDates): void {
		this.#rowsHeard += 1;
		const times = readTimes(row.times);
		const unsettled = times.filter(({ date }) => typeof date !== 'number');
		if (unsettled.length < times.length) this.#hasFixedDate = true;
		if (unsettled.length === 0) return;
		this.#hasUnsettledDate = true;
		for (const order of DATE_ORDERS) this.#vote(order, times, row.recordedAtUtc);
	}

	#vote(order: DateOrder, times: readonly WrittenTime[], recordedAtUtc: number | undefined): void {
		const walls = times.flatMap((time) => wallMillisOf(time, order) ?? []);
		const near = (moment: number, farthest: number): number =>
			walls.filter((wall) => Math.abs(wall - moment) <= farthest).length;
		if (recordedAtUtc !== undefined) {
			add(this.#votes, order, near(recordedAtUtc, FARTHEST));
			return;
		}
		// Without a stamp to hold them against, times that contradict each other tell nothing.
		const isWhole = walls.length === times.length && near(Math.min(...walls), FARTHEST) === times.length;
		if (isWhole) add(this.#votes, order, 1);
		if (this.fileDate !== undefined) add(this.#nearFileDate, order, near(this.fileDate, FARTHEST_FROM_FILE));
	}

	#leading(): DateOrder[] {
		const most = Math.max(...DATE_ORDERS.map((order) => votesOf(this.#votes, order)));
		return DATE_ORDERS.filter((order) => votesOf(this.#votes, order) === most);
	}
}

function readTimes(texts: readonly string[]): WrittenTime[] {
	return texts.flatMap((text) => readTime(text) ?? []);
}

/** The part of a numeric time that holds its date. */
function dateOf(text: string): string {
	return text.slice(0, 10);
}

function votesOf(votes: ReadonlyMap<DateOrder, number>, order: DateOrder): number {
	return votes.get(order) ?? 0;
}

function add(votes: Map<DateOrder, number>, order: DateOrder, count: number): void {
	votes.set(order, votesOf(votes, order) + count);
}
