import { constants, getPriority, setPriority } from 'node:os';

/** Whether a thread can let the others of its process go first: Linux gives each thread a nice value of its own (setpriority(2), BUGS). */
export const GIVES_WAY = process.platform === 'linux';

/** Nice value of what lets others go first that have this one. */
export function lowerPriority(nice: number): number {
	const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
	return Math.min(PRIORITY_LOW, nice + PRIORITY_BELOW_NORMAL);
}

/** Lets all other threads of this process go before the one that calls it, where `GIVES_WAY`. */
export function giveWay(): void {
	if (!GIVES_WAY) return;
	try {
		setPriority(lowerPriority(getPriority()));
	} catch {
		// A sandbox that refuses it costs nothing but the order.
	}
}
