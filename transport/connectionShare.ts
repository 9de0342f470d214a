/** Leave to have one connection open. */
export interface ConnectionLease {
	/** To be called when the connection is really closed; calling it again does nothing. */
	readonly release: () => void;
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

/** For a store that shares its account with nobody. */
export const UNSHARED: ConnectionShare = {
	first: () => Promise.resolve({ release: () => undefined }),
	another: () => Promise.resolve({ release: () => undefined }),
	claimSurplus: () => false,
	whenWanted: () => undefined,
};

interface Closable {
	/** Resolves when the socket is closed. */
	readonly whenClosed: Promise<void>;
}

/**
 * Opens a connection with leave, which ends when its socket is closed. Resolves with `undefined` when there is no leave for
 * another one.
 *
 * @param open rejects only after its socket is closed
 */
export async function openLeased<C extends Closable>(
	share: ConnectionShare,
	isFirst: boolean,
	signal: AbortSignal,
	open: () => Promise<C>,
): Promise<C | undefined> {
	const lease = isFirst ? await share.first(signal) : await share.another(signal);
	if (lease === undefined) return undefined;
	const connection = await open().catch(async (error: unknown) => {
		lease.release();
		return await Promise.reject(isFirst ? ((await share.notOpened?.(error)) ?? error) : error);
	});
	share.loggedIn?.(connection.whenClosed);
	void connection.whenClosed.then(lease.release);
	return connection;
}
