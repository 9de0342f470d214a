import type { DirectoryMark, PollState } from './pollState';
import { directoryNameOf } from '../../recordings/remoteName';
import { addDays, datesBetween, dateOfMillis, tenantDay } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { ZoneClock } from '../../recordings/zoneClock';

/** A directory of this many names costs one answer of the server, or a few; a larger one costs a page for every hundred. */
const FEW_NAMES = 500;
/** How long the list of names of a large directory is good for, in seconds. */
const GOOD_FOR = 15 * 60;

/** Clocks are set back by less than this all the time, in milliseconds. */
const CLOCK_STEP = 60_000;

/** The first day that a trigger looks at when it begins. */
export function firstDay(today: CalendarDate, lookbackDays: number): CalendarDate {
	return addDays(today, -lookbackDays);
}

/**
 * The first day that the next poll looks at: the look-back, or an earlier day on which something is still left. Not
 * earlier than that of the poll before, so that a longer look-back brings no old recordings; and not moved on while n8n is
 * off, so that what arrived meanwhile is caught up with, however long that was.
 */
export function nextSince(
	since: CalendarDate,
	today: CalendarDate,
	lookbackDays: number,
	left: readonly CalendarDate[],
): CalendarDate {
	const wanted = [firstDay(today, lookbackDays), ...left].reduce((earliest, date) =>
		date < earliest ? date : earliest,
	);
	return wanted > since ? wanted : since;
}

/**
 * From which day on a poll looks. A clock that was ahead for a poll, and is back, has moved the first day on too far: then that of the
 * poll before holds, which is what `earlier` is kept for.
 *
 * @param now milliseconds since the epoch
 */
export function sinceOf(
	{ since, earlier = since, polled }: Pick<PollState, 'since' | 'earlier' | 'polled'>,
	today: CalendarDate,
	now: number,
): CalendarDate {
	const isBack = polled !== undefined && polled * 1_000 > now + CLOCK_STEP;
	const kept = isBack ? earlier : since;
	// A clock that was once set to the future must not make a trigger deaf until then.
	return kept > today ? today : kept;
}

/** The UTC date of the first directory that can hold recordings of this tenant day and later. */
export function firstDirectoryDate(since: CalendarDate, clock: ZoneClock): CalendarDate {
	return dateOfMillis(tenantDay(since, clock).fromUtc);
}

/** Whether a directory is that of today or yesterday in UTC, which still get recordings and indexes. */
export function isRecent(date: CalendarDate, now: number): boolean {
	return date >= addDays(dateOfMillis(now), -1);
}

/** Whether a directory has to be listed again: a small one always, a large one every quarter of an hour. */
export function isListingDue(mark: DirectoryMark | undefined, now: number): boolean {
	return mark === undefined || mark[1] < FEW_NAMES || isListingOld(mark, now);
}

/** Whether a directory was listed more than a quarter of an hour ago. */
export function isListingOld(mark: DirectoryMark | undefined, now: number): boolean {
	const age = now / 1_000 - (mark?.[0] ?? 0);
	return age >= GOOD_FOR || age < 0;
}

/**
 * Whether there is a directory for every UTC day from the first to today, so that no new one is to be looked for. On a day without
 * calls there is none, and the top of the tenant has to be listed to see it come.
 */
export function hasEveryDay(directories: readonly string[], first: CalendarDate, now: number): boolean {
	const known = new Set(directories);
	return datesBetween(first, dateOfMillis(now)).every((date) => known.has(directoryNameOf(date)));
}
