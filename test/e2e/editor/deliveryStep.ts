import type { EditorPage } from './editorPage';

/** Adds the step that posts each recording to the CRM, with its id and its checksum, and fills in its form. */
export async function addDeliveryStep(editor: EditorPage, crmAddress: string): Promise<void> {
	await editor.addNode('HTTP Request');
	await editor.choose(editor.part('parameter-input-method'), 'POST');
	await editor.type('url', crmAddress);
	await editor.part('parameter-input-sendBody').locator('.el-switch').click();
	await editor.choose(editor.part('parameter-input-contentType'), 'Form-Data');
	const addField = async (): Promise<void> => {
		const names = editor.part('parameter-input-name');
		const count = await names.count();
		await editor.part('fixed-collection-add').filter({ hasText: 'Add Body Field' }).click();
		// Until it is there, the last one is the one before it.
		await names.nth(count).waitFor();
	};
	await editor.type('name', 'recordingId');
	await editor.typeExpression('value', '{{ $json.recordingId }}');
	await addField();
	await editor.type('name', 'sha256');
	await editor.typeExpression('value', '{{ $json.download.sha256 }}');
	await addField();
	await editor.choose(editor.part('parameter-input-parameterType').last(), 'n8n Binary File');
	await editor.type('name', 'audio');
	await editor.type('inputDataFieldName', 'data');
}
