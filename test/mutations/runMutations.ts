import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';

import { mutated } from './mutation';
import type { Mutation } from './mutation';
import { root, ScratchCopy } from './scratchCopy';

// Breaks one rule after the other in a copy of the product and says which of them no unit test notices. Arguments: names of
// lists in this directory, all without any. Ends with 0 only when every mutation is caught.

const NO_LISTS = new Set(['mutation.ts', 'scratchCopy.ts', 'runMutations.ts']);
const MOST_COPIES = 4;

async function listsNamed(wanted: readonly string[]): Promise<Mutation[]> {
	const names = readdirSync(__dirname)
		.filter((name) => name.endsWith('.ts') && !NO_LISTS.has(name))
		.map((name) => basename(name, '.ts'));
	const unknown = wanted.filter((name) => !names.includes(name));
	if (unknown.length > 0) throw new Error(`There is no list ${unknown.join(', ')}; there are ${names.join(', ')}`);
	const lists = names.filter((name) => wanted.length === 0 || wanted.includes(name));
	const modules = lists.map(
		async (name) => (await import(join(__dirname, name))) as { mutations: readonly Mutation[] },
	);
	return (await Promise.all(modules)).flatMap(({ mutations }) => mutations);
}

const seconds = (since: number): string => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

/** Tries each mutation on the next copy that is free; gives those that nobody noticed. */
async function survivorsOf(mutations: readonly Mutation[], copies: readonly ScratchCopy[]): Promise<Mutation[]> {
	const left = [...mutations];
	const survivors: Mutation[] = [];
	const work = async (copy: ScratchCopy): Promise<void> => {
		for (let mutation = left.shift(); mutation !== undefined; mutation = left.shift()) {
			const begun = performance.now();
			const outcome = await copy.testMutated(mutation);
			if (outcome === 'passed') survivors.push(mutation);
			const verdict = { passed: 'SURVIVED', failed: 'caught', hung: 'caught, it never ends' }[outcome];
			console.log(`${verdict}: ${mutation.rule} (${mutation.file}, ${seconds(begun)})`);
		}
	};
	await Promise.all(copies.map(work));
	return survivors;
}

async function main(): Promise<number> {
	const begun = performance.now();
	const mutations = await listsNamed(process.argv.slice(2));
	for (const mutation of mutations) mutated(readFileSync(join(root, mutation.file), 'utf8'), mutation);

	const rooms = new Set(['recordings', ...mutations.map(({ file }) => file.split('/')[0] ?? '')]);
	const count = Math.max(1, Math.min(MOST_COPIES, availableParallelism(), mutations.length));
	const copies = Array.from({ length: count }, () => new ScratchCopy(rooms));
	const remove = (): void => copies.forEach((copy) => copy.remove());
	process.once('SIGINT', () => {
		remove();
		process.exit(130);
	});
	try {
		const files = [...new Set(mutations.map(({ file }) => file))];
		if ((await copies[0]?.test(files)) !== 'passed') throw new Error('The tests fail on the code as it is');
		const survivors = await survivorsOf(mutations, copies);
		console.log(`${mutations.length - survivors.length} of ${mutations.length} mutations caught in ${seconds(begun)}`);
		for (const { file, find, replace, rule } of survivors)
			console.log(`  ${file}: ${rule}\n    ${find}\n    ${replace}`);
		return survivors.length === 0 && mutations.length > 0 ? 0 : 1;
	} finally {
		remove();
	}
}

main().then(
	(exitCode) => (process.exitCode = exitCode),
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	},
);
