import type { ConnectionLease, ConnectionShare } from '../connectionShare';
import { onAbort } from '../onAbort';
import { TransportError } from '../transportError';
import type { AccountConnection } from './accountConnection';
import { ConnectionCount } from './connectionCount';

/** Milliseconds that a connection stays open after a run, for the next one. */
export const REST_MILLISECONDS = 12_000;

interface Resting<C> {
	readonly connection: C;
	readonly lease: ConnectionLease;
	readonly timer: NodeJS.Timeout;
	readonly forget: () => void;
}

export interface ServerAccountOptions<Learnt> {
	/** What is not known of the server yet. */
	readonly learn: () => Learnt;
	/** Milliseconds that connections rest; 0 = they are closed with the store that had them. */
	readonly restMilliseconds?: number;
}

export interface Opening<C> {
	readonly share: ConnectionShare;
	/** Whether the store has none. */
	readonly isFirst: boolean;
	/** Aborts when the store is closed. */
	readonly signal: AbortSignal;
	/** Connects and logs in; rejects with a `TransportError`, and only after the socket is closed. */
	readonly logIn: (signal: AbortSignal) => Promise<C>;
}

function closed(): TransportError {
	return new TransportError('closed', 'The connection was closed here.');
}

/**
 * What this process keeps of a server and one account on it from one store to the next: connections that rest, each with
 * its lease, and what was learnt. It holds no settings: the only secrets are those inside the connections.
 */
export class ServerAccount<C extends AccountConnection, Learnt> {
	readonly count = new ConnectionCount();

	/** What was learnt of the server. */
	readonly learnt: Learnt;

	/** Of the last log-in; 0 before the first. */
	#logInMilliseconds = 0;

	readonly #restMilliseconds: number;

	/** Those of the connections that are open. */
	readonly #leases = new WeakMap<C, ConnectionLease>();

	readonly #resting = new Set<Resting<C>>();

	/** Log-ins under way, and whether their stores are closed. */
	readonly #arriving = new Map<AbortController, boolean>();

	#isRetired = false;

	constructor({ learn, restMilliseconds = 0 }: ServerAccountOptions<Learnt>) {
		this.learnt = learn();
		this.#restMilliseconds = restMilliseconds;
	}

	/** Milliseconds that a log-in takes here. */
	get logInMilliseconds(): number {
		return this.#logInMilliseconds;
	}

	/** Whether connections outlive the store that had them. */
	get #keeps(): boolean {
		return this.#restMilliseconds > 0 && !this.#isRetired;
	}

	/** A connection that rests, made ready: the one used last, as the likeliest to be alive. */
	take(share: ConnectionShare, ready: (connection: C) => void): C | undefined {
		for (const resting of [...this.#resting].reverse()) {
			const { connection, lease } = resting;
			if (!connection.isUsable || !share.adopt(lease)) continue;
			this.#forget(resting);
			connection.keepAwake(true);
			ready(connection);
			return connection;
		}
		return undefined;
	}

	/**
	 * Opens a connection with leave, which ends when its socket is closed. Resolves with `undefined` when there is no leave for
	 * another one. A log-in that its store does not live to see is finished for the next one.
	 */
	async open(wanted: Opening<C>): Promise<C | undefined> {
		const { share, isFirst, signal } = wanted;
		const lease = isFirst ? await share.first(signal) : await share.another(signal);
		if (lease === undefined) return undefined;
		if (signal.aborted) {
			lease.release();
			return undefined;
		}
		const arriving = new AbortController();
		const opening = this.#logIn(lease, arriving, wanted);
		let stopListening = (): void => undefined;
		const left = new Promise<undefined>((resolve) => {
			stopListening = onAbort(signal, () => {
				if (this.#goOnWithout(lease, arriving)) resolve(undefined);
			});
		});
		const connection = await Promise.race([opening, left]).finally(stopListening);
		if (connection === undefined) void opening.then((late) => this.keep(late)).catch(() => undefined);
		return connection;
	}

	/** Keeps a connection on which nothing runs for the next store, or ends it. */
	keep(connection: C): void {
		const lease = this.#leases.get(connection);
		if (lease === undefined || !this.#keeps || !connection.isUsable) return connection.interrupt(closed());
		connection.keepAwake(false);
		const end = (): void => this.#end(resting);
		const timer = setTimeout(end, this.#restMilliseconds).unref();
		const forget = connection.whenGone(() => this.#forget(resting));
		const resting: Resting<C> = { connection, lease, timer, forget };
		this.#resting.add(resting);
		lease.rest(end);
	}

	/** Ends all that rests, and lets nothing rest any more. Resolves when it is closed. */
	async retire(): Promise<void> {
		this.#isRetired = true;
		await this.endResting();
	}

	/** Ends all that rests. Resolves when it is closed. */
	async endResting(): Promise<void> {
		for (const [arriving, isLeft] of this.#arriving) if (isLeft) arriving.abort();
		const ends = [...this.#resting].map(async (resting) => {
			this.#end(resting);
			await resting.connection.whenClosed;
		});
		await Promise.all(ends);
	}

	async #logIn(lease: ConnectionLease, arriving: AbortController, { share, isFirst, logIn }: Opening<C>): Promise<C> {
		this.#arriving.set(arriving, false);
		const since = performance.now();
		const connection = await logIn(arriving.signal)
			.catch(async (error: unknown) => {
				lease.release();
				return await Promise.reject(isFirst ? ((await share.notOpened?.(error)) ?? error) : error);
			})
			.finally(() => this.#arriving.delete(arriving));
		this.#logInMilliseconds = performance.now() - since;
		this.#leases.set(connection, lease);
		this.count.opened();
		share.loggedIn?.(connection.whenClosed);
		void connection.whenClosed.then(() => {
			this.count.closed();
			lease.release();
		});
		return connection;
	}

	/** The store is closed that a connection is being opened for. Whether the log-in goes on. */
	#goOnWithout(lease: ConnectionLease, arriving: AbortController): boolean {
		if (!this.#keeps) arriving.abort();
		if (!this.#keeps || !this.#arriving.has(arriving)) return false;
		this.#arriving.set(arriving, true);
		lease.rest(() => arriving.abort());
		return true;
	}

	/** Whoever ends it may wait for that, so that it keeps the process alive until it is closed. */
	#end(resting: Resting<C>): void {
		this.#forget(resting);
		resting.connection.keepAwake(true);
		resting.connection.interrupt(closed());
	}

	#forget(resting: Resting<C>): void {
		clearTimeout(resting.timer);
		resting.forget();
		this.#resting.delete(resting);
	}
}
