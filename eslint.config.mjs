import { configWithoutCloudSupport } from '@n8n/node-cli/eslint';

// The dependency rule: server -> transport -> recordings (meaning) -> node -> n8n. Each room knows only those below it.
const roomsBelow = (target, forbidden, message) => ({
	target: `./${target}`,
	from: forbidden.map((room) => `./${room}`),
	message,
});

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
		rules: {
			'import-x/no-restricted-paths': [
				'error',
				{
					zones: [
						roomsBelow(
							'recordings',
							['transport', 'coordination', 'nodes', 'credentials', 'demo', 'bench', 'test'],
							'recordings/ imports no other room.',
						),
						roomsBelow(
							'transport',
							['recordings', 'coordination', 'nodes', 'credentials', 'demo', 'bench', 'test'],
							'transport/ imports no other room.',
						),
						roomsBelow(
							'coordination',
							['recordings', 'transport', 'nodes', 'credentials', 'demo', 'bench', 'test'],
							'coordination/ imports no other room.',
						),
						roomsBelow(
							'nodes',
							['credentials', 'demo', 'bench', 'test'],
							'nodes/ imports only recordings/, transport/ and coordination/.',
						),
						roomsBelow(
							'credentials',
							['recordings', 'transport', 'coordination', 'nodes', 'demo', 'bench', 'test'],
							'A credential is only a form.',
						),
						roomsBelow('demo', ['nodes', 'credentials', 'test'], 'Nothing imports nodes/: the demo runs them in n8n.'),
					],
				},
			],
		},
	},
	{
		files: ['recordings/**/*.ts'],
		rules: { 'no-restricted-imports': ['error', { patterns: [n8nModules, wireModules] }] },
	},
	{
		files: ['transport/**/*.ts', 'coordination/**/*.ts'],
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
