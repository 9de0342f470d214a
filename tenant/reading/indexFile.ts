import { parseIndexName } from '../../recordings/remoteName';
import type { IndexDetail } from '../../recordings/indexRow';
import type { CalendarDate } from '../../recordings/calendarDate';

/** The directory at the top of the tenant that holds an index file for every day. */
export const INDEX_DIRECTORY = 'Index';

/** Which editions are to be read. */
export type SoughtDetail = 'auto' | IndexDetail;

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

export function hasDetail(file: IndexFile, detail: SoughtDetail): boolean {
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
