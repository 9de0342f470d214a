import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(__dirname, '..', '..', '..');
const ROOMS = [
	'bench',
	'coordination',
	'credentials',
	'demo',
	'nodes',
	'recordings',
	'tenant',
	'test',
	'testbed',
	'transport',
];

describe('the files of the house', () => {
	it('do not import each other, for types either, which lint does not see', () => {
		const imports = new Map(sourceFiles().map((file) => [file, importsOf(file)] as const));
		expect(imports.size).toBeGreaterThan(200);
		const pairs = [...imports].flatMap(([file, targets]) =>
			[...targets]
				.filter((target) => file < target && imports.get(target)?.has(file) === true)
				.map((target) => `${file} and ${target}`),
		);
		expect(pairs).toEqual([]);
	});
});

function sourceFiles(): string[] {
	return ROOMS.flatMap(filesIn);
}

/** The TypeScript files below a folder, but those of installed packages. */
function filesIn(folder: string): string[] {
	return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesIn(path);
		return entry.name.endsWith('.ts') ? [path] : [];
	});
}

function importsOf(file: string): Set<string> {
	const text = readFileSync(join(ROOT, file), 'utf8');
	const paths = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => path.replace(/\.js$/, ''));
	return new Set(paths.map((path) => relative(ROOT, `${resolve(ROOT, dirname(file), path)}.ts`)));
}
