import { INDEX_DIRECTORY, indexFileOf } from '../../recordings/indexFile';
import type { IndexFile } from '../../recordings/indexFile';
import { parseDirectoryName } from '../../recordings/remoteName';
import type { RemoteStore } from '../../transport/remoteStore';
import { TransportError } from '../../transport/transportError';

/** What the top of a tenant directory holds. */
export interface TenantOverview {
	/** Index files of `Index/`, newest day first, the basic edition of a day before the detailed one. */
	readonly indexFiles: readonly IndexFile[];
	/** Names of the day directories, newest first. */
	readonly dayDirectories: readonly string[];
}

/** Looks at the tenant directory and its `Index/`, which a tenant may not have. */
export async function tenantOverview(store: RemoteStore): Promise<TenantOverview> {
	const top = await store.list('');
	const dayDirectories = top
		.filter((entry) => entry.type === 'directory' && parseDirectoryName(entry.name) !== undefined)
		.map((entry) => entry.name)
		.sort()
		.reverse();
	const entries = await store.list(INDEX_DIRECTORY).catch((error: unknown) => {
		if (error instanceof TransportError && error.code === 'not-found') return [];
		throw error;
	});
	const indexFiles = entries
		.flatMap((entry) => (entry.type === 'file' ? (indexFileOf(INDEX_DIRECTORY, entry.name) ?? []) : []))
		.sort((a, b) => (a.date === b.date ? a.edition - b.edition : a.date < b.date ? 1 : -1));
	return { indexFiles, dayDirectories };
}
