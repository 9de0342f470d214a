import { constants, getPriority, setPriority } from 'node:os';

/** Whether a thread can let the others of its process go first: Linux gives each thread a nice value of its own (setpriority(2), BUGS). */
const GIVES_WAY = process.platform === 'linux';

/**
 * What a thread adds to its nice value. Where they meet on a core n8n's own thread gets two thirds of it when it wants
 * it (1,024 beside 526, sched(7)), and where other programs keep the machine busy the threads still get half of a usual share.
 * With 10 it was a tenth: 195 MB were not converted after three minutes there.
 */
const STEP = 3;

/** Nice value of what lets others go first that have this one. */
export function lowerPriority(nice: number): number {
	return Math.min(constants.priority.PRIORITY_LOW, nice + STEP);
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
