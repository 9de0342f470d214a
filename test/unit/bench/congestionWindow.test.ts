import { describe, expect, it } from 'vitest';

import { CongestionWindow, INITIAL_WINDOW } from '../../../bench/congestionWindow';

const ROUND_TRIP = 80;
const ALWAYS = 1_000_000_000;

/** Sends as much as there is room for, a segment at a time as TCP does, and has it acknowledged a round trip later. */
function roundTrip(window: CongestionWindow, now: number, most = ALWAYS): number {
	const segments: number[] = [];
	for (let sent = 0; sent < most; ) {
		const segment = Math.min(1_460, window.room(now), most - sent);
		if (segment === 0) break;
		window.send(segment, now);
		segments.push(segment);
		sent += segment;
	}
	for (const segment of segments) window.acknowledge(segment);
	return segments.reduce((sum, segment) => sum + segment, 0);
}

/** A window that has doubled `doublings` times; its last segment left at the time that is given back. */
function grown(restartsAfterIdle: boolean, doublings = 5): { window: CongestionWindow; lastSentAt: number } {
	const window = new CongestionWindow(ROUND_TRIP, { restartsAfterIdle });
	for (let trip = 0; trip < doublings; trip += 1) roundTrip(window, trip * ROUND_TRIP);
	return { window, lastSentAt: (doublings - 1) * ROUND_TRIP };
}

describe('the congestion window', () => {
	it('begins with ten segments of 1,460 bytes and doubles each round trip', () => {
		const window = new CongestionWindow(ROUND_TRIP, { restartsAfterIdle: true });
		const sent = [0, 1, 2, 3, 4].map((trip) => roundTrip(window, trip * ROUND_TRIP));
		expect(sent).toEqual([14_600, 29_200, 58_400, 116_800, 233_600]);
	});

	it('lets nothing go while all of it is under way, and as much as was acknowledged twice over then', () => {
		const window = new CongestionWindow(ROUND_TRIP, { restartsAfterIdle: true });
		window.send(INITIAL_WINDOW, 0);
		expect(window.room(40)).toBe(0);
		window.acknowledge(1_460);
		expect(window.room(80)).toBe(2_920);
	});

	it('does not grow while less than half of it is used', () => {
		const window = new CongestionWindow(ROUND_TRIP, { restartsAfterIdle: true });
		for (let trip = 0; trip < 20; trip += 1) roundTrip(window, trip * ROUND_TRIP, 5_000);
		expect(window.room(20 * ROUND_TRIP)).toBe(INITIAL_WINDOW);
	});

	it('is halved for each 200 ms and round trip of a pause, down to what it began with', () => {
		const { window, lastSentAt } = grown(true);
		const whole = INITIAL_WINDOW * 2 ** 5;
		expect(window.room(lastSentAt + 279)).toBe(whole);
		expect(window.room(lastSentAt + 280)).toBe(whole / 2);
		expect(window.room(lastSentAt + 281)).toBe(whole / 2);
		expect(window.room(lastSentAt + 3 * 280)).toBe(whole / 8);
		expect(window.room(lastSentAt + 60_000)).toBe(INITIAL_WINDOW);
	});

	it('outlives a pause where it is told to, and any wait for an answer', () => {
		const { window, lastSentAt } = grown(false);
		expect(window.room(lastSentAt + 60_000)).toBe(INITIAL_WINDOW * 2 ** 5);
		const waiting = grown(true);
		waiting.window.send(1_460, waiting.lastSentAt + 80);
		expect(waiting.window.room(waiting.lastSentAt + 60_000)).toBe(INITIAL_WINDOW * 2 ** 5 - 1_460);
	});
});
