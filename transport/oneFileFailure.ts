import { TransportError } from './transportError';

const OF_ONE_FILE: ReadonlySet<string> = new Set(['permission-denied', 'not-a-file', 'illegal-path', 'size-mismatch']);

/**
 * Whether a failure is about one file that is there and says nothing of the others. `size-mismatch` is also what a file gives that
 * grows while it is read.
 */
export function isOfOneFile(error: unknown): error is TransportError {
	return error instanceof TransportError && OF_ONE_FILE.has(error.code);
}
