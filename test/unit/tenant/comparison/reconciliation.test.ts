import fc from 'fast-check';
import { WaveFile } from 'wavefile';
import { describe, expect, it } from 'vitest';

import {
	dayOfRow,
	daySentence,
	isComplete,
	noCounts,
	reconcile,
	soundOf,
} from '../../../../tenant/comparison/reconciliation';
import type { ListedFile } from '../../../../tenant/comparison/reconciliation';
import type { IndexRow } from '../../../../recordings/indexRow';
import { tenantDay } from '../../../../recordings/tenantDay';
import { ZoneClock } from '../../../../recordings/zoneClock';
import { indexRow } from '../../recordings/indexRowFixture';
import { lookedInto } from '../../recordings/wavFixture';

const clock = new ZoneClock('America/Los_Angeles');
const day = tenantDay('2016-06-06', clock);
const FIRST = 'S20160606/R201606060700000001.wav';
const LAST = 'S20160607/R201606070659590001.wav';
const BEFORE = 'S20160606/R201606060659590001.wav';
const AFTER = 'S20160607/R201606070700000001.wav';

function file(recordingId: string): ListedFile {
	const [directory = '', fileName = ''] = recordingId.split('/');
	return { recordingId, directory, fileName, bytes: 100, modifiedAt: undefined };
}

function row(recordingId: string | null, fields: Partial<IndexRow> = {}): IndexRow {
	return indexRow({ recordingId, ...fields });
}

function ids(recordingIds: Iterable<{ recordingId: string | null }>): Array<string | null> {
	return [...recordingIds].map(({ recordingId }) => recordingId);
}

describe('reconciling a tenant day', () => {
	it('matches rows with files, and tells rows without a file from files without a row', () => {
		const result = reconcile({
			days: [day],
			rows: [row(FIRST), row(LAST)],
			indexed: new Set([FIRST, LAST]),
			files: [LAST, 'S20160607/R201606070130000001.wav'].map(file),
		});
		expect(result.matched.map((match) => [match.row.recordingId, match.file.recordingId])).toEqual([[LAST, LAST]]);
		expect(ids(result.missing)).toEqual([FIRST]);
		expect(ids(result.unindexed)).toEqual(['S20160607/R201606070130000001.wav']);
	});

	it('matches names that differ in capitals only, and a file of the very name first', () => {
		const spelled = FIRST.toLowerCase().replace('s2016', 'S2016').replace('.wav', '.WAV');
		const only = reconcile({ days: [day], rows: [row(spelled)], indexed: new Set([spelled]), files: [file(FIRST)] });
		expect(only.matched.map((match) => match.file.recordingId)).toEqual([FIRST]);
		expect([...only.missing, ...only.unindexed]).toEqual([]);
		const both = reconcile({
			days: [day],
			rows: [row(FIRST)],
			indexed: new Set([FIRST]),
			files: [file(FIRST), file(spelled)],
		});
		expect(both.matched.map((match) => match.file.recordingId)).toEqual([FIRST]);
	});

	it('matches names whose accents are written in one piece or two', () => {
		const [indexed, listed] = (['NFC', 'NFD'] as const).map((form) => 'S20160606/Zoë.wav'.normalize(form));
		const rows = [row(indexed ?? '')];
		const result = reconcile({ days: [day], rows, indexed: new Set([indexed ?? '']), files: [file(listed ?? '')] });
		expect(result).toMatchObject({ matched: [{ file: { recordingId: listed } }], missing: [], unindexed: [] });
	});

	it('takes a file for the day that holds the UTC stamp in its name, to the second, and in the order of the stamps', () => {
		const files = [AFTER, LAST, FIRST, BEFORE].map(file);
		expect(ids(reconcile({ days: [day], rows: [], indexed: new Set(), files }).unindexed)).toEqual([FIRST, LAST]);
	});

	it("leaves a file alone that a row of the neighbouring day is about: it is that day's", () => {
		const result = reconcile({
			days: [day],
			rows: [],
			indexed: new Set([FIRST, LAST]),
			files: [FIRST, LAST].map(file),
		});
		expect(result).toEqual({ matched: [], missing: [], unindexed: [] });
	});

	it('takes nothing but audio files for recordings, whatever else is named like them', () => {
		const others = ['I20160606.csv', 'R201606061500000001.md5', 'R201606061500000001.csv', '._R201606061500000001.wav'];
		const files = [...others.map((name) => `S20160606/${name}`), 'Index/call-17.wav'].map(file);
		expect(reconcile({ days: [day], rows: [], indexed: new Set(), files }).unindexed).toEqual([]);
	});

	it('takes an audio file with another name for one of the UTC day of its directory, in one tenant day only', () => {
		const other = 'S20160607/call-17.wav';
		const days = [day, tenantDay('2016-06-07', clock)];
		const daysOf = (modifiedAt: string | undefined): boolean[] =>
			days.map((one) => {
				const files = [{ ...file(other), modifiedAt: modifiedAt === undefined ? undefined : new Date(modifiedAt) }];
				return reconcile({ days: [one], rows: [], indexed: new Set(), files }).unindexed.length === 1;
			});
		expect(daysOf('2016-06-07T06:59:59Z')).toEqual([true, false]);
		expect(daysOf('2016-06-07T07:00:00Z')).toEqual([false, true]);
		// A mirror dates files anew, and a listing may not tell.
		expect(daysOf('2019-01-01T00:00:00Z')).toEqual([false, true]);
		expect(daysOf(undefined)).toEqual([false, true]);
		const indexed = reconcile({ days, rows: [row(other)], indexed: new Set([other]), files: [file(other)] });
		expect(ids(indexed.matched.map((match) => match.row))).toEqual([other]);
		expect(indexed.unindexed).toEqual([]);
	});

	it('counts a row that names no file as missing, because nothing shows that there is a recording', () => {
		const rows = [row(null, { indexLine: 2 }), row(null, { indexLine: 3 })];
		expect(reconcile({ days: [day], rows, indexed: new Set(), files: [] }).missing).toEqual(rows);
	});

	it('puts every row and every file of the days into exactly one list, whatever they are', () => {
		const days = [day, tenantDay('2016-06-07', clock)];
		const id = fc.integer({ min: 0, max: 4 * 86_400 }).map((second) => {
			const stamp = new Date(Date.parse('2016-06-05T00:00:00Z') + Math.floor(second / 3_600) * 3_600_000)
				.toISOString()
				.replace(/[-:T]/g, '')
				.slice(0, 14);
			return `S${stamp.slice(0, 8)}/R${stamp}000${second % 3}.wav`;
		});
		const sets = fc.record({ rows: fc.uniqueArray(id), others: fc.uniqueArray(id), files: fc.uniqueArray(id) });
		fc.assert(
			fc.property(sets, ({ rows, others, files }) => {
				const result = reconcile({
					days,
					rows: rows.map((each) => row(each)),
					indexed: new Set([...rows, ...others]),
					files: files.map(file),
				});
				const matched = ids(result.matched.map((match) => match.row));
				const all = [...matched, ...ids(result.missing), ...ids(result.unindexed)];
				const ofDays = files.filter(
					(each) => each.slice(11, 25) >= '20160606070000' && each.slice(11, 25) < '20160608070000',
				);
				const expected = new Set([...rows, ...ofDays.filter((each) => !others.includes(each))]);
				expect(new Set(all)).toEqual(expected);
				expect(all).toHaveLength(expected.size);
				expect(matched.every((each) => rows.includes(each ?? '') && files.includes(each ?? ''))).toBe(true);
				expect(ids(result.missing).some((each) => files.includes(each ?? ''))).toBe(false);
				expect(ids(result.unindexed).some((each) => rows.includes(each ?? '') || others.includes(each ?? ''))).toBe(
					false,
				);
			}),
		);
	});

	it('counts a row without any time with the day that its index file is named for', () => {
		const days = [day, tenantDay('2016-06-07', clock)];
		expect(dayOfRow(row(null, { tenantDay: '2016-06-06' }), days)?.date).toBe('2016-06-06');
		expect(dayOfRow(row(null, { tenantDay: null, indexFile: 'Index/I20160607.csv' }), days)?.date).toBe('2016-06-07');
		expect(dayOfRow(row(null, { tenantDay: null, indexFile: 'Index/I20160609.csv' }), days)?.date).toBe('2016-06-07');
		expect(dayOfRow(row(null, { tenantDay: null, indexFile: 'Index/I20160101.csv' }), days)?.date).toBe('2016-06-06');
	});

	it('is summed up in a sentence', () => {
		expect(
			daySentence('2016-06-06', { ...noCounts(), matched: 120, empty: 1, short: 2, missing: 3, unindexed: 1 }),
		).toBe('2016-06-06: 120 matched (1 empty, 2 short), 3 missing, 1 unindexed.');
		expect(daySentence('2016-06-06', { ...noCounts(), matched: 9, short: 1 })).toBe(
			'2016-06-06: 9 matched (1 short), 0 missing, 0 unindexed.',
		);
		expect(daySentence('2016-06-06', { ...noCounts(), matched: 9 })).toBe(
			'2016-06-06 is complete: 9 matched, 0 missing, 0 unindexed.',
		);
		expect(daySentence('2016-06-06', { ...noCounts(), unreadable: 2 })).toBe(
			'2016-06-06: 0 matched, 0 missing, 0 unindexed, 2 could not be read.',
		);
		expect(isComplete({ ...noCounts(), matched: 9 })).toBe(true);
		expect(isComplete({ ...noCounts(), matched: 9, empty: 1 })).toBe(false);
	});
});

/** Mono at 8 kHz: G.711 µ-law, or PCM of 16 bits. */
function wav(seconds: number, codec: '8m' | '16' = '8m'): Buffer {
	const sound = new WaveFile();
	sound.fromScratch(1, 8_000, '16', new Int16Array(seconds * 8_000).fill(1_000));
	if (codec === '8m') sound.toMuLaw();
	return Buffer.from(sound.toBuffer());
}

function judged(bytes: Buffer, indexedSeconds: number | null): ReturnType<typeof soundOf> {
	return soundOf(bytes.length, lookedInto(bytes, indexedSeconds));
}

function judge(bytes: Buffer, indexedSeconds: number | null): string {
	return judged(bytes, indexedSeconds).status;
}

describe('the sound of a recording', () => {
	it('is ok when the file is as long as its header says and about as long as the call', () => {
		for (const codec of ['8m', '16'] as const)
			expect(judged(wav(60, codec), 60)).toEqual({
				status: 'ok',
				reason: undefined,
			});
		expect(judge(wav(60), null)).toBe('ok');
		expect(judge(wav(60), 0)).toBe('ok');
		expect(judge(wav(60), 20)).toBe('ok');
	});

	it('is short when the header promises more than there is, even a little', () => {
		const cut = wav(60).subarray(0, -100);
		expect(judged(cut, 60)).toEqual({
			status: 'short',
			reason: expect.stringMatching(/^its header promises \d+ bytes and there are \d+$/),
		});
		expect(judge(cut, null)).toBe('short');
	});

	it('is short when a whole file holds much less than the call lasted: by more than 5 s and more than 10 %', () => {
		expect(judged(wav(30), 60)).toEqual({
			status: 'short',
			reason: 'it holds 30 s of sound and the index says 60 s',
		});
		expect(judge(wav(55), 60)).toBe('ok');
		expect(judge(wav(53), 60)).toBe('short');
		expect(judge(wav(2), 7)).toBe('ok');
		expect(judge(wav(1), 7)).toBe('short');
		expect(judge(wav(181), 200)).toBe('ok');
	});

	it('is no sound at all when there is but a header, or not even that', () => {
		const silent = Buffer.from(wav(1).subarray(0, 58));
		silent.writeUInt32LE(50, 4);
		silent.writeUInt32LE(0, 54);
		expect(judge(Buffer.from('RIFF'), 3)).toBe('short');
		expect(judge(Buffer.alloc(9_000), 3)).toBe('short');
		expect(soundOf(0, undefined)).toEqual({ status: 'empty', reason: 'the file is empty' });
		expect(judge(silent, 0)).toBe('ok');
		expect(judged(silent, 3)).toEqual({ status: 'short', reason: 'it holds no sound' });
	});

	it('is not judged when nobody looked', () => {
		expect(soundOf(100, undefined).status).toBe('ok');
	});

	it('is judged wherever it begins', () => {
		const whole = wav(60);
		const length = 80_000;
		const metadata = Buffer.alloc(8 + length);
		metadata.write('bext');
		metadata.writeUInt32LE(length, 4);
		const long = Buffer.concat([whole.subarray(0, 12), metadata, whole.subarray(12)]);
		long.writeUInt32LE(long.length - 8, 4);
		expect(judge(long, 60)).toBe('ok');
		expect(judge(long, 600)).toBe('short');
		expect(judge(long.subarray(0, -2_000), 60)).toBe('short');
	});
});
