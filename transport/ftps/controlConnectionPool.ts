import { UNSHARED, type ConnectionShare } from '../connectionShare';
import { onAbort, type Abortable } from '../onAbort';
import { TransportError } from '../transportError';

/** What the pool has to know of a connection. It runs one task at a time. */
export interface PooledConnection {
	/** False once it is broken or closed. */
	readonly isUsable: boolean;
	/** Whether the server answered anything since `beginTask`. */
	readonly hasAnswered: boolean;
	/** Resolves when its sockets are closed, some time after `interrupt`. */
	readonly whenClosed?: Promise<void>;
	beginTask(): void;
	/** Breaks the connection; what runs on it rejects with `reason`. */
	interrupt(reason: TransportError): void;
}

export interface PoolOptions<C extends PooledConnection> {
	/**
	 * Connects and logs in. Rejects with a `TransportError`. Further ones may be refused for now, with `undefined`, for the
	 * sake of others who use the account.
	 */
	readonly open: (signal: AbortSignal, isFirst: boolean) => Promise<C | undefined>;
	readonly maxConnections: number;
	/** Tells when others need one of several connections. */
	readonly share?: Pick<ConnectionShare, 'claimSurplus' | 'isAway' | 'whenWanted'>;
	/** The error for a request that was cancelled or came after `close`. */
	readonly ended: (code: 'aborted' | 'closed') => TransportError;
	/** A connection that idled longer is replaced instead of trusted: firewalls forget it silently. Default 60 000. */
	readonly idleMilliseconds?: number | undefined;
}

interface Waiter<C> {
	readonly take: (lease: Lease<C>) => void;
	readonly refuse: (error: TransportError) => void;
}

interface Lease<C> {
	readonly connection: C;
	/** Whether it served a task before: then it may have died while it idled. */
	readonly isReused: boolean;
}

interface IdleConnection<C> extends Lease<C> {
	readonly since: number;
}

const IDLE_MILLISECONDS = 60_000;
/** Log-ins at once: servers count and penalise many. */
const LOG_INS_AT_ONCE = 8;
/** After a connection more could not be opened, how long the ones that are open have to do. */
const HOLD_OFF_MILLISECONDS = 5_000;
/** The same after others needed the connection more. */
const SHARE_PAUSE_MILLISECONDS = 1_000;

/** One error for each request: n8n and decorators add to the errors that they are given. */
function copyOf(error: TransportError): TransportError {
	const { server, path, fingerprint, detail, setting, advice, isFinal } = error;
	const fields = { server, path, fingerprint, detail, setting, advice, isFinal };
	return new TransportError(error.code, error.message, fields);
}

function asTransportError(error: unknown): TransportError {
	return error instanceof TransportError ? error : new TransportError('protocol', 'The connection could not be opened');
}

/**
 * Runs tasks on at most `maxConnections` control connections, first come, first served.
 *
 * - Connections are opened when a task waits for one: the first two by themselves, so that a wrong password is sent once,
 *   then several at a time. A log-in takes six round trips, and sixteen in a row would take as long as the transfers.
 * - A connection that breaks leaves the pool; the next task that waits opens another. So as long as a task waits, there
 *   is a connection at work or one being opened, and nothing waits forever when all of them die.
 * - When a connection more is refused while others are open, the pool goes on with those.
 * - A refused login is final, for the tasks that wait and for all later ones: servers lock accounts.
 * - When others who use the account need a connection, one of several ends with its task.
 */
export class ControlConnectionPool<C extends PooledConnection> {
	readonly #options: PoolOptions<C>;
	readonly #stop = new AbortController();
	readonly #waiting: Array<Waiter<C>> = [];
	readonly #idle: Array<IdleConnection<C>> = [];
	readonly #busy = new Set<C>();
	/** Being opened, at work, idle, or not closed yet. */
	readonly #open = new Set<Promise<unknown>>();
	#limit: number;
	#opening = 0;
	/** Set while no connection is asked for beside those that are open. */
	#holdOff: NodeJS.Timeout | undefined;
	readonly #share: Pick<ConnectionShare, 'claimSurplus' | 'isAway' | 'whenWanted'>;
	#refusal: TransportError | undefined;

	constructor(options: PoolOptions<C>) {
		this.#options = options;
		this.#limit = Math.max(1, Math.floor(options.maxConnections) || 1);
		this.#share = options.share ?? UNSHARED;
		this.#share.whenWanted(() => this.#giveBackIdle());
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
			const next = await this.#acquire(signal);
			return await this.#run(next.connection, task, signal);
		});
	}

	/** Breaks every connection; tasks that run or wait reject with `closed`. Resolves when all are closed, and never rejects. */
	async close(): Promise<void> {
		this.#end();
		// One that was being opened may turn out to be open.
		while (this.#open.size > 0) await Promise.allSettled(this.#open);
	}

	#end(): void {
		if (this.#stop.signal.aborted) return;
		this.#stop.abort();
		clearTimeout(this.#holdOff);
		for (const waiter of this.#waiting.splice(0)) waiter.refuse(this.#options.ended('closed'));
		for (const connection of this.#busy) connection.interrupt(this.#options.ended('closed'));
		this.#dropIdle();
	}

	#keep(work: Promise<unknown>): void {
		this.#open.add(work);
		void work.finally(() => this.#open.delete(work));
	}

	#diedIdle(lease: Lease<C>, error: unknown): boolean {
		if (!lease.isReused || lease.connection.hasAnswered || !(error instanceof TransportError)) return false;
		// 421 is what servers say when an idle connection's time is up (RFC 959 section 4.2.2).
		return error.code === 'connection-lost' || error.code === 'busy';
	}

	#acquire(signal: Abortable | undefined): Promise<Lease<C>> {
		if (this.#stop.signal.aborted) return Promise.reject(this.#options.ended('closed'));
		if (signal?.aborted === true) return Promise.reject(this.#options.ended('aborted'));
		if (this.#refusal !== undefined) return Promise.reject(copyOf(this.#refusal));
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
		if (this.#stop.signal.aborted) connection.interrupt(this.#options.ended('closed'));
		if (signal?.aborted === true) stop();
		const forgetSignal = onAbort(signal, stop);
		return task(connection).finally(() => {
			forgetSignal();
			this.#release(connection);
		});
	}

	#release(connection: C): void {
		this.#busy.delete(connection);
		const isWanted = (): boolean => this.#busy.size + this.#idle.length >= this.#least && this.#share.claimSurplus();
		if (connection.isUsable && !this.#stop.signal.aborted && !isWanted()) {
			this.#idle.push({ connection, isReused: true, since: Date.now() });
		} else {
			connection.interrupt(this.#options.ended('closed'));
		}
		this.#serve();
	}

	/** Hands free connections to those who wait, and opens another one when that is not enough. */
	#serve(): void {
		while (this.#waiting.length > 0) {
			const lease = this.#takeIdle();
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
			idle.connection.interrupt(this.#options.ended('closed'));
		}
		return undefined;
	}

	/** Ends idle connections that others need, the one that idled longest first, but never the last connection. */
	/** Connections that are kept, whoever else waits. */
	get #least(): 0 | 1 {
		const isIdle = this.#waiting.length === 0 && this.#busy.size === 0;
		return isIdle && this.#share.isAway?.() === true ? 0 : 1;
	}

	#giveBackIdle(): void {
		while (this.#idle.length > 0 && this.#busy.size + this.#idle.length > this.#least && this.#share.claimSurplus()) {
			this.#idle.shift()?.connection.interrupt(this.#options.ended('closed'));
		}
	}

	#dropIdle(): void {
		for (const { connection } of this.#idle.splice(0)) connection.interrupt(this.#options.ended('closed'));
	}

	#grow(): void {
		// The first proves the password, the second that the server takes more than one: each is tried by itself.
		const logInsAtOnce = this.#busy.size < 2 ? 1 : LOG_INS_AT_ONCE;
		while (this.#mayOpen() && this.#opening < Math.min(logInsAtOnce, this.#waiting.length)) {
			const isFirst = this.#busy.size + this.#opening === 0;
			this.#opening += 1;
			const opening = this.#options.open(this.#stop.signal, isFirst).then(
				(connection) => this.#opened(connection),
				(error: unknown) => this.#notOpened(asTransportError(error)),
			);
			this.#keep(opening);
		}
	}

	#mayOpen(): boolean {
		const open = this.#busy.size;
		return open + this.#opening < this.#limit && (open === 0 || this.#holdOff === undefined);
	}

	#opened(connection: C | undefined): void {
		this.#opening -= 1;
		if (connection === undefined) return this.#growAfter(SHARE_PAUSE_MILLISECONDS);
		if (connection.whenClosed !== undefined) this.#keep(connection.whenClosed);
		if (this.#stop.signal.aborted) return connection.interrupt(this.#options.ended('closed'));
		this.#idle.push({ connection, isReused: false, since: Date.now() });
		this.#serve();
	}

	/** The tasks at work may be long ones, so it is time, not their end, that lets the pool ask again. */
	#growAfter(milliseconds: number): void {
		clearTimeout(this.#holdOff);
		if (this.#stop.signal.aborted) return;
		const askAgain = (): void => {
			// No clock is asked: a timer may fire a millisecond before the clock says so.
			this.#holdOff = undefined;
			this.#serve();
		};
		this.#holdOff = setTimeout(askAgain, milliseconds).unref();
		this.#serve();
	}

	#notOpened(error: TransportError): void {
		this.#opening -= 1;
		const open = this.#busy.size + this.#idle.length;
		// Others that are still being opened may fare better.
		if (open === 0 && this.#opening === 0) return this.#refuseAll(error);
		// The same name and password just worked: a refused login now is a server that counts log-ins.
		if (error.code === 'busy' || error.code === 'login-failed') {
			this.#limit = Math.max(1, open + this.#opening);
		}
		this.#growAfter(HOLD_OFF_MILLISECONDS);
	}

	#refuseAll(error: TransportError): void {
		if (error.code === 'login-failed' || error.isFinal) this.#refusal = error;
		for (const waiter of this.#waiting.splice(0)) waiter.refuse(copyOf(error));
	}
}
