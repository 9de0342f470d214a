import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';

import type { AccountConnection } from '../../../transport/account/accountConnection';
import { ConnectionPool, FULL } from '../../../transport/sftp/connectionPool';
import { TransportError, type TransportErrorCode } from '../../../transport/transportError';
import { Others } from './others';

class FakeConnection implements AccountConnection {
	isUsable = true;

	ended: string | undefined;

	readonly whenClosed = Promise.resolve();

	#listener: () => void = () => undefined;

	whenGone(listener: () => void): () => void {
		this.#listener = listener;
		return () => (this.#listener = () => undefined);
	}

	keepAwake(): void {}

	die(): void {
		this.isUsable = false;
		this.#listener();
	}

	interrupt(reason: TransportError): void {
		if (!this.isUsable) return;
		this.ended = reason.code;
		this.die();
	}
}

interface Attempt {
	readonly isFirst: boolean;
	/** Others need it more. */
	readonly refuseForNow: () => Promise<void>;
	readonly succeed: (connection?: FakeConnection) => Promise<FakeConnection>;
	readonly fail: (code: TransportErrorCode, isFinal?: boolean) => Promise<void>;
}

function poolOf(maxConnections: number, share?: Others): { pool: ConnectionPool<FakeConnection>; attempts: Attempt[] } {
	const attempts: Attempt[] = [];
	const open = (signal: AbortSignal, isFirst: boolean): Promise<FakeConnection | undefined> =>
		new Promise((resolve, reject) => {
			signal.addEventListener('abort', () => reject(new TransportError('aborted', 'stopped')));
			attempts.push({
				isFirst,
				refuseForNow: async () => {
					resolve(undefined);
					await nextTurn();
				},
				succeed: async (connection = new FakeConnection()) => {
					resolve(connection);
					await nextTurn();
					return connection;
				},
				fail: async (code, isFinal) => {
					reject(new TransportError(code, 'no', { isFinal }));
					await nextTurn();
				},
			});
		});
	const ended = (code: TransportErrorCode): TransportError => new TransportError(code, code);
	const pool = new ConnectionPool({ open, maxConnections, ended, share });
	return { pool, attempts };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
	work.then(
		() => 'fulfilled',
		(error: unknown) => (error instanceof TransportError ? error.code : String(error)),
	);

test('opens nothing before it is asked, and one connection for many at once', async () => {
	const { pool, attempts } = poolOf(4);
	expect(attempts).toHaveLength(0);
	const leases = Promise.all(Array.from({ length: 5 }, () => pool.acquire()));
	expect(attempts).toHaveLength(1);
	const connection = await attempts[0]?.succeed();
	expect((await leases).every((lease) => lease.connection === connection)).toBe(true);
	expect(attempts).toHaveLength(1);
});

test('opens further connections one at a time when there is much to do, up to the maximum, and spreads the work', async () => {
	const { pool, attempts } = poolOf(3);
	const first = Promise.all(Array.from({ length: 12 }, () => pool.acquire()));
	await attempts[0]?.succeed();
	await first;
	expect(attempts).toHaveLength(2);
	await pool.acquire();
	expect(attempts).toHaveLength(2);
	const second = await attempts[1]?.succeed();
	for (let n = 0; n < 9; n += 1) expect((await pool.acquire()).connection).toBe(second);
	expect(attempts).toHaveLength(3);
	await attempts[2]?.succeed();
	for (let n = 0; n < 40; n += 1) await pool.acquire();
	expect(attempts).toHaveLength(3);
});

test('opens a connection for each large file that comes, and gives back all of its weight', async () => {
	const { pool, attempts } = poolOf(3);
	const leases = Array.from({ length: 4 }, () => pool.acquire(undefined, FULL));
	const opened: Array<FakeConnection | undefined> = [];
	for (let n = 0; n < 3; n += 1) {
		expect(attempts).toHaveLength(n + 1);
		opened.push(await attempts[n]?.succeed());
	}
	const connections = (await Promise.all(leases)).map(({ connection }) => connection);
	for (const [n, connection] of connections.entries()) expect(connection).toBe(opened[n % 3]);
	expect(attempts).toHaveLength(3);

	(await leases[1])?.release();
	expect((await pool.acquire()).connection).toBe(opened[1]);
	for (const lease of leases) (await lease).release();
	for (const connection of [opened[0], opened[2], opened[1]])
		expect((await pool.acquire(undefined, FULL)).connection).toBe(connection);
});

test('does not keep a small request waiting for the connection that a large file waits for', async () => {
	const { pool, attempts } = poolOf(2);
	const large = [pool.acquire(undefined, FULL), pool.acquire(undefined, FULL)];
	const first = await attempts[0]?.succeed();
	expect(attempts).toHaveLength(2);
	expect((await pool.acquire()).connection).toBe(first);
	const second = await attempts[1]?.succeed();
	expect((await large[1])?.connection).toBe(second);
});

test.each(['busy', 'unreachable'] as const)(
	'a large file goes on with the connection there is when another one is refused (%s)',
	async (code) => {
		const { pool, attempts } = poolOf(4);
		const large = [pool.acquire(undefined, FULL), pool.acquire(undefined, FULL)];
		const only = await attempts[0]?.succeed();
		await attempts[1]?.fail(code);
		expect((await large[1])?.connection).toBe(only);
		expect((await pool.acquire(undefined, FULL)).connection).toBe(only);
		expect(attempts).toHaveLength(2);
	},
);

test('a large file that waits for a connection learns that the pool was closed', async () => {
	const { pool, attempts } = poolOf(2);
	const large = [pool.acquire(undefined, FULL), pool.acquire(undefined, FULL)];
	await attempts[0]?.succeed();
	const code = codeOf(large[1] ?? Promise.resolve());
	await pool.close();
	expect(await code).toBe('closed');
});

test('goes on with what there is when a further connection is refused', async () => {
	const { pool, attempts } = poolOf(4);
	const first = Promise.all(Array.from({ length: 9 }, () => pool.acquire()));
	const connection = await attempts[0]?.succeed();
	await first;
	await attempts[1]?.fail('busy');
	expect((await pool.acquire()).connection).toBe(connection);
	expect(attempts).toHaveLength(2);
});

test('tells everyone who waits why no connection could be opened, and tries again for the next', async () => {
	const { pool, attempts } = poolOf(2);
	const codes = Promise.all([codeOf(pool.acquire()), codeOf(pool.acquire())]);
	await attempts[0]?.fail('unreachable');
	expect(await codes).toEqual(['unreachable', 'unreachable']);
	const again = pool.acquire();
	expect(attempts).toHaveLength(2);
	await attempts[1]?.succeed();
	await again;
});

test.each(['login-failed', 'host-key-changed', 'host-key-unknown', 'invalid-settings'] as const)(
	'%s is final',
	async (code) => {
		const { pool, attempts } = poolOf(2);
		const first = codeOf(pool.acquire());
		await attempts[0]?.fail(code);
		expect([await first, await codeOf(pool.acquire())]).toEqual([code, code]);
		expect(attempts).toHaveLength(1);
	},
);

test('a connection that has ended is replaced for the next request', async () => {
	const { pool, attempts } = poolOf(1);
	const first = pool.acquire();
	const connection = await attempts[0]?.succeed();
	const lease = await first;
	connection?.die();
	lease.release();
	lease.release();
	const second = pool.acquire();
	expect(attempts).toHaveLength(2);
	const replacement = await attempts[1]?.succeed();
	expect((await second).connection).toBe(replacement);
});

test('a connection that ends right after its login is a lost connection, not a loop', async () => {
	const { pool, attempts } = poolOf(1);
	const code = codeOf(pool.acquire());
	const dead = new FakeConnection();
	dead.isUsable = false;
	await attempts[0]?.succeed(dead);
	expect(await code).toBe('connection-lost');
	expect(attempts).toHaveLength(1);
});

test('who aborts while waiting stops waiting, and the others are served', async () => {
	const { pool, attempts } = poolOf(1);
	const abort = new AbortController();
	const stopped = codeOf(pool.acquire(abort.signal));
	const served = codeOf(pool.acquire());
	abort.abort();
	expect(await stopped).toBe('aborted');
	await attempts[0]?.succeed();
	expect(await served).toBe('fulfilled');
	expect(await codeOf(pool.acquire(AbortSignal.abort()))).toBe('aborted');
});

test('closing ends open connections and handshakes, and refuses what comes later', async () => {
	const { pool, attempts } = poolOf(2);
	const first = Promise.all(Array.from({ length: 9 }, () => pool.acquire()));
	const connection = await attempts[0]?.succeed();
	await first;
	expect(attempts).toHaveLength(2);
	await Promise.all([pool.close(), pool.close()]);
	expect(connection?.ended).toBe('closed');
	expect(await codeOf(pool.acquire())).toBe('closed');
});

test('closing while the first connection is opened fails who waits with closed', async () => {
	const { pool } = poolOf(2);
	const waiting = codeOf(pool.acquire());
	await pool.close();
	expect(await waiting).toBe('closed');
});

test('a further connection that others need more is asked for again after a while, and work goes on meanwhile', async () => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
	const { pool, attempts } = poolOf(4);
	const first = Promise.all(Array.from({ length: 9 }, () => pool.acquire()));
	const connection = await attempts[0]?.succeed();
	await first;
	await attempts[1]?.refuseForNow();
	expect((await pool.acquire()).connection).toBe(connection);
	expect(attempts.map(({ isFirst }) => isFirst)).toEqual([true, false]);
	await vi.advanceTimersByTimeAsync(1_001);
	await pool.acquire();
	expect(attempts).toHaveLength(3);
	vi.useRealTimers();
});

test('a store that lost its only connection while a further one was refused waits for a first one', async () => {
	const { pool, attempts } = poolOf(4);
	const first = Promise.all(Array.from({ length: 9 }, () => pool.acquire()));
	const connection = await attempts[0]?.succeed();
	await first;
	connection?.die();
	const waiting = pool.acquire();
	await attempts[1]?.refuseForNow();
	expect(attempts.map(({ isFirst }) => isFirst)).toEqual([true, false, true]);
	const next = await attempts[2]?.succeed();
	expect((await waiting).connection).toBe(next);
});

test('one of several connections that others need gets no more work, and ends with the last of it; the last one stays', async () => {
	const others = new Others();
	const { pool, attempts } = poolOf(2, others);
	const leases = await acquired(pool, attempts, 9);
	const second = await attempts[1]?.succeed();
	const onSecond = await pool.acquire();
	expect(onSecond.connection).toBe(second);
	others.want(5);
	expect(second?.ended).toBeUndefined();
	expect((await pool.acquire()).connection).not.toBe(second);
	onSecond.release();
	expect(second?.ended).toBe('closed');
	for (const lease of leases) lease.release();
	expect([leases[0]?.connection.ended, others.wanted]).toEqual([undefined, 4]);
});

test('an opened connection that others wait for is given back before it gets work', async () => {
	const others = new Others();
	const { pool, attempts } = poolOf(2, others);
	await acquired(pool, attempts, 9);
	others.want(1);
	expect(others.wanted).toBe(1);
	const second = await attempts[1]?.succeed();
	expect([second?.ended, others.wanted]).toEqual(['closed', 0]);
});

test('a refusal that is final is not asked for again', async () => {
	const { pool, attempts } = poolOf(2);
	const first = codeOf(pool.acquire());
	await attempts[0]?.fail('busy', true);
	expect([await first, await codeOf(pool.acquire())]).toEqual(['busy', 'busy']);
	expect(attempts).toHaveLength(1);
});

async function acquired(pool: ConnectionPool<FakeConnection>, attempts: readonly Attempt[], count: number) {
	const leases = Promise.all(Array.from({ length: count }, () => pool.acquire()));
	await attempts[0]?.succeed();
	return await leases;
}
