import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { OLDEST } from '../../e2e/matrix/supportedN8n';

const root = join(__dirname, '..', '..', '..');
const folder = join(root, '.github', 'workflows');
const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('the GitHub workflows', () => {
	it('are CI and publishing', () => {
		expect(files.sort()).toEqual(['ci.yml', 'publish.yml']);
	});

	it.each(files)('%s pins every action of others to a whole commit, and says which version that is', (name) => {
		const uses = [...read(name).matchAll(/^\s*(?:- )?uses:\s*(.+)$/gm)].map(([, used = '']) => used.trim());
		expect(uses.length).toBeGreaterThan(0);
		for (const used of uses.filter((one) => !one.startsWith('./'))) {
			expect(used).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
		}
	});

	it.each(files)('%s gives its jobs no more than reading, but for the one that publishes', (name) => {
		const granted = [...read(name).matchAll(/^\s+([\w-]+): write$/gm)].map(([, permission]) => permission);
		expect(granted).toEqual(name === 'publish.yml' ? ['id-token'] : []);
		expect(read(name)).toMatch(/^permissions:\n {2}contents: read$/m);
	});

	it('publish only after CI, by the command that adds provenance', () => {
		const publish = read('publish.yml');
		expect(publish).toContain('uses: ./.github/workflows/ci.yml');
		expect(publish).toContain('needs: check');
		expect(publish).toContain('run: npm run release');
		const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
			scripts: Record<string, string>;
		};
		expect(scripts).toMatchObject({ release: 'n8n-node release', prepublishOnly: 'n8n-node prerelease' });
	});

	it('run the image of deploy/ in Docker on the oldest n8n, the newest, and n8n 3', () => {
		const { jobs } = parse(read('ci.yml')) as {
			jobs: { image: { strategy: { matrix: { n8n: string[] } }; steps: { run?: string }[] } };
		};
		const [oldest, newest, next] = jobs.image.strategy.matrix.n8n;
		expect([oldest, newest]).toEqual([OLDEST.release.version, 'latest']);
		expect(next).toMatch(/^3\.\d+\.\d+$/);
		const script = jobs.image.steps
			.at(-1)
			?.run?.split(' ')
			.find((word) => word.endsWith('.ts'));
		expect(existsSync(join(root, script ?? ''))).toBe(true);
	});

	it('test each Node.js that is promised, and everything once', () => {
		const ci = read('ci.yml');
		expect(ci).toContain('node: [20, 22, 24]');
		expect(ci).toContain('run: .ci/run');
	});
});
