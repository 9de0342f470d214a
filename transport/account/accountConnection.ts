import type { TransportError } from '../transportError';

/** What this room has to know of a connection that is logged in. */
export interface AccountConnection {
	/** False once it is broken or closed. */
	readonly isUsable: boolean;
	/** Resolves when its sockets are closed, some time after its end: until then the server counts it. */
	readonly whenClosed: Promise<void>;
	/** Ends it; what runs on it fails with `reason`. */
	interrupt(reason: TransportError): void;
	/** Calls `listener` when it is of no more use, at once when it is none already; the function returned takes that back. */
	whenGone(listener: () => void): () => void;
	/** Whether it keeps the process alive. */
	keepAwake(isNeeded: boolean): void;
}
