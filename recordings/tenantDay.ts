import type { CalendarDate } from './calendarDate';
import { directoryNameOf } from './remoteName';
import type { ZoneClock } from './zoneClock';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A stretch of time, `fromUtc` included, `toUtc` not, in milliseconds since the epoch. */
export interface UtcWindow {
	readonly fromUtc: number;
	readonly toUtc: number;
}

/** The part of a tenant day that lies in one UTC directory. */
export interface DirectoryWindow extends UtcWindow {
	/** `Syyyymmdd` */
	readonly directory: string;
}

/**
 * The local calendar day `[00:00, next 00:00)` of a tenant. Its recordings lie in the UTC directories listed, in order.
 * A day that the zone skipped (Pacific/Apia 2011-12-30) has no length and no directories.
 */
export interface TenantDay extends UtcWindow {
	readonly date: CalendarDate;
	readonly timeZone: string;
	readonly hours: number;
	readonly directories: readonly DirectoryWindow[];
}

/** Milliseconds of 00:00 UTC on this calendar date. */
export function dateMillis(date: CalendarDate): number {
	return Date.parse(`${date}T00:00:00.000Z`);
}

/** The date that was asked for last: the calls of an index lie in one or two days. */
let last: { readonly day: number; readonly date: CalendarDate } | undefined;

export function dateOfMillis(utcMillis: number): CalendarDate {
	const day = Math.floor(utcMillis / DAY);
	if (last?.day !== day) last = { day, date: new Date(utcMillis).toISOString().slice(0, 10) };
	return last.date;
}

/** The calendar date some days later (or earlier, when negative). */
export function addDays(date: CalendarDate, days: number): CalendarDate {
	return dateOfMillis(dateMillis(date) + days * DAY);
}

/** Every calendar date from the first to the last, both included. */
export function datesBetween(first: CalendarDate, last: CalendarDate): CalendarDate[] {
	const dates: CalendarDate[] = [];
	for (let date = first; date <= last; date = addDays(date, 1)) dates.push(date);
	return dates;
}

/** The tenant day of a calendar date in the tenant's zone. */
export function tenantDay(date: CalendarDate, clock: ZoneClock): TenantDay {
	const fromUtc = clock.firstInstantOf(dateMillis(date));
	const toUtc = clock.firstInstantOf(dateMillis(addDays(date, 1)));
	return {
		date,
		timeZone: clock.zoneName,
		fromUtc,
		toUtc,
		hours: (toUtc - fromUtc) / HOUR,
		directories: directoriesOf({ fromUtc, toUtc }),
	};
}

/** A sentence on each day that was asked for by its date and that the zone never had. */
export function skippedDays(days: readonly TenantDay[]): string[] {
	return days
		.filter(({ hours }) => hours === 0)
		.map(({ date, timeZone }) => `Tenant day ${date} has no hours: the clocks of ${timeZone} skipped it.`);
}

/** The UTC directories that a stretch of time touches, cut at 00:00 UTC. */
export function directoriesOf(window: UtcWindow): DirectoryWindow[] {
	const directories: DirectoryWindow[] = [];
	let fromUtc = window.fromUtc;
	while (fromUtc < window.toUtc) {
		const toUtc = Math.min(window.toUtc, (Math.floor(fromUtc / DAY) + 1) * DAY);
		directories.push({ directory: directoryNameOf(dateOfMillis(fromUtc)), fromUtc, toUtc });
		fromUtc = toUtc;
	}
	return directories;
}

/** The calendar date of the tenant day that holds this instant. */
export function tenantDateAt(utcMillis: number, clock: ZoneClock): CalendarDate {
	const local = utcMillis + clock.offsetAt(utcMillis);
	const midnight = (Math.floor(local / DAY) + 1) * DAY;
	// Clocks that fall back across midnight show yesterday's date again after the new day has begun, by three hours at the most.
	const isPast = midnight - local <= 3 * HOUR && utcMillis >= clock.firstInstantOf(midnight);
	return dateOfMillis(isPast ? midnight : local);
}
