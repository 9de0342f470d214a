import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { runNpm } from './childProcess';
import { DEMO_RELEASE, type N8nRelease } from './n8nRelease';
import { PROJECT_ROOT } from './projectPaths';

const markerOf = (release: N8nRelease): string => join(release.directory, 'node_modules', '.installed-from-lock');

async function lockDigest(release: N8nRelease): Promise<string> {
	const lock = await readFile(join(release.directory, 'package-lock.json'));
	// Another Node.js has another ABI, for which sqlite3 has to be built again.
	return createHash('sha256').update(lock).update(process.versions.modules).digest('hex');
}

/** Whether the n8n that lies there is whole and the one that the lock file names. */
export async function isN8nInstalled(release: N8nRelease = DEMO_RELEASE): Promise<boolean> {
	const marker = markerOf(release);
	return existsSync(marker) && (await readFile(marker, 'utf8')) === (await lockDigest(release));
}

/**
 * Installs the n8n of a release's own lock file when it is missing, incomplete or another one. The marker is
 * written last and lies in node_modules, which `npm ci` removes first: an interrupted installation starts anew.
 * Scripts stay off but for sqlite3, n8n's database driver: nothing else of its tree has to be built to run it.
 */
export async function installN8n(say: (line: string) => void, release: N8nRelease = DEMO_RELEASE): Promise<void> {
	if (await isN8nInstalled(release)) return;
	const { version, directory, cost } = release;
	say(`Installing n8n ${version} into ${relative(PROJECT_ROOT, directory)}, once: ${cost}.`);
	await rm(markerOf(release), { force: true });
	await runNpm(['ci', '--ignore-scripts'], directory);
	say('Building sqlite3, the database driver that n8n uses ...');
	// Said here, because the program that runs this may hand on that no scripts are to run (.npmrc).
	await runNpm(['rebuild', 'sqlite3', '--ignore-scripts=false'], directory);
	await writeFile(markerOf(release), await lockDigest(release));
	say('n8n is installed.');
}

if (require.main === module) {
	installN8n((line) => console.log(line)).catch((error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	});
}
