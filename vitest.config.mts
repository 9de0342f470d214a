import { createRequire } from 'node:module';

import { defineConfig } from 'vitest/config';

// n8n-core requires the CommonJS build; with the ES build beside it there would be two classes of every n8n error.
const resolve = { alias: { 'n8n-workflow': createRequire(import.meta.url).resolve('n8n-workflow') } };

const project = (name: string, options: object): object => ({
	resolve,
	test: { name, environment: 'node', include: [`test/${name}/**/*.test.ts`], ...options },
});

export default defineConfig({
	test: {
		projects: [
			project('unit', { testTimeout: 20_000 }),
			project('contract', { testTimeout: 60_000, hookTimeout: 60_000 }),
			project('e2e', { testTimeout: 300_000, hookTimeout: 600_000, fileParallelism: false }),
		],
	},
});
