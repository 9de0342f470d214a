import { createRequire } from 'node:module';

import { configWithoutCloudSupport } from '@n8n/node-cli/eslint';

// The parser that n8n's rules bring along, some folders down.
const parser = ['@n8n/node-cli/eslint', 'typescript-eslint', '@typescript-eslint/parser'].reduce(
	(from, name) => createRequire(from).resolve(name),
	import.meta.url,
);

// The dependency rule: server -> transport -> recordings (meaning) -> tenant (what is true) -> node -> n8n. What a room may
// import is all that it knows.
const MAY_IMPORT = {
	recordings: [],
	transport: [],
	coordination: [],
	credentials: [],
	tenant: ['recordings', 'transport'],
	audio: ['recordings'],
	nodes: ['tenant', 'audio', 'recordings', 'transport', 'coordination'],
	testbed: [],
	demo: ['testbed'],
	bench: ['testbed', 'demo', 'tenant', 'recordings', 'transport', 'coordination'],
};
const ROOMS = [...Object.keys(MAY_IMPORT), 'test', 'scripts'];
const zones = Object.entries(MAY_IMPORT).map(([room, known]) => ({
	target: `./${room}`,
	from: ROOMS.filter((other) => other !== room && !known.includes(other)).map((other) => `./${other}`),
	message: known.length === 0 ? `${room}/ imports no other room.` : `${room}/ imports only ${known.join(', ')}.`,
}));

const n8nModules = {
	group: ['n8n-workflow', 'n8n-core', '@n8n/*', 'n8n-*'],
	message: 'This room knows nothing about n8n.',
};
const wireModules = {
	group: ['net', 'tls', 'fs', 'fs/*', 'http', 'https', 'dgram', 'child_process'].flatMap((name) => [
		name,
		`node:${name}`,
	]),
	message: 'recordings/ is the domain: it is handed bytes and hands back meaning.',
};

export default [
	{ ignores: ['demo/n8n/**', 'test/e2e/n8n/**', '.demo/**', '.cache/**'] },
	...configWithoutCloudSupport,
	{
		// SFTP and FTPS need libraries, so this package is for self-hosted n8n: the one official rule that is off.
		files: ['package.json'],
		rules: { '@n8n/community-nodes/no-runtime-dependencies': 'off' },
	},
	{
		files: ['**/*.ts'],
		// Without these the plugin reads no TypeScript file behind an import, and sees no cycle.
		settings: { 'import-x/extensions': ['.ts'], 'import-x/parsers': { [parser]: ['.ts'] } },
		rules: {
			'import-x/no-restricted-paths': ['error', { zones }],
			'import-x/no-cycle': 'error',
			// CommonJS libraries are imported whole.
			'import-x/no-named-as-default-member': 'off',
		},
	},
	{
		files: ['recordings/**/*.ts'],
		rules: { 'no-restricted-imports': ['error', { patterns: [n8nModules, wireModules] }] },
	},
	{
		files: ['audio/**/*.ts', 'tenant/**/*.ts', 'transport/**/*.ts', 'coordination/**/*.ts'],
		rules: { 'no-restricted-imports': ['error', { patterns: [n8nModules] }] },
	},
	{
		// These rooms never reach the package: they start servers, and their errors are read by developers, not by n8n.
		files: ['demo/**/*.ts', 'test/**/*.ts', 'testbed/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
		rules: {
			'@n8n/community-nodes/no-dangerous-functions': 'off',
			'@n8n/community-nodes/require-node-api-error': 'off',
			'no-console': 'off',
		},
	},
];
