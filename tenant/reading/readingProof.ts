import { buffer } from 'node:stream/consumers';

import type { RemoteStore } from '../../transport/remoteStore';
import { TransportError } from '../../transport/transportError';
import { ExplainedError } from '../explainedError';
import type { TenantOverview } from './indexListing';

/** Files that are tried before it is said that none can be read: one may be locked, or just written. */
const TRIED_FILES = 3;

/** Failures of a request on a connection that works. */
const REFUSALS: ReadonlySet<string> = new Set(['not-found', 'permission-denied', 'not-a-file', 'protocol', 'busy']);

/** The newest files that have something to read: of `Index/`, else of the newest day directory. */
async function newestFiles(store: RemoteStore, overview: TenantOverview): Promise<string[]> {
	const [newestDirectory] = overview.dayDirectories;
	const files: ReadonlyArray<{ readonly path: string; readonly size: number | undefined }> =
		overview.indexFiles.length > 0 || newestDirectory === undefined
			? overview.indexFiles
			: (await store.list(newestDirectory)).filter(({ type }) => type === 'file');
	return files
		.filter(({ size }) => size !== 0)
		.slice(0, TRIED_FILES)
		.map(({ path }) => path);
}

/** Why the server gives nobody this file, `undefined` when a byte of it came. */
async function refusalOf(store: RemoteStore, path: string): Promise<ExplainedError | undefined> {
	// Without the listed size, which an index that is being written has outgrown a moment later.
	return await buffer(store.read(path, { start: 0, length: 1 })).then(
		() => undefined,
		(error: unknown) => {
			if (!(error instanceof TransportError) || !REFUSALS.has(error.code)) throw error;
			return new ExplainedError(
				`Connected, and the directories can be listed, but '${path}' cannot be read: ${error.message.replace(/\.$/u, '')}`,
				'Ask the operator of the server to let this account read the files.',
			);
		},
	);
}

/**
 * Reads one byte of what was found, for there are servers that list a directory and give nobody a file of it. A tenant with
 * nothing to read passes.
 *
 * @throws ExplainedError that names the newest file, when the server refuses each that is tried
 */
export async function proveReading(store: RemoteStore, overview: TenantOverview): Promise<void> {
	let newest: ExplainedError | undefined;
	for (const path of await newestFiles(store, overview)) {
		const refusal = await refusalOf(store, path);
		if (refusal === undefined) return;
		newest ??= refusal;
	}
	if (newest !== undefined) throw newest;
}
