import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const ROOT = join(__dirname, '..', '..');
const eslint = new ESLint({ cwd: ROOT });

/** What lint says of this text in the place of a file that exists. */
async function complaints(file: string, text: string): Promise<string[]> {
	const [result] = await eslint.lintText(text, { filePath: join(ROOT, file) });
	return (result?.messages ?? []).map(({ ruleId }) => ruleId ?? 'parser');
}

const importing = (path: string): string => `import { name } from '${path}';\n\nexport const used = name;\n`;

describe('the rules of the house', () => {
	it.each([
		['tenant/ from n8n', 'tenant/explainedError.ts', 'n8n-workflow', 'no-restricted-imports'],
		['tenant/ from nodes/', 'tenant/explainedError.ts', '../nodes/run/nodeError', 'import-x/no-restricted-paths'],
		['tenant/ from coordination/', 'tenant/explainedError.ts', '../coordination/turns', 'import-x/no-restricted-paths'],
		['recordings/ from tenant/', 'recordings/period.ts', '../tenant/explainedError', 'import-x/no-restricted-paths'],
		['recordings/ from the network', 'recordings/period.ts', 'node:net', 'no-restricted-imports'],
		['transport/ from recordings/', 'transport/gate.ts', '../recordings/period', 'import-x/no-restricted-paths'],
		[
			'nodes/ from testbed/',
			'nodes/run/figureText.ts',
			'../../testbed/n8nHost/freePort',
			'import-x/no-restricted-paths',
		],
		['transport/ from testbed/', 'transport/gate.ts', '../testbed/n8nHost/freePort', 'import-x/no-restricted-paths'],
		[
			'testbed/ from nodes/',
			'testbed/n8nHost/freePort.ts',
			'../../nodes/run/nodeError',
			'import-x/no-restricted-paths',
		],
		['bench/ from test/', 'bench/tree.ts', '../test/unit/nodes/runNode', 'import-x/no-restricted-paths'],
	])('keep %s', async (_what, file, path, rule) => {
		expect(await complaints(file, importing(path))).toContain(rule);
	});

	it('keep two files from importing each other', async () => {
		// tenantDay.ts imports remoteName.ts already.
		expect(await complaints('recordings/remoteName.ts', importing('./tenantDay'))).toContain('import-x/no-cycle');
	});

	it('let a room import what it may', async () => {
		expect(await complaints('tenant/explainedError.ts', importing('../recordings/period'))).not.toContain(
			'import-x/no-restricted-paths',
		);
	});
});
