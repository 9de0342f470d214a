import { INDEX_DIRECTORY, indexFileOf } from './indexFile';
import type { IndexFile } from './indexFile';
import { parseDirectoryName } from '../../recordings/remoteName';
import type { Abortable } from '../../transport/onAbort';
import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';
import { ifThere, isNotFound } from '../../transport/ifThere';
import { ExplainedError } from '../explainedError';

/** An index file as the server lists it. */
export interface ListedIndexFile extends IndexFile {
	/** Bytes, and when it was written; `undefined` when the server does not tell. */
	readonly size: number | undefined;
	readonly modifiedAt: Date | undefined;
}

/** What the top of a tenant directory holds. */
export interface TenantOverview {
	/** Index files of `Index/`, newest day first, the basic edition of a day before the detailed one. */
	readonly indexFiles: readonly ListedIndexFile[];
	/** Names of the day directories, newest first. */
	readonly dayDirectories: readonly string[];
	/** Whether there is an `Index/`, with index files in it or without. */
	readonly hasIndexDirectory: boolean;
	/** Nothing at all is in the tenant directory. */
	readonly isEmpty: boolean;
}

/**
 * What lies at the top of a tenant. That it is not there at all is a slip in the credential, and told as such.
 *
 * @param tenantDirectory as the credential names it
 */
export async function listTop(store: RemoteStore, tenantDirectory: string, signal?: Abortable): Promise<RemoteEntry[]> {
	return await store.list('', { signal }).catch((error: unknown) => {
		if (!isNotFound(error) || tenantDirectory === '') throw error;
		throw new ExplainedError(
			`The tenant directory '${tenantDirectory}' is not on the server`,
			"Check 'Tenant Directory' in the credential: it names the directory that holds Index and the day directories, and may stay empty.",
		);
	});
}

/** Looks at the tenant directory and its `Index/`, which a tenant may not have. */
export async function tenantOverview(
	store: RemoteStore,
	tenantDirectory: string,
	signal?: Abortable,
): Promise<TenantOverview> {
	const top = await listTop(store, tenantDirectory, signal);
	const dayDirectories = top
		.filter((entry) => entry.type === 'directory' && parseDirectoryName(entry.name) !== undefined)
		.map((entry) => entry.name)
		.sort()
		.reverse();
	const entries = await ifThere(store.list(INDEX_DIRECTORY, { signal }));
	const indexFiles = indexFilesOf(INDEX_DIRECTORY, entries ?? []);
	return { indexFiles, dayDirectories, hasIndexDirectory: entries !== undefined, isEmpty: top.length === 0 };
}

/**
 * Refuses a directory that is there and shows nothing of a tenant: a slip in the credential, which would else pass for a tenant
 * without calls.
 *
 * @throws ExplainedError
 */
export function refuseNoTenant({ dayDirectories, hasIndexDirectory }: TenantOverview, tenantDirectory: string): void {
	if (hasIndexDirectory || dayDirectories.length > 0) return;
	const where = tenantDirectory === '' ? 'the login directory' : `'${tenantDirectory}'`;
	throw new ExplainedError(
		`Connected, but ${where} holds neither an Index directory nor day directories such as S20160607`,
		"Check 'Tenant Directory' in the credential: it has to name the directory that holds Index. A tenant without a call has neither: come back after its first one.",
	);
}

/** The index files of a listing, newest day first, the basic edition of a day before the detailed one. */
export function indexFilesOf(directory: string, entries: readonly RemoteEntry[]): ListedIndexFile[] {
	return entries
		.flatMap(({ type, name, size, modifiedAt }) => {
			const file = type === 'file' ? indexFileOf(directory, name) : undefined;
			return file === undefined ? [] : [{ ...file, size, modifiedAt }];
		})
		.sort((a, b) => (a.date === b.date ? a.edition - b.edition : a.date < b.date ? 1 : -1));
}
