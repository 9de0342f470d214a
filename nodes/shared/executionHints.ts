import type { IExecuteFunctions } from 'n8n-workflow';

/** Hints shown in one run; a year of bad files must not bury the output panel. */
const MOST_SHOWN = 10;

/** Shows sentences above the node's output, each once. */
export function showHints(context: IExecuteFunctions, hints: readonly string[]): void {
	const unique = [...new Set(hints)];
	const shown = unique.slice(0, MOST_SHOWN);
	if (unique.length > shown.length) shown.push(`… and ${unique.length - shown.length} more hints of this kind.`);
	for (const message of shown) context.addExecutionHints({ message, location: 'outputPane', type: 'warning' });
}
