import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import { info, showHints, warning } from '../../../nodes/run/executionHints';
import type { Hint } from '../../../nodes/run/executionHints';

function shown(hints: readonly Hint[]): string[] {
	const added: NodeExecutionHint[] = [];
	const context = { addExecutionHints: (...more: NodeExecutionHint[]) => added.push(...more) };
	showHints(context as unknown as IExecuteFunctions, hints);
	return added.map(({ message, type }) => `${type}: ${message}`);
}

const numbered = (count: number, hint: (message: string) => Hint): Hint[] =>
	Array.from({ length: count }, (_, position) => hint(`${position + 1}`));

describe('the hints of a run', () => {
	it('come each once, the warnings first', () => {
		expect(shown([info('done'), warning('look'), info('done'), warning('look')])).toEqual([
			'warning: look',
			'info: done',
		]);
	});

	it('are at most ten and the number of the others, and no plain fact takes the place of a warning', () => {
		const many = shown([...numbered(30, info).map(({ message }) => info(`fact ${message}`)), ...numbered(12, warning)]);
		expect(many).toHaveLength(11);
		expect(many.slice(0, 10).every((hint) => hint.startsWith('warning: '))).toBe(true);
		expect(many.at(-1)).toBe('warning: … and 32 more hints of this kind.');
		expect(shown(numbered(12, info)).at(-1)).toBe('info: … and 2 more hints of this kind.');
	});
});
