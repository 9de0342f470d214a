/** One who asks for a connection; the id becomes that of the lease. Ids that sort alike were asked for in that order. */
export interface Asking {
	readonly id: string;
	/** Connections that all runs of the account may have, as the one who asks sees it. */
	readonly limit: number;
}

/** A run without a connection, which waits its turn. */
export interface AskingFirst extends Asking {
	/** Since when its run waits, as the ledger told it; 0 = it was never asked before. */
	readonly since: number;
}

/** Everything that one process has and wants of an account's connections. */
export interface LedgerEntry {
	readonly held: readonly string[];
	/** Given back, or asked for and no longer wanted. */
	readonly gone: readonly string[];
	readonly first: readonly AskingFirst[];
	/** Those who have connections and would like more. */
	readonly further: readonly Asking[];
}

export interface LedgerAnswer {
	readonly granted: ReadonlySet<string>;
	/** When each of `first` came, in the ledger's own time. */
	readonly since: ReadonlyMap<string, number>;
	/** Runs without a connection in all processes, after what was granted. */
	readonly waiting: number;
	/** Connections in all processes, after what was granted. */
	readonly held: number;
	/** Further ones that were asked for in vain, in all processes, a moment ago. */
	readonly short: number;
}

/** Why a ledger could not be asked. */
export interface LedgerOutage {
	/** One safe word. */
	readonly reason: string;
	/** What has to be done about it where waiting does not help. */
	readonly remedy?: string | undefined;
}

/**
 * Where the leases of one account are counted. Settling tells the whole state of a process, so an answer that was lost, an
 * entry that ran out or a ledger that forgot everything is mended by the next settling.
 *
 * - Never more are granted than the smaller of the limits asked with.
 * - Who waits for a first connection is served before anyone gets a further one, in the order of coming.
 */
export interface LeaseLedger {
	/** Rejects with a `LedgerOutage` when the ledger is out of reach. */
	settle(entry: LedgerEntry): Promise<LedgerAnswer>;
	/** Milliseconds after which to settle again; `undefined` when no other process has a part in it. */
	readonly pace: { readonly waiting: number; readonly holding: number } | undefined;
}
