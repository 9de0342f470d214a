import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../testbed/n8nHost/projectPaths';
import type { RunningDemo } from '../../demo/startDemo';
import { chromiumIsMissing } from './editor/chromium';
import type { CredentialDialog } from './editor/credentialDialog';
import type { EditorPage } from './editor/editorPage';
import { startEditorSession, type EditorSession } from './editor/editorSession';

const DAYS = 3;

/** docs/first-delivery.md, walked step by step by someone who has only this page; the package is already installed. */
describe.skipIf(chromiumIsMissing !== undefined)(`the way to the first delivery ${chromiumIsMissing ?? ''}`, () => {
	let session: EditorSession | undefined;
	let demo: RunningDemo;
	let page: Page;
	let editor: EditorPage;
	let dialog: CredentialDialog;
	let picture: EditorSession['picture'];

	/** What the filter of the workflow's file keeps of its days, oldest first. */
	const wanted = (): string[] =>
		demo.tenant.calls
			.filter(({ wrapUpCode }) => /^(sale$|complaint)/i.test(wrapUpCode ?? ''))
			.map(({ recordingId }) => recordingId);
	const delivered = (): string[] => demo.crm.deliveries().map(({ recordingId }) => recordingId);

	beforeAll(async () => {
		session = await startEditorSession(DAYS);
		({ demo, page, editor, dialog, picture } = session);
	});

	afterAll(async () => {
		await session?.stop();
	});

	it('makes the credential and is told that it connects', async () => {
		await dialog.openNewFromList('8x8');
		await dialog.fillIn({ ...demo.connections[0]?.data, password: demo.password });
		expect(await dialog.save()).toBe('Connection tested successfully');
		await dialog.close();
	});

	it('imports the workflow and sees every call of the last days', async () => {
		await editor.importWorkflow(join(PROJECT_ROOT, 'workflows', 'nightly-index-to-crm.json'));
		await editor.part('zoom-to-fit').click();
		await picture('10-imported-workflow');
		// n8n chooses the only credential by itself, here and in Download Recording.
		await editor.openNode('List Index');
		await expect.poll(async () => await dialog.chosen()).toBe('8x8 Recordings SFTP account');
		await editor.dismissToasts();
		await editor.type('wrapUpCodes', '');
		await editor.executeStep();
		expect(await editor.part('output-panel').innerText()).toContain(`(${demo.tenant.calls.length} items)`);
		await editor.type('wrapUpCodes', 'Sale, Complaint*');
		await editor.addEntry('Add Option', 'Limit', 'limit', '3');
		await editor.closeNode();
	});

	it('delivers three recordings, and the next ones the second time', async () => {
		await editor.openNode('Send to CRM');
		await editor.type('url', demo.crm.deliveryUrl);
		await editor.closeNode();
		await editor.executeWorkflow();
		expect(delivered().sort()).toEqual(wanted().slice(0, 3).sort());
		await editor.openNode('Mark Delivered');
		await picture('11-mark-delivered');
		await editor.closeNode();
		await editor.executeWorkflow();
		expect(delivered().sort()).toEqual(wanted().slice(0, 6).sort());
	});

	it('publishes it to run every night', async () => {
		await editor.publish();
		const id = new URL(page.url()).pathname.split('/').at(-1);
		expect(await demo.n8n.client.request('GET', `/rest/workflows/${id}`)).toMatchObject({ active: true });
	});

	it('gets something useful out of every other node as soon as it is dropped in', async () => {
		await editor.startWorkflow();
		await editor.addTrigger('Manual Trigger');
		await editor.addCommunityNode('8x8', '8x8 Resolve Tenant Day');
		await editor.executeStep();
		expect(await editor.part('output-panel').innerText()).toContain(String(demo.tenant.days.at(-1)));
		await picture('12-resolve-tenant-day');

		await editor.startWorkflow();
		await editor.addTrigger('Manual Trigger');
		await editor.addCommunityNode('8x8', '8x8 Reconcile Day');
		await editor.executeStep();
		const calls = demo.tenant.calls.filter(({ tenantDay }) => tenantDay === demo.tenant.days.at(-1));
		expect(await editor.part('output-panel').innerText()).toContain(`${calls.length} matched`);
		await picture('13-reconcile-day');

		await editor.startWorkflow();
		await editor.addCommunityNode('8x8', '8x8 Recording Trigger');
		await editor.executeStep();
		expect(await editor.part('output-panel').innerText()).toContain(demo.tenant.calls.at(-1)?.recordingId);
		await picture('14-recording-trigger');
	});
});
