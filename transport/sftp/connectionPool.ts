import { UNSHARED, type ConnectionShare } from '../connectionShare';
import { onAbort, type Abortable } from '../onAbort';
import { TransportError } from '../transportError';

/** What the pool needs of a connection. */
export interface PooledConnection {
	readonly isOpen: boolean;
	whenGone(listener: () => void): void;
	end(reason: TransportError): Promise<void>;
}

export interface Lease<C> {
	readonly connection: C;
	/** Returns the connection; calling it again does nothing. */
	release(): void;
}

interface Waiter {
	/** Asks again, now that a connection is open. */
	readonly acquire: () => void;
	readonly reject: (error: TransportError) => void;
}

interface PoolOptions<C> {
	/**
	 * Opens and logs in one connection; rejects with a `TransportError`. Further ones may be refused for now, with
	 * `undefined`, for the sake of others who use the account.
	 */
	readonly open: (signal: AbortSignal, isFirst: boolean) => Promise<C | undefined>;
	readonly maxConnections: number;
	/** Tells when others need one of several connections. */
	readonly share?: Pick<ConnectionShare, 'claimSurplus' | 'isAway' | 'whenWanted'>;
	/** `host:port`, for errors. */
	readonly server: string;
}

/** Requests and small files on one connection before another one is opened; SFTP interleaves them. A file of so much weight gets one of its own. */
export const FULL = 8;
/** After a refused further connection (servers limit them) we go on with those there are, and ask again later. */
const GROWTH_PAUSE_MILLISECONDS = 30_000;
/** After others needed the connection more. */
const SHARE_PAUSE_MILLISECONDS = 1_000;

/** What another attempt would only repeat; for logins it could also lock the account. */
const FINAL = new Set<string>(['login-failed', 'invalid-settings', 'host-key-unknown', 'host-key-changed']);

/**
 * Connections of one store, opened when needed, one handshake at a time: SSH servers drop simultaneous ones (sshd's
 * MaxStartups) and punish failing ones (PerSourcePenalties). Work goes to the connection with the least of it. Nothing
 * waits for a connection to become free, so that streams nobody reads cannot block others. Only a large file waits for one
 * that is being opened: it stays where it begins, and one connection carries no more than its window each round trip.
 *
 * When others who use the account need a connection, one of several gets no more work, and ends with the last of it.
 */
export class ConnectionPool<C extends PooledConnection> {
	readonly #options: PoolOptions<C>;

	#most: number;

	readonly #stop = new AbortController();

	readonly #waiters = new Set<Waiter>();

	/** Open connections, with how much work is on each. */
	readonly #load = new Map<C, number>();

	/** Those of them that get no more work. */
	readonly #leaving = new Set<C>();

	readonly #share: Pick<ConnectionShare, 'claimSurplus' | 'isAway' | 'whenWanted'>;

	#opening: Promise<void> | undefined;

	#mayGrowAt = 0;

	/** A refusal that another attempt would only repeat. */
	#refusal: TransportError | undefined;

	#closing: Promise<void> | undefined;

	constructor(options: PoolOptions<C>) {
		this.#options = options;
		this.#most = Math.max(1, Math.floor(options.maxConnections) || 1);
		this.#share = options.share ?? UNSHARED;
		this.#share.whenWanted(() => this.#giveBack());
	}

	/**
	 * A connection to work on, at once when one is open and the work weighs less than `FULL`; `weight` is a whole number.
	 * Rejects with `aborted`, `closed`, or why none could be opened.
	 */
	acquire(signal?: Abortable, weight = 1): Promise<Lease<C>> {
		if (this.#closing !== undefined) return Promise.reject(this.#closedError());
		if (signal?.aborted === true) return Promise.reject(this.#abortedError());
		const connection = this.#leastLoaded();
		if (connection !== undefined) {
			const load = this.#loadOf(connection);
			if (load > 0 && load + weight > FULL) {
				this.#grow();
				if (weight >= FULL && this.#opening !== undefined) {
					return this.#opening.then(() => this.acquire(signal, weight));
				}
			}
			return Promise.resolve(this.#lease(connection, weight));
		}
		if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
		const waiting = this.#wait(signal, weight);
		this.#openOne();
		return waiting;
	}

	/** Ends every connection. Resolves within about a second, never rejects. */
	close(): Promise<void> {
		this.#closing ??= this.#closeAll();
		return this.#closing;
	}

	async #closeAll(): Promise<void> {
		const reason = this.#closedError();
		this.#stop.abort();
		for (const waiter of this.#waiters) waiter.reject(reason);
		this.#waiters.clear();
		await Promise.all([this.#opening, ...[...this.#load.keys()].map((connection) => connection.end(reason))]);
	}

	#wait(signal: Abortable | undefined, weight: number): Promise<Lease<C>> {
		return new Promise((resolve, reject) => {
			const abort = (): void => {
				this.#waiters.delete(waiter);
				reject(this.#abortedError());
			};
			const stopListening = onAbort(signal, abort);
			const waiter: Waiter = {
				acquire: () => {
					stopListening();
					resolve(this.acquire(signal, weight));
				},
				reject: (error) => {
					stopListening();
					reject(error);
				},
			};
			this.#waiters.add(waiter);
		});
	}

	#leastLoaded(): C | undefined {
		let least: C | undefined;
		for (const [connection, load] of this.#load) {
			if (this.#leaving.has(connection)) continue;
			if (least === undefined || load < this.#loadOf(least)) least = connection;
		}
		return least;
	}

	#loadOf(connection: C): number {
		return this.#load.get(connection) ?? 0;
	}

	#lease(connection: C, weight: number): Lease<C> {
		this.#load.set(connection, this.#loadOf(connection) + weight);
		let isHeld = true;
		const release = (): void => {
			if (isHeld && this.#load.has(connection)) this.#load.set(connection, this.#loadOf(connection) - weight);
			isHeld = false;
			this.#endIfDone(connection);
			if (this.#isIdle) this.#giveBack();
		};
		return { connection, release };
	}

	/** Whether no work is there for the last connection. */
	get #isIdle(): boolean {
		return this.#waiters.size === 0 && [...this.#load.values()].every((load) => load === 0);
	}

	/** Takes work from as many connections as others need, from the last one only when nothing runs on it and the run is away. */
	#giveBack(): void {
		const least = this.#isIdle && this.#share.isAway?.() === true ? 0 : 1;
		while (this.#load.size - this.#leaving.size > least && this.#share.claimSurplus()) {
			const connection = this.#leastLoaded();
			if (connection === undefined) return;
			this.#leaving.add(connection);
			this.#endIfDone(connection);
		}
	}

	#endIfDone(connection: C): void {
		if (this.#leaving.has(connection) && this.#loadOf(connection) === 0) void connection.end(this.#closedError());
	}

	#grow(): void {
		if (this.#load.size < this.#most && this.#refusal === undefined && Date.now() >= this.#mayGrowAt) this.#openOne();
	}

	#openOne(): void {
		if (this.#opening !== undefined) return;
		this.#opening = this.#options
			.open(this.#stop.signal, this.#load.size === this.#leaving.size)
			.then(
				(connection) => this.#admit(connection),
				(error: unknown) => this.#refuse(error),
			)
			.finally(() => {
				this.#opening = undefined;
				if (this.#closing !== undefined) return;
				const connection = this.#leastLoaded();
				// Waiters are here only if they came in the last moment.
				if (this.#waiters.size > 0) this.#openOne();
				else if (connection !== undefined && this.#loadOf(connection) > FULL) this.#grow();
			});
	}

	async #admit(connection: C | undefined): Promise<void> {
		if (connection === undefined) {
			this.#mayGrowAt = Date.now() + SHARE_PAUSE_MILLISECONDS;
			return;
		}
		if (this.#closing !== undefined) {
			await connection.end(this.#closedError());
			return;
		}
		if (!connection.isOpen) {
			const { server } = this.#options;
			this.#refuse(
				new TransportError('connection-lost', `${server} ended the connection after the login.`, { server }),
			);
			return;
		}
		this.#load.set(connection, 0);
		connection.whenGone(() => {
			this.#load.delete(connection);
			this.#leaving.delete(connection);
		});
		// Each as if it came now, so that large files do not all end up here.
		const waiters = [...this.#waiters];
		this.#waiters.clear();
		for (const waiter of waiters) waiter.acquire();
		this.#giveBack();
	}

	#refuse(error: unknown): void {
		const { server } = this.#options;
		const reason =
			error instanceof TransportError
				? error
				: new TransportError('protocol', `No connection to ${server} could be made.`, { server });
		this.#mayGrowAt = Date.now() + GROWTH_PAUSE_MILLISECONDS;
		// The same login just worked: one refused now is a server that counts connections.
		if (this.#load.size > 0 && (reason.code === 'login-failed' || reason.code === 'busy')) this.#most = this.#load.size;
		else if (reason.isFinal || FINAL.has(reason.code)) this.#refusal = reason;
		for (const waiter of this.#waiters) waiter.reject(reason);
		this.#waiters.clear();
	}

	#closedError(): TransportError {
		const { server } = this.#options;
		return new TransportError('closed', `The connections to ${server} were closed.`, { server });
	}

	#abortedError(): TransportError {
		const { server } = this.#options;
		return new TransportError('aborted', `Stopped while waiting for a connection to ${server}.`, { server });
	}
}
