import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runNpm, runProgram } from './childProcess';
import { CACHE_DIRECTORY, PROJECT_ROOT } from './projectPaths';

export const PACKAGE_NAME = 'n8n-nodes-8x8-recordings';

const PACKAGES = join(CACHE_DIRECTORY, 'packages');

/**
 * n8n's own flags (community-packages.service.js, the same in 1.123 and 2.8), without `--registry`: the registry is
 * the one that npm is set up for here.
 */
const N8N_INSTALL_FLAGS = [
	'--audit=false',
	'--fund=false',
	'--bin-links=false',
	'--install-strategy=shallow',
	'--ignore-scripts=true',
	'--package-lock=false',
];

/** Packs the built package as it goes to npm. Gives the tarball's path. */
export async function packTarball(directory: string): Promise<string> {
	if (!existsSync(join(PROJECT_ROOT, 'dist'))) throw new Error('dist/ is missing: run `npm run build` first');
	const output = await runNpm(['pack', '--json', '--ignore-scripts', '--pack-destination', directory], PROJECT_ROOT);
	const packed: readonly { readonly filename: string }[] = JSON.parse(output);
	const filename = packed[0]?.filename;
	if (filename === undefined) throw new Error(`npm pack named no tarball: ${output}`);
	return join(directory, filename);
}

/** What n8n does with a tarball: unpack, drop what only developers need, install what is left with the flags above. */
async function installAsN8nDoes(tarball: string, directory: string): Promise<void> {
	await mkdir(directory, { recursive: true });
	await runProgram('tar', ['-xzf', tarball, '-C', directory, '--strip-components=1'], { cwd: directory });
	const file = join(directory, 'package.json');
	const manifest: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'));
	for (const field of ['devDependencies', 'peerDependencies', 'optionalDependencies']) delete manifest[field];
	await writeFile(file, JSON.stringify(manifest, null, 2));
	await runNpm(['install', ...N8N_INSTALL_FLAGS], directory);
}

/**
 * Installs a packed version into an n8n user folder exactly as n8n installs a community package: the one given, else the
 * built package, which is packed for it. What one tarball installs to is kept by the tarball's content: a second run needs
 * no network.
 *
 * @returns the directory that n8n loads the package from
 */
export async function installPackage(userFolder: string, packed?: string): Promise<string> {
	await mkdir(PACKAGES, { recursive: true });
	const work = await mkdtemp(join(PACKAGES, 'work-'));
	try {
		const tarball = packed ?? (await packTarball(work));
		const digest = createHash('sha256')
			.update(await readFile(tarball))
			.digest('hex');
		const installed = join(PACKAGES, digest);
		if (!existsSync(installed)) {
			const fresh = join(work, 'package');
			await installAsN8nDoes(tarball, fresh);
			// Whoever renames first wins; the other's copy holds the same.
			await rename(fresh, installed).catch((error: unknown) => {
				if (!existsSync(installed)) throw error;
			});
		}
		const target = join(userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE_NAME);
		await rm(target, { recursive: true, force: true });
		await mkdir(join(target, '..'), { recursive: true });
		await cp(installed, target, { recursive: true, verbatimSymlinks: true });
		return target;
	} finally {
		await rm(work, { recursive: true, force: true });
	}
}
