import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';

import { DOC_PAGES } from './docPages';
import { withParameterTables } from './parameterTables';

/** `npm run docs`: writes the parameter tables of the pages anew. */
async function writePages(): Promise<void> {
	for (const [file, properties] of DOC_PAGES) {
		const page = await readFile(file, 'utf8');
		const current = withParameterTables(page, properties);
		if (current === page) continue;
		await writeFile(file, current);
		console.log(`Wrote ${relative(process.cwd(), file)}`);
	}
}

void writePages();
