import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startDemo, type RunningDemo } from '../../../demo/startDemo';
import { startChromium } from './chromium';
import { CredentialDialog } from './credentialDialog';
import { EditorPage } from './editorPage';
import { pictureDirectory, takePictures } from './pictures';

const STEP_MILLISECONDS = 30_000;

/** A person at n8n's editor: logged in, the package installed, no credential yet. */
export interface EditorSession {
	readonly demo: RunningDemo;
	readonly page: Page;
	readonly editor: EditorPage;
	readonly dialog: CredentialDialog;
	/** Takes what the page shows now, in both themes. */
	picture(name: string): Promise<void>;
	stop(): Promise<void>;
}

/** Starts the demo's tenant, CRM and n8n, and a browser that is logged in to its editor. */
export async function startEditorSession(days: number): Promise<EditorSession> {
	const directory = await mkdtemp(join(tmpdir(), '8x8-editor-'));
	const demo = await startDemo({ directory, days, protocols: ['ftpsImplicit'] });
	// The credential is to be typed in by hand.
	for (const { credential } of demo.connections) {
		await demo.n8n.client.request('DELETE', `/rest/credentials/${credential.id}`);
	}
	const browser = await startChromium();
	const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
	page.setDefaultTimeout(STEP_MILLISECONDS);
	const editor = new EditorPage(page, demo.n8n.url);
	await editor.logIn(demo.owner);
	return {
		demo,
		page,
		editor,
		dialog: new CredentialDialog(editor),
		picture: async (name) => await takePictures(page, pictureDirectory(join(directory, 'pictures')), name),
		stop: async () => {
			await browser.close();
			await demo.stop();
			await rm(directory, { recursive: true, force: true });
		},
	};
}
