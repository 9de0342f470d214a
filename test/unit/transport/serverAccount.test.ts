import { afterEach, describe, expect, test, vi } from 'vitest';

import { AccountBook } from '../../../transport/account/accountBook';
import { ServerAccount } from '../../../transport/account/serverAccount';
import { settingsDigest } from '../../../transport/account/settingsDigest';
import type { FtpsSettings } from '../../../transport/connectionSettings';
import { UNSHARED } from '../../../transport/connectionShare';
import { ControlConnectionPool, type PooledConnection } from '../../../transport/ftps/controlConnectionPool';
import { TransportError } from '../../../transport/transportError';

const LOG_IN = 1_000;
const WORK = 100;
const settings: FtpsSettings = {
	protocol: 'ftpsImplicit',
	host: 'files.example.com',
	port: 990,
	username: 'acme',
	password: 'Tin-Whistle-4',
	tenantDirectory: '',
	maxConnections: 16,
	allowUnauthorizedCerts: false,
};

class FakeConnection implements PooledConnection {
	isUsable = true;
	hasAnswered = true;
	isAwake = true;
	#close: () => void = () => undefined;
	readonly #listeners = new Set<() => void>();
	readonly whenClosed = new Promise<void>((resolve) => {
		this.#close = resolve;
	});

	beginTask(): void {}

	keepAwake(isNeeded: boolean): void {
		this.isAwake = isNeeded;
	}

	whenGone(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	get listeners(): number {
		return this.#listeners.size;
	}

	interrupt(): void {
		this.isUsable = false;
		for (const listener of this.#listeners) listener();
		this.#close();
	}
}

type Account = ServerAccount<FakeConnection, object>;

/** A server that takes so many connections, each after a second. */
class Server {
	readonly connections: FakeConnection[] = [];

	/** Milliseconds at which log-ins began. */
	readonly logIns: number[] = [];

	constructor(readonly most = Infinity) {}

	async logIn(signal: AbortSignal): Promise<FakeConnection> {
		this.logIns.push(Date.now());
		await new Promise((resolve) => setTimeout(resolve, LOG_IN));
		if (signal.aborted) throw new TransportError('closed', 'stopped');
		if (this.open >= this.most) throw new TransportError('busy', 'too many');
		const connection = new FakeConnection();
		this.connections.push(connection);
		return connection;
	}

	get open(): number {
		return this.connections.filter(({ isUsable }) => isUsable).length;
	}

	/** Log-ins that began together, wave by wave. */
	get waves(): number[] {
		return [...new Set(this.logIns)].map((at) => this.logIns.filter((each) => each === at).length);
	}
}

function poolOn(server: Server, account: Account, share = UNSHARED): ControlConnectionPool<FakeConnection> {
	return new ControlConnectionPool<FakeConnection>({
		maxConnections: settings.maxConnections,
		open: (signal, isFirst) =>
			account.open({ share, isFirst, signal, logIn: async (stop) => await server.logIn(stop) }),
		take: () => account.take(share, () => undefined),
		account,
		share,
		ended: (code) => new TransportError(code, code),
	});
}

/** A run of so many tasks, each of a tenth of a second, on a pool of its own. */
async function runOf(tasks: number, server: Server, account: Account, milliseconds = WORK): Promise<void> {
	const pool = poolOn(server, account);
	const task = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, milliseconds));
	const work = Promise.all(Array.from({ length: tasks }, () => pool.use(task)));
	await vi.advanceTimersByTimeAsync(60_000 - 1);
	await work;
	const closing = pool.close();
	await vi.advanceTimersByTimeAsync(1);
	await closing;
}

function account(restMilliseconds: number): Account {
	return new ServerAccount({ learn: () => ({}), restMilliseconds });
}

describe('what is kept of an account', () => {
	afterEach(() => vi.useRealTimers());

	test('where the server is known to take so many, all log-ins but the first are sent together', async () => {
		vi.useFakeTimers();
		const server = new Server();
		const kept = account(1_000);
		await runOf(40, server, kept, 9_000);
		expect(server.waves).toEqual([1, 1, 8, 6]);
		await vi.advanceTimersByTimeAsync(2_000);
		expect(server.open).toBe(0);
		server.logIns.length = 0;
		await runOf(40, server, kept, 9_000);
		expect(server.waves).toEqual([1, 15]);
	});

	test('a number that the server objected to is not tried again by the next run', async () => {
		vi.useFakeTimers();
		const server = new Server(5);
		const kept = account(1_000);
		await runOf(20, server, kept, 9_000);
		expect(server.logIns.length).toBeGreaterThan(5);
		await vi.advanceTimersByTimeAsync(2_000);
		server.logIns.length = 0;
		await runOf(20, server, kept, 9_000);
		expect(server.waves).toEqual([1, 4]);
		// Others may have had the rest: it is tried again some day.
		await vi.advanceTimersByTimeAsync(600_000);
		server.logIns.length = 0;
		await runOf(20, server, kept, 9_000);
		expect(server.logIns.length).toBeGreaterThan(5);
	});

	test('runs that are shorter than a log-in do with the connections that rested', async () => {
		vi.useFakeTimers();
		const server = new Server();
		const kept = account(100_000);
		await runOf(3, server, kept);
		const first = server.logIns.length;
		for (let run = 0; run < 20; run += 1) await runOf(8, server, kept);
		expect(server.logIns).toHaveLength(first);
		await runOf(40, server, kept, 3_000);
		expect(server.logIns.length).toBeGreaterThan(first);
	});

	test('a log-in that its run does not live to see is finished, once, for the next one', async () => {
		vi.useFakeTimers();
		const server = new Server();
		const kept = account(5_000);
		const pool = poolOn(server, kept);
		const outcome = pool.use(() => Promise.resolve()).catch((error: unknown) => (error as TransportError).code);
		await vi.advanceTimersByTimeAsync(10);
		await pool.close();
		expect([await outcome, server.open]).toEqual(['closed', 0]);
		await vi.advanceTimersByTimeAsync(LOG_IN);
		expect([server.open, server.connections[0]?.isAwake]).toEqual([1, false]);
		await runOf(1, server, kept);
		expect(server.logIns).toHaveLength(1);
	});

	test('a connection that rests is closed when its time is up, and no run leaves a listener on it', async () => {
		vi.useFakeTimers();
		const server = new Server();
		const kept = account(5_000);
		for (let run = 0; run < 5; run += 1) {
			await runOf(1, server, kept);
			expect(server.connections[0]?.listeners).toBe(1);
		}
		expect(server.connections).toHaveLength(1);
		await vi.advanceTimersByTimeAsync(5_000);
		expect([server.open, server.connections[0]?.listeners]).toEqual([0, 0]);
	});

	test('without a time to rest everything is closed with the run', async () => {
		vi.useFakeTimers();
		const server = new Server();
		await runOf(4, server, account(0));
		expect(server.open).toBe(0);
	});

	test('one that others need is closed at once, and not lent any more', async () => {
		vi.useFakeTimers();
		const server = new Server();
		const kept = account(5_000);
		let giveUp = (): void => undefined;
		let isGivenUp = false;
		const lease = {
			release: () => undefined,
			rest: (listener: () => void) => {
				giveUp = listener;
			},
		};
		const share = { ...UNSHARED, first: () => Promise.resolve(lease), adopt: () => !isGivenUp };
		const pool = poolOn(server, kept, share);
		const work = pool.use(() => Promise.resolve());
		await vi.advanceTimersByTimeAsync(LOG_IN);
		await work;
		await pool.close();
		expect(server.open).toBe(1);
		isGivenUp = true;
		expect(kept.take(share, () => undefined)).toBeUndefined();
		expect(server.connections[0]?.isAwake).toBe(false);
		giveUp();
		expect(server.open).toBe(0);
		// The run that needs it, or the end of the one before, waits for its socket.
		expect(server.connections[0]?.isAwake).toBe(true);
	});

	test('every setting makes another account, secrets included, but for how long to wait', () => {
		const digest = settingsDigest(settings);
		expect(settingsDigest({ ...settings, stallTimeout: 7, connectTimeout: 7 })).toBe(digest);
		const others: FtpsSettings[] = [
			{ ...settings, password: 'Tin-Whistle-5' },
			{ ...settings, host: 'files2.example.com' },
			{ ...settings, caCertificate: 'x' },
			{ ...settings, allowUnauthorizedCerts: true },
			{ ...settings, tenantDirectory: 'a' },
		];
		expect(new Set([digest, ...others.map(settingsDigest)]).size).toBe(6);
		expect(digest).not.toContain(settings.password);
	});

	test('there is one pool of resting connections for each user, and after an hour all is learnt anew', async () => {
		vi.useFakeTimers();
		const server = new Server();
		const book = new AccountBook<FakeConnection, object>({ learn: () => ({}), restMilliseconds: 500_000 });
		const first = book.of(settings);
		await runOf(1, server, first);
		expect(book.of(settings)).toBe(first);
		expect(server.open).toBe(1);
		book.of({ ...settings, username: 'other' });
		expect(server.open).toBe(1);
		const changed = book.of({ ...settings, password: 'Tin-Whistle-5' });
		expect(server.open).toBe(0);
		await runOf(1, server, changed);
		await book.retire();
		expect(server.open).toBe(0);
		await runOf(1, server, changed);
		expect(server.open).toBe(0);
		vi.setSystemTime(Date.now() + 3_600_000);
		expect(book.of(settings)).not.toBe(first);
	});
});
