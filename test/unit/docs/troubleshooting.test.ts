import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(__dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'troubleshooting.md'), 'utf8');

/** The text of everything that can end in a message. */
const source = ['audio', 'nodes', 'tenant', 'transport', 'recordings', 'credentials']
	.flatMap((room) =>
		readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
	)
	.filter((name) => name.endsWith('.ts'))
	.map((name) => readFileSync(join(root, name), 'utf8'))
	.join('\n');

/** Messages of n8n itself. */
const OF_N8N = new Set(['Class could not be found', 'does not load … full-community']);

const quoted = [...page.matchAll(/\*\*`([^`]+)`\*\*/g)].map(([, words = '']) => words);

describe('the troubleshooting page', () => {
	it('quotes messages', () => {
		expect(quoted.length).toBeGreaterThan(20);
	});

	it.each(quoted.filter((words) => !OF_N8N.has(words)))('quotes words that a message really has: %s', (words) => {
		expect(source).toContain(words);
	});
});
