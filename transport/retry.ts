import { onAbort, type Abortable } from './onAbort';
import { TransportError } from './transportError';

export interface RetryPolicy {
	/** New attempts after a failure without progress, 0 for none. */
	readonly retries: number;
	/** Milliseconds before the first new attempt; doubled for each further one. */
	readonly firstDelay?: number;
	/** Milliseconds that a wait never exceeds. */
	readonly longestDelay?: number;
	/** Told of each failure after which a request is tried again. */
	readonly onRetry?: (failure: unknown) => void;
}

/** Whether a failure is worth another attempt. Failed logins are not: servers lock accounts. */
export function isTransient(error: unknown): boolean {
	return error instanceof TransportError && error.isTransient;
}

/**
 * Waits before a new attempt: exponential, with full jitter so that workers that failed together do not return together
 * (AWS Architecture Blog, "Exponential Backoff And Jitter"). Aborting ends the wait at once.
 *
 * @param failures so far without progress, from 1
 */
export async function backOff(failures: number, policy: RetryPolicy, signal?: Abortable): Promise<void> {
	const { firstDelay = 500, longestDelay = 15_000 } = policy;
	const ceiling = Math.min(longestDelay, firstDelay * 2 ** (failures - 1));
	if (signal?.aborted !== true) await pause(Math.random() * ceiling, signal);
	if (signal?.aborted === true) throw new TransportError('aborted', 'The transfer was cancelled');
}

function pause(milliseconds: number, signal: Abortable | undefined): Promise<void> {
	return new Promise((resolve) => {
		const end = (): void => {
			clearTimeout(timer);
			forgetSignal();
			resolve();
		};
		const timer = setTimeout(end, milliseconds);
		const forgetSignal = onAbort(signal, end);
	});
}

/** Repeats a request that has no side effects until it succeeds, fails for good, or the policy gives up. */
export async function withRetries<Result>(
	request: () => Promise<Result>,
	policy: RetryPolicy,
	signal?: Abortable,
): Promise<Result> {
	for (let failures = 0; ; ) {
		const outcome = await request().then(
			(value) => ({ value }),
			(error: unknown) => ({ error }),
		);
		if ('value' in outcome) return outcome.value;
		failures += 1;
		if (failures > policy.retries || !isTransient(outcome.error)) throw outcome.error;
		policy.onRetry?.(outcome.error);
		await backOff(failures, policy, signal);
	}
}
