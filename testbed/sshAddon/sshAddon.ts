import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { runNpm } from '../n8nHost/childProcess';
import { PROJECT_ROOT } from '../n8nHost/projectPaths';

const DIRECTORY = join(PROJECT_ROOT, 'testbed', 'sshAddon');
const ADDON = join(
	DIRECTORY,
	'node_modules',
	'ssh2',
	'lib',
	'protocol',
	'crypto',
	'build',
	'Release',
	'sshcrypto.node',
);
/** Says for which Node.js the addon was built; written last. */
const MARKER = join(DIRECTORY, 'node_modules', '.built-for');

/** Where Node.js keeps its headers when it has them: beside its program. */
const HEADERS = dirname(dirname(process.execPath));

/** Why ssh2's addon cannot be built here, `undefined` when it can. */
export function addonObstacle(): string | undefined {
	if (!existsSync(join(HEADERS, 'include', 'node', 'node_api.h'))) return "Node.js's headers are not installed";
	const compilers = ['/usr/bin/g++', '/usr/bin/c++', '/usr/bin/clang++'];
	return compilers.some((path) => existsSync(path)) ? undefined : 'there is no C++ compiler';
}

/**
 * ssh2's native ciphers, as a plain `npm install` builds them on a machine with a compiler: the path of the built addon. It
 * is built in a folder of its own, so that everything else here runs without it, as n8n installs packages.
 */
export async function builtSshAddon(): Promise<string> {
	const wanted = `${process.versions.modules} ${process.arch}`;
	if (existsSync(MARKER) && (await readFile(MARKER, 'utf8')) === wanted && existsSync(ADDON)) return ADDON;
	await runNpm(['ci', '--ignore-scripts'], DIRECTORY);
	await runNpm(['rebuild', 'ssh2', '--ignore-scripts=false', `--nodedir=${HEADERS}`], DIRECTORY);
	if (!existsSync(ADDON)) throw new Error("ssh2's addon was not built; see the output of npm rebuild ssh2");
	await writeFile(MARKER, wanted);
	return ADDON;
}
