import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';

import { addDays, directoriesOf, tenantDateAt, tenantDay } from '../../../recordings/tenantDay';
import { UnknownTimeZoneError, ZoneClock } from '../../../recordings/zoneClock';
import { fuzzRuns } from '../fuzzRuns';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function iso(millis: number): string {
	return new Date(millis).toISOString();
}

/** The date that the platform's own calendar shows in a zone: an oracle that shares no code with luxon's offsets. */
function calendarOf(zone: string): (millis: number) => string {
	const format = new Intl.DateTimeFormat('en-CA', {
		timeZone: zone,
		year: 'numeric',
		month: '2-digit',
		day: '2-digit',
	});
	return (millis) => format.format(millis);
}

/** The first minute at which the calendar shows this date or a later one. */
function oracleStart(date: string, zone: string): number {
	const calendar = calendarOf(zone);
	const noon = Date.parse(`${date}T00:00:00Z`);
	let at = noon - 30 * HOUR;
	while (calendar(at) < date) at += 15 * MINUTE;
	while (calendar(at - MINUTE) >= date) at -= MINUTE;
	return at;
}

const zones = Intl.supportedValuesOf('timeZone');
const anyZone = fc.constantFrom(...zones);
const anyDate = fc
	.integer({ min: Date.UTC(1975, 0, 1) / 86_400_000, max: Date.UTC(2037, 11, 31) / 86_400_000 })
	.map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));

describe('a tenant day', () => {
	it("of the 8x8 page's example lies in two UTC directories", () => {
		const day = tenantDay('2016-06-06', new ZoneClock('America/Los_Angeles'));
		expect(day.directories.map((part) => ({ ...part, fromUtc: iso(part.fromUtc), toUtc: iso(part.toUtc) }))).toEqual([
			{ directory: 'S20160606', fromUtc: '2016-06-06T07:00:00.000Z', toUtc: '2016-06-07T00:00:00.000Z' },
			{ directory: 'S20160607', fromUtc: '2016-06-07T00:00:00.000Z', toUtc: '2016-06-07T07:00:00.000Z' },
		]);
	});

	it.each([
		['Europe/Berlin', '2026-03-29', 23, '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
		['Europe/Berlin', '2026-10-25', 25, '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
		['UTC', '2026-01-01', 24, '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
		['Asia/Kathmandu', '2026-01-01', 24, '2025-12-31T18:15:00.000Z', '2026-01-01T18:15:00.000Z'],
		['Asia/Kolkata', '2026-01-01', 24, '2025-12-31T18:30:00.000Z', '2026-01-01T18:30:00.000Z'],
		['Pacific/Kiritimati', '2026-01-01', 24, '2025-12-31T10:00:00.000Z', '2026-01-01T10:00:00.000Z'],
		['Etc/GMT+12', '2026-01-01', 24, '2026-01-01T12:00:00.000Z', '2026-01-02T12:00:00.000Z'],
		['Australia/Lord_Howe', '2026-04-05', 24.5, '2026-04-04T13:00:00.000Z', '2026-04-05T13:30:00.000Z'],
		// Midnight itself is skipped, and shown twice.
		['America/Sao_Paulo', '2018-11-04', 23, '2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z'],
		['America/Havana', '2025-11-02', 25, '2025-11-02T04:00:00.000Z', '2025-11-03T05:00:00.000Z'],
		['Pacific/Apia', '2011-12-29', 24, '2011-12-29T10:00:00.000Z', '2011-12-30T10:00:00.000Z'],
	])('in %s on %s has %d hours', (zone, date, hours, from, to) => {
		const day = tenantDay(date, new ZoneClock(zone));
		expect({ hours: day.hours, from: iso(day.fromUtc), to: iso(day.toUtc) }).toEqual({ hours, from, to });
	});

	it('that the zone skipped has no length and no directories', () => {
		const day = tenantDay('2011-12-30', new ZoneClock('Pacific/Apia'));
		expect(day.hours).toBe(0);
		expect(day.directories).toEqual([]);
		expect(tenantDay('2011-12-31', new ZoneClock('Pacific/Apia')).fromUtc).toBe(day.fromUtc);
	});

	it('begins where the platform calendar turns to it, in every zone', () => {
		fc.assert(
			fc.property(anyZone, anyDate, (zone, date) => {
				const day = tenantDay(date, new ZoneClock(zone));
				expect(iso(day.fromUtc)).toBe(iso(oracleStart(date, zone)));
				expect(day.toUtc).toBe(tenantDay(addDays(date, 1), new ZoneClock(zone)).fromUtc);
			}),
			fuzzRuns(80),
		);
	});

	it('on every day that changes the clocks of a zone agrees with the calendar', () => {
		for (const zone of [
			'America/St_Johns',
			'America/Havana',
			'Asia/Beirut',
			'America/Asuncion',
			'Africa/Casablanca',
			'Asia/Tehran',
			'Atlantic/Azores',
		]) {
			const clock = new ZoneClock(zone);
			for (let date = '2005-01-01'; date < '2007-01-01'; date = addDays(date, 1)) {
				if (clock.offsetAt(Date.parse(date)) === clock.offsetAt(Date.parse(addDays(date, 2)))) continue;
				expect(`${date} ${iso(tenantDay(date, clock).fromUtc)}`).toBe(`${date} ${iso(oracleStart(date, zone))}`);
			}
		}
	});

	it('is cut into directories without gap or overlap, and holds every instant in it', () => {
		fc.assert(
			fc.property(anyZone, anyDate, fc.double({ min: 0, max: 0.999_999, noNaN: true }), (zone, date, part) => {
				const clock = new ZoneClock(zone);
				const day = tenantDay(date, clock);
				if (day.hours === 0) return;
				const parts = directoriesOf(day);
				expect(parts.length).toBeLessThanOrEqual(2);
				expect(parts[0]?.fromUtc).toBe(day.fromUtc);
				expect(parts.at(-1)?.toUtc).toBe(day.toUtc);
				parts.slice(1).forEach((next, position) => expect(next.fromUtc).toBe(parts[position]?.toUtc));
				for (const { directory, fromUtc, toUtc } of parts) {
					const name = `S${iso(fromUtc).slice(0, 10).replaceAll('-', '')}`;
					expect(directory).toBe(name);
					expect(
						iso(toUtc - 1)
							.slice(0, 10)
							.replaceAll('-', ''),
					).toBe(name.slice(1));
				}
				const instant = Math.floor(day.fromUtc + part * (day.toUtc - day.fromUtc));
				expect(tenantDateAt(instant, clock)).toBe(date);
			}),
			fuzzRuns(80),
		);
	});
});

describe('the clock of a zone', () => {
	it('refuses names that are no zone, and bare offsets', () => {
		for (const name of ['', 'Mars/Olympus', '+02:00', 'PDT!'])
			expect(() => new ZoneClock(name)).toThrow(UnknownTimeZoneError);
	});

	it('writes local times with the offset, whole hours or not, and never Z', () => {
		expect(new ZoneClock('America/Los_Angeles').isoAt(Date.parse('2016-06-07T01:30:00Z'))).toBe(
			'2016-06-06T18:30:00.000-07:00',
		);
		expect(new ZoneClock('Asia/Kathmandu').isoAt(Date.parse('2016-06-07T01:30:00Z'))).toBe(
			'2016-06-07T07:15:00.000+05:45',
		);
		expect(new ZoneClock('UTC').isoAt(0)).toBe('1970-01-01T00:00:00.000+00:00');
	});

	it('knows both instants of a repeated hour and none of a skipped one', () => {
		const clock = new ZoneClock('America/New_York');
		expect(clock.instantsOf(Date.parse('2026-11-01T01:30:00Z')).map(iso)).toEqual([
			'2026-11-01T05:30:00.000Z',
			'2026-11-01T06:30:00.000Z',
		]);
		expect(clock.instantsOf(Date.parse('2026-03-08T02:30:00Z'))).toEqual([]);
		expect(iso(clock.firstInstantOf(Date.parse('2026-03-08T02:30:00Z')))).toBe('2026-03-08T07:00:00.000Z');
		expect(iso(clock.skippedInstantOf(Date.parse('2026-03-08T02:30:00Z')))).toBe('2026-03-08T07:30:00.000Z');
	});

	it('finds every instant by its wall time around a change, whatever it was asked before', () => {
		const changes = ['2026-03-08', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'].map((day) =>
			Date.parse(day),
		);
		const anyInstant = fc
			.tuple(fc.constantFrom(...changes), fc.integer({ min: -3 * 24 * 12, max: 3 * 24 * 12 }))
			.map(([change, steps]) => change + steps * 5 * MINUTE);
		fc.assert(
			fc.property(anyZone, fc.array(anyInstant, { minLength: 1, maxLength: 8 }), (zone, instants) => {
				const clock = new ZoneClock(zone);
				for (const instant of instants) {
					const local = DateTime.fromMillis(instant, { zone });
					const wall = instant + local.offset * MINUTE;
					const found = clock.instantsOf(wall);
					expect(clock.isoAt(instant)).toBe(local.toISO({ suppressMilliseconds: false })?.replace('Z', '+00:00'));
					expect(found).toContain(instant);
					expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
					for (const other of found) expect(DateTime.fromMillis(other, { zone }).offset * MINUTE).toBe(wall - other);
					expect(clock.firstInstantOf(wall)).toBe(found[0]);
				}
			}),
			fuzzRuns(40),
		);
	});
});
