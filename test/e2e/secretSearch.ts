import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

async function filesBelow(directory: string): Promise<string[]> {
	const entries = await readdir(directory, { withFileTypes: true, recursive: true });
	return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Reads on across the chunks' borders, so that no file has to fit into memory. */
async function holdsOneOf(file: string, needles: readonly Buffer[]): Promise<boolean> {
	const overlap = Math.max(...needles.map((needle) => needle.length)) - 1;
	let tail = Buffer.alloc(0);
	for await (const chunk of createReadStream(file)) {
		const text = Buffer.concat([tail, chunk]);
		if (needles.some((needle) => text.includes(needle))) return true;
		tail = text.subarray(Math.max(0, text.length - overlap));
	}
	return false;
}

/**
 * Files below a directory (n8n's database and its journal, logs, binary data, settings) that hold one of the secrets in
 * clear or in base64. Installed packages are left out: they were there before the secrets.
 */
export async function filesHolding(secrets: readonly string[], directory: string): Promise<string[]> {
	const needles = secrets.flatMap((secret) => [
		Buffer.from(secret),
		Buffer.from(Buffer.from(secret).toString('base64')),
	]);
	const packages = join('.n8n', 'nodes');
	const found: string[] = [];
	for (const file of await filesBelow(directory)) {
		if (!file.includes(packages) && (await holdsOneOf(file, needles))) found.push(file);
	}
	return found;
}
