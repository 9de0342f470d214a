import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { makeTree, recordingSizes, TREES } from '../../../bench/tree';
import { streamed } from '../recordings/wavFixture';

const PLAN = { name: 'three', label: 'three files', sizes: [20_000, 50_000, 4_100_000] };

let root = '';

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), '8x8-bench-tree-'));
});

afterEach(async () => {
	await rm(root, { recursive: true, force: true });
});

describe('a measured tree', () => {
	it('holds whole WAV recordings of the planned sizes that nothing compresses', async () => {
		const tree = await makeTree(PLAN, root);
		expect(await readdir(join(root, 'three'))).toEqual(tree.files.map(({ name }) => name));
		for (const [index, { name, bytes, sha256 }] of tree.files.entries()) {
			const content = await readFile(join(root, 'three', name));
			expect(content.length).toBe(PLAN.sizes[index]);
			expect(bytes).toBe(content.length);
			expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
			expect(streamed(content).verdict).toBe('whole');
			expect(deflateSync(content).length).toBeGreaterThan(content.length * 0.99);
		}
		expect(new Set(tree.files.map(({ sha256 }) => sha256)).size).toBe(3);
	});

	it('of speech has two people in a channel each, who talk by turns', async () => {
		const sizes = [44 + 16 * 32_000, 44 + 16 * 32_000];
		const { files } = await makeTree({ name: 'calls', label: 'two calls', sizes, sound: 'speech' }, root);
		expect(files[0]?.sha256).not.toBe(files[1]?.sha256);
		const content = await readFile(join(root, 'calls', files[0]?.name ?? ''));
		const { verdict, facts } = streamed(content);
		expect(verdict).toBe('whole');
		expect(facts).toMatchObject({ channels: 2, sampleRate: 8_000 });
		const loudness = [0, 1].map((channel) =>
			Array.from({ length: 16 }, (_, second) => {
				const samples = Array.from({ length: 8_000 }, (__, at) =>
					Math.abs(content.readInt16LE(44 + 32_000 * second + 4 * at + 2 * channel)),
				);
				return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
			}),
		);
		const isHeard = (channel: number, second: number): boolean => (loudness[channel]?.[second] ?? 0) > 100;
		expect(Array.from({ length: 16 }, (_, second) => isHeard(0, second)).filter(Boolean).length).toBeGreaterThan(6);
		expect(Array.from({ length: 16 }, (_, second) => isHeard(1, second)).filter(Boolean).length).toBeGreaterThan(6);
		expect(Array.from({ length: 16 }, (_, second) => isHeard(0, second) && isHeard(1, second))).toContain(false);
	});

	it('is the same each time it is made, and made only once', async () => {
		const first = await makeTree(PLAN, root);
		const { mtimeMs } = await stat(join(root, 'three', first.files[0]?.name ?? ''));
		expect(await makeTree(PLAN, root)).toEqual(first);
		expect((await stat(join(root, 'three', first.files[0]?.name ?? ''))).mtimeMs).toBe(mtimeMs);
		await rm(join(root, 'three.json'));
		expect(await makeTree(PLAN, root)).toEqual(first);
	});

	it('is made anew when the plan changed or its making was interrupted', async () => {
		await makeTree(PLAN, root);
		await rm(join(root, 'three.json'));
		await writeFile(join(root, 'three', 'left-over'), '');
		const tree = await makeTree({ ...PLAN, sizes: [1_000] }, root);
		expect(await readdir(join(root, 'three'))).toEqual([tree.files[0]?.name]);
	});
});

describe('the trees', () => {
	it('are of the sizes that their labels say', () => {
		const total = (name: string): number => (TREES[name]?.sizes ?? []).reduce((sum, size) => sum + size, 0);
		expect(total('tiny')).toBe(400_000_000);
		expect(total('small')).toBe(100_000_000);
		expect(total('large')).toBe(2_000_000_000);
		expect(Math.abs(total('recordings') - 195_000_000)).toBeLessThan(1_000);
		expect(total('megabytes5000')).toBe(5_000_000_000);
	});

	it('have recordings between 0.06 and 10 MB with a median of about 0.7 MB', () => {
		const sizes = recordingSizes(200, 195_000_000).sort((a, b) => a - b);
		expect(sizes[0]).toBeGreaterThan(50_000);
		expect(sizes.at(-1)).toBeLessThan(11_000_000);
		expect(sizes[100]).toBeGreaterThan(550_000);
		expect(sizes[100]).toBeLessThan(850_000);
	});
});
