import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { packEmissions, unpackEmissions } from '../../../../tenant/polling/emittedRecordings';
import type { Emission } from '../../../../tenant/polling/emittedRecordings';

/** The recording of this second of 6 June. */
function idOf(second: number, ending = '.wav'): string {
	const time = new Date(second * 1_000).toISOString().slice(11, 19).replaceAll(':', '');
	return `S20160606/R20160606${time}0001${ending}`;
}

function emission(recordingId: string, changes: Partial<Emission> = {}): Emission {
	const usual = { attempts: 1, at: 1_465_300_000, files: ['Index/I20160606.csv'], date: '2016-06-06' };
	return { recordingId, ...usual, ...changes };
}

describe('recordings that were emitted and may come again', () => {
	it('come back from the database under their own names, with their time, attempts and files', () => {
		const id = fc.oneof(
			fc
				.tuple(fc.nat({ max: 86_399 }), fc.constantFrom('.wav', '.WAV', '.mp3'))
				.map(([at, ending]) => idOf(at, ending)),
			fc.constantFrom('S20160606/call.wav', 'archive/R201606060000000001.wav', 'S20160606/r201606061200000001.wav'),
		);
		const emissions = fc.uniqueArray(
			fc.record({ id, attempts: fc.integer({ min: 1, max: 4 }), at: fc.integer({ min: 1, max: 9 }) }),
			{ selector: (one) => one.id, maxLength: 40 },
		);
		fc.assert(
			fc.property(emissions, (list) => {
				const all = list.map(({ id: recordingId, ...rest }) => emission(recordingId, rest));
				const kept = JSON.parse(JSON.stringify(packEmissions(all, 60))) as ReturnType<typeof packEmissions>;
				const byId = (a: Emission, b: Emission): number => (a.recordingId < b.recordingId ? -1 : 1);
				expect(unpackEmissions(kept).sort(byId)).toEqual(all.sort(byId));
			}),
		);
	});

	it('keep the first of their days and all their files', () => {
		const [batch] = packEmissions(
			[
				emission(idOf(1), { date: '2016-06-07' }),
				emission(idOf(2), { date: '2016-06-05', files: ['S20160606/I20160606.csv'] }),
			],
			60,
		);
		expect(batch).toMatchObject({ first: '2016-06-05', files: ['Index/I20160606.csv', 'S20160606/I20160606.csv'] });
	});

	it('take about four letters each, and no more for coming in a thousand polls', () => {
		const all = Array.from({ length: 10_000 }, (_, n) =>
			emission(idOf(8 * n), { at: 1_465_300_000 + 60 * Math.floor(n / 10), attempts: 1 + (n % 2) }),
		);
		const batches = packEmissions(all, 1_000);
		expect(JSON.stringify(batches).length).toBeLessThan(60_000);
		const back = unpackEmissions(batches);
		expect(new Set(back.map(({ recordingId }) => recordingId)).size).toBe(10_000);
		// Those that were put together wait for the last of them, and no longer.
		const atOf = new Map(all.map(({ recordingId, at, attempts }) => [recordingId, { at, attempts }]));
		for (const { recordingId, at, attempts } of back) {
			expect(at).toBeGreaterThanOrEqual(atOf.get(recordingId)?.at ?? Infinity);
			expect(at - (atOf.get(recordingId)?.at ?? 0)).toBeLessThan(1_000);
			expect(attempts).toBe(atOf.get(recordingId)?.attempts);
		}
	});
});
