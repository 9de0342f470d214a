/** Leave to have one connection open. */
export interface ConnectionLease {
	/** To be called when the connection is really closed; calling it again does nothing. */
	readonly release: () => void;
	/** The connection stays open without a store that has it; `giveUp` is called as soon as others need the lease. */
	readonly rest: (giveUp: () => void) => void;
}

/** What a store may have of the connections that everybody shares who uses the same account. */
export interface ConnectionShare {
	/**
	 * Leave for a store that has no connection; waits its turn.
	 * Rejects with a `TransportError`: `aborted`, or `busy` for good when the turn did not come.
	 */
	first(signal: AbortSignal): Promise<ConnectionLease>;
	/** Leave for one more, `undefined` when there is none to spare. */
	another(signal: AbortSignal): Promise<ConnectionLease | undefined>;
	/** Takes over a lease that rests. False when it has been given up for others. */
	adopt(lease: ConnectionLease): boolean;
	/**
	 * Whether a connection has to be closed for somebody who has none: one of several, or the only one while its run waits for
	 * something else than the server. Who is told `true` closes one, soon; so the only one is asked about when nothing runs on it.
	 */
	claimSurplus(): boolean;
	/** Whether the run waits for something else than the server, so that it may be without a connection for now. */
	isAway?(): boolean;
	/** `listener` is called, again and again, while `claimSurplus` may say `true`. */
	whenWanted(listener: () => void): void;
	/** Told that a connection was opened, which proves the login. */
	loggedIn?(whenClosed: Promise<void>): void;
	/** Told why the first one could not be opened; gives the error to go on with. */
	notOpened?(error: unknown): Promise<unknown>;
}

const FREE: ConnectionLease = { release: () => undefined, rest: () => undefined };

/** For a store that shares its account with nobody. */
export const UNSHARED: ConnectionShare = {
	first: () => Promise.resolve(FREE),
	another: () => Promise.resolve(FREE),
	adopt: () => true,
	claimSurplus: () => false,
	whenWanted: () => undefined,
};
