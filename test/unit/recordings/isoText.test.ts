import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { IsoText, UTC_TEXT } from '../../../recordings/isoText';

describe('a moment as ISO 8601', () => {
	it('is written as the platform writes it, whole second or not, before 1970 or after, in any order', () => {
		const anyMoment = fc.oneof(
			fc.integer({ min: -Date.UTC(2200, 0), max: Date.UTC(9_999, 0) }),
			fc.integer({ min: -100_000, max: 100_000 }).map((second) => second * 1_000),
		);
		fc.assert(
			fc.property(anyMoment, (moment) => {
				const platform = new Date(moment).toISOString();
				expect(UTC_TEXT.of(moment)).toBe(platform);
				expect(new IsoText('-07:00').of(moment)).toBe(platform.replace('Z', '-07:00'));
			}),
		);
	});

	it('stays right when more minutes have been written than are remembered', () => {
		const minutes = Array.from({ length: 5_000 }, (_, minute) => Date.UTC(2026, 0) + minute * 60_000);
		const written = [...minutes, ...minutes].map((moment) => UTC_TEXT.of(moment));
		expect(written).toEqual([...minutes, ...minutes].map((moment) => new Date(moment).toISOString()));
	});
});
