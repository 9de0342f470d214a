import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { IndexRow } from '../../../recordings/indexRow';
import { DETAILED_HEADER, EXAMPLE_ROW, readText } from './readText';
import type { ReadOptions } from './readText';

const START = '2016-06-07T01:30:00.000Z';
const STOP = '2016-06-07T01:35:41.000Z';

interface Cells {
	readonly start?: string;
	readonly stop?: string;
	readonly startUtc?: string;
	readonly stopUtc?: string;
	readonly duration?: string;
	/** Digits of the stamp in the recording's name; no recording when empty. */
	readonly stamp?: string;
}

/** The example row with these times only, quoted as they may hold commas. */
function row({
	start = '',
	stop = '',
	startUtc = '',
	stopUtc = '',
	duration = '',
	stamp = '20160607013000',
}: Cells): string {
	const changes: Record<number, string> = {
		...{ 1: start, 2: stop, 8: duration, 12: startUtc, 13: stopUtc },
		...{ 9: stamp === '' ? '' : `R${stamp}0001.wav`, 10: '' },
	};
	return EXAMPLE_ROW.split(',')
		.map((cell, position) => (changes[position] === undefined ? cell : `"${changes[position]}"`))
		.join(',');
}

async function read(rows: readonly Cells[], options: ReadOptions = {}): Promise<{ rows: IndexRow[]; hints: string[] }> {
	return await readText([DETAILED_HEADER, ...rows.map(row), ''].join('\n'), options);
}

async function startOf(cells: Cells, options: ReadOptions = {}): Promise<string | null | undefined> {
	return (await read([cells], options)).rows[0]?.startTimeUtc;
}

async function readCase(name: string): Promise<{ rows: IndexRow[]; hints: string[] }> {
	return await readText(await readFile(join(__dirname, 'cases', name)));
}

describe('a time as exports write it', () => {
	it.each([
		'2016-06-07 02:30:00+01',
		'2016-06-07T02:30:00.000+0100',
		'Tue Jun 07 2016 02:30:00 GMT+0100 (British Summer Time)',
		'06/07/2016 02:30 UTC+1',
		'Mon, 06 Jun 2016 18:30:00 -0700',
		'2016-06-06T18:30:00-07:00[America/Los_Angeles]',
		'06/Jun/2016:18:30:00 -0700',
		'Mon Jun 06 18:30:00 PDT 2016',
		'Mon Jun  6 18:30:00 2016',
		'Mon Jun 06 21:30:00 EDT 2016',
		'1465263000',
		'1465263000000',
		'1465263000.000',
		'20160606 183000',
		'20160606T183000-0700',
		'20160607013000Z',
		'201606061830',
		'2016-06-06-18.30.00.000000',
		'2016-Jun-06 18:30:00',
		'2016 June 6 18:30',
		'Monday, June 6th, 2016 at 6:30:00 PM',
		'6 June 2016, 18:30',
		'18:30:00 06/06/2016',
		'6:30 PM, 6 Jun 2016',
		'06/06/2016 6:30:00 P.M.',
		'06/06/2016 6:30:00 p. m.',
		'06/06/2016 6:30:00\u202fPM',
		'6/6/2016 6:30:00P',
		'06/06/2016 PM 06:30:00',
		'06/06/2016 6:30 PM PDT',
		'06/06/2016 18:30:00 (Pacific Daylight Time)',
		'1465263000000000',
		'42527.770833333336',
		'42527,7708333',
		'""06/06/2016 18:30:00""',
		'6. Juni 2016 18:30:00',
		'6. Juni 2016 um 18:30',
		'6 juin 2016 18:30:00',
		'6 juin 2016 à 18:30:00',
		'06-giu-2016 18:30:00',
		'6 de junio de 2016, 18:30:00',
		'6 de jun. de 2016 18:30:00',
		'6 giugno 2016 6:30 PM',
		'\u200e6\u200e/\u200e6\u200e/\u200e2016\u200e \u200e6\u200e:\u200e30\u200e:\u200e00\u200e \u200ePM',
	])('such as %s is read', async (start) => {
		const { rows, hints } = await read([{ start, duration: '341' }]);
		expect(rows[0]?.startTimeUtc).toBe(START);
		expect(hints).toEqual([]);
	});

	it.each([
		['06/06/2016 24:00:00', '2016-06-07T07:00:00.000Z'],
		['06/06/2016 12:00:00 AM', '2016-06-06T07:00:00.000Z'],
		['06/06/2016 12:15:00 PM', '2016-06-06T19:15:00.000Z'],
		['6/6/2016 6 pm', '2016-06-07T01:00:00.000Z'],
		['Jun 5 2016 24:00', '2016-06-06T07:00:00.000Z'],
		['1465263000250', '2016-06-07T01:30:00.250Z'],
		['1465263000250125', '2016-06-07T01:30:00.250Z'],
		['42528.5', '2016-06-07T19:00:00.000Z'],
		['42527.9999999', '2016-06-07T07:00:00.000Z'],
		['12. März 2016 10:00', '2016-03-12T18:00:00.000Z'],
		['1 mrt 2016 10:00', '2016-03-01T18:00:00.000Z'],
		['1 août 2016 10:00', '2016-08-01T17:00:00.000Z'],
		['1 juillet 2016 10:00', '2016-07-01T17:00:00.000Z'],
		['1 févr. 2016 10:00', '2016-02-01T18:00:00.000Z'],
		['1-dic-2016 10:00', '2016-12-01T18:00:00.000Z'],
		['1-ott-2016 10:00', '2016-10-01T17:00:00.000Z'],
		['1 ene 2016 10:00', '2016-01-01T18:00:00.000Z'],
		['1 de setembro de 2016 10:00', '2016-09-01T17:00:00.000Z'],
		['1 mai 2016 10:00', '2016-05-01T17:00:00.000Z'],
		['1 avr. 2016 10:00', '2016-04-01T17:00:00.000Z'],
		['4. November 2016 10:00', '2016-11-04T17:00:00.000Z'],
		['2016-06-06 18:30:00.25', '2016-06-07T01:30:00.250Z'],
	])('%s is %s', async (start, expected) => {
		expect(await startOf({ start, stamp: '' })).toBe(expected);
	});

	it.each([
		'06/06/2016 24:00:01',
		'06/06/2016 18:60:00',
		'02/30/2016 18:30:00',
		'06/06/2016 18',
		'06/06/2016 18:30:00 +15:00',
		'06/06/2016 18:30:00 or so',
		'4155550100',
		'06/06/2016',
		'42527',
		'62527.7708333',
		'6 zomer 2016 18:30:00',
	])('%s is none', async (start) => {
		const { rows, hints } = await read([{ start }]);
		expect(rows[0]).toMatchObject({ startTimeUtc: null, tenantDay: '2016-06-06' });
		expect(hints[0]).toContain(`line 2: '${start}' is not a time`);
	});

	it.each(['PST', 'pst', 'PDT', 'AST', 'PKT', 'AEST'])('with the zone %s is no AM nor PM', async (zone) => {
		const { rows } = await read([{ start: `06/06/2016 01:30:00 ${zone}`, stamp: '20160606083000' }]);
		expect(rows[0]?.startTime).toBe('2016-06-06T01:30:00.000-07:00');
	});
});

describe('a zone beside a time', () => {
	it('settles a repeated hour before the stamp does', async () => {
		const times = ['11/06/2016 01:30:00 PDT', '11/06/2016 01:30:00 PST', 'Sun Nov 06 01:30:00 PST 2016'];
		const { rows } = await read(times.map((start) => ({ start, stamp: '20161106083000' })));
		expect(rows.map(({ startTimeUtc }) => startTimeUtc)).toEqual([
			'2016-11-06T08:30:00.000Z',
			'2016-11-06T09:30:00.000Z',
			'2016-11-06T09:30:00.000Z',
		]);
		expect(await startOf({ start: '11/06/2016 01:30:00 PST', stamp: '' })).toBe('2016-11-06T09:30:00.000Z');
	});

	it.each(['EST', 'PST', 'IST', 'Z', 'GMT', '+00:00', '(UTC-08:00) Pacific Time'])(
		'of %s that contradicts the tenant zone and the stamp loses, with a hint',
		async (zone) => {
			const { rows, hints } = await read([{ start: `06/06/2016 18:30:00 ${zone}` }]);
			expect(rows[0]?.startTimeUtc).toBe(START);
			expect(hints[0]).toContain('Index/I20160606.csv: line 2: the zone in');
		},
	);

	it('that contradicts the tenant zone wins where the stamp confirms it', async () => {
		expect(await startOf({ start: '06/06/2016 20:30:00 CDT' })).toBe(START);
		expect(await startOf({ start: '06/07/2016 09:30:00 CST' })).toBe(START);
		expect(await startOf({ start: '06/07/2016 07:00:00 IST' })).toBe(START);
	});

	it("without a stamp holds, unless it is the tenant zone's name of the other season", async () => {
		expect(await startOf({ start: '06/06/2016 21:30:00 EDT', stamp: '' })).toBe(START);
		expect(await startOf({ start: '06/06/2016 18:30:00 PST', stamp: '' })).toBe(START);
		expect(await startOf({ start: '06/06/2016 17:30:00 -0800', stamp: '' })).toBe(START);
	});

	it.each([
		['Pacific/Apia', 'Samoa Standard Time', '2016-06-06T05:30:00.000Z'],
		['Europe/Moscow', 'Moscow Standard Time', '2016-06-06T15:30:00.000Z'],
		['Asia/Singapore', '(Singapore Standard Time)', '2016-06-06T10:30:00.000Z'],
		['Africa/Cairo', 'Egypt Standard Time', '2016-06-06T16:30:00.000Z'],
		['Pacific/Honolulu', 'Hawaii-Aleutian Standard Time', '2016-06-07T04:30:00.000Z'],
		['America/New_York', 'Eastern Daylight Time', '2016-06-06T22:30:00.000Z'],
		['America/New_York', 'Pacific Daylight Time', START],
	])('of %s without a stamp stands for no other zone whose initials %s has', async (zone, longName, expected) => {
		expect(await startOf({ start: `06/06/2016 18:30:00 ${longName}`, stamp: '' }, { zone })).toBe(expected);
	});

	it('in a UTC column loses against the stamp too', async () => {
		expect(await startOf({ startUtc: '06/07/2016 01:30:00 PDT' })).toBe(START);
		expect(await startOf({ startUtc: '06/06/2016 18:30:00 PDT' })).toBe(START);
		expect(await startOf({ startUtc: '06/06/2016 18:30:00 PDT', stamp: '' })).toBe(START);
	});
});

describe('a start that is told twice', () => {
	const startUtc = '06/07/2016 01:30:00';
	it.each(['06/06/2016 18:30:00', '6/6/2016 6:30 PM', '2016-06-06 18:30:59', '06/06/2016 18:30:00 PST', 'N/A', ''])(
		'is told well where the local one is %j',
		async (start) => {
			expect((await read([{ start, startUtc }])).hints).toEqual([]);
		},
	);

	it('and differently is the UTC one, with a hint that names the tenant zone', async () => {
		const { rows, hints } = await read([{ start: '06/06/2016 19:30:00', startUtc }]);
		expect(rows[0]?.startTimeUtc).toBe(START);
		expect(hints).toEqual([
			"Index/I20160606.csv: line 2: its start time '06/06/2016 19:30:00' is not its UTC start time in America/Los_Angeles, which was used",
		]);
		const elsewhere = await read([{ start: '06/06/2016 18:30:00', startUtc }], { zone: 'America/New_York' });
		expect(elsewhere.hints[0]).toContain('is not its UTC start time in America/New_York');
	});

	it('in an hour that is repeated is any of the two', async () => {
		const start = '11/06/2016 01:30:00';
		const cells = { start, startUtc: '11/06/2016 09:30:00', stamp: '20161106093000' };
		expect((await read([cells])).hints).toEqual([]);
	});

	it('and is after the stop is told in a hint', async () => {
		const { hints } = await read([{ startUtc, stopUtc: '06/07/2016 01:00:00' }]);
		expect(hints).toEqual(['Index/I20160606.csv: line 2: its stop time is before its start time']);
	});
});

describe("a time that contradicts the stamp in its recording's name", () => {
	it('gives way to the local column, and keeps the call in its day', async () => {
		const { rows, hints } = await readCase('start-time-epoch-zero.csv');
		expect(rows.map(({ tenantDay, startTimeUtc }) => [tenantDay, startTimeUtc])).toEqual(
			Array(3).fill(['2016-06-06', START]),
		);
		expect(hints).toEqual([
			"Index/I20160606.csv: line 2: its UTC start time '01/01/1970 00:00:00' is more than a day from the time in its file name, so it was not used",
		]);
	});

	it('leaves no time when the next column contradicts it as well', async () => {
		const { rows, hints } = await read([
			{ startUtc: '0001-01-01 00:00:00', start: '06/09/2016 18:30:00', stop: '12/31/2016 18:35:41' },
		]);
		expect(rows[0]).toMatchObject({ startTimeUtc: null, startTime: null, stopTimeUtc: null, tenantDay: '2016-06-06' });
		expect(hints[0]).toContain("'0001-01-01 00:00:00' is not a time");
		expect(hints[0]).toContain("start time '06/09/2016 18:30:00' is more than a day");
		expect(hints[0]).toContain("stop time '12/31/2016 18:35:41' is more than a day");
	});

	it('does so beyond 24 hours, not at them', async () => {
		expect(await startOf({ startUtc: '06/08/2016 01:30:00' })).toBe('2016-06-08T01:30:00.000Z');
		expect(await startOf({ startUtc: '06/08/2016 01:30:01' })).toBeNull();
		expect(await startOf({ startUtc: '06/06/2016 01:30:00' })).toBe('2016-06-06T01:30:00.000Z');
		expect(await startOf({ startUtc: '06/06/2016 01:29:59' })).toBeNull();
	});

	it('gives way at the end of a call too', async () => {
		const { rows } = await read([
			{ startUtc: '06/07/2016 01:30:00', stopUtc: '01/01/1970 00:00:00', stop: '06/06/2016 18:35:41' },
		]);
		expect(rows[0]).toMatchObject({ stopTimeUtc: STOP, durationSeconds: 341 });
	});

	it('or that a clock which was never set wrote beside no recording is not used', async () => {
		const { rows, hints } = await read([{ startUtc: '01/01/1970 00:00:00', start: '06/06/2016 18:30:00', stamp: '' }]);
		expect(rows[0]).toMatchObject({ startTimeUtc: START, tenantDay: '2016-06-06' });
		expect(hints[0]).toContain('from before there were recordings');
	});
});

describe('the order of day and month', () => {
	/** A dd/mm tenant west of UTC on 6 June: every row of the day reads the same either way, until its evening in UTC. */
	const day = (evening: readonly Cells[], count = 900): Cells[] => [
		...Array.from({ length: count }, () => ({
			start: '06/06/2016 10:00:00',
			startUtc: '06/06/2016 17:00:00',
			stamp: '20160606170000',
		})),
		...evening,
	];

	it('is not settled by rows that read the same either way', async () => {
		const evening = { start: '06/06/2016 18:30:00', startUtc: '07/06/2016 01:30:00', stopUtc: '07/06/2016 01:35:41' };
		const { rows, hints } = await read(day([evening, { ...evening, stamp: '' }]));
		expect(
			rows.slice(-2).map(({ startTimeUtc, stopTimeUtc, tenantDay }) => [startTimeUtc, stopTimeUtc, tenantDay]),
		).toEqual(Array(2).fill([START, STOP, '2016-06-06']));
		expect(hints.join()).not.toContain('time');
	});

	it('is settled by a later row for an earlier one that cannot tell', async () => {
		const unstamped = { startUtc: '07/06/2016 01:30:00', stamp: '' };
		const later = { startUtc: '07/06/2016 02:30:00', stamp: '20160607023000' };
		const { rows } = await read(day([unstamped, ...Array<Cells>(300).fill({ ...unstamped }), later]), {
			path: 'other.csv',
		});
		expect(new Set(rows.slice(900, -1).map(({ startTimeUtc }) => startTimeUtc))).toEqual(new Set([START]));
		expect(rows).toHaveLength(1_202);
	});

	it('falls back on the date of the file when no row can tell', async () => {
		const unstamped = Array<Cells>(500).fill({ startUtc: '07/06/2016 01:30:00', stamp: '' });
		const { rows } = await read(day(unstamped));
		expect(new Set(rows.slice(900).map(({ startTimeUtc }) => startTimeUtc))).toEqual(new Set([START]));
	});

	it('is told by a row whose own times only agree in one', async () => {
		const { rows } = await read([{ start: '06/06/2016 18:30:00', startUtc: '07/06/2016 01:30:00', stamp: '' }], {
			path: 'other.csv',
		});
		expect(rows[0]?.startTimeUtc).toBe(START);
	});

	it('is told by a day that is no month, also for rows beside it', async () => {
		const { rows } = await read(
			[
				{ startUtc: '07/06/2016 01:30:00', stamp: '' },
				{ startUtc: '13/06/2016 01:30:00', stamp: '' },
			],
			{ path: 'other.csv' },
		);
		expect(rows.map(({ startTimeUtc }) => startTimeUtc)).toEqual([START, '2016-06-13T01:30:00.000Z']);
	});

	it('is told by each stamped row for itself, whatever the others say', async () => {
		const monthFirst = Array<Cells>(600).fill({ startUtc: '06/07/2016 01:30:00' });
		const { rows, hints } = await read([...monthFirst, { startUtc: '07/06/2016 01:30:00' }]);
		expect(rows.at(-1)?.startTimeUtc).toBe(START);
		expect(hints).toEqual([]);
	});

	it('that is set by hand is the only one', async () => {
		const { rows, hints } = await read([{ startUtc: '07/06/2016 01:30:00' }], { dateOrder: 'mdy' });
		expect(rows[0]).toMatchObject({ startTimeUtc: null, tenantDay: '2016-06-06' });
		expect(hints[0]).toContain('more than a day');
	});

	it('may put a year of two digits first', async () => {
		expect(await startOf({ startUtc: '16/06/07 01:30:00' })).toBe(START);
	});

	it('never changes which rows come out nor their order', async () => {
		const mixed = Array.from(
			{ length: 2_500 },
			(_, index): Cells => ({
				startUtc: index % 7 === 0 ? '07/06/2016 01:30:00' : '06/06/2016 17:00:00',
				stamp: index % 3 === 0 ? '' : index % 7 === 0 ? '20160607013000' : '20160606170000',
			}),
		);
		const { rows } = await read(mixed, { chunkSize: 40_000 });
		expect(rows.map(({ indexLine }) => indexLine)).toEqual(mixed.map((_, index) => index + 2));
	});
});

describe('a DURATION', () => {
	it('with thousands separators is read as stop minus start confirms', async () => {
		const { rows, hints } = await readCase('thousands-comma.csv');
		expect(rows[0]?.durationSeconds).toBe(3_723);
		expect(hints).toEqual([]);
	});

	const hour = { startUtc: '06/07/2016 01:30:00', stopUtc: '06/07/2016 02:32:03' };
	it.each([
		'3723',
		'3,723',
		'3.723',
		'3 723',
		"3'723",
		'3,723.0',
		'3.723,0',
		'3723000',
		'3,723,000',
		'3723000 ms',
		'3723 s',
		'1h 2m 3s',
		'1h2m3s',
		'1 hr 2 min 3 sec',
		'1 hour, 2 minutes and 3 seconds',
		'62m 3s',
		'PT1H2M3S',
		'62:03',
		'1:02:03',
		'01:02:03.000',
		'0 days 01:02:03',
		'0.01:02:03',
	])('of %s is 3723 seconds where the call took as long', async (duration) => {
		const { rows, hints } = await read([{ ...hour, duration }]);
		expect(rows[0]?.durationSeconds).toBe(3_723);
		expect(hints).toEqual([]);
	});

	it.each([
		['3,723', 3_723],
		['3.723', 3.723],
		['1,234,567', 1_234_567],
		['3,5', 3.5],
		['341000', 341_000],
		['0,500', 0.5],
		['2m', 120],
		['90 minutes', 5_400],
		['1.02:03:04', 93_784],
		['0', 0],
	])('of %s without a stop is %d seconds', async (duration, seconds) => {
		expect((await read([{ startUtc: '06/07/2016 01:30:00', duration }])).rows[0]?.durationSeconds).toBe(seconds);
	});

	it.each([
		['3.723', '06/07/2016 01:30:04', 3.723],
		['1500', '06/07/2016 01:30:02', 1.5],
		['300000', '06/07/2016 01:35:41', 300],
		['200', '06/07/2016 01:35:41', 200],
		['1200', '06/07/2016 01:30:00', 1_200],
		['5:41:00', '06/07/2016 01:35:41', 341],
		['5:41:00', '06/07/2016 07:11:00', 20_460],
		['5:00', '06/07/2016 01:35:00', 300],
		['0.003946759', '06/07/2016 01:35:41', 341],
		['0,0039468', '06/07/2016 01:35:41', 341],
		['0.5', '06/07/2016 01:30:01', 0.5],
	])('of %s with a stop at %s is %d seconds', async (duration, stopUtc, seconds) => {
		const { rows } = await read([{ startUtc: '06/07/2016 01:30:00', stopUtc, duration }]);
		expect(rows[0]?.durationSeconds).toBe(seconds);
	});

	it.each(['unknown', '-5', '1,23,45', 'h', '1:2:3:4:5'])(
		'of %s is none, so stop minus start counts',
		async (duration) => {
			const { rows, hints } = await read([{ ...hour, duration }]);
			expect(rows[0]?.durationSeconds).toBe(3_723);
			expect(hints[0]).toContain(`line 2: '${duration}' is not a duration`);
		},
	);

	it('that no reading brings near stop minus start is kept, with a hint', async () => {
		const { rows, hints } = await read([{ ...hour, duration: '12000' }]);
		expect(rows[0]?.durationSeconds).toBe(12_000);
		expect(hints[0]).toContain("line 2: its duration '12000' is more than an hour off stop minus start");
	});

	it('in milliseconds finds the stop in a repeated hour', async () => {
		const cells = { start: '11/06/2016 00:50:00', stop: '11/06/2016 01:40:00', stamp: '20161106075000' };
		const { rows } = await read([{ ...cells, duration: '6600000' }, cells]);
		expect(rows.map(({ stopTimeUtc, durationSeconds }) => [stopTimeUtc, durationSeconds])).toEqual([
			['2016-11-06T09:40:00.000Z', 6_600],
			['2016-11-06T08:40:00.000Z', 3_000],
		]);
	});
});
