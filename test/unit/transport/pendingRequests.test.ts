import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { PendingRequests } from '../../../transport/sftp/pendingRequests';

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

test('a request that is not answered is overdue after the stall timeout, once, and a later answer is not awaited', () => {
	const fail = vi.fn();
	const silent = vi.fn();
	const answered = new PendingRequests(1_000, silent).begin(fail);
	vi.advanceTimersByTime(950);
	expect(fail).not.toHaveBeenCalled();
	vi.advanceTimersByTime(200);
	expect(fail.mock.calls).toEqual([['overdue']]);
	expect(silent).toHaveBeenCalledTimes(1);
	expect(answered()).toBe(false);
	vi.advanceTimersByTime(10_000);
	expect(fail).toHaveBeenCalledTimes(1);
});

test('an answered request is never overdue, and no timer is left', () => {
	const fail = vi.fn();
	const answered = new PendingRequests(1_000, vi.fn()).begin(fail);
	expect(answered()).toBe(true);
	expect(answered()).toBe(false);
	expect(vi.getTimerCount()).toBe(0);
	vi.advanceTimersByTime(10_000);
	expect(fail).not.toHaveBeenCalled();
});

test('requests behind a long queue wait as long as the queue moves', () => {
	const requests = new PendingRequests(1_000, vi.fn());
	const queue = Array.from({ length: 20 }, () => requests.begin(vi.fn()));
	const last = vi.fn();
	requests.begin(last);
	for (const answered of queue) {
		vi.advanceTimersByTime(700);
		expect(answered()).toBe(true);
	}
	expect(last).not.toHaveBeenCalled();
	vi.advanceTimersByTime(1_200);
	expect(last).toHaveBeenCalledTimes(1);
});

test('one request that a server forgets is overdue although later ones are answered, and the connection is not silent', () => {
	const silent = vi.fn();
	const requests = new PendingRequests(1_000, silent);
	const forgotten = vi.fn();
	requests.begin(forgotten);
	for (let n = 0; n < 12; n += 1) {
		const answered = requests.begin(vi.fn());
		vi.advanceTimersByTime(100);
		answered();
	}
	expect(forgotten).toHaveBeenCalledTimes(1);
	expect(silent).not.toHaveBeenCalled();
});

test('the end of the connection fails every request', () => {
	const requests = new PendingRequests(1_000, vi.fn());
	const fails = [vi.fn(), vi.fn()];
	const answers = fails.map((fail) => requests.begin(fail));
	requests.end();
	expect(fails.map((fail) => fail.mock.calls)).toEqual([[['ended']], [['ended']]]);
	expect(answers.map((answered) => answered())).toEqual([false, false]);
	expect(vi.getTimerCount()).toBe(0);
});
