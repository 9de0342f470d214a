/** Milliseconds for a poll where the host does not say: what n8n itself allows one. */
const USUAL_BUDGET = 300_000;

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

/** The host's own budget for this poll, which n8n tells from 2.37 on. */
export function pollBudgetOf(context: object): PollBudget {
	const told =
		'getPollBudgetMs' in context && typeof context.getPollBudgetMs === 'function'
			? Number(context.getPollBudgetMs())
			: Number.NaN;
	return new PollBudget(told > 0 && Number.isFinite(told) ? told : USUAL_BUDGET);
}
