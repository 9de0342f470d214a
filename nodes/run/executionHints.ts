import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';

/** A sentence above a node's output: a warning is something to look at, an info a plain fact. */
export type Hint = Pick<NodeExecutionHint, 'message'> & { readonly type: 'info' | 'warning' };

/** Hints shown in one run; a year of bad files must not bury the output panel. */
const MOST_SHOWN = 10;

export function warning(message: string): Hint {
	return { message, type: 'warning' };
}

export function info(message: string): Hint {
	return { message, type: 'info' };
}

/** Shows sentences above the node's output, each once, the warnings first. */
export function showHints(context: IExecuteFunctions, hints: readonly Hint[]): void {
	const unique = [...new Map(hints.map((hint) => [hint.message, hint])).values()];
	const warnings = unique.filter(({ type }) => type === 'warning');
	const ordered = [...warnings, ...unique.filter(({ type }) => type === 'info')];
	const shown = ordered.slice(0, MOST_SHOWN);
	const more = `… and ${ordered.length - shown.length} more hints of this kind.`;
	if (ordered.length > shown.length) shown.push(warnings.length > MOST_SHOWN ? warning(more) : info(more));
	for (const hint of shown) context.addExecutionHints({ ...hint, location: 'outputPane' });
}

/** n8n runs a node once for each input item, so one without expressions gives the same calls as many times. */
export function repeatedRuns(context: IExecuteFunctions): Hint[] {
	const runs = context.getInputData().length;
	if (runs < 2 || hasExpression(context.getNode().parameters)) return [];
	return [
		warning(
			`Ran once for each of the ${runs} input items, so every call comes ${runs} times. Switch on Settings > Execute Once to list each call once.`,
		),
	];
}

function hasExpression(value: unknown): boolean {
	if (typeof value === 'string') return value.startsWith('=');
	return typeof value === 'object' && value !== null && Object.values(value).some(hasExpression);
}
