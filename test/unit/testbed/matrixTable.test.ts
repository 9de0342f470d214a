import { describe, expect, it } from 'vitest';
import { matrixTable, withMatrix, type MatrixRow } from '../../e2e/matrix/matrixTable';

const rows: readonly MatrixRow[] = [
	{
		n8n: '2.8.4',
		node: '20.20.2',
		jobs: new Map([
			['filesystem', { delivered: 30, problems: [], seconds: 12 }],
			['default', { delivered: 29, problems: ['One was not whole'], seconds: 12 }],
		]),
	},
];

describe('the table of n8n versions', () => {
	const table = matrixTable(rows, '1.2.3', '2026-11-24');

	it('says what was delivered, what failed and what was not run', () => {
		expect(table).toContain('| 2.8.4 | 20.20.2 | ✓ 30 recordings | not run | ✗ |');
		expect(table).toContain('on 2026-11-24 with version 1.2.3');
	});

	it('replaces what stands between the marks, and nothing else', () => {
		const document = '# Title\n\n<!-- matrix:start -->\nold\n<!-- matrix:end -->\n\nThe rest.\n';
		const renewed = withMatrix(document, table);
		expect(renewed).toBe(`# Title\n\n<!-- matrix:start -->\n\n${table}\n\n<!-- matrix:end -->\n\nThe rest.\n`);
		expect(withMatrix(String(renewed), table)).toBe(renewed);
	});

	it('leaves a document without marks alone', () => {
		expect(withMatrix('# Title\n', table)).toBeUndefined();
		expect(withMatrix('<!-- matrix:start --> and no end', table)).toBeUndefined();
	});
});
