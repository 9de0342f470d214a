import { setMaxListeners } from 'node:events';

import type { LedgerOutage } from './leaseLedger';

/** Leave to have one connection open. */
export interface ConnectionLease {
	/** To be called when the connection is really closed; calling it again does nothing. */
	readonly release: () => void;
	/**
	 * The connection stays open although its run has ended: from now on the lease is nobody's, and a run may adopt it. `giveUp`
	 * is called as soon as somebody else needs it; the connection is to be closed then.
	 */
	readonly rest: (giveUp: () => void) => void;
}

/** Why a run got no first connection. */
export class NoConnection extends Error {
	override readonly name = 'NoConnection';

	/** `unreachable`: the ledger that all processes share could not be asked. */
	readonly reason: 'aborted' | 'busy' | 'unreachable';

	/** Why the ledger could not be asked, one word. */
	readonly detail: string | undefined;

	/** What has to be done about it where waiting does not help; it was not waited for then. */
	readonly remedy: string | undefined;

	constructor(reason: NoConnection['reason'], outage?: LedgerOutage) {
		super(`No connection: ${reason}`);
		this.reason = reason;
		this.detail = outage?.reason;
		this.remedy = outage?.remedy;
	}
}

/** Whom a run asks: the `ConnectionDesk` of its account. */
export interface RunDesk {
	/** Why the ledger could not be asked the last time, if it could not. */
	readonly outage: LedgerOutage | undefined;
	/** `refuse` is called when the ledger cannot be asked, and waiting would not help. */
	askFirst(run: ConnectionRun, grant: (lease: ConnectionLease) => void, refuse: (outage: LedgerOutage) => void): string;
	askFurther(run: ConnectionRun, answer: (lease: ConnectionLease | undefined) => void): void;
	forgo(id: string): void;
	claimSurplus(run: ConnectionRun): boolean;
	adopt(run: ConnectionRun, lease: object): boolean;
}

/** One node run, and what it has of the connections to its account. */
export class ConnectionRun {
	/** Connections that all runs of the account may have together. */
	readonly limit: number;

	/** Leases, kept by the desk. */
	held = 0;

	/** Connections of these that it is about to close for others. */
	promised = 0;

	/** When it first asked, in the ledger's time: a run that lost its connection comes before those who came later. */
	since = 0;

	/** Waits for something else than the server. */
	#absences = 0;

	readonly #desk: RunDesk;

	#listener: () => void = () => undefined;

	constructor(desk: RunDesk, limit: number) {
		this.#desk = desk;
		this.limit = Math.max(1, Math.floor(limit) || 1);
	}

	/**
	 * A lease for the run's first connection, in its turn.
	 *
	 * @param patience milliseconds to wait
	 * @throws {NoConnection}
	 */
	async first(patience: number, signal?: AbortSignal): Promise<ConnectionLease> {
		if (signal?.aborted === true) throw new NoConnection('aborted');
		return await new Promise((resolve, reject) => {
			const end = (reason: NoConnection): void => {
				this.#desk.forgo(id);
				leave();
				reject(reason);
			};
			const abort = (): void => end(new NoConnection('aborted'));
			const late = (): void => {
				const { outage } = this.#desk;
				end(new NoConnection(outage === undefined ? 'busy' : 'unreachable', outage));
			};
			// What waits is work to be done: this timer keeps the process alive.
			const timer = setTimeout(late, patience);
			const leave = (): void => {
				clearTimeout(timer);
				signal?.removeEventListener('abort', abort);
			};
			// Many runs may share the signal of one execution.
			if (signal !== undefined) setMaxListeners(0, signal);
			signal?.addEventListener('abort', abort, { once: true });
			const grant = (lease: ConnectionLease): void => {
				leave();
				resolve(lease);
			};
			const refuse = (outage: LedgerOutage): void => end(new NoConnection('unreachable', outage));
			const id = this.#desk.askFirst(this, grant, refuse);
		});
	}

	/** A lease for one more connection, or `undefined` when there is none to spare. Does not wait for one. */
	async another(signal?: AbortSignal): Promise<ConnectionLease | undefined> {
		return await new Promise((resolve) => {
			const leave = (): void => resolve(undefined);
			signal?.addEventListener('abort', leave, { once: true });
			this.#desk.askFurther(this, (lease) => {
				signal?.removeEventListener('abort', leave);
				if (signal?.aborted === true) lease?.release();
				resolve(lease);
			});
		});
	}

	/** Makes a lease that rests this run's. False when it has been given up for others. */
	adopt(lease: object): boolean {
		return this.#desk.adopt(this, lease);
	}

	/** Connections that it keeps, whoever else waits. */
	get kept(): 0 | 1 {
		return this.#absences > 0 ? 0 : 1;
	}

	/**
	 * Tells that the run waits for something that another run may have to give first, such as room for a file: until the
	 * function that this gives back is called, its last connection may go to a run without one, too.
	 */
	beginAbsence(): () => void {
		this.#absences += 1;
		this.#listener();
		let isOver = false;
		return () => {
			if (!isOver) this.#absences -= 1;
			isOver = true;
		};
	}

	/** Whether the run has to close a connection for a run that has none. Who is told `true` closes one, soon. */
	claimSurplus(): boolean {
		return this.#desk.claimSurplus(this);
	}

	/** `listener` is called, again and again, while `claimSurplus` may say `true`. */
	whenWanted(listener: () => void): void {
		this.#listener = listener;
	}

	tellWanted(): void {
		this.#listener();
	}
}
