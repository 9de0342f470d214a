import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runNpm } from './childProcess';
import { N8N_DIRECTORY } from './projectPaths';

const MARKER = join(N8N_DIRECTORY, 'node_modules', '.installed-from-lock');

async function lockDigest(): Promise<string> {
	const lock = await readFile(join(N8N_DIRECTORY, 'package-lock.json'));
	// Another Node.js has another ABI, for which sqlite3 has to be built again.
	return createHash('sha256').update(lock).update(process.versions.modules).digest('hex');
}

/** Whether the n8n that lies there is whole and the one that the lock file names. */
export async function isN8nInstalled(): Promise<boolean> {
	return existsSync(MARKER) && (await readFile(MARKER, 'utf8')) === (await lockDigest());
}

/**
 * Installs the n8n of `demo/n8n/package-lock.json` when it is missing, incomplete or another one. The marker is
 * written last and lies in node_modules, which `npm ci` removes first: an interrupted installation starts anew.
 * Scripts stay off but for sqlite3, n8n's database driver: nothing else of its tree has to be built to run it.
 */
export async function installN8n(say: (line: string) => void): Promise<void> {
	if (await isN8nInstalled()) return;
	say('Installing n8n 2.8.4 into demo/n8n, once: about 4 minutes and 2.3 GB, because n8n brings 400 integrations.');
	await rm(MARKER, { force: true });
	await runNpm(['ci', '--ignore-scripts'], N8N_DIRECTORY);
	say('Building sqlite3, the database driver that n8n uses ...');
	await runNpm(['rebuild', 'sqlite3'], N8N_DIRECTORY);
	await writeFile(MARKER, await lockDigest());
	say('n8n is installed.');
}

if (require.main === module) {
	installN8n((line) => console.log(line)).catch((error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	});
}
