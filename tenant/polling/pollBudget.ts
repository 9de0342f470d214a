/**
 * The time that a poll has. n8n gives up on a poll that takes longer, and with it on everything that it found, so no file is begun
 * when little is left, and one that is still arriving near the end is broken off. Both come again with the next poll.
 */
export class PollBudget {
	/** Breaks off what is still under way shortly before the end. */
	readonly signal: AbortSignal;

	/** Milliseconds to wait for a connection while other runs have all of them: the next poll may fare better. */
	readonly patience: number;

	readonly #nearEnd: number;

	constructor(milliseconds: number, now = Date.now()) {
		this.patience = milliseconds * 0.4;
		this.#nearEnd = now + milliseconds * 0.7;
		this.signal = AbortSignal.timeout(Math.ceil(milliseconds * 0.9));
	}

	/** Nothing more is to be begun. */
	get isNearlySpent(): boolean {
		return this.signal.aborted || Date.now() >= this.#nearEnd;
	}
}
