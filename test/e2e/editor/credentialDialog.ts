import type { Locator } from 'playwright-core';
import type { EditorPage } from './editorPage';

/** The dialog in which a credential is typed in and tested. */
export class CredentialDialog {
	readonly #editor: EditorPage;

	constructor(editor: EditorPage) {
		this.#editor = editor;
	}

	#field(name: string): Locator {
		return this.#editor.part('editCredential-modal').locator(`[data-test-id="parameter-input-${name}"]`);
	}

	/** From the form of a node that has no credential yet. */
	async openNew(): Promise<void> {
		await this.#editor.part('node-credentials-select').click();
		await this.#editor.part('node-credentials-select-item-new').click();
		await this.#editor.part('editCredential-modal').waitFor();
	}

	/** From n8n's list of credentials, where a person without a workflow begins. */
	async openNewFromList(words: string): Promise<void> {
		await this.#editor.openCredentials();
		await this.#editor.part('add-resource-credential').click();
		const search = this.#editor.part('new-credential-type-select').locator('input');
		await search.fill(words);
		await this.#editor.choose(search, words);
		await this.#editor.part('new-credential-type-button').click();
		await this.#editor.part('editCredential-modal').waitFor();
	}

	/** The one that the node of the open form has. */
	async openExisting(): Promise<void> {
		await this.#editor.part('credential-edit-button').click();
		await this.#field('username').waitFor();
	}

	/** The credential that the open form is set to, empty when it has none. */
	async chosen(): Promise<string> {
		return await this.#editor.part('node-credentials-select').locator('input').inputValue();
	}

	async choose(name: string, option: string): Promise<void> {
		await this.#editor.choose(this.#field(name), option);
	}

	async type(name: string, value: string): Promise<void> {
		await this.#field(name).locator('input, textarea').first().fill(value);
	}

	/** Types in what leads to an FTPS server that 8x8 does not run. */
	async fillIn(data: Readonly<Record<string, unknown>>): Promise<void> {
		await this.choose('platform', 'Other Host');
		for (const field of ['host', 'port', 'username', 'password', 'caCertificate', 'tenantTimeZone']) {
			await this.type(field, String(data[field]));
		}
	}

	async typed(name: string): Promise<string> {
		return await this.#field(name).locator('input, textarea').first().inputValue();
	}

	/** Saves, which makes n8n test the connection, and gives what the dialog then says about it. */
	async save(): Promise<string> {
		await this.#editor.untilAnswered('/rest/credentials/test', async () => {
			await this.#editor.part('credential-save-button').click();
		});
		await this.#editor.dismissToasts();
		const container = this.#editor.part('node-credentials-config-container');
		// The dialog holds both sentences and shows the one that is true.
		const verdict = container
			.getByText(/Connection tested successfully|Couldn.t connect with these settings/)
			.filter({ visible: true });
		return (await verdict.innerText()).trim();
	}

	/** What the node's own test answered, as "More details" shows it. */
	async details(): Promise<string> {
		const container = this.#editor.part('node-credentials-config-container');
		await container.getByText('More details').click();
		return await container.innerText();
	}

	async close(): Promise<void> {
		const modal = this.#editor.part('editCredential-modal');
		await modal.locator('.el-dialog__headerbtn, .el-dialog__close').first().click();
		await modal.waitFor({ state: 'hidden' });
	}
}
