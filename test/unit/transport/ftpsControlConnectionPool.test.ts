import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { ControlConnectionPool, type PooledConnection } from '../../../transport/ftps/controlConnectionPool';
import { TransportError, type TransportErrorCode } from '../../../transport/transportError';
import { Others } from './others';

const error = (code: TransportErrorCode): TransportError => new TransportError(code, code);

class FakeConnection implements PooledConnection {
	isUsable = true;
	hasAnswered = false;
	readonly whenClosed = Promise.resolve();
	reason: TransportError | undefined;
	#reject: ((reason: TransportError) => void) | undefined;

	constructor(readonly number: number) {}

	beginTask(): void {
		this.hasAnswered = false;
	}

	interrupt(reason: TransportError): void {
		this.reason ??= reason;
		this.isUsable = false;
		this.#reject?.(reason);
	}

	keepAwake(): void {}

	whenGone(): () => void {
		return () => undefined;
	}

	/** Work that ends with `interrupt` only. */
	forever(): Promise<never> {
		return new Promise((_resolve, reject) => {
			this.#reject = reject;
			if (this.reason !== undefined) reject(this.reason);
		});
	}
}

interface Rig {
	readonly pool: ControlConnectionPool<FakeConnection>;
	readonly opened: FakeConnection[];
	attempts(): number;
	mostAtOnce(): number;
}

/** `outcome` decides the nth attempt to open: an error code, or nothing for success. */
function rig(
	maxConnections: number,
	outcome: (attempt: number, isFirst: boolean) => TransportErrorCode | 'not now' | undefined = () => undefined,
	share = new Others(),
): Rig {
	const opened: FakeConnection[] = [];
	let attempts = 0;
	let opening = 0;
	let most = 0;
	const pool = new ControlConnectionPool<FakeConnection>({
		maxConnections,
		ended: error,
		share,
		open: async (signal, isFirst) => {
			attempts += 1;
			opening += 1;
			most = Math.max(most, opening);
			const code = outcome(attempts, isFirst);
			await tick();
			opening -= 1;
			if (signal.aborted) throw error('closed');
			if (code === 'not now') return undefined;
			if (code !== undefined) throw error(code);
			const connection = new FakeConnection(attempts);
			opened.push(connection);
			return connection;
		},
	});
	return { pool, opened, attempts: () => attempts, mostAtOnce: () => most };
}

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
const codes = (outcomes: Array<PromiseSettledResult<unknown>>): unknown[] =>
	outcomes.map((one) => (one.status === 'rejected' ? (one.reason as TransportError).code : one.value));

describe('the pool of control connections', () => {
	afterEach(() => vi.useRealTimers());

	test('opens nothing before the first task, then one at a time, never more than allowed', async () => {
		const { pool, opened, attempts, mostAtOnce } = rig(3);
		expect(attempts()).toBe(0);
		let running = 0;
		let most = 0;
		const task = async (): Promise<void> => {
			running += 1;
			most = Math.max(most, running);
			await tick();
			await tick();
			running -= 1;
		};
		await Promise.all(Array.from({ length: 20 }, () => pool.use(task)));
		expect([opened.length, most, mostAtOnce()]).toEqual([3, 3, 1]);
	});

	test('logs in on the first two connections one after the other, then on eight at once at the most', async () => {
		const { pool, opened, mostAtOnce } = rig(16);
		const task = async (): Promise<void> => {
			for (let turn = 0; turn < 20; turn += 1) await tick();
		};
		await Promise.all(Array.from({ length: 40 }, () => pool.use(task)));
		expect([opened.length, mostAtOnce()]).toEqual([16, 8]);
	});

	test('a single task opens a single connection, and later tasks use it again', async () => {
		const { pool, attempts } = rig(4);
		for (let n = 0; n < 5; n += 1) await pool.use(() => tick());
		expect(attempts()).toBe(1);
	});

	test('serves in the order of asking', async () => {
		const { pool } = rig(1);
		const order: number[] = [];
		await Promise.all(
			[1, 2, 3, 4, 5].map((n) =>
				pool.use(async () => {
					order.push(n);
					await tick();
				}),
			),
		);
		expect(order).toEqual([1, 2, 3, 4, 5]);
	});

	test.each([0, -1, Number.NaN, 0.5])('a maximum of %d still means one', async (maximum) => {
		expect(await rig(maximum).pool.use(() => Promise.resolve('done'))).toBe('done');
	});

	test('a broken connection is replaced for those who wait', async () => {
		const { pool, opened } = rig(1);
		const outcomes = await Promise.allSettled([
			pool.use((connection) => {
				connection.interrupt(error('connection-lost'));
				return Promise.reject(error('connection-lost'));
			}),
			pool.use((connection) => Promise.resolve(connection.number)),
		]);
		expect(codes(outcomes)).toEqual(['connection-lost', 2]);
		expect(opened).toHaveLength(2);
	});

	test('when every connection dies with its task, all tasks settle', async () => {
		const { pool } = rig(3);
		const task = async (connection: FakeConnection): Promise<never> => {
			await tick();
			connection.interrupt(error('connection-lost'));
			return await connection.forever();
		};
		const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => pool.use(task)));
		expect(codes(outcomes)).toEqual(Array(10).fill('connection-lost'));
	});

	test('an idle connection that is no longer usable is replaced before use', async () => {
		const { pool, opened } = rig(2);
		await pool.use(() => tick());
		opened[0]?.interrupt(error('connection-lost'));
		expect(await pool.use((connection) => Promise.resolve(connection.number))).toBe(2);
	});

	test('a task on a used connection that gets no answer runs once more, on a new one', async () => {
		const { pool, opened } = rig(2);
		await Promise.all([pool.use(() => tick()), pool.use(() => tick())]);
		const seen: number[] = [];
		const task = (connection: FakeConnection): Promise<number> => {
			seen.push(connection.number);
			if (connection.number > opened.length - 1 && seen.length > 1) return Promise.resolve(connection.number);
			connection.interrupt(error('connection-lost'));
			return Promise.reject(error('connection-lost'));
		};
		expect(await pool.use(task)).toBe(3);
		expect(seen).toHaveLength(2);
	});

	test.each([
		['it had answered', true, 'connection-lost'],
		['the failure is another', false, 'timeout'],
	] as const)('a task on a used connection is not run again when %s', async (_title, answered, code) => {
		const { pool } = rig(1);
		await pool.use(() => tick());
		let runs = 0;
		const work = pool.use((connection) => {
			runs += 1;
			connection.hasAnswered = answered;
			return Promise.reject(error(code));
		});
		await expect(work).rejects.toMatchObject({ code });
		expect(runs).toBe(1);
	});

	test.each(['busy', 'login-failed'] as const)('%s while others are open lowers the number for good', async (code) => {
		const { pool, attempts } = rig(4, (attempt) => (attempt > 2 ? code : undefined));
		for (let round = 0; round < 3; round += 1) {
			const outcomes = await Promise.allSettled(
				Array.from({ length: 8 }, (_, n) => pool.use(() => tick().then(() => n))),
			);
			expect(codes(outcomes)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
		}
		// Two more were asked for at once.
		expect(attempts()).toBe(4);
	});

	test.each(['busy', 'unreachable', 'certificate-untrusted'] as const)(
		'%s with nothing open rejects all who wait, each with an error of its own; the next one asks again',
		async (code) => {
			const { pool, attempts } = rig(4, (attempt) => (attempt === 1 ? code : undefined));
			const outcomes = await Promise.allSettled([pool.use(() => tick()), pool.use(() => tick())]);
			expect(codes(outcomes)).toEqual([code, code]);
			expect(new Set(outcomes.map((one) => (one.status === 'rejected' ? one.reason : undefined))).size).toBe(2);
			expect(await pool.use((connection) => Promise.resolve(connection.number))).toBe(2);
			expect(attempts()).toBe(2);
		},
	);

	test('a refused login is final: no later task logs in again', async () => {
		const { pool, attempts } = rig(4, () => 'login-failed');
		const outcomes = await Promise.allSettled([pool.use(() => tick()), pool.use(() => tick())]);
		expect(codes(outcomes)).toEqual(['login-failed', 'login-failed']);
		await expect(pool.use(() => tick())).rejects.toMatchObject({ code: 'login-failed' });
		expect(attempts()).toBe(1);
	});

	test('aborting takes a task out of the queue, or breaks its connection', async () => {
		const { pool, opened } = rig(1);
		const running = new AbortController();
		const waiting = new AbortController();
		const work = Promise.allSettled([
			pool.use((connection) => connection.forever(), running.signal),
			pool.use(() => Promise.resolve('never'), waiting.signal),
			pool.use((connection) => Promise.resolve(connection.number)),
		]);
		await tick();
		await tick();
		waiting.abort();
		running.abort();
		expect(codes(await work)).toEqual(['aborted', 'aborted', 2]);
		expect(opened[0]?.reason?.code).toBe('aborted');
		await expect(pool.use(() => tick(), AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
	});

	test('close breaks what runs, idles, waits and opens', async () => {
		const { pool, opened } = rig(2);
		await pool.use(() => tick());
		const work = Promise.allSettled([
			pool.use((connection) => connection.forever()),
			pool.use((connection) => connection.forever()),
			pool.use((connection) => connection.forever()),
		]);
		await pool.close();
		await pool.close();
		expect(codes(await work)).toEqual(['closed', 'closed', 'closed']);
		await tick();
		await tick();
		expect(opened.every((connection) => !connection.isUsable)).toBe(true);
		await expect(pool.use(() => tick())).rejects.toMatchObject({ code: 'closed' });
	});

	test('only the first connection is needed; further ones that others need more are asked for again later', async () => {
		// A timer may fire before the clock shows the time that it waited for: nothing may depend on the clock.
		vi.useFakeTimers({ toFake: ['Date'] });
		const needed: boolean[] = [];
		const { pool, opened } = rig(2, (attempt, isFirst) => {
			needed.push(isFirst);
			return attempt === 2 ? 'not now' : undefined;
		});
		const long = pool.use(async () => {
			while (opened.length < 2) await tick();
			return 'long';
		});
		// It waits for a connection of its own, while nothing else happens in the pool.
		expect(await Promise.all([long, pool.use((connection) => Promise.resolve(connection.number))])).toEqual([
			'long',
			3,
		]);
		expect(needed).toEqual([true, false, false]);
	});

	test('a pool that loses its only connection while a further one is refused asks for a first one', async () => {
		const needed: boolean[] = [];
		const { pool } = rig(2, (attempt, isFirst) => {
			needed.push(isFirst);
			return attempt === 2 ? 'not now' : undefined;
		});
		const outcomes = await Promise.allSettled([
			pool.use(async (connection) => {
				while (needed.length < 2) await nextTurn();
				connection.interrupt(error('connection-lost'));
				return await connection.forever();
			}),
			pool.use((connection) => Promise.resolve(connection.number)),
		]);
		expect([codes(outcomes), needed]).toEqual([
			['connection-lost', 3],
			[true, false, true],
		]);
	});

	test('when others need connections, all but one end with their tasks, and idle ones at once', async () => {
		const others = new Others();
		const { pool, opened } = rig(3, () => undefined, others);
		const ends: Array<() => void> = [];
		const task = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
		const work = Promise.all([pool.use(task), pool.use(task), pool.use(task)]);
		while (ends.length < 3) await tick();
		ends[0]?.();
		await tick();
		expect(opened.map((connection) => connection.isUsable)).toEqual([true, true, true]);
		others.want(1);
		expect(opened.map((connection) => connection.isUsable)).toEqual([false, true, true]);
		others.wanted = 5;
		ends[1]?.();
		await tick();
		ends[2]?.();
		await work;
		expect(opened.map((connection) => connection.isUsable)).toEqual([false, false, true]);
		expect([opened[0]?.reason?.code, others.wanted]).toEqual(['closed', 4]);
	});

	test('a refusal that is final is passed on to all, and not asked for again', async () => {
		let attempts = 0;
		const pool = new ControlConnectionPool<FakeConnection>({
			maxConnections: 2,
			ended: error,
			open: async () => {
				attempts += 1;
				return await Promise.reject(new TransportError('busy', 'no turn', { isFinal: true, advice: 'Wait.' }));
			},
		});
		const outcomes = await Promise.allSettled([pool.use(tick), pool.use(tick)]);
		expect(codes(outcomes)).toEqual(['busy', 'busy']);
		await expect(pool.use(tick)).rejects.toMatchObject({ message: 'no turn', advice: 'Wait.', isTransient: false });
		expect(attempts).toBe(1);
	});
});
