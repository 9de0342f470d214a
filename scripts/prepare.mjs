import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { areInstalled } from './installedPackages.mjs';

// Runs on a fresh clone: nothing but Node's own modules and those beside this file may be imported here.

export const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

/** Runs a program in the project's root with this terminal. Gives its exit code. */
export function run(command, args, options = {}) {
	const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
	if (error) console.error(`${command} could not be started: ${error.message}`);
	return status ?? (signal ? 130 : 1);
}

/** npm: the one that started this script where there is one, which also works without a shell. */
function npm(args) {
	const path = process.env.npm_execpath;
	return path?.endsWith('.js') ? run(process.execPath, [path, ...args]) : run('npm', args);
}

/** A command line tool of node_modules, by its script, so that no shell and no PATH matter. */
export const tool = (script) => join(root, 'node_modules', script);

/** Arguments for Node.js to run a TypeScript program of this project in its own process. */
export const typeScript = (script, args = []) => ['--import', 'tsx', script, ...args];

function demand(exitCode, what) {
	if (exitCode === 0) return;
	throw new Error(`${what} failed (exit code ${exitCode}); its own output is above.`);
}

/** `npm ci` when node_modules is missing, unfinished or not what the lock file says. */
export function ensureDependencies() {
	if (areInstalled(join(root, 'package-lock.json'), join(root, 'node_modules', '.package-lock.json'))) return;
	console.log('Installing what package-lock.json names (once, about a minute) ...');
	demand(npm(['ci']), 'npm ci');
}

/** Compiles the package into a new dist/ and copies its icons and output previews there. */
export function build() {
	rmSync(join(root, 'dist'), { recursive: true, force: true });
	demand(run(process.execPath, [tool('typescript/bin/tsc'), '-p', 'tsconfig.json']), 'Compiling');
	demand(run(process.execPath, [tool('gulp/bin/gulp.js'), '--silent']), 'Copying icons and schemas');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
	try {
		ensureDependencies();
		build();
	} catch (error) {
		console.error(error.message);
		process.exitCode = 1;
	}
}
