import type { FileEvidence, UnreadableIndex } from './fileEvidence';
import type { IndexFile } from './indexFile';
import { StampingHabit } from './stampingHabit';
import type { DirectoryWindow, TenantDay } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';

/**
 * Why a part of a day has all its calls:
 * - `rows`: this file has rows of the day
 * - `name`: this file's name stands for it, as the tenant stamps its files, and its header can be read
 * - `absence`: its directory is not on the server, while the rest of the day is covered by the indexes of directories
 */
export type Cover = { readonly by: 'rows' | 'name'; readonly file: IndexFile } | { readonly by: 'absence' };

/** A stretch of a tenant day in one UTC directory, and what covers it; `undefined` when nothing does. */
export interface DayPart extends DirectoryWindow {
	/** The directory is not on the server, so nothing was recorded in it (or it has been deleted). */
	readonly isAbsent: boolean;
	readonly cover: Cover | undefined;
}

/** What the index files of a server say of one tenant day. */
export interface DayEvidence {
	readonly day: TenantDay;
	/** Those that were asked for. */
	readonly parts: readonly DayPart[];
	/** Files that may list calls of the day and cannot be read. */
	readonly unreadable: readonly UnreadableIndex[];
}

/** The parts of a day that no index speaks for. */
export function uncoveredParts({ parts }: DayEvidence): DayPart[] {
	return parts.filter(({ cover }) => cover === undefined);
}

/** Every part of the day is covered, and no file is left that may list more. */
export function isProven(evidence: DayEvidence): boolean {
	return uncoveredParts(evidence).length === 0 && evidence.unreadable.length === 0;
}

/** What index files were found, and which directories were not. */
export interface IndexFindings {
	readonly files: readonly FileEvidence[];
	readonly unreadable: readonly UnreadableIndex[];
	readonly absent: ReadonlySet<string>;
}

/** Says for each day by what its parts are covered: "no index" must never pass for "no calls". */
export class DayJudge {
	readonly #habit: StampingHabit;

	constructor(private readonly findings: IndexFindings) {
		this.#habit = new StampingHabit(findings.files);
	}

	/** @param parts those of the day that count, all when absent */
	evidenceOf(day: TenantDay, parts: readonly DirectoryWindow[] = day.directories): DayEvidence {
		const whole = this.#coverOfDay(day.date);
		const covered = parts.map((part) => {
			const isAbsent = this.findings.absent.has(part.directory);
			return { ...part, isAbsent, cover: whole ?? this.#coverOfPart(day.date, part.directory) };
		});
		const hasIndex = covered.some(({ cover }) => cover !== undefined);
		const directories = day.directories.map(({ directory }) => directory);
		return {
			day,
			parts: covered.map((part) =>
				part.cover === undefined && part.isAbsent && hasIndex ? { ...part, cover: { by: 'absence' } } : part,
			),
			unreadable: this.findings.unreadable.filter(({ file }) => this.#habit.concerns(file, day.date, directories)),
		};
	}

	/** The day that a row without any time is counted with. */
	dayOf(file: FileEvidence): CalendarDate {
		return this.#habit.dayOf(file);
	}

	#coverOfDay(date: CalendarDate): Cover | undefined {
		const files = this.findings.files.filter((evidence) => this.#habit.scopeOf(evidence) === 'day');
		const byRows = files.find((evidence) => this.#listsByRows(evidence, date));
		if (byRows !== undefined) return { by: 'rows', file: byRows.file };
		const byName = files.find((evidence) => this.#listsByName(evidence, date));
		return byName === undefined ? undefined : { by: 'name', file: byName.file };
	}

	#listsByRows(evidence: FileEvidence, date: CalendarDate): boolean {
		if (!evidence.hasRowsOf(date)) return false;
		return this.#habit.dayOf(evidence) === date || evidence.isAlsoAbout(date);
	}

	/** Rows of another day would show it to be a copy of that day's index, unless they are late calls that no other index has. */
	#listsByName(evidence: FileEvidence, date: CalendarDate): boolean {
		if (this.#habit.dayNamedBy(evidence.file) !== date) return false;
		if (evidence.isWithoutDays) return true;
		const [before = ''] = evidence.mainDays;
		return before < date && evidence.holdsOnlyLateCallsOf(before) && !this.#isCopied(evidence, before);
	}

	#coverOfPart(date: CalendarDate, directory: string): Cover | undefined {
		const own = this.findings.files.filter(
			(evidence) => evidence.file.directory === directory && this.#habit.scopeOf(evidence) === 'directory',
		);
		const byRows = own.find((evidence) => evidence.hasRowsOf(date));
		if (byRows !== undefined) return { by: 'rows', file: byRows.file };
		const byName = own.find((evidence) => evidence.mainDays.every((day) => !this.#isCopied(evidence, day)));
		return byName === undefined ? undefined : { by: 'name', file: byName.file };
	}

	/** Whether the index of a day lists all of this file's recordings, so that the file may be a copy of it. */
	#isCopied(evidence: FileEvidence, date: CalendarDate): boolean {
		return this.findings.files.some(
			(other) =>
				other !== evidence &&
				this.#habit.scopeOf(other) === 'day' &&
				this.#habit.dayNamedBy(other.file) === date &&
				other.listsAllOf(evidence),
		);
	}
}
