import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../testbed/n8nHost/projectPaths';

interface Manifest {
	readonly n8n: { readonly nodes: readonly string[]; readonly credentials: readonly string[] };
	readonly dependencies: Readonly<Record<string, string>>;
}

/** Everything that may reach npm. */
const ALLOWED = [
	/^(?:README|CHANGELOG)\.md$|^LICENSE$|^package\.json$|^index\.js$/,
	/^dist\/(?:audio|coordination|credentials|nodes|recordings|tenant|transport)\/[\w/.-]+\.(?:js|d\.ts)$/,
	/^dist\/(?:credentials|nodes)\/[\w/.-]+\.svg$/,
	/^dist\/nodes\/\w+\/\w+\.node\.json$/,
	/^dist\/nodes\/\w+\/__schema__\/v\d+\.\d+\.\d+(?:\/\w+)?\.json$/,
];
const MOST_BYTES = 1_500_000;

describe('what goes to npm', () => {
	let files: readonly { readonly path: string; readonly size: number }[] = [];
	let manifest: Manifest;

	beforeAll(async () => {
		const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
			cwd: PROJECT_ROOT,
			maxBuffer: 50_000_000,
		});
		const packs = JSON.parse(stdout.slice(stdout.indexOf('['))) as { files: typeof files }[];
		files = packs[0]?.files ?? [];
		manifest = JSON.parse(await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8')) as Manifest;
	});

	it('is what runs, its previews, icons and papers, and nothing else', () => {
		expect(files.length).toBeGreaterThan(50);
		expect(files.map(({ path }) => path).filter((path) => !ALLOWED.some((pattern) => pattern.test(path)))).toEqual([]);
	});

	it('has every node and credential that the manifest names, each node with its codex entry and preview', () => {
		const paths = new Set(files.map(({ path }) => path));
		const { nodes, credentials } = manifest.n8n;
		expect(nodes).toHaveLength(6);
		for (const path of [...nodes, ...credentials]) expect(paths).toContain(path);
		for (const path of nodes) {
			expect(paths).toContain(path.replace(/\.js$/, '.json'));
			expect([...paths].some((other) => other.startsWith(path.replace(/[\w.]+\.js$/, '__schema__/v1.0.0')))).toBe(true);
		}
	});

	it('has the two icons that each node and the credential name', async () => {
		const paths = new Set(files.map(({ path }) => path));
		const classes = [...manifest.n8n.nodes, ...manifest.n8n.credentials];
		for (const path of classes) {
			const text = await readFile(join(PROJECT_ROOT, path), 'utf8');
			const named = [...text.matchAll(/'file:([\w./]+\.svg)'/g)].map(([, icon = '']) => join(dirname(path), icon));
			expect([path, named.length]).toEqual([path, 2]);
			for (const icon of named) expect(paths).toContain(icon);
		}
	});

	it('is small, and says nothing about the machine that built it', async () => {
		expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(MOST_BYTES);
		for (const { path } of files.filter((file) => /\.(?:js|json|ts)$/.test(file.path))) {
			const text = await readFile(join(PROJECT_ROOT, path), 'utf8');
			expect(text.includes(PROJECT_ROOT), path).toBe(false);
			expect(/sourceMappingURL|PRIVATE KEY-----[\s\\n]*[A-Za-z0-9+/]{30}/.test(text), path).toBe(false);
		}
	});

	it('runs on its own dependencies and on nothing that it only has for tests', async () => {
		const allowed = new Set([...Object.keys(manifest.dependencies), 'n8n-workflow']);
		for (const { path } of files.filter((file) => file.path.endsWith('.js'))) {
			const text = await readFile(join(PROJECT_ROOT, path), 'utf8');
			const required = [...text.matchAll(/require\("([^".][^"]*)"\)/g)].map(([, name = '']) => name);
			const packages = required
				.filter((name) => !name.startsWith('node:'))
				.map((name) =>
					name
						.split('/')
						.slice(0, name.startsWith('@') ? 2 : 1)
						.join('/'),
				);
			for (const name of packages) expect([...allowed], `${path} requires ${name}`).toContain(name);
		}
	});
});
