import { describe, expect, it } from 'vitest';

import { AdaptiveLimit } from '../../../transport/adaptiveLimit';

/** Runs a link on which `filesPerSecond(limit)` files arrive, and tells the limits along the way. */
function settle(
	limit: AdaptiveLimit,
	clock: { now: number },
	filesPerSecond: (limit: number) => number,
	files = 2_000,
): number[] {
	const seen = new Set<number>([limit.current]);
	for (let file = 0; file < files; file++) {
		clock.now += 1_000 / filesPerSecond(limit.current);
		limit.succeeded(1_000_000);
		seen.add(limit.current);
	}
	return [...seen];
}

function make(start: number, most: number): { limit: AdaptiveLimit; clock: { now: number } } {
	const clock = { now: 0 };
	return { clock, limit: new AdaptiveLimit({ start, most, now: () => clock.now }) };
}

describe('the number of files in flight', () => {
	it('grows to the cap across an ocean, where every further file helps', () => {
		const { limit, clock } = make(4, 32);
		settle(limit, clock, (current) => current * 10);
		expect(limit.current).toBe(32);
	});

	it('stays low where more files move no more', () => {
		const { limit, clock } = make(4, 32);
		const seen = settle(limit, clock, () => 200);
		expect(limit.current).toBeLessThanOrEqual(8);
		expect(Math.max(...seen)).toBeLessThanOrEqual(8);
	});

	it('finds the knee of the link', () => {
		const { limit, clock } = make(4, 64);
		settle(limit, clock, (current) => Math.min(current, 16) * 10);
		expect(limit.current).toBeGreaterThanOrEqual(16);
		expect(limit.current).toBeLessThanOrEqual(32);
	});

	it('halves when the server objects, never below one, and does not rush back', () => {
		const { limit, clock } = make(16, 16);
		for (const expected of [8, 4, 2, 1, 1]) {
			limit.objected();
			expect(limit.current).toBe(expected);
			clock.now += 1_000;
		}
		settle(limit, clock, (current) => current * 10, 10);
		expect(limit.current).toBe(1);
		settle(limit, clock, (current) => current * 10, 1_000);
		expect(limit.current).toBeGreaterThan(1);
	});

	it('halves once when a connection takes many files with it', () => {
		const { limit, clock } = make(32, 32);
		for (let file = 0; file < 32; file++) {
			limit.objected();
			clock.now += 10;
		}
		expect(limit.current).toBe(16);
	});

	it('never exceeds its cap', () => {
		const { limit, clock } = make(50, 6);
		expect(limit.current).toBe(6);
		expect(Math.max(...settle(limit, clock, (current) => current * 10))).toBe(6);
	});
});
