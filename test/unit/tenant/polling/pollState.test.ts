import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { packAscending, unpackAscending } from '../../../../tenant/polling/ascendingNumbers';
import { UnseenCalls } from '../../../../tenant/polling/unseenCalls';
import type { CallRules } from '../../../../tenant/polling/unseenCalls';
import { arrivingMark, hasStayed, isUnchanged, markOf, readPollState } from '../../../../tenant/polling/pollState';
import type { PollState } from '../../../../tenant/polling/pollState';
import {
	firstDirectoryDate,
	hasEveryDay,
	isListingDue,
	nextSince,
	sinceOf,
} from '../../../../tenant/polling/pollWindow';
import { keyOfRecording, keyOfRow, SeenRecordings } from '../../../../tenant/polling/seenRecordings';
import { addDays } from '../../../../recordings/tenantDay';
import { ZoneClock } from '../../../../recordings/zoneClock';
import type { IndexRow, ReadRow } from '../../../../recordings/indexRow';
import { indexRow } from '../../recordings/indexRowFixture';

const state: PollState = {
	since: '2016-06-03',
	files: { 'Index/I20160606.csv': [4_711, 1_465_300_000], 'Index/I20160607.csv': [10, null, 1] },
	directories: { S20160606: [1_465_300_000, 12] },
	seen: { S20160606: packAscending([2, 4]) },
	arriving: { 'S20160606/R201606060000000001.wav': [12, null, 1_465_300_000] },
	unseeded: [],
	polled: 1_465_300_000,
	earlier: '2016-06-02',
};

/** The file name of a recording of this second of a day. */
function nameOf(date: string, second: number, sequence: number, ending = '.wav'): string {
	const time = new Date(second * 1_000).toISOString().slice(11, 19).replaceAll(':', '');
	return `R${date.replaceAll('-', '')}${time}${String(sequence).padStart(4, '0')}${ending}`;
}

describe('packed numbers', () => {
	it('come back as they were', () => {
		const number = fc.oneof(
			fc.nat({ max: 2 ** 31 }),
			fc.maxSafeNat().map((value) => value % 2 ** 49),
		);
		fc.assert(
			fc.property(fc.uniqueArray(number), (numbers) => {
				const sorted = numbers.sort((a, b) => a - b);
				expect(unpackAscending(packAscending(sorted))).toEqual(sorted);
			}),
		);
	});

	it('are told from a text that is none', () => {
		expect(unpackAscending('')).toEqual([]);
		for (const text of ['ab c', '"', '/', 'g', '9'.repeat(12)]) expect(unpackAscending(text)).toBeUndefined();
	});
});

describe('the recordings seen', () => {
	const ids = fc.record({
		day: fc.integer({ min: 0, max: 5 }),
		second: fc.nat({ max: 86_399 }),
		sequence: fc.nat({ max: 9_999 }),
		ending: fc.constantFrom('.wav', '.WAV', '.mp3'),
		isElsewhere: fc.boolean(),
	});

	it('are never mistaken for one another, through any number of savings', () => {
		fc.assert(
			fc.property(fc.array(ids, { maxLength: 60 }), fc.array(ids, { maxLength: 60 }), (first, second) => {
				const nameAll = (list: typeof first): string[] =>
					list.map(({ day, second: at, sequence, ending, isElsewhere }) => {
						const date = addDays('2016-06-01', day);
						return `${isElsewhere ? 'archive' : `S${date.replaceAll('-', '')}`}/${nameOf(date, at, sequence, ending)}`;
					});
				const key = (id: string): ReturnType<typeof keyOfRecording> =>
					keyOfRecording(id.split('/')[0] ?? '', id.split('/')[1] ?? '', '2016-06-01');
				const expected = new Set<string>();
				let seen = new SeenRecordings();
				for (const id of nameAll(first)) {
					expect(seen.statusOf(key(id)) !== undefined).toBe(expected.has(id));
					seen.add(key(id), 'settled');
					expected.add(id);
				}
				seen = new SeenRecordings(JSON.parse(JSON.stringify(seen.pack())) as Record<string, string>);
				for (const id of nameAll(second)) expect(seen.statusOf(key(id)) !== undefined).toBe(expected.has(id));
				expect(seen.size).toBe(expected.size);
			}),
		);
	});

	it('keep what became of them, and forget days that are past', () => {
		const seen = new SeenRecordings();
		const old = keyOfRecording('S20160601', 'R201606010000000001.wav', '2016-06-01');
		const odd = keyOfRecording('archive', 'call.wav', '2016-06-02');
		const basic = keyOfRecording('S20160602', 'R201606020000000001.wav', '2016-06-02');
		seen.add(old, 'settled');
		seen.add(odd, 'settled');
		seen.add(basic, 'basic');
		const later = new SeenRecordings(seen.pack());
		expect([old, odd, basic].map((key) => later.statusOf(key))).toEqual(['settled', 'settled', 'basic']);
		later.add(basic, 'settled');
		later.forgetBefore('2016-06-02');
		expect([old, odd, basic].map((key) => new SeenRecordings(later.pack()).statusOf(key))).toEqual([
			undefined,
			'settled',
			'settled',
		]);
		later.forgetBefore('2016-06-03');
		expect(later.pack()).toEqual({});
	});

	it('knows a row without a recording by what it says, wherever it stands', () => {
		const seen = new SeenRecordings();
		const unnamed = { recordingId: null, tenantDay: null, agentName: 'Agent One' };
		seen.add(keyOfRow(indexRow(unnamed), '2016-06-06'), 'settled');
		expect(
			seen.statusOf(
				keyOfRow(indexRow({ ...unnamed, indexFile: 'S20160607/I20160607.csv', indexLine: 9 }), '2016-06-07'),
			),
		).toBe('settled');
		expect(seen.statusOf(keyOfRow(indexRow({ ...unnamed, agentName: 'Agent Two' }), '2016-06-06'))).toBeUndefined();
	});

	it.each([
		[
			'at random, any sequence number',
			(): number => Math.floor(Math.random() * 86_400),
			(): number => Math.floor(Math.random() * 10_000),
		],
		[
			'within eight hours, numbered 1',
			(): number => 50_000 + Math.floor(Math.random() * 28_800),
			(call: number): number => (call % 9) + 1,
		],
	])('stay under 256 kB at 10,000 recordings a day %s', (_, secondOf, sequenceOf) => {
		const seen = new SeenRecordings();
		// Look-back of 3: those days, the running one, and the one before that a time zone reaches into.
		for (let day = 0; day < 5; day++) {
			const date = addDays('2016-06-01', day);
			const names = new Set<string>();
			for (let call = 0; names.size < 10_000; call++) names.add(nameOf(date, secondOf(), sequenceOf(call)));
			for (const name of names) seen.add(keyOfRecording(`S${date.replaceAll('-', '')}`, name, date), 'settled');
		}
		expect(seen.size).toBe(50_000);
		const files = Object.fromEntries(
			Array.from({ length: 20 }, (_entry, file) => [
				`S20160601/I201606${file + 10}_version2.csv`,
				[9_999_999, 1_465_300_000, 1] as const,
			]),
		);
		const bytes = Buffer.byteLength(JSON.stringify({ ...state, files, seen: seen.pack() }));
		expect(bytes).toBeLessThan(205_000);
	});
});

describe('the state between polls', () => {
	it('comes back from the database as it was', () => {
		expect(readPollState(JSON.parse(JSON.stringify(state)))).toEqual(state);
	});

	it.each([
		['nothing', undefined],
		['no date', { ...state, since: 'yesterday' }],
		['a mark that is none', { ...state, files: { 'Index/I20160606.csv': ['4711', null] } }],
		['a directory that is none', { ...state, directories: { S20160606: 3 } }],
		['an arriving file that is none', { ...state, arriving: { 'S20160606/a.wav': [12, null] } }],
		['numbers that cannot be read', { ...state, seen: { S20160606: 'a"b' } }],
	])('is not gone on from with %s', (_, kept) => {
		expect(readPollState(kept)).toBeUndefined();
	});

	it('tells an index that has not changed by its size and time, or by its size where the server tells no time', () => {
		const time = new Date(1_465_300_000_500);
		const mark = markOf({ size: 10, modifiedAt: time });
		expect(mark).toEqual([10, 1_465_300_000]);
		expect(isUnchanged(mark, mark, true)).toBe(true);
		expect(isUnchanged(mark, undefined, false)).toBe(false);
		expect(isUnchanged(mark, [11, 1_465_300_000], false)).toBe(false);
		expect(isUnchanged(mark, [10, 1_465_299_999], false)).toBe(false);
		expect(isUnchanged([10, null], mark, false)).toBe(true);
		expect(isUnchanged([10, null], [10, null], true)).toBe(false);
		const untold = markOf({ size: undefined, modifiedAt: time });
		expect(isUnchanged(untold, untold, false)).toBe(false);
	});

	it('tells a file that is whole from one that may be being written, without trusting the clock of the server', () => {
		const now = 1_465_300_100_000;
		const [ago, listed] = [(seconds: number): number => 1_465_300_100 - seconds, 1_465_300_000];
		expect(arrivingMark([10, ago(60)], undefined, listed, now)).toBeUndefined();
		expect(arrivingMark([10, ago(5_000)], undefined, undefined, now)).toBeUndefined();
		expect(arrivingMark([10, ago(59)], undefined, listed, now)).toEqual([10, ago(59), ago(0)]);
		// Ahead of us; behind us, since the listing before did not have it; of no time at all.
		for (const modified of [ago(-300), ago(101), null])
			expect(arrivingMark([10, modified], undefined, listed, now)).toEqual([10, modified, ago(0)]);
		for (const modified of [ago(-300), ago(101), ago(2), null]) {
			expect(arrivingMark([10, modified], [10, modified, ago(14)], listed, now)).toEqual([10, modified, ago(14)]);
			expect(arrivingMark([10, modified], [10, modified, ago(15)], listed, now)).toBeUndefined();
			expect(arrivingMark([11, modified], [10, modified, ago(15)], listed, now)).toEqual([11, modified, ago(0)]);
		}
		// Neither size nor time are told: that it is still there is all there is to go by.
		expect(arrivingMark([-1, null], [-1, null, ago(15)], listed, now)).toBeUndefined();
	});

	it('reads a file once more whose last row was left', () => {
		expect(isUnchanged([10, 5], [10, 5, 1], false)).toBe(false);
		expect(hasStayed([10, 5], [10, 5, 1])).toBe(true);
		expect(hasStayed([11, 6], [10, 5, 1])).toBe(false);
		expect(hasStayed([10, 5], [10, 5])).toBe(false);
	});
});

describe('the window of a poll', () => {
	it('moves on with the days, but not past what is left, and never back', () => {
		expect(nextSince('2016-06-03', '2016-06-08', 3, [])).toBe('2016-06-05');
		expect(nextSince('2016-06-03', '2016-06-08', 3, ['2016-06-04', '2016-06-07'])).toBe('2016-06-04');
		expect(nextSince('2016-06-03', '2016-06-08', 10, [])).toBe('2016-06-03');
		expect(sinceOf({ since: '2036-01-01' }, '2016-06-08', Date.parse('2016-06-08'))).toBe('2016-06-08');
	});

	it('is the one before, when the clock has been ahead for a poll and is back', () => {
		const now = Date.parse('2016-06-08T18:00:00Z');
		const kept = { since: '2016-07-01', earlier: '2016-06-05', polled: now / 1_000 };
		expect(sinceOf(kept, '2016-06-08', now - 120_000)).toBe('2016-06-05');
		expect(sinceOf(kept, '2016-07-04', now)).toBe('2016-07-01');
		expect(sinceOf(kept, '2016-07-04', now - 1_000)).toBe('2016-07-01');
	});

	it('begins with the UTC directory in which the first tenant day begins', () => {
		expect(firstDirectoryDate('2016-06-06', new ZoneClock('America/Los_Angeles'))).toBe('2016-06-06');
		expect(firstDirectoryDate('2016-06-06', new ZoneClock('Asia/Tokyo'))).toBe('2016-06-05');
	});

	it('looks for new directories while a day has none', () => {
		const now = Date.parse('2016-06-08T18:00:00Z');
		expect(hasEveryDay(['S20160606', 'S20160607', 'S20160608'], '2016-06-06', now)).toBe(true);
		expect(hasEveryDay(['S20160606', 'S20160608'], '2016-06-06', now)).toBe(false);
		expect(hasEveryDay(['S20160606', 'S20160607'], '2016-06-06', now)).toBe(false);
	});

	it('lists a small directory each time and a large one every quarter of an hour', () => {
		const now = 1_465_300_000_000;
		expect(isListingDue(undefined, now)).toBe(true);
		expect(isListingDue([now / 1_000, 100], now)).toBe(true);
		expect(isListingDue([now / 1_000 - 899, 10_000], now)).toBe(false);
		expect(isListingDue([now / 1_000 - 900, 10_000], now)).toBe(true);
		expect(isListingDue([now / 1_000 + 60, 10_000], now)).toBe(true);
	});
});

describe('new calls', () => {
	const rulesOf = (wanted: (row: IndexRow) => boolean = () => true, changes: Partial<CallRules> = {}): CallRules => ({
		judge: (row) => (wanted(row) ? 'met' : 'unmet'),
		writesDetailed: false,
		now: Date.parse('2016-06-07T08:00:00Z'),
		...changes,
	});
	const file = (date: string, edition = 1): { path: string; directory: string; date: string; edition: number } => ({
		path: `Index/I${date}_${edition}`,
		directory: 'Index',
		date,
		edition,
	});
	const read = (second: number, fields: object = {}, richness = 5): ReadRow => {
		const fileName = nameOf('2016-06-06', second, 1);
		return {
			row: indexRow({ recordingId: `S20160606/${fileName}`, directory: 'S20160606', fileName, ...fields }),
			at: second * 1_000,
			richness,
			columns: new Set(),
		};
	};

	it('come out oldest first, at most so many, and the others are left with the files that hold them', () => {
		const seen = new SeenRecordings();
		const calls = new UnseenCalls(seen, rulesOf());
		const [a, b] = [file('2016-06-06'), file('2016-06-06', 2)];
		for (const second of [30, 10, 20]) calls.add(read(second), a, 1);
		calls.add(read(30), b, 0);
		const chosen = calls.choose(2, undefined);
		expect(chosen.rows.map((row) => row.fileName)).toEqual([nameOf('2016-06-06', 10, 1), nameOf('2016-06-06', 20, 1)]);
		expect([...chosen.filesLeft].sort()).toEqual([a.path, b.path]);
		expect(chosen.datesLeft).toEqual(['2016-06-06']);
		expect(seen.size).toBe(2);
		const next = new UnseenCalls(seen, rulesOf());
		for (const second of [10, 30]) next.add(read(second), a, 1);
		expect(next.choose(2, undefined).rows.map((row) => row.fileName)).toEqual([nameOf('2016-06-06', 30, 1)]);
	});

	it('are held back from a day on, so that no younger call overtakes an older one', () => {
		const calls = new UnseenCalls(new SeenRecordings(), rulesOf());
		calls.add(read(10, { tenantDay: '2016-06-05' }), file('2016-06-06'), 0);
		calls.add(read(20, { tenantDay: '2016-06-06' }), file('2016-06-06'), 0);
		expect(calls.countBefore('2016-06-06')).toBe(1);
		expect(calls.choose(10, '2016-06-06').rows).toHaveLength(1);
	});

	it('are judged by their richer row, and by a detailed edition again when only a basic one has been seen', () => {
		const seen = new SeenRecordings();
		const rules = rulesOf((row) => row.wrapUpCode === 'Sale');
		const basic = { indexDetail: 'basic' };
		const first = new UnseenCalls(seen, rules);
		for (const second of [10, 20, 30]) first.add(read(second, basic), file('2016-06-06'), 1);
		first.add(read(20, { wrapUpCode: 'Sale' }, 6), file('2016-06-06', 2), 0);
		expect(first.choose(10, undefined).rows.map((row) => row.wrapUpCode)).toEqual(['Sale']);
		const again = new UnseenCalls(seen, rules);
		for (const second of [10, 20, 30]) again.add(read(second, { ...basic, wrapUpCode: 'Sale' }), file('2016-06-06'), 1);
		again.add(read(10, { wrapUpCode: 'Other' }), file('2016-06-06', 2), 0);
		again.add(read(30, { wrapUpCode: 'Sale' }), file('2016-06-06', 2), 0);
		expect(again.choose(10, undefined).rows.map((row) => row.fileName)).toEqual([nameOf('2016-06-06', 30, 1)]);
		const last = new UnseenCalls(seen, rules);
		last.add(read(10, { wrapUpCode: 'Sale' }), file('2016-06-06', 2), 0);
		expect(last.choose(10, undefined).rows).toEqual([]);
	});
});
