import { byStart, isBetter } from '../reading/mergedCalls';
import type { Rank } from '../reading/mergedCalls';
import { isSameCall } from '../reading/sameCall';
import type { IndexFile } from '../reading/indexFile';
import { isUnfinished, judgementOf, waitsUntil } from '../reading/unfinishedCalls';
import type { CallJudge } from '../../recordings/callFilter';
import type { IndexRow, ReadRow } from '../../recordings/indexRow';
import { keyOfRow } from './seenRecordings';
import type { SeenKey, SeenRecordings } from './seenRecordings';
import type { CalendarDate } from '../../recordings/calendarDate';

interface Candidate {
	readonly key: SeenKey;
	rank: Rank;
	/** The best row so far. */
	best: ReadRow;
	/** Every file that lists it. */
	readonly files: Set<string>;
	readonly date: CalendarDate;
}

/** The files that list a call, and its tenant day. */
export interface CallPlace {
	readonly files: ReadonlySet<string>;
	readonly date: CalendarDate;
}

/** What a poll emits, and what is left for the next. */
export interface ChosenCalls {
	readonly rows: IndexRow[];
	/** Where each of them stands. */
	readonly places: ReadonlyMap<IndexRow, CallPlace>;
	/** Recordings that are left. */
	readonly idsLeft: ReadonlySet<string>;
	/** Of these, calls that only the basic index lists, and that have waited long enough for the detailed one. */
	readonly overdue: number;
	/** Files with rows that are left, which have to be read again. */
	readonly filesLeft: ReadonlySet<string>;
	/** Tenant days of the rows that are left. */
	readonly datesLeft: readonly CalendarDate[];
	/** By file: when the first of its calls has waited long enough for the detailed index, in milliseconds since the epoch. */
	readonly waiting: ReadonlyMap<string, number>;
}

export interface CallRules {
	readonly judge: CallJudge;
	/** The tenant writes detailed index files, so a call that only a basic one lists waits. */
	readonly writesDetailed: boolean;
	/** Milliseconds since the epoch. */
	readonly now: number;
}

/** Gathers the rows that a poll finds and no poll before has seen: every recording once, its richer row. */
export class UnseenCalls {
	readonly #candidates = new Map<string, Candidate>();

	readonly #waiting = new Map<string, number>();

	/** Rows without a recording of detailed files, by which the same calls of basic ones are known. */
	readonly #unnamedDetailed: ReadRow[] = [];

	readonly #dueMet = new Set<string>();

	/** @param due recordings that an earlier poll has settled and that are to come again */
	constructor(
		private readonly seen: SeenRecordings,
		private readonly rules: CallRules,
		private readonly due: { has(recordingId: string): boolean } = new Set<string>(),
	) {}

	/** Those that are to come again and that a file has listed. */
	get dueMet(): ReadonlySet<string> {
		return this.#dueMet;
	}

	/**
	 * Takes a row up unless an earlier poll has settled it: one of a basic edition that it met is taken up again when a detailed one
	 * lists it, or when it has waited long enough.
	 *
	 * @param priority of the file: of two equally rich rows that of the lower one stays
	 * @param copy how many equal rows without a recording stand before it in the file
	 */
	add(read: ReadRow, file: IndexFile, priority: number, copy = 0): void {
		const { row } = read;
		const key = keyOfRow(row, file.date, copy);
		if (row.recordingId === null && row.indexDetail === 'detailed') this.#unnamedDetailed.push(read);
		const isDue = row.recordingId !== null && this.due.has(row.recordingId);
		if (isDue && row.recordingId !== null) this.#dueMet.add(row.recordingId);
		const status = this.seen.statusOf(key);
		if (status === 'settled' && !isDue) return;
		if (status === 'basic' && row.indexDetail === 'basic' && !this.#isOverdue(read)) {
			if (this.#waits(read)) this.#noteWaiting(read, file.path);
			return;
		}
		this.#take(key, read, file, priority);
	}

	#take(key: SeenKey, read: ReadRow, file: IndexFile, priority: number): void {
		const id = `${key.group} ${key.number}`;
		const rank = { richness: read.richness, priority };
		const known = this.#candidates.get(id);
		if (known === undefined) {
			const date = read.row.tenantDay ?? file.date;
			this.#candidates.set(id, { key, rank, best: read, files: new Set([file.path]), date });
			return;
		}
		known.files.add(file.path);
		if (!isBetter(rank, known.rank)) return;
		known.rank = rank;
		known.best = read;
	}

	/** How many rows of days before `date` are waiting to be emitted. */
	countBefore(date: CalendarDate): number {
		let count = 0;
		for (const candidate of this.#candidates.values())
			if (candidate.date < date && this.#isReady(candidate.best)) count += 1;
		return count;
	}

	/**
	 * The oldest rows, at most `maximum` and none of `before` or later. They and those that do not match the filters are seen from
	 * now on; the others come again with the next poll. Calls that only a basic edition lists wait for the detailed one.
	 */
	choose(maximum: number, before: CalendarDate | undefined): ChosenCalls {
		const ready: Candidate[] = [];
		for (const candidate of this.#candidates.values()) {
			const { key, best, files } = candidate;
			if (this.#isListedInDetail(best)) this.seen.add(key, 'settled');
			else if (this.#isReady(best)) ready.push(candidate);
			else this.seen.add(key, best.row.indexDetail === 'detailed' ? 'settled' : 'basic');
			if (this.#waits(best)) for (const path of files) this.#noteWaiting(best, path);
		}
		ready.sort((a, b) => byStart(a.best, b.best));
		const due = before === undefined ? ready : ready.filter(({ date }) => date < before);
		const chosen = due.slice(0, maximum);
		for (const { key } of chosen) this.seen.add(key, 'settled');
		const taken = new Set(chosen);
		const left = ready.filter((one) => !taken.has(one));
		return {
			rows: chosen.map(({ best }) => best.row),
			places: new Map(chosen.map(({ best, files, date }) => [best.row, { files, date }])),
			idsLeft: new Set(left.flatMap(({ best }) => best.row.recordingId ?? [])),
			overdue: chosen.filter(({ best }) => this.#isOverdue(best)).length,
			filesLeft: new Set(left.flatMap(({ files }) => [...files])),
			datesLeft: [...new Set(left.map(({ date }) => date))],
			waiting: this.#waiting,
		};
	}

	#judgement(read: ReadRow): ReturnType<CallJudge> {
		return judgementOf(read, this.rules.judge, this.rules.writesDetailed);
	}

	/** It meets the filters and is finished, or has waited long enough. */
	#isReady(read: ReadRow): boolean {
		return this.#judgement(read) !== 'unmet' && !this.#waits(read);
	}

	#waits(read: ReadRow): boolean {
		const { writesDetailed, now } = this.rules;
		if (!isUnfinished(read.row, writesDetailed) || waitsUntil(read) <= now) return false;
		return this.#judgement(read) !== 'unmet';
	}

	#isOverdue(read: ReadRow): boolean {
		return isUnfinished(read.row, this.rules.writesDetailed) && waitsUntil(read) <= this.rules.now;
	}

	#isListedInDetail(read: ReadRow): boolean {
		if (read.row.recordingId !== null || read.row.indexDetail === 'detailed') return false;
		return this.#unnamedDetailed.some((detailed) => detailed.at === read.at && isSameCall(detailed, read));
	}

	#noteWaiting(read: ReadRow, path: string): void {
		this.#waiting.set(path, Math.min(waitsUntil(read), this.#waiting.get(path) ?? Infinity));
	}
}
