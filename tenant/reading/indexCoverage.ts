import { INDEX_DIRECTORY } from './indexFile';
import type { IndexFile } from './indexFile';
import { parseDirectoryName } from '../../recordings/remoteName';
import { addDays } from '../../recordings/tenantDay';
import type { UtcWindow } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';

/** What the rows of one index file are about, gathered while it is read. */
export class IndexCoverage {
	readonly #rowsByDay = new Map<CalendarDate, number>();

	readonly #directories = new Set<string>();

	constructor(readonly file: IndexFile) {}

	add(tenantDay: CalendarDate | null, directory: string | null): void {
		if (tenantDay !== null) this.#rowsByDay.set(tenantDay, (this.#rowsByDay.get(tenantDay) ?? 0) + 1);
		if (directory !== null) this.#directories.add(directory);
	}

	/** The tenant day that most rows lie in; `undefined` for a file without calls. */
	get day(): CalendarDate | undefined {
		const [most] = [...this.#rowsByDay].sort((a, b) => b[1] - a[1]);
		return most?.[0];
	}

	/**
	 * Whether the file is about a whole tenant day. Those in `Index/` are; a copy in a day directory is when it also lists
	 * recordings that lie elsewhere, otherwise it may list just its own directory.
	 */
	get isWholeDay(): boolean {
		if (this.file.directory === INDEX_DIRECTORY) return true;
		return [...this.#directories].some((directory) => directory !== this.file.directory);
	}
}

/** What the server holds for a stretch of a tenant day in one UTC directory. */
export interface CoveredPart extends UtcWindow {
	readonly directory: string;
	/** The directory is not on the server, so nothing was recorded in it (or it has been deleted). */
	readonly isAbsent: boolean;
}

/**
 * The parts of a tenant day that no index speaks for; empty when the day is covered. "No index" must never pass for "no
 * calls": names alone cannot tell, because an index may be stamped with the day it was written, so the rows decide.
 */
export function uncoveredParts(
	date: CalendarDate,
	parts: readonly CoveredPart[],
	coverages: readonly IndexCoverage[],
): CoveredPart[] {
	if (parts.length === 0) return [];
	if (coverages.some((coverage) => coverage.isWholeDay && coversDay(coverage, date, coverages))) return [];

	const hasOwnIndex = (part: CoveredPart): boolean => coverages.some(({ file }) => file.directory === part.directory);
	if (!parts.some(hasOwnIndex)) return [...parts];
	return parts.filter((part) => !part.isAbsent && !hasOwnIndex(part));
}

function coversDay(coverage: IndexCoverage, date: CalendarDate, all: readonly IndexCoverage[]): boolean {
	if (coverage.day !== undefined) return coverage.day === date;
	// An index without calls says by its name alone which day it is about, so the others tell how this tenant stamps.
	const written = all.filter(
		({ day, file }) => day !== undefined && file.directory === INDEX_DIRECTORY && file.date === addDays(day, 1),
	).length;
	const own = all.filter(
		({ day, file }) => day !== undefined && file.directory === INDEX_DIRECTORY && file.date === day,
	).length;
	return coverage.file.date === (written > own ? addDays(date, 1) : date);
}

/** `Syyyymmdd` -> its UTC window, the whole day. */
export function windowOfDirectory(directory: string): UtcWindow | undefined {
	const date = parseDirectoryName(directory);
	if (date === undefined) return undefined;
	const fromUtc = Date.parse(`${date}T00:00:00.000Z`);
	return { fromUtc, toUtc: fromUtc + 86_400_000 };
}
