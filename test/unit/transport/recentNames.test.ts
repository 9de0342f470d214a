import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ListedName } from '../../../transport/ftps/listedName';
import { RecentNames } from '../../../transport/recentNames';

const NEVER = new Promise<void>(() => undefined);
const named = (name: string): ListedName[] => [{ name, type: 'file', size: 1, modifiedAt: undefined }];

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('a listing holds for ten seconds after its end, for its own directory', async () => {
	const recent = new RecentNames<ListedName>();
	const slow = async (): Promise<ListedName[]> => {
		await new Promise((resolve) => setTimeout(resolve, 60_000));
		return named('old');
	};
	const first = recent.of('/S20160607', slow, NEVER);
	const meanwhile = recent.of('/S20160607', async () => await Promise.resolve(named('never')), NEVER);
	await vi.advanceTimersByTimeAsync(60_000);
	expect([await first, await meanwhile]).toEqual([named('old'), named('old')]);
	const again = async (directory: string): Promise<readonly ListedName[]> =>
		await recent.of(directory, async () => await Promise.resolve(named('new')), NEVER);
	vi.advanceTimersByTime(9_000);
	expect(await again('/S20160607')).toEqual(named('old'));
	expect(await again('/S20160608')).toEqual(named('new'));
	vi.advanceTimersByTime(1_000);
	expect(await again('/S20160607')).toEqual(named('new'));
});

test('who waits for the listing of another lists by itself when that one fails, or its own connection ends', async () => {
	const recent = new RecentNames<ListedName>();
	let fail: (error: Error) => void = () => undefined;
	const failing = recent.of('/', async () => await new Promise((_, reject) => (fail = reject)), NEVER);
	let end: () => void = () => undefined;
	const gone = new Promise<void>((resolve) => (end = resolve));
	const ended = recent.of('/', async () => await Promise.reject(new Error('interrupted')), gone);
	const own = vi.fn(async () => await Promise.resolve(named('own')));
	const waiting = recent.of('/', own, NEVER);
	end();
	await expect(ended).rejects.toThrow('interrupted');
	fail(new Error('lost'));
	await expect(failing).rejects.toThrow('lost');
	expect(await waiting).toEqual(named('own'));
	expect(own).toHaveBeenCalledOnce();
});
