import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredCredential } from '../../../testbed/n8nHost/n8nClient';
import { startObjectStorage } from './objectStorage';

/** A place that the archive workflows store into. Its keys are what each calls its files. */
export interface Archive {
	/** What to fill in under *Settings*. */
	readonly settings: Readonly<Record<string, string>>;
	/** @param stored puts a credential of a type into n8n */
	credentials(
		stored: (type: string, data: Readonly<Record<string, unknown>>) => Promise<StoredCredential>,
	): Promise<StoredCredential[]>;
	/** Of a file of this tenant day, by its path on 8x8's server. */
	key(tenantDay: string, path: string): string;
	/** Inverse of `key`: the path alone. */
	pathOf(key: string): string;
	/** Everything that it holds. */
	held(): Promise<ReadonlyMap<string, Buffer>>;
	/** Keys that were written since this was last asked, sorted. */
	changes(): Promise<string[]>;
	/** Takes nothing under this key until `acceptAll`. */
	refuse(key: string): Promise<void>;
	acceptAll(): Promise<void>;
	close(): Promise<void>;
}

async function s3Archive(): Promise<Archive> {
	const { server, objects, written, refused } = await startObjectStorage('archive-key');
	let seen = 0;
	return {
		settings: { bucket: 'calls' },
		credentials: async (stored) => [
			await stored('s3', {
				endpoint: server.url,
				region: 'us-east-1',
				accessKeyId: 'archive-key',
				secretAccessKey: 'archive-secret',
				forcePathStyle: true,
			}),
		],
		key: (tenantDay, path) => `calls/${tenantDay}/${path}`,
		pathOf: (key) => key.split('/').slice(2).join('/'),
		held: async () => await Promise.resolve(objects),
		changes: async () => {
			const since = written.slice(seen);
			seen = written.length;
			return await Promise.resolve(since.sort());
		},
		refuse: async (key) => {
			refused.add(key);
			await Promise.resolve();
		},
		acceptAll: async () => {
			refused.clear();
			await Promise.resolve();
		},
		close: async () => await server.close(),
	};
}

async function diskArchive(root: string): Promise<Archive> {
	await mkdir(root, { recursive: true });
	const files = async (): Promise<string[]> =>
		(await readdir(root, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
	const times = new Map<string, number>();
	const refused = new Set<string>();
	return {
		settings: { directory: root },
		credentials: async () => await Promise.resolve([]),
		key: (tenantDay, path) => `${tenantDay}_${path.replace('/', '_')}`,
		pathOf: (key) => key.split('_').slice(1).join('_').replace('_', '/'),
		held: async () =>
			new Map(
				await Promise.all((await files()).map(async (name) => [name, await readFile(join(root, name))] as const)),
			),
		changes: async () => {
			const changed: string[] = [];
			for (const name of await files()) {
				const { mtimeMs } = await stat(join(root, name));
				if (times.get(name) !== mtimeMs) changed.push(name);
				times.set(name, mtimeMs);
			}
			return changed.sort();
		},
		// A directory in its place: whoever may write everywhere, as root may, cannot write it either.
		refuse: async (key) => {
			refused.add(key);
			await mkdir(join(root, key));
		},
		acceptAll: async () => {
			for (const key of refused) await rm(join(root, key), { recursive: true });
			refused.clear();
		},
		close: async () => await Promise.resolve(),
	};
}

/** The archive workflows, each with a place to store into; n8n must be allowed to write below `directory`. */
export const ARCHIVES: readonly {
	readonly file: string;
	readonly workflowId: string;
	open(directory: string): Promise<Archive>;
}[] = [
	{ file: 'nightly-archive-to-s3.json', workflowId: 'archivetos3', open: async () => await s3Archive() },
	{
		file: 'nightly-archive-to-sftp-or-disk.json',
		workflowId: 'archivetodisk',
		open: async (directory) => await diskArchive(directory),
	},
];
