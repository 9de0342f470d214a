import { randomBytes } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningDemo } from '../../demo/startDemo';
import type { TenantCall } from '../../testbed/tenant/tenantCall';
import { chromiumIsMissing } from './editor/chromium';
import type { CredentialDialog } from './editor/credentialDialog';
import { addDeliveryStep } from './editor/deliveryStep';
import type { EditorPage } from './editor/editorPage';
import { startEditorSession, type EditorSession } from './editor/editorSession';

const NODES = [
	'8x8 Download Recording',
	'8x8 List Index',
	'8x8 Mark Delivered',
	'8x8 Reconcile Day',
	'8x8 Recording Trigger',
	'8x8 Resolve Tenant Day',
];
/** As in the example workflow. */
const WRAP_UP_CODES = 'Sale, Complaint*';

/** A number that the browser knows about an element, such as how far a player has come. */
async function numberOf(element: Locator, property: string): Promise<number> {
	return await element.evaluate((found, name) => Number(Reflect.get(found, name)), property);
}

// One story, told once: each test goes on where the one before it left the editor.
describe.skipIf(chromiumIsMissing !== undefined)(`the n8n editor in Chromium ${chromiumIsMissing ?? ''}`, () => {
	const wrongPassword = `canary-${randomBytes(8).toString('hex')}`;
	const answers: Promise<string>[] = [];
	let session: EditorSession | undefined;
	let demo: RunningDemo;
	let page: Page;
	let editor: EditorPage;
	let dialog: CredentialDialog;
	let picture: EditorSession['picture'];

	/** The tenant's calls of the day that List Index takes for yesterday and that its filter keeps. */
	const keptCalls = (): readonly TenantCall[] => {
		const yesterday = demo.tenant.days.at(-1);
		return demo.tenant.calls.filter(
			({ tenantDay, wrapUpCode }) => tenantDay === yesterday && /^(sale$|complaint)/i.test(wrapUpCode ?? ''),
		);
	};

	beforeAll(async () => {
		session = await startEditorSession(3);
		({ demo, page, editor, dialog, picture } = session);
		page.on('response', (response) => {
			if (response.url().includes('/rest/')) answers.push(response.text().catch(() => ''));
		});
	});

	afterAll(async () => {
		await session?.stop();
	});

	it('lists all six nodes for "8x8", as a first step and as a next one', async () => {
		await editor.startWorkflow();
		await expect.poll(async () => (await editor.searchNodes('8x8')).sort()).toEqual(NODES);
		await editor.addTrigger('Manual Trigger');
		await expect.poll(async () => (await editor.searchNodes('8x8')).sort()).toEqual(NODES);
		const icons = page.locator('[data-test-id="node-creator-node-item"] img');
		expect(await icons.count()).toBeGreaterThanOrEqual(NODES.length);
		for (const icon of await icons.all())
			await expect.poll(async () => await numberOf(icon, 'naturalWidth')).toBeGreaterThan(0);
		await picture('1-find-the-nodes');
	});

	it('tells why a new credential cannot connect, and what to do', async () => {
		const { data } = demo.connections[0] ?? {};
		await editor.addCommunityNode('8x8', '8x8 List Index');
		await picture('2-list-index');
		await dialog.openNew();
		await dialog.fillIn({ ...data, password: wrongPassword });
		expect(await dialog.save()).toMatch(/^Couldn.t connect with these settings/);
		const details = await dialog.details();
		expect(details).toMatch(/The server .* refused the login/);
		expect(details).toContain("Check 'Tenant Name' and 'SFTP Password' in the credential");
		expect(details).not.toContain(wrongPassword);
		await picture('3-credential-refused');
	});

	it('connects with the right password', async () => {
		await dialog.type('password', demo.password);
		expect(await dialog.save()).toBe('Connection tested successfully');
		await picture('4-credential-connected');
		await dialog.close();
	});

	it('shows the saved passwords nowhere any more', async () => {
		expect(await editor.contents()).not.toContain(demo.password);
		await dialog.openExisting();
		expect(await dialog.typed('username')).toBe('acmejets');
		expect(await dialog.typed('password')).not.toBe('');
		const contents = await editor.contents();
		for (const password of [demo.password, wrongPassword]) expect(contents).not.toContain(password);
		await dialog.close();
	});

	it("lists yesterday's calls by a wrap-up filter", async () => {
		expect(keptCalls().length).toBeGreaterThan(0);
		await editor.addEntry('Add Filter', 'Wrap-Up Codes', 'wrapUpCodes', WRAP_UP_CODES);
		await editor.executeStep();
		expect(await editor.part('ndv-items-count').last().innerText()).toContain(`${keptCalls().length} items`);
		expect(await editor.part('output-panel').innerText()).toContain('recordingId');
		await picture('5-calls-of-yesterday');
	});

	it('offers the agents of recent calls to choose from', async () => {
		await editor.untilAnswered('/rest/dynamic-node-parameters/options', async () => {
			await editor.choose(page.getByPlaceholder('Add Filter'), 'Agents From List');
		});
		await editor.part('parameter-input-listedAgentNames').click();
		const agents = [...new Set(demo.tenant.calls.map(({ agentName }) => agentName))].sort();
		const entries = page.locator('.el-select-dropdown__item:visible');
		await expect.poll(async () => await entries.count()).toBe(agents.length);
		expect((await entries.allInnerTexts()).map((text) => text.split('\n')[0])).toEqual(agents);
		await picture('9-choose-from-list');
		// Chosen by nobody, the filter lets every agent's calls through.
		await editor.part('parameter-input-listedAgentNames').click();
		await editor.closeNode();
	});

	it('downloads their recordings and delivers them to the CRM when the workflow runs', async () => {
		await editor.addCommunityNode('8x8', '8x8 Download Recording');
		await editor.closeNode();
		await addDeliveryStep(editor, demo.crm.deliveryUrl);
		await editor.closeNode();
		await editor.part('execute-workflow-button').click();
		await page.getByText('Workflow executed successfully').waitFor();
		await editor.dismissToasts();
		// n8n puts a new node where there is room to see it, if need be over another one.
		await editor.part('tidy-up-button').click();
		await editor.part('zoom-to-fit').click();
		await page.getByText(`${keptCalls().length} items`).nth(2).waitFor();
		const delivered = demo.crm.deliveries().map(({ recordingId, sha256 }) => `${recordingId} ${sha256}`);
		expect(delivered.sort()).toEqual(
			keptCalls()
				.map(({ recordingId, sha256 }) => `${recordingId} ${sha256}`)
				.sort(),
		);
		expect(await editor.part('canvas').innerText()).toContain('wrap-up: Sale +1');
		await picture('6-workflow-has-run');
	});

	it('plays a recording in the output panel', async () => {
		await editor.openNode('8x8 Download Recording');
		expect(await editor.part('output-panel').innerText()).toContain('audio/wav');
		await editor.part('ndv-view-binary-data').first().click();
		const audio = page.locator('audio');
		await audio.waitFor();
		const source = String(await audio.locator('source').getAttribute('src'));
		const served = await page.request.get(source);
		expect(served.status()).toBe(200);
		expect((await served.body()).subarray(0, 4).toString('latin1')).toBe('RIFF');
		await expect.poll(async () => await numberOf(audio, 'currentTime')).toBeGreaterThan(0.5);
		expect(demo.tenant.calls.map((call) => call.durationSeconds)).toContain(await numberOf(audio, 'duration'));
		await picture('7-recording-plays');
		await page.getByText('Back to list').click();
	});

	it('says which file a node could not get, and what to do', async () => {
		await editor.overwriteExpression('fileName', 'R201606070130009999.wav');
		await editor.executeStep();
		await picture('8-node-error');
		expect(await editor.part('node-error-message').innerText()).toMatch(
			/has no such file or directory \("S\d{8}\/R201606070130009999\.wav"\)/,
		);
		expect(await editor.part('node-error-description').innerText()).toContain('Check the path against the server');
	});

	it('was sent neither password by n8n at any time', async () => {
		await page.reload();
		await editor.part('canvas-node').first().waitFor();
		const everything = [await editor.contents(), ...(await Promise.all(answers))];
		expect(everything.length).toBeGreaterThan(20);
		for (const password of [demo.password, wrongPassword]) {
			expect(everything.filter((text) => text.includes(password))).toEqual([]);
		}
	});
});
