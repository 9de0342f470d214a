import type { AccountConnection } from '../account/accountConnection';
import { ConnectionSupply, copyOf, type SupplyOptions } from '../account/connectionSupply';
import { onAbort, type Abortable } from '../onAbort';
import { TransportError } from '../transportError';

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

/** Requests and small files on one connection before another one is opened; SFTP interleaves them. A file of so much weight gets one of its own. */
export const FULL = 8;
/** After a refused further connection (servers limit them) we go on with those there are, and ask again later. */
const GROWTH_PAUSE_MILLISECONDS = 30_000;

/**
 * Connections of one store, opened when needed, one handshake at a time: SSH servers drop simultaneous ones (sshd's
 * MaxStartups) and punish failing ones (PerSourcePenalties). Work goes to the connection with the least of it. Nothing
 * waits for a connection to become free, so that streams nobody reads cannot block others. Only a large file waits for one
 * that is being opened: it stays where it begins, and one connection carries no more than its window each round trip.
 *
 * When others who use the account need a connection, one of several gets no more work, and ends with the last of it.
 */
export class ConnectionPool<C extends AccountConnection> {
	readonly #options: SupplyOptions<C>;

	readonly #supply: ConnectionSupply<C>;

	readonly #waiters = new Set<Waiter>();

	/** Open connections, with how much work is on each. */
	readonly #load = new Map<C, number>();

	/** Those of them that get no more work. */
	readonly #leaving = new Set<C>();

	/** Takes back that the pool is told of a connection's end. */
	readonly #forget = new Map<C, () => void>();

	constructor(options: SupplyOptions<C>) {
		this.#options = options;
		const pool = {
			open: () => this.#load.size - this.#leaving.size,
			admit: (connection: C) => this.#admit(connection),
			refuse: (error: TransportError) => this.#refuseAll(error),
			askAgain: () => this.#askAgain(),
			giveBack: () => this.#giveBack(),
		};
		this.#supply = new ConnectionSupply(options, pool, GROWTH_PAUSE_MILLISECONDS);
	}

	/**
	 * A connection to work on, at once when one is open and the work weighs less than `FULL`; `weight` is a whole number.
	 * Rejects with `aborted`, `closed`, or why none could be opened.
	 */
	acquire(signal?: Abortable, weight = 1): Promise<Lease<C>> {
		if (this.#supply.isClosed) return Promise.reject(this.#options.ended('closed'));
		if (signal?.aborted === true) return Promise.reject(this.#options.ended('aborted'));
		const connection = this.#leastLoaded();
		if (connection === undefined || this.#isTooMuch(connection, weight)) {
			const rested = this.#supply.take();
			if (rested !== undefined) return Promise.resolve(this.#lease(this.#add(rested), weight));
		}
		if (connection !== undefined) {
			if (this.#isTooMuch(connection, weight)) {
				this.#grow();
				const { nextOpening } = this.#supply;
				if (weight >= FULL && nextOpening !== undefined) return nextOpening.then(() => this.acquire(signal, weight));
			}
			return Promise.resolve(this.#lease(connection, weight));
		}
		const { refusal } = this.#supply;
		if (refusal !== undefined) return Promise.reject(refusal);
		const waiting = this.#wait(signal, weight);
		this.#grow();
		return waiting;
	}

	/** Ends connections with work on them, and leaves the others to the account. Resolves within about a second, never rejects. */
	async close(): Promise<void> {
		const closing = this.#supply.close((connection) => this.#loadOf(connection) === 0);
		for (const forget of this.#forget.values()) forget();
		this.#forget.clear();
		this.#load.clear();
		this.#leaving.clear();
		for (const waiter of this.#waiters) waiter.reject(this.#options.ended('closed'));
		this.#waiters.clear();
		await closing;
	}

	#wait(signal: Abortable | undefined, weight: number): Promise<Lease<C>> {
		return new Promise((resolve, reject) => {
			const abort = (): void => {
				this.#waiters.delete(waiter);
				reject(this.#options.ended('aborted'));
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

	#isTooMuch(connection: C, weight: number): boolean {
		const load = this.#loadOf(connection);
		return load > 0 && load + weight > FULL;
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
		const least = this.#isIdle && this.#supply.isAway ? 0 : 1;
		while (this.#load.size - this.#leaving.size > least && this.#supply.claimSurplus()) {
			const connection = this.#leastLoaded();
			if (connection === undefined) return;
			this.#leaving.add(connection);
			this.#endIfDone(connection);
		}
	}

	#endIfDone(connection: C): void {
		if (this.#leaving.has(connection) && this.#loadOf(connection) === 0) this.#supply.drop(connection);
	}

	#grow(): void {
		if (this.#supply.opening === 0 && this.#supply.mayOpen()) this.#supply.openOne();
	}

	#askAgain(): void {
		const connection = this.#leastLoaded();
		// Waiters are here only if they came in the last moment.
		if (this.#waiters.size > 0) this.#grow();
		else if (connection !== undefined && this.#loadOf(connection) > FULL) this.#grow();
	}

	#add(connection: C): C {
		this.#load.set(connection, 0);
		const forget = connection.whenGone(() => {
			this.#load.delete(connection);
			this.#leaving.delete(connection);
			this.#forget.delete(connection);
			this.#supply.drop(connection);
		});
		this.#forget.set(connection, forget);
		return connection;
	}

	#admit(connection: C): void {
		this.#add(connection);
		// Each as if it came now, so that large files do not all end up here.
		const waiters = [...this.#waiters];
		this.#waiters.clear();
		for (const waiter of waiters) waiter.acquire();
		this.#giveBack();
		this.#askAgain();
	}

	#refuseAll(error: TransportError): void {
		for (const waiter of this.#waiters) waiter.reject(copyOf(error));
		this.#waiters.clear();
	}
}
