import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';

import { PeriodError, tenantDaysOf } from '../../../recordings/period';
import type { Period } from '../../../recordings/period';
import { ZoneClock } from '../../../recordings/zoneClock';

const losAngeles = new ZoneClock('America/Los_Angeles');
/** 21 November 2026, 22:30 in Los Angeles. */
const now = Date.parse('2026-11-22T06:30:00Z');

function dates(period: Period, clock = losAngeles, at = now): string[] {
	return tenantDaysOf(period, clock, at).map((day) => day.date);
}

describe('a period', () => {
	it("takes today and yesterday from the tenant's clock, not from UTC's", () => {
		expect(dates({ period: 'today' })).toEqual(['2026-11-21']);
		expect(dates({ period: 'yesterday' })).toEqual(['2026-11-20']);
	});

	it('takes the last complete days, oldest first', () => {
		expect(dates({ period: 'lastDays', days: 3 })).toEqual(['2026-11-18', '2026-11-19', '2026-11-20']);
		expect(dates({ period: 'lastDays', days: '2' })).toEqual(['2026-11-19', '2026-11-20']);
	});

	it('passes over a day that the zone skipped, so that a nightly run misses no calls', () => {
		const apia = new ZoneClock('Pacific/Apia');
		const morningAfter = Date.parse('2011-12-30T14:00:00Z');
		expect(dates({ period: 'today' }, apia, morningAfter)).toEqual(['2011-12-31']);
		expect(dates({ period: 'yesterday' }, apia, morningAfter)).toEqual(['2011-12-29']);
		expect(dates({ period: 'dateRange', startDate: '2011-12-29', endDate: '2011-12-31' }, apia)).toHaveLength(3);
	});

	it('includes both ends of a range', () => {
		expect(dates({ period: 'dateRange', startDate: '2016-02-28', endDate: '2016-03-01' })).toEqual([
			'2016-02-28',
			'2016-02-29',
			'2016-03-01',
		]);
	});

	it.each([
		['2016-06-06', '2016-06-06'],
		['2016-06-06T00:00:00', '2016-06-06'],
		['2016-06-06 23:59', '2016-06-06'],
		['2016-06-07T01:30:00Z', '2016-06-06'],
		['2016-06-07T01:30:00.000+00:00', '2016-06-06'],
		['2016-06-07T00:30:00+0200', '2016-06-06'],
	])('reads %s as the tenant day %s', (date, expected) => {
		expect(dates({ period: 'date', date })).toEqual([expected]);
	});

	it("reads an expression's DateTime and a Date as instants", () => {
		expect(dates({ period: 'date', date: DateTime.fromISO('2016-06-07T01:30:00Z') })).toEqual(['2016-06-06']);
		expect(dates({ period: 'date', date: new Date('2016-06-07T07:00:00Z') })).toEqual(['2016-06-07']);
	});

	it.each([
		[{ period: 'date', date: '2016-02-30' }, 'date', '2016-02-30 is not a day in the calendar'],
		[{ period: 'date', date: '' }, 'date', 'No date is given'],
		[{ period: 'date', date: '06/06/2016' }, 'date', "'06/06/2016' is not a date"],
		[{ period: 'date', date: '2016' }, 'date', "'2016' is not a date"],
		[{ period: 'date', date: '2016-06-06T25:00' }, 'date', 'impossible time'],
		[{ period: 'date', date: '2016-06-06T10:00:00+25:00' }, 'date', 'impossible time'],
		[{ period: 'dateRange', startDate: '2016-06-06', endDate: null }, 'endDate', "No date is given in 'End Date'"],
		[{ period: 'date', date: 1465263000000 }, 'date', "'1465263000000' is not a date"],
		[{ period: 'date', date: DateTime.invalid('test') }, 'date', "'Invalid DateTime' is not a date"],
		[
			{ period: 'dateRange', startDate: '2016-06-07', endDate: '2016-06-06' },
			'endDate',
			'ends (2016-06-06) before it starts (2016-06-07)',
		],
		[{ period: 'dateRange', startDate: '0216-06-07', endDate: '2016-06-06' }, 'startDate', 'longer than'],
		[{ period: 'lastDays', days: 0 }, 'days', "'0' is not a number of days"],
		[{ period: 'lastDays', days: 1.5 }, 'days', 'not a number of days'],
		[{ period: 'lastDays', days: 'many' }, 'days', 'not a number of days'],
	] as Array<[Period, string, string]>)('refuses %j', (period, parameter, message) => {
		const attempt = (): unknown => tenantDaysOf(period, losAngeles, now);
		expect(attempt).toThrow(PeriodError);
		expect(attempt).toThrow(expect.objectContaining({ parameter, message: expect.stringContaining(message) }));
	});
});
