import { isCalendarDate } from './calendarDate';
import { addDays, datesBetween, dateMillis, tenantDateAt, tenantDay } from './tenantDay';
import type { TenantDay } from './tenantDay';
import type { CalendarDate } from './calendarDate';
import type { ZoneClock } from './zoneClock';

/** More days than any retention holds; a longer range is a slip of the keyboard. */
const LONGEST_RANGE = 3_660;

/** Which tenant days are asked for. Dates are what a person or an expression gave, not yet read. */
export type Period =
	| { readonly period: 'yesterday' | 'today' }
	| { readonly period: 'date'; readonly date: unknown }
	| { readonly period: 'dateRange'; readonly startDate: unknown; readonly endDate: unknown }
	| { readonly period: 'lastDays'; readonly days: unknown };

/** A period that cannot be read; `parameter` names the field to correct. */
export class PeriodError extends Error {
	override readonly name = 'PeriodError';

	constructor(
		readonly parameter: 'date' | 'startDate' | 'endDate' | 'days',
		message: string,
		readonly advice: string,
	) {
		super(message);
	}
}

/**
 * The tenant days of a period, oldest first. Yesterday and the last days are days that have been: a date that the zone
 * skipped is passed over, so that a nightly run loses no calls to it. A date or a range names its days itself.
 *
 * @throws PeriodError
 */
export function tenantDaysOf(period: Period, clock: ZoneClock, now: number): TenantDay[] {
	switch (period.period) {
		case 'today':
			return [tenantDay(tenantDateAt(now, clock), clock)];
		case 'yesterday':
			return lastCompleteDays(1, clock, now);
		case 'lastDays':
			return lastCompleteDays(wholeDays(period.days), clock, now);
		case 'date':
			return [tenantDay(readDate('date', period.date, clock), clock)];
		case 'dateRange': {
			const first = readDate('startDate', period.startDate, clock);
			const last = readDate('endDate', period.endDate, clock);
			if (last < first) {
				throw new PeriodError('endDate', `The range ends (${last}) before it starts (${first})`, 'Swap the two dates.');
			}
			if ((dateMillis(last) - dateMillis(first)) / 86_400_000 >= LONGEST_RANGE) {
				throw new PeriodError(
					'startDate',
					`The range from ${first} to ${last} is longer than ${LONGEST_RANGE} days`,
					'Check the years, or split the range.',
				);
			}
			return datesBetween(first, last).map((date) => tenantDay(date, clock));
		}
	}
}

function lastCompleteDays(count: number, clock: ZoneClock, now: number): TenantDay[] {
	const days: TenantDay[] = [];
	for (let date = addDays(tenantDateAt(now, clock), -1); days.length < count; date = addDays(date, -1)) {
		const day = tenantDay(date, clock);
		if (day.hours > 0) days.unshift(day);
	}
	return days;
}

function wholeDays(value: unknown): number {
	const days = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (typeof days === 'number' && Number.isInteger(days) && days >= 1 && days <= LONGEST_RANGE) return days;
	throw new PeriodError(
		'days',
		`'${String(value)}' is not a number of days`,
		`Give a whole number from 1 to ${LONGEST_RANGE}.`,
	);
}

/** Shape of luxon's DateTime, which n8n expressions such as {{ $today }} give. Its class is the host's, so no instanceof. */
interface InstantLike {
	toMillis(): number;
}

function isInstantLike(value: unknown): value is InstantLike {
	return typeof value === 'object' && value !== null && 'toMillis' in value && typeof value.toMillis === 'function';
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** The fields of dates, as the form names them. */
const LABELS = { date: 'Date', startDate: 'Start Date', endDate: 'End Date' } as const;

/** A date as it stands; a date-time as the tenant day that holds it. */
function readDate(parameter: keyof typeof LABELS, value: unknown, clock: ZoneClock): CalendarDate {
	if (value instanceof Date && !Number.isNaN(value.getTime())) return tenantDateAt(value.getTime(), clock);
	if (isInstantLike(value)) {
		const millis = value.toMillis();
		if (!Number.isNaN(millis)) return tenantDateAt(millis, clock);
	}

	const text = String(value ?? '').trim();
	if (DATE.test(text)) return realDate(parameter, text);

	const [, date, hour, offset] = DATE_TIME.exec(text) ?? [];
	if (date === undefined || hour === undefined) {
		throw new PeriodError(
			parameter,
			text === '' ? `No date is given in '${LABELS[parameter]}'` : `'${text.slice(0, 60)}' is not a date`,
			'Give a date as yyyy-MM-dd, for example 2016-06-06.',
		);
	}
	realDate(parameter, date);
	const millis = Date.parse(
		text
			.replace(' ', 'T')
			.replace(',', '.')
			.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')
			.toUpperCase(),
	);
	if (Number.isNaN(millis) || Number(hour) > 23) {
		throw new PeriodError(
			parameter,
			`'${text}' has an impossible time`,
			'Give a date as yyyy-MM-dd, for example 2016-06-06.',
		);
	}
	// Without an offset the date-time is already in the tenant's zone.
	return offset === undefined ? date : tenantDateAt(millis, clock);
}

function realDate(parameter: keyof typeof LABELS, date: string): CalendarDate {
	if (isCalendarDate(date)) return date;
	throw new PeriodError(parameter, `${date} is not a day in the calendar`, 'Give a date that exists, as yyyy-MM-dd.');
}
