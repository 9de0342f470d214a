import type { AccountConnection } from '../account/accountConnection';
import { ConnectionSupply, copyOf, type SupplyOptions } from '../account/connectionSupply';
import { onAbort, type Abortable } from '../onAbort';
import { TransportError } from '../transportError';

/** What the pool has to know of a connection. It runs one task at a time. */
export interface PooledConnection extends AccountConnection {
	/** Whether the server answered anything since `beginTask`. */
	readonly hasAnswered: boolean;
	beginTask(): void;
}

export interface PoolOptions<C extends PooledConnection> extends SupplyOptions<C> {
	/** A connection that idled longer is replaced instead of trusted: firewalls forget it silently. Default 60 000. */
	readonly idleMilliseconds?: number | undefined;
}

interface Waiter<C> {
	readonly take: (lease: Lease<C>) => void;
	readonly refuse: (error: TransportError) => void;
}

interface Lease<C> {
	readonly connection: C;
	/** Where it served before, in this pool or in one before it: then it may have died while it idled. */
	readonly idled: 'never' | 'here' | 'before';
}

interface IdleConnection<C> extends Lease<C> {
	readonly since: number;
}

const IDLE_MILLISECONDS = 60_000;
/** Log-ins at once: servers count and penalise many. */
const LOG_INS_AT_ONCE = 8;
/** After a connection more could not be opened, how long the ones that are open have to do. */
const HOLD_OFF_MILLISECONDS = 5_000;

/**
 * Runs tasks on at most `maxConnections` control connections, first come, first served.
 *
 * - Connections are opened when a task waits for one: the first two by themselves, so that a wrong password is sent once,
 *   then several at a time. A log-in takes six round trips, and sixteen in a row would take as long as the transfers. Where the
 *   server is known to have taken so many, all that are needed follow the first one at once.
 * - A connection that breaks leaves the pool; the next task that waits opens another. So as long as a task waits, there
 *   is a connection at work or one being opened, and nothing waits forever when all of them die.
 * - When others who use the account need a connection, one of several ends with its task.
 */
export class ControlConnectionPool<C extends PooledConnection> {
	readonly #options: PoolOptions<C>;
	readonly #supply: ConnectionSupply<C>;
	readonly #waiting: Array<Waiter<C>> = [];
	readonly #idle: Array<IdleConnection<C>> = [];
	readonly #busy = new Set<C>();

	constructor(options: PoolOptions<C>) {
		this.#options = options;
		const pool = {
			open: () => this.#busy.size + this.#idle.length,
			admit: (connection: C) => this.#admit(connection),
			refuse: (error: TransportError) => this.#refuseAll(error),
			askAgain: () => this.#serve(),
			giveBack: () => this.#giveBackIdle(),
		};
		this.#supply = new ConnectionSupply(options, pool, HOLD_OFF_MILLISECONDS);
	}

	/**
	 * Runs `task` on a connection of its own. Aborting the signal takes it out of the queue, or breaks its connection.
	 * A task whose connection had died idle, before the server answered anything, runs once more on another one.
	 */
	async use<T>(task: (connection: C) => Promise<T>, signal?: Abortable): Promise<T> {
		const lease = await this.#acquire(signal);
		return await this.#run(lease.connection, task, signal).catch(async (error: unknown) => {
			if (!this.#diedIdle(lease, error)) return await Promise.reject(error);
			// What ended this one (a restart, an idle limit) has most likely ended its idle neighbours too.
			this.#dropIdle();
			this.#supply.distrustRested();
			const next = await this.#acquire(signal);
			return await this.#run(next.connection, task, signal);
		});
	}

	/** Ends what runs or waits with `closed`, and leaves idle connections to the account. Resolves when all that was ended is closed, and never rejects. */
	async close(): Promise<void> {
		const isFirst = !this.#supply.isClosed;
		const closing = this.#supply.close((connection) => !this.#busy.has(connection));
		if (isFirst) for (const waiter of this.#waiting.splice(0)) waiter.refuse(this.#options.ended('closed'));
		this.#idle.length = 0;
		await closing;
	}

	#diedIdle({ connection, idled }: Lease<C>, error: unknown): boolean {
		if (idled === 'never' || connection.hasAnswered || !(error instanceof TransportError)) return false;
		// 421 is what servers say when an idle connection's time is up (RFC 959 section 4.2.2).
		if (error.code === 'connection-lost' || error.code === 'busy') return true;
		return idled === 'before' && error.code === 'timeout';
	}

	#acquire(signal: Abortable | undefined): Promise<Lease<C>> {
		if (this.#supply.isClosed) return Promise.reject(this.#options.ended('closed'));
		if (signal?.aborted === true) return Promise.reject(this.#options.ended('aborted'));
		const { refusal } = this.#supply;
		if (refusal !== undefined) return Promise.reject(refusal);
		return new Promise((resolve, reject) => {
			const leave = (): void => {
				this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
				reject(this.#options.ended('aborted'));
			};
			const waiter: Waiter<C> = {
				take: (lease) => {
					forgetSignal();
					resolve(lease);
				},
				refuse: (error) => {
					forgetSignal();
					reject(error);
				},
			};
			const forgetSignal = onAbort(signal, leave);
			this.#waiting.push(waiter);
			this.#serve();
		});
	}

	#run<T>(connection: C, task: (connection: C) => Promise<T>, signal: Abortable | undefined): Promise<T> {
		const stop = (): void => connection.interrupt(this.#options.ended('aborted'));
		connection.beginTask();
		if (this.#supply.isClosed) connection.interrupt(this.#options.ended('closed'));
		if (signal?.aborted === true) stop();
		const forgetSignal = onAbort(signal, stop);
		return task(connection).finally(() => {
			forgetSignal();
			this.#release(connection);
		});
	}

	#release(connection: C): void {
		this.#busy.delete(connection);
		const isWanted = (): boolean => this.#busy.size + this.#idle.length >= this.#least && this.#supply.claimSurplus();
		if (connection.isUsable && !this.#supply.isClosed && !isWanted()) {
			this.#idle.push({ connection, idled: 'here', since: Date.now() });
		} else {
			this.#supply.drop(connection);
		}
		this.#serve();
	}

	/** Hands free connections to those who wait, and opens another one when that is not enough. */
	#serve(): void {
		while (this.#waiting.length > 0) {
			const lease = this.#takeIdle() ?? this.#takeRested();
			if (lease === undefined) return this.#grow();
			this.#busy.add(lease.connection);
			this.#waiting.shift()?.take(lease);
		}
	}

	/** The one used last, as the likeliest to be alive. */
	#takeIdle(): Lease<C> | undefined {
		const oldest = Date.now() - (this.#options.idleMilliseconds ?? IDLE_MILLISECONDS);
		for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
			if (idle.connection.isUsable && idle.since >= oldest) return idle;
			this.#supply.drop(idle.connection);
		}
		return undefined;
	}

	#takeRested(): Lease<C> | undefined {
		const connection = this.#supply.take();
		return connection === undefined ? undefined : { connection, idled: 'before' };
	}

	/** Connections that are kept, whoever else waits. */
	get #least(): 0 | 1 {
		const isIdle = this.#waiting.length === 0 && this.#busy.size === 0;
		return isIdle && this.#supply.isAway ? 0 : 1;
	}

	/** Ends idle connections that others need, the one that idled longest first, but never the last connection. */
	#giveBackIdle(): void {
		while (this.#idle.length > 0 && this.#busy.size + this.#idle.length > this.#least && this.#supply.claimSurplus()) {
			const longest = this.#idle.shift();
			if (longest !== undefined) this.#supply.drop(longest.connection);
		}
	}

	#dropIdle(): void {
		for (const { connection } of this.#idle.splice(0)) this.#supply.drop(connection);
	}

	#grow(): void {
		while (this.#supply.mayOpen() && this.#supply.opening < Math.min(this.#logInsAtOnce, this.#waiting.length)) {
			this.#supply.openOne();
		}
	}

	/** The first proves the password, the second that the server takes more than one: each is tried by itself. */
	get #logInsAtOnce(): number {
		const proven = this.#busy.size === 0 ? 0 : Math.max(this.#busy.size, this.#supply.mostOpen);
		return proven < 2 ? 1 : Math.max(LOG_INS_AT_ONCE, proven - this.#busy.size);
	}

	#admit(connection: C): void {
		this.#idle.push({ connection, idled: 'never', since: Date.now() });
		this.#serve();
	}

	#refuseAll(error: TransportError): void {
		for (const waiter of this.#waiting.splice(0)) waiter.refuse(copyOf(error));
	}
}
