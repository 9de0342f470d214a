import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { INodeProperties } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import { DOC_PAGES } from '../../../scripts/docPages';
import { parameterTables, withParameterTables } from '../../../scripts/parameterTables';

describe('the parameter tables of the documentation', () => {
	it.each([...DOC_PAGES].map(([file, properties]) => [basename(file), file, properties] as const))(
		'are current in %s (if not: npm run docs)',
		async (_, file, properties) => {
			const page = await readFile(file, 'utf8');
			expect(page).toBe(withParameterTables(page, properties));
		},
	);

	it('name every parameter and option of every form', async () => {
		for (const [file, properties] of DOC_PAGES) {
			const page = await readFile(file, 'utf8');
			const names = properties
				.filter(({ type }) => type !== 'notice' && type !== 'hidden')
				.flatMap(({ name, options = [] }) => [
					name,
					...options.flatMap((option) => ('name' in option && 'type' in option ? [option.name] : [])),
				]);
			for (const name of names) expect(page, basename(file)).toContain(`\`${name}\``);
		}
	});

	it('say when a parameter is there, what it is by default and what can be chosen', () => {
		const form: INodeProperties[] = [
			{
				displayName: 'Fruit',
				name: 'fruit',
				type: 'options',
				options: [
					{ name: 'Apple', value: 'a', description: 'Round | red' },
					{ name: 'Pear', value: 'p' },
				],
				default: 'p',
			},
			{
				displayName: 'Peeled',
				name: 'peeled',
				type: 'boolean',
				default: false,
				displayOptions: { show: { fruit: ['a'] } },
				description: 'Whether it is <a href="https://example.com">peeled</a>',
			},
			{ displayName: 'Beware', name: 'beware', type: 'notice', default: '' },
		];
		expect(parameterTables(form).split('\n')).toEqual([
			'| Parameter | Default | What it means |',
			'|---|---|---|',
			'| **Fruit**<br>`fruit` | Pear | *Apple*: Round \\| red. *Pear*. |',
			'| **Peeled**<br>`peeled` | off | Only when Fruit is *Apple*. Whether it is peeled. |',
		]);
	});

	it('are refused by a page without marks', () => {
		expect(() => withParameterTables('# A page', [])).toThrow('npm run docs');
	});
});
