import { PollBudget } from '../../tenant/polling/pollBudget';

/** Milliseconds for a poll where the host does not say: what n8n itself allows one. */
const USUAL_BUDGET = 300_000;

/** The host's own budget for this poll, which n8n tells from 2.37 on. */
export function pollBudgetOf(context: object): PollBudget {
	const told = tellsBudget(context) ? Number(context.getPollBudgetMs()) : Number.NaN;
	return new PollBudget(told > 0 && Number.isFinite(told) ? told : USUAL_BUDGET);
}

/** Whether this is a host that tells a poll its budget: one of n8n 2.37 or later, which may have the durable scheduler. */
export function tellsBudget(context: object): context is { getPollBudgetMs: () => unknown } {
	return 'getPollBudgetMs' in context && typeof context.getPollBudgetMs === 'function';
}
