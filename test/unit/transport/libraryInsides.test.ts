import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { LIBRARY_INSIDES } from '../../../transport/libraryInsides';

const ROOT = join(__dirname, '..', '..', '..');
const ROOM = join(ROOT, 'transport');

/** How code reaches for what a library does not offer: by name past its types, in place of a method, or a method that is not documented. */
const REACHES = /Reflect\.(?:get|set|apply)\(|\bftp\.handle = |\bsetSession\b/;

const text = (file: string): string => readFileSync(join(ROOM, file), 'utf8');

describe('the insides of libraries that transport/ rests on', () => {
	it('are all in the list, and nothing else is', () => {
		const reaching = readdirSync(ROOM, { recursive: true, encoding: 'utf8' })
			.filter((file) => file.endsWith('.ts') && file !== 'libraryInsides.ts' && REACHES.test(text(file)))
			.sort();
		expect(reaching).toEqual([...new Set(LIBRARY_INSIDES.map(({ file }) => file))].sort());
	});

	it('belong to versions that are pinned where n8n installs without a lock file', () => {
		const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
			dependencies: Record<string, string>;
		};
		const pinned = new Set(LIBRARY_INSIDES.map(({ library }) => library).filter((library) => library !== 'node'));
		expect([...pinned].map((library) => [library, dependencies[library]])).toEqual(
			[...pinned].map((library) => [library, expect.stringMatching(/^\d+\.\d+\.\d+$/)]),
		);
	});
});
