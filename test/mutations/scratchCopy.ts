import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';

import { mutated } from './mutation';
import type { Mutation } from './mutation';

export const root = resolve(__dirname, '..', '..');

const COPIED = [
	'coordination',
	'nodes',
	'recordings',
	'tenant',
	'transport',
	'testbed',
	'package.json',
	'tsconfig.json',
];
const CONFIG = 'vitest.config.mts';
/** A mutation that never ends is one that somebody notices. */
const LONGEST_MILLIS = 300_000;

export type Outcome = 'passed' | 'failed' | 'hung';

/** A copy of the product with the unit tests of some rooms, where code can be broken without anybody being in the way. */
export class ScratchCopy {
	readonly #directory = mkdtempSync(join(tmpdir(), 'mutations-'));

	/** @param rooms those whose tests count, such as `recordings` */
	constructor(rooms: ReadonlySet<string>) {
		for (const path of [...COPIED, CONFIG]) cpSync(join(root, path), join(this.#directory, path), { recursive: true });
		const tests = join('test', 'unit');
		// What tests stand on may lie beside those of another room.
		const isWanted = (path: string): boolean =>
			!path.endsWith('.test.ts') || rooms.has(relative(join(root, tests), path).split(sep)[0] ?? '');
		cpSync(join(root, tests), join(this.#directory, tests), { recursive: true, filter: isWanted });
		// Each package linked, and not all of them at once: the test runner keeps its cache beside them.
		mkdirSync(join(this.#directory, 'node_modules'));
		for (const name of readdirSync(join(root, 'node_modules')).filter((each) => !each.startsWith('.')))
			symlinkSync(join(root, 'node_modules', name), join(this.#directory, 'node_modules', name));
	}

	/** Runs the tests that import these files, on the code as it is, and shows what they say. */
	async test(files: readonly string[]): Promise<Outcome> {
		return await this.#vitest(files, 'inherit');
	}

	/** Runs the tests that import the file, on the code with this rule broken, and mends it again. */
	async testMutated(mutation: Mutation): Promise<Outcome> {
		const path = join(this.#directory, mutation.file);
		const whole = readFileSync(path, 'utf8');
		writeFileSync(path, mutated(whole, mutation));
		const outcome = await this.#vitest([mutation.file], 'ignore');
		writeFileSync(path, whole);
		return outcome;
	}

	remove(): void {
		rmSync(this.#directory, { recursive: true, force: true });
	}

	/** One worker without a fresh start for each file, and an end at the first failure: a mutation takes seconds. */
	async #vitest(files: readonly string[], stdio: 'inherit' | 'ignore'): Promise<Outcome> {
		const runner = join(root, 'node_modules', 'vitest', 'vitest.mjs');
		const options = [
			'--run',
			'--project=unit',
			'--pool=threads',
			'--no-isolate',
			'--maxWorkers=1',
			'--bail=1',
			'--testTimeout=120000',
		];
		const child = spawn(process.execPath, [runner, 'related', ...files, ...options], {
			cwd: this.#directory,
			stdio,
		});
		return await new Promise<Outcome>((settle, reject) => {
			let hasHung = false;
			const limit = setTimeout(() => {
				hasHung = true;
				child.kill('SIGKILL');
			}, LONGEST_MILLIS);
			child.once('error', reject);
			child.once('exit', (code) => {
				clearTimeout(limit);
				settle(hasHung ? 'hung' : code === 0 ? 'passed' : 'failed');
			});
		});
	}
}
