import { byStart, isBetter } from '../reading/mergedCalls';
import type { Rank } from '../reading/mergedCalls';
import type { IndexFile } from '../reading/indexFile';
import type { IndexRow, ReadRow } from '../../recordings/indexRow';
import { keyOfRow } from './seenRecordings';
import type { SeenKey, SeenRecordings } from './seenRecordings';
import type { CalendarDate } from '../../recordings/calendarDate';

interface Candidate {
	readonly key: SeenKey;
	rank: Rank;
	/** The best row so far; absent when it does not match the filters. */
	match: ReadRow | undefined;
	/** The most detailed edition that lists the recording. */
	edition: number;
	/** Every file that lists it. */
	readonly files: Set<string>;
	readonly date: CalendarDate;
}

/** What a poll emits, and what is left for the next. */
export interface ChosenCalls {
	readonly rows: IndexRow[];
	/** Files with rows that are left, which have to be read again. */
	readonly filesLeft: ReadonlySet<string>;
	/** Tenant days of the rows that are left. */
	readonly datesLeft: readonly CalendarDate[];
}

/** Gathers the rows that a poll finds and no poll before has seen: every recording once, its richer row. */
export class UnseenCalls {
	readonly #candidates = new Map<string, Candidate>();

	constructor(
		private readonly seen: SeenRecordings,
		private readonly matches: (row: IndexRow) => boolean,
	) {}

	/** Whether the row would be taken up: nobody has seen it, or only a basic edition has told about it. */
	isNew(row: IndexRow, file: IndexFile): boolean {
		const status = this.seen.statusOf(keyOfRow(row, file.date));
		return status === undefined || (status === 'basic' && file.edition > 1);
	}

	/** `priority` of the file: of two equally rich rows that of the lower one stays. */
	add(read: ReadRow, file: IndexFile, priority: number): void {
		const key = keyOfRow(read.row, file.date);
		const id = `${key.group} ${key.number}`;
		const rank = { richness: read.richness, priority };
		const known = this.#candidates.get(id);
		if (known === undefined) {
			const match = this.matches(read.row) ? read : undefined;
			const date = read.row.tenantDay ?? file.date;
			this.#candidates.set(id, { key, rank, match, edition: file.edition, files: new Set([file.path]), date });
			return;
		}
		known.files.add(file.path);
		known.edition = Math.max(known.edition, file.edition);
		if (!isBetter(rank, known.rank)) return;
		known.rank = rank;
		known.match = this.matches(read.row) ? read : undefined;
	}

	/** How many rows of days before `date` are waiting to be emitted. */
	countBefore(date: CalendarDate): number {
		let count = 0;
		for (const candidate of this.#candidates.values())
			if (candidate.match !== undefined && candidate.date < date) count += 1;
		return count;
	}

	/**
	 * The oldest rows, at most `maximum` and none of `before` or later. They and those that do not match the filters are seen from
	 * now on; the others come again with the next poll.
	 */
	choose(maximum: number, before: CalendarDate | undefined): ChosenCalls {
		const waiting: Array<{ readonly candidate: Candidate; readonly read: ReadRow }> = [];
		for (const candidate of this.#candidates.values()) {
			if (candidate.match !== undefined) waiting.push({ candidate, read: candidate.match });
			else this.seen.add(candidate.key, candidate.edition > 1 ? 'settled' : 'basic');
		}
		waiting.sort((a, b) => byStart(a.read, b.read));
		const ready = before === undefined ? waiting : waiting.filter(({ candidate }) => candidate.date < before);
		const chosen = ready.slice(0, maximum);
		for (const { candidate } of chosen) this.seen.add(candidate.key, 'settled');
		const taken = new Set(chosen);
		const left = waiting.filter((one) => !taken.has(one));
		return {
			rows: chosen.map(({ read }) => read.row),
			filesLeft: new Set(left.flatMap(({ candidate }) => [...candidate.files])),
			datesLeft: [...new Set(left.map(({ candidate }) => candidate.date))],
		};
	}
}
