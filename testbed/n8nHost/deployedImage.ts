import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DEMO_RELEASE } from './n8nRelease';
import { packTarball } from './packPackage';
import { buildPlainImage, type PlainImage } from './plainImage';
import { PROJECT_ROOT } from './projectPaths';

/** The image of `deploy/` with the built package in it and the demo's n8n under it, made in `directory`. */
export async function deployedImage(directory: string): Promise<PlainImage> {
	const context = join(directory, 'context');
	await cp(join(PROJECT_ROOT, 'deploy'), context, { recursive: true });
	const PACKAGE = basename(await packTarball(context));
	const args = { PACKAGE, N8N_VERSION: DEMO_RELEASE.version };
	return await buildPlainImage({ context, root: join(directory, 'root'), args, releases: [DEMO_RELEASE] });
}
