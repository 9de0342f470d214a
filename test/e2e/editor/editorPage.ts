import type { Locator, Page } from 'playwright-core';
import type { Owner } from '../../../testbed/n8nHost/n8nClient';

/** n8n's own marks for its tests: they outlive a change of wording or of looks. */
const marked = (within: Page | Locator, mark: string): Locator => within.locator(`[data-test-id="${mark}"]`);

/** What a person does in n8n's editor, step by step, by the mouse and the keyboard. */
export class EditorPage {
	readonly #page: Page;

	readonly #url: string;

	constructor(page: Page, url: string) {
		this.#page = page;
		this.#url = url;
	}

	/** A part of the page by n8n's mark for it. */
	part(mark: string): Locator {
		return marked(this.#page, mark);
	}

	async logIn(owner: Owner): Promise<void> {
		await this.#page.goto(`${this.#url}/signin`);
		await this.#page.locator('input[name="emailOrLdapLoginId"]').fill(owner.email);
		await this.#page.locator('input[type="password"]').fill(owner.password);
		await this.#page.keyboard.press('Enter');
		await this.#page.waitForURL(/\/home\//);
	}

	async startWorkflow(): Promise<void> {
		await this.#page.goto(`${this.#url}/workflow/new`);
		await this.part('canvas-plus-button').click();
	}

	async openCredentials(): Promise<void> {
		await this.#page.goto(`${this.#url}/home/credentials`);
	}

	/** Makes a workflow of a file, by the menu of a new one. */
	async importWorkflow(file: string): Promise<void> {
		await this.#page.goto(`${this.#url}/workflow/new`);
		await this.part('workflow-menu').click();
		const [chooser] = await Promise.all([
			this.#page.waitForEvent('filechooser'),
			this.part('workflow-menu-item-import-from-file').click(),
		]);
		await chooser.setFiles(file);
		await this.part('canvas-node').first().waitFor();
		// n8n saves the workflow by itself and then knows it by an id.
		await this.#page.waitForURL(/\/workflow\/(?!new)\w+/);
	}

	/** Runs the whole workflow and waits until n8n says that all went well. */
	async executeWorkflow(): Promise<void> {
		await this.part('execute-workflow-button').click();
		await this.#page.getByText('Workflow executed successfully').waitFor();
		await this.dismissToasts();
	}

	async publish(): Promise<void> {
		await this.#page.getByRole('button', { name: 'Publish' }).first().click();
		await this.part('workflow-publish-button').click();
		await this.#page.getByText('Workflow published').first().waitFor();
	}

	/** Types into the node panel and gives the names that it lists. */
	async searchNodes(words: string): Promise<string[]> {
		const search = this.part('node-creator-search-bar');
		if (!(await search.isVisible())) await this.part('node-creator-plus-button').click();
		await search.fill(words);
		const names = this.part('node-creator-item-name');
		await names.first().waitFor();
		return (await names.allTextContents()).map((name) => name.trim());
	}

	async #choose(name: string): Promise<void> {
		await this.part('node-creator-item-name').getByText(name, { exact: true }).click();
	}

	async addTrigger(name: string): Promise<void> {
		await this.searchNodes(name);
		await this.#choose(name);
		await this.part('execute-workflow-button').waitFor();
	}

	/** Adds one of an installed package's nodes behind the last one, or as the first one. Its form opens. */
	async addCommunityNode(words: string, name: string): Promise<void> {
		await this.searchNodes(words);
		await this.#choose(name);
		await this.#page.getByRole('button', { name: 'Add to workflow' }).click();
		await this.part('node-execute-button').waitFor();
	}

	/** Adds one of n8n's own nodes behind the last one. Its form opens. */
	async addNode(name: string): Promise<void> {
		await this.searchNodes(name);
		await this.#choose(name);
		await this.part('node-execute-button').waitFor();
	}

	async openNode(name: string): Promise<void> {
		await this.part('canvas-node').filter({ hasText: name }).dblclick();
		await this.part('node-execute-button').waitFor();
	}

	async closeNode(): Promise<void> {
		await this.part('ndv-close-button').click();
		await this.part('ndv').waitFor({ state: 'hidden' });
	}

	/** Chooses from a drop-down list by the name that it shows. */
	async choose(parameter: Locator, option: string): Promise<void> {
		await parameter.click();
		await this.#page.locator('.el-select-dropdown__item:visible').filter({ hasText: option }).first().click();
	}

	/** Adds an entry of a collection such as *Filters* and types its value. */
	async addEntry(button: string, entry: string, parameter: string, value: string): Promise<void> {
		await this.choose(this.#page.getByPlaceholder(button), entry);
		await marked(this.#page, `parameter-input-${parameter}`).locator('input').fill(value);
	}

	/** Types into a parameter; of several with this name, into the one added last. */
	async type(parameter: string, value: string): Promise<void> {
		await this.part(`parameter-input-${parameter}`).last().locator('input').fill(value);
	}

	/** Makes an expression of an empty parameter, as a person does: by an equals sign. */
	async typeExpression(parameter: string, expression: string): Promise<void> {
		await this.type(parameter, '=');
		await this.part(`parameter-input-${parameter}`).last().locator('.cm-content').click();
		// As one piece: typed key by key, the editor would close the braces itself.
		await this.#page.keyboard.insertText(expression);
	}

	/** Replaces an expression with fixed words. */
	async overwriteExpression(parameter: string, value: string): Promise<void> {
		await this.part(`parameter-input-${parameter}`).locator('.cm-content').click();
		await this.#page.keyboard.press('Control+a');
		await this.#page.keyboard.type(value);
		// Once in the box, and once below it when the editor has worked out and kept what it comes to.
		await this.#page.getByText(value, { exact: true }).nth(1).waitFor();
	}

	/** Runs the node whose form is open and waits until n8n says how it has ended. */
	async executeStep(): Promise<void> {
		await this.part('node-execute-button').click();
		await this.#page.getByText(/Node executed successfully|Problem in node/).waitFor();
		await this.dismissToasts();
	}

	/** Does something that makes the editor ask n8n, and waits for the answer. */
	async untilAnswered(path: string, act: () => Promise<void>): Promise<void> {
		await Promise.all([this.#page.waitForResponse((response) => response.url().includes(path)), act()]);
	}

	/** Closes the messages in the corner, which lie over what there is to see. */
	async dismissToasts(): Promise<void> {
		const close = this.#page.locator('.el-notification__closeBtn');
		await close
			.first()
			.waitFor({ timeout: 2_000 })
			.catch(() => undefined);
		for (let left = await close.count(); left > 0; left--) await close.first().click({ timeout: 2_000 });
		await close.first().waitFor({ state: 'hidden' });
	}

	/** Everything of the page that a person, an extension or a screen reader can get at: markup, words, typed values. */
	async contents(): Promise<string> {
		const fields = this.#page.locator('input, textarea');
		const values = await Promise.all((await fields.all()).map((field) => field.inputValue().catch(() => '')));
		return [this.#page.url(), await this.#page.content(), ...values].join('\n');
	}
}
