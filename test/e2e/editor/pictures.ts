import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { PROJECT_ROOT } from '../../../testbed/n8nHost/projectPaths';

/** What the documentation shows. Only a run with WRITE_PICTURES=1 renews it: pictures differ from machine to machine. */
const DOCUMENTED = join(PROJECT_ROOT, 'docs', 'pictures', 'editor');

const SCHEMES = ['light', 'dark'] as const;

/** Where a run puts its pictures: beside the documentation, or into `scratch`. */
export function pictureDirectory(scratch: string): string {
	return process.env['WRITE_PICTURES'] === '1' ? DOCUMENTED : scratch;
}

/**
 * Takes what the page shows in the light and in the dark theme, as `<name>-light.png` and `<name>-dark.png`. n8n follows
 * the browser's preference as long as its user has chosen no theme.
 */
export async function takePictures(page: Page, directory: string, name: string): Promise<void> {
	await mkdir(directory, { recursive: true });
	for (const colorScheme of SCHEMES) {
		await page.emulateMedia({ colorScheme });
		await page.screenshot({
			path: join(directory, `${name}-${colorScheme}.png`),
			animations: 'disabled',
			caret: 'hide',
		});
	}
	await page.emulateMedia({ colorScheme: 'light' });
}
