import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { configDefaults, defineConfig } from 'vitest/config';

// n8n-core requires the CommonJS build; with the ES build beside it there would be two classes of every n8n error.
const resolve = { alias: { 'n8n-workflow': createRequire(import.meta.url).resolve('n8n-workflow') } };

// n8n-core writes its settings into the user's folder as soon as it is asked for anything.
const userFolder = mkdtempSync(join(tmpdir(), 'n8n-user-'));
process.once('exit', () => rmSync(userFolder, { recursive: true, force: true }));

const project = (name: string, options: object): object => ({
	resolve,
	test: {
		name,
		environment: 'node',
		env: { N8N_USER_FOLDER: userFolder },
		include: [`test/${name}/**/*.test.ts`],
		// What is waited for comes when the machine gets to it.
		expect: { poll: { timeout: 15_000 } },
		...options,
	},
});

export default defineConfig({
	test: {
		projects: [
			// Loading n8n's own modules takes longer than most files' tests: files share them, and every core has a thread.
			project('unit', {
				testTimeout: 20_000,
				pool: 'threads',
				isolate: false,
				maxWorkers: availableParallelism(),
				setupFiles: ['test/unit/serverStandIn.ts'],
			}),
			project('contract', { testTimeout: 60_000, hookTimeout: 60_000 }),
			project('faults', { testTimeout: 60_000, hookTimeout: 60_000 }),
			project('e2e', {
				testTimeout: 300_000,
				hookTimeout: 600_000,
				fileParallelism: false,
				exclude: [...configDefaults.exclude, 'test/e2e/triggers/**'],
			}),
			// They mostly wait for the next poll, so two at a time leave room for what runs beside them.
			project('triggers', {
				include: ['test/e2e/triggers/*.test.ts'],
				testTimeout: 300_000,
				hookTimeout: 600_000,
				maxWorkers: 2,
				sequence: { groupOrder: 1 },
			}),
		],
	},
});
