import type { DateOrders, RowDates } from './dateOrder';

/** Rows that one undecided row may hold up. */
const MOST_WAITING = 400;

/**
 * Holds rows back while a later one may tell the order of their dates, and lets them go in the order of the file. What waits
 * is bounded: first the rows of the sample, then whatever follows a row that only the others can settle.
 */
export class WaitingRows<Row> {
	#waiting: Array<{ readonly row: Row; readonly dates: RowDates }> = [];

	#isPatient = true;

	constructor(
		private readonly orders: DateOrders,
		private readonly datesOf: (row: Row) => RowDates,
	) {}

	/** Takes the next rows of the file and gives those that can be read now. */
	take(rows: readonly Row[]): readonly Row[] {
		if (!this.orders.isOpen) return rows;
		const heard = rows.map((row) => ({ row, dates: this.datesOf(row) }));
		this.orders.hear(heard.map(({ dates }) => dates));
		this.#waiting.push(...heard);
		if (!this.orders.isOpen || !this.#isPatient) return this.rest();
		if (!this.orders.hasHeardEnough) return [];

		const undecided = this.#waiting.findIndex(({ dates }) => this.orders.isUndecided(dates));
		if (undecided === -1) return this.rest();
		if (this.#waiting.length - undecided >= MOST_WAITING) {
			this.#isPatient = false;
			return this.rest();
		}
		return this.#waiting.splice(0, undecided).map(({ row }) => row);
	}

	/** What still waits when the file has ended. */
	rest(): Row[] {
		return this.#waiting.splice(0).map(({ row }) => row);
	}
}
