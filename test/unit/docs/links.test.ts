import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(__dirname, '..', '..', '..');

const pages = [
	...readdirSync(root).filter((name) => name.endsWith('.md')),
	...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith('.md'))
		.map((name) => join('docs', name)),
];

/** The anchors that GitHub gives a page's headings. */
function anchorsOf(file: string): string[] {
	return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\w\s-]/g, '')
			.trim()
			.replace(/\s/g, '-'),
	);
}

describe('the documentation', () => {
	it.each(pages)('%s links to nothing that is not there', (name) => {
		const text = readFileSync(join(root, name), 'utf8');
		for (const [link, path = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
			const file = path === '' ? join(root, name) : join(root, name, '..', path);
			expect(existsSync(file), link).toBe(true);
			if (anchor !== undefined) expect(anchorsOf(file), link).toContain(anchor);
		}
	});

	it('has every page that the editor links to', () => {
		const sources = ['nodes', 'credentials'].flatMap((room) =>
			readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
				.filter((name) => /\.(?:node\.json|credentials\.ts)$/.test(name))
				.map((name) => readFileSync(join(root, room, name), 'utf8')),
		);
		const links = [...sources.join('\n').matchAll(/https:\/\/github\.com\/[\w-]+\/[\w-]+([^\s'"]*)/g)];
		expect(links.length).toBeGreaterThan(6);
		for (const [link, rest = ''] of links) {
			const [, path, anchor] = /^(?:\/blob\/main\/([^#]+))?(?:#(.+))?$/.exec(rest) ?? [];
			const file = join(root, path ?? 'README.md');
			expect(existsSync(file), link).toBe(true);
			if (anchor !== undefined) expect(anchorsOf(file), link).toContain(anchor);
		}
	});
});
