import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { StoredCredential } from '../../../testbed/n8nHost/n8nClient';
import { available, startOpenSsh } from '../../../testbed/servers/openssh';
import { startObjectStorage } from './objectStorage';

/** A place that the archive workflows store into. Its keys are what each calls its files. */
export interface Archive {
	/** What to fill in under *Settings*. */
	readonly settings: Readonly<Record<string, string>>;
	/** Nodes to activate and to deactivate. */
	readonly active?: Readonly<Record<string, boolean>>;
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

/** What the two have in common whose files lie on this machine's disk: all files below `root`, by their paths from there. */
async function filesArchive(root: string): Promise<Pick<Archive, 'held' | 'changes' | 'refuse' | 'acceptAll'>> {
	await mkdir(root, { recursive: true });
	const files = async (): Promise<string[]> =>
		(await readdir(root, { withFileTypes: true, recursive: true }))
			.filter((entry) => entry.isFile())
			.map((entry) => relative(root, join(entry.parentPath, entry.name)));
	const times = new Map<string, number>();
	const refused = new Set<string>();
	return {
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
			await mkdir(join(root, key), { recursive: true });
		},
		acceptAll: async () => {
			for (const key of refused) await rm(join(root, key), { recursive: true });
			refused.clear();
		},
	};
}

async function diskArchive(root: string): Promise<Archive> {
	return {
		...(await filesArchive(root)),
		settings: { directory: root },
		credentials: async () => await Promise.resolve([]),
		key: (tenantDay, path) => `${tenantDay}_${path.replace('/', '_')}`,
		pathOf: (key) => key.slice('2016-06-06_'.length).replace('_', '/'),
		close: async () => await Promise.resolve(),
	};
}

/** OpenSSH's server, with the workflow's nodes for a disk deactivated. */
async function sftpArchive(root: string): Promise<Archive> {
	const files = await filesArchive(root);
	const { host, port, username, privateKey, close } = await startOpenSsh({ root });
	const [onDisk, onServer] = [
		['Store Recording', 'Store Its JSON', 'What the Archive Has', 'Store Index File'],
		['Send Recording', 'Send Its JSON', 'What the Server Has', 'Send Index File'],
	];
	return {
		...files,
		settings: { sftpDirectory: root },
		active: Object.fromEntries([
			...onDisk.map((name) => [name, false] as const),
			...onServer.map((name) => [name, true] as const),
		]),
		credentials: async (stored) => [await stored('sftp', { host, port, username, privateKey })],
		key: (tenantDay, path) => `${tenantDay}/${path}`,
		pathOf: (key) => key.split('/').slice(1).join('/'),
		close: async () => await close(),
	};
}

/** The archive workflows, each with a place to store into; n8n must be allowed to write below `directory`. */
export const ARCHIVES: readonly {
	readonly name: string;
	readonly file: string;
	readonly workflowId: string;
	/** Tenant days to look back; one is quicker. */
	readonly days: number;
	/** Why it cannot be tried here. */
	readonly missing?: string | undefined;
	open(directory: string): Promise<Archive>;
}[] = [
	{
		name: 'to S3',
		file: 'nightly-archive-to-s3.json',
		workflowId: 'archivetos3',
		days: 2,
		open: async () => await s3Archive(),
	},
	{
		name: 'to a disk',
		file: 'nightly-archive-to-sftp-or-disk.json',
		workflowId: 'archivetodisk',
		days: 1,
		open: async (directory) => await diskArchive(join(directory, 'disk')),
	},
	{
		name: 'to an SFTP server',
		file: 'nightly-archive-to-sftp-or-disk.json',
		workflowId: 'archivetosftp',
		days: 1,
		missing: available(),
		open: async (directory) => await sftpArchive(join(directory, 'sftp')),
	},
];
