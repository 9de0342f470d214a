import { UNSHARED, type ConnectionShare } from '../connectionShare';
import { TransportError } from '../transportError';
import type { AccountConnection } from './accountConnection';
import type { ServerAccount } from './serverAccount';

export interface SupplyOptions<C extends AccountConnection> {
	/**
	 * Connects and logs in. Rejects with a `TransportError`. Further ones may be refused for now, with `undefined`, for the
	 * sake of others who use the account.
	 */
	readonly open: (signal: AbortSignal, isFirst: boolean) => Promise<C | undefined>;
	readonly maxConnections: number;
	/** What outlives the pool; without it every connection ends with the pool. */
	readonly account?: Pick<ServerAccount<C, unknown>, 'keep' | 'endResting' | 'logInMilliseconds' | 'count'> | undefined;
	/** A connection that rested since another pool was closed; `undefined` when there is none. */
	readonly take?: (() => C | undefined) | undefined;
	/** Tells when others need one of several connections. */
	readonly share?: Pick<ConnectionShare, 'claimSurplus' | 'isAway' | 'whenWanted'> | undefined;
	/** The error for a request that was cancelled or came after `close`. */
	readonly ended: (code: 'aborted' | 'closed') => TransportError;
}

/** The pool that a supply is for. */
export interface SuppliedPool<C> {
	/** Open connections that it goes on using. */
	open(): number;
	/** Takes a connection that was opened. */
	admit(connection: C): void;
	/** Nothing is open, and none could be opened: whoever waits gets the error. */
	refuse(error: TransportError): void;
	/** More may be opened from now on: asks for it when there is need. */
	askAgain(): void;
	/** Others need connections, as long as `claimSurplus` says so. */
	giveBack(): void;
}

/** What another attempt would only repeat; for logins it could also lock the account. */
const FINAL: ReadonlySet<string> = new Set([
	'login-failed',
	'invalid-settings',
	'host-key-unknown',
	'host-key-changed',
]);
/** After others needed the connection more. */
const SHARE_PAUSE_MILLISECONDS = 1_000;

/** One error for each request: n8n and decorators add to the errors that they are given. */
export function copyOf(error: TransportError): TransportError {
	const { server, path, fingerprint, detail, setting, advice, isFinal } = error;
	const fields = { server, path, fingerprint, detail, setting, advice, isFinal };
	return new TransportError(error.code, error.message, fields);
}

/**
 * Where the pools of both protocols have their connections from, and where these go in the end. A pool decides when it needs one
 * more and what runs on which; this decides whether one may be opened.
 *
 * - A refused login is final, for those who wait and for all later ones: servers lock accounts.
 * - When a connection more is refused while others are open, the pool goes on with those, and asks again after a pause. When
 *   the server objects to the number, it is lower from then on, also for the pools to come.
 * - A pool that began with connections that rested opens more only when its work outlasts a log-in: short runs that follow each
 *   other would log in again and again for what is done before.
 * - When the pool is closed, connections on which nothing runs are kept for the next one.
 */
export class ConnectionSupply<C extends AccountConnection> {
	readonly #options: SupplyOptions<C>;

	readonly #pool: SuppliedPool<C>;

	readonly #pauseMilliseconds: number;

	readonly #share: Pick<ConnectionShare, 'claimSurplus' | 'isAway' | 'whenWanted'>;

	readonly #stop = new AbortController();

	/** Open, busy or not. */
	readonly #open = new Set<C>();

	readonly #openings = new Set<Promise<void>>();

	readonly #closings = new Set<Promise<void>>();

	#limit: number;

	/** Set while no connection is asked for beside those that are open. */
	#holdOff: NodeJS.Timeout | undefined;

	#hasTaken = false;

	#refusal: TransportError | undefined;

	/** @param pauseMilliseconds after a connection more was refused */
	constructor(options: SupplyOptions<C>, pool: SuppliedPool<C>, pauseMilliseconds: number) {
		this.#options = options;
		this.#pool = pool;
		this.#pauseMilliseconds = pauseMilliseconds;
		this.#limit = Math.max(
			1,
			Math.min(Math.floor(options.maxConnections) || 1, options.account?.count.limit ?? Infinity),
		);
		this.#share = options.share ?? UNSHARED;
		this.#share.whenWanted(() => pool.giveBack());
	}

	get isClosed(): boolean {
		return this.#stop.signal.aborted;
	}

	/** Why no connection is opened any more; a new error each time. */
	get refusal(): TransportError | undefined {
		return this.#refusal === undefined ? undefined : copyOf(this.#refusal);
	}

	/** Connections being opened. */
	get opening(): number {
		return this.#openings.size;
	}

	/** Resolves when one that is being opened is, or is not; `undefined` when none is. */
	get nextOpening(): Promise<void> | undefined {
		const [first] = this.#openings;
		return first;
	}

	/** Most connections that the server is known to have taken at once. */
	get mostOpen(): number {
		return this.#options.account?.count.mostOpen ?? 0;
	}

	claimSurplus(): boolean {
		return this.#share.claimSurplus();
	}

	/** Whether others may have the last connection, when nothing runs on it. */
	get isAway(): boolean {
		return this.#share.isAway?.() === true;
	}

	/** A connection that rested, ready to be used. */
	take(): C | undefined {
		const connection = this.#mayHave() ? this.#options.take?.() : undefined;
		if (connection === undefined) return undefined;
		this.#open.add(connection);
		if (!this.#hasTaken) this.#pause(this.#options.account?.logInMilliseconds ?? 0);
		this.#hasTaken = true;
		return connection;
	}

	/** One that rested was dead, and so are most likely the others: a restart, an idle limit. */
	distrustRested(): void {
		void this.#options.account?.endResting();
	}

	/** Whether one more may be opened now. */
	mayOpen(): boolean {
		const isHeldOff = this.#holdOff !== undefined && this.#pool.open() > 0;
		return this.#mayHave() && this.#refusal === undefined && !isHeldOff;
	}

	/** Opens one, and has the pool admit it. */
	openOne(): void {
		const isFirst = this.#pool.open() + this.opening === 0;
		const opening: Promise<void> = this.#options.open(this.#stop.signal, isFirst).then(
			(connection) => this.#opened(opening, connection),
			(error: unknown) => this.#notOpened(opening, asTransportError(error)),
		);
		this.#openings.add(opening);
	}

	/** The pool has ended a connection, or seen that it is of no more use. */
	drop(connection: C): void {
		this.#open.delete(connection);
		connection.interrupt(this.#options.ended('closed'));
		this.#closing(connection);
	}

	/**
	 * Keeps what is idle for the next store and ends the rest. Resolves when what was ended is closed, never rejects.
	 *
	 * @param isIdle whether nothing runs on a connection
	 */
	async close(isIdle: (connection: C) => boolean): Promise<void> {
		if (!this.isClosed) {
			clearTimeout(this.#holdOff);
			const open = [...this.#open];
			this.#stop.abort();
			for (const connection of open) {
				const { account } = this.#options;
				if (account !== undefined && isIdle(connection)) account.keep(connection);
				else connection.interrupt(this.#options.ended('closed'));
				if (!connection.isUsable) this.#closing(connection);
			}
			this.#open.clear();
		}
		// One that was being opened may turn out to be open.
		while (this.#openings.size + this.#closings.size > 0) {
			await Promise.allSettled([...this.#openings, ...this.#closings]);
		}
	}

	#closing(connection: C): void {
		const closing: Promise<void> = connection.whenClosed.finally(() => this.#closings.delete(closing));
		this.#closings.add(closing);
	}

	#mayHave(): boolean {
		return !this.isClosed && this.#pool.open() + this.opening < this.#limit;
	}

	#opened(opening: Promise<void>, connection: C | undefined): void {
		this.#openings.delete(opening);
		if (connection === undefined) return this.#goOnWithout(SHARE_PAUSE_MILLISECONDS);
		if (this.isClosed) return this.drop(connection);
		if (!connection.isUsable) {
			this.#closing(connection);
			const { server } = this.#options.ended('closed');
			const what = `${server ?? 'The server'} ended the connection after the login.`;
			return this.#refuse(new TransportError('connection-lost', what, { server }));
		}
		this.#open.add(connection);
		this.#pool.admit(connection);
	}

	#notOpened(opening: Promise<void>, error: TransportError): void {
		this.#openings.delete(opening);
		this.#refuse(error);
	}

	#refuse(error: TransportError): void {
		const others = this.#pool.open() + this.opening;
		const isObjection = error.code === 'busy' || error.code === 'login-failed';
		if (others > 0 && isObjection) {
			// The same name and password just worked: a refused login now is a server that counts log-ins.
			this.#limit = Math.max(1, others);
			this.#options.account?.count.objected();
		} else if (error.isFinal || FINAL.has(error.code)) {
			this.#refusal = error;
		}
		// Others that are still being opened may fare better.
		if (others === 0) this.#pool.refuse(error);
		this.#goOnWithout(this.#pauseMilliseconds);
	}

	/** Whoever lost the last connection meanwhile needs one all the same. */
	#goOnWithout(milliseconds: number): void {
		this.#pause(milliseconds);
		if (!this.isClosed) this.#pool.askAgain();
	}

	/** What is at work may take long, so it is time, not its end, that lets the pool ask again. */
	#pause(milliseconds: number): void {
		clearTimeout(this.#holdOff);
		if (this.isClosed) return;
		const askAgain = (): void => {
			// No clock is asked: a timer may fire a millisecond before the clock says so.
			this.#holdOff = undefined;
			this.#pool.askAgain();
		};
		this.#holdOff = setTimeout(askAgain, milliseconds).unref();
	}
}

function asTransportError(error: unknown): TransportError {
	return error instanceof TransportError ? error : new TransportError('protocol', 'The connection could not be opened');
}
