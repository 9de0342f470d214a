import { directoryNameOf, parseDirectoryName, parseIndexName } from '../../recordings/remoteName';
import { addDays } from '../../recordings/tenantDay';
import type { TenantDay } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';

/** The directory at the top of the tenant that holds an index file for every day. */
export const INDEX_DIRECTORY = 'Index';

export type IndexDetail = 'auto' | 'detailed' | 'basic';

/** An index file found on the server. */
export interface IndexFile {
	readonly path: string;
	/** `Index`, or the day directory it lies in. */
	readonly directory: string;
	/** The date in its name. */
	readonly date: CalendarDate;
	/** 1 = basic, higher = more columns. */
	readonly edition: number;
}

/** The index file of a name in a directory, or `undefined` when the name is not an index's. */
export function indexFileOf(directory: string, name: string): IndexFile | undefined {
	const parsed = parseIndexName(name);
	return parsed === undefined ? undefined : { ...parsed, directory, path: `${directory}/${name}` };
}

export function hasDetail(file: IndexFile, detail: IndexDetail): boolean {
	if (detail === 'auto') return true;
	return detail === 'detailed' ? file.edition > 1 : file.edition === 1;
}

/** Richer editions first; of the same edition those in `Index/` first; then by date. Of two equal rows the first one read stays. */
export function byDetail(a: IndexFile, b: IndexFile): number {
	if (a.edition !== b.edition) return b.edition - a.edition;
	if ((a.directory === INDEX_DIRECTORY) !== (b.directory === INDEX_DIRECTORY))
		return a.directory === INDEX_DIRECTORY ? -1 : 1;
	return a.path < b.path ? -1 : 1;
}

/** Where rows of a tenant day can be: which directories to look into, and which dates in index names to read. */
export interface IndexSearch {
	/** Besides `Index`, the day directories whose index files may list calls of the day. */
	readonly directories: readonly string[];
	readonly dates: ReadonlySet<CalendarDate>;
}

/**
 * An index is stamped with the tenant day it covers or with the day it was written (the next one), and the copy in a
 * day directory with that directory's UTC day. A call that ran over midnight may be listed a day later still.
 */
export function indexSearchFor(day: TenantDay): IndexSearch {
	const utcDates = day.directories.flatMap(({ directory }) => parseDirectoryName(directory) ?? []);
	const near = [day.date, addDays(day.date, 1)];
	return {
		directories: [...new Set([...utcDates, ...near].map(directoryNameOf))].sort(),
		dates: new Set([...utcDates, ...near, addDays(day.date, 2)]),
	};
}
