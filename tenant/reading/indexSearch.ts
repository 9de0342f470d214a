import { directoryNameOf, parseDirectoryName } from '../../recordings/remoteName';
import { addDays, tenantDay } from '../../recordings/tenantDay';
import type { TenantDay } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { ZoneClock } from '../../recordings/zoneClock';

/** Where rows of a tenant day can be: which directories to look into, and which dates in index names to read. */
export interface IndexSearch {
	/** Besides `Index`, the day directories whose index files may list calls of the day. */
	readonly directories: readonly string[];
	readonly dates: ReadonlySet<CalendarDate>;
}

/**
 * An index is stamped with the tenant day it covers or with the day it was written (the next one), and the copy in a
 * day directory with that directory's UTC day. A call that ran over midnight may be listed a day later still; and one that began
 * before the day may be listed richer with the day before, to which it then belongs.
 */
export function indexSearchFor(day: TenantDay, clock: ZoneClock): IndexSearch {
	const utcDates = day.directories.flatMap(({ directory }) => parseDirectoryName(directory) ?? []);
	const near = [dateBefore(day.date, clock), day.date, addDays(day.date, 1)];
	return {
		directories: [...new Set([...utcDates, ...near].map(directoryNameOf))].sort(),
		dates: new Set([...utcDates, ...near, addDays(day.date, 2)]),
	};
}

/** The tenant day before; not a date that the zone has skipped. */
function dateBefore(date: CalendarDate, clock: ZoneClock): CalendarDate {
	const before = addDays(date, -1);
	return tenantDay(before, clock).hours > 0 ? before : addDays(date, -2);
}
