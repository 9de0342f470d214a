import { setMaxListeners } from 'node:events';

/**
 * Calls `listener` once when the signal aborts; the function returned takes the listener off again. Many files share the
 * signal of one execution, so Node's warning at the eleventh listener is turned off for it: ours are all taken off.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
	if (signal === undefined) return () => undefined;
	setMaxListeners(0, signal);
	signal.addEventListener('abort', listener, { once: true });
	return () => signal.removeEventListener('abort', listener);
}
