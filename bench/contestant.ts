import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Endpoint, Protocol } from './measuredServers';
import type { Cost } from './processCost';
import type { Tree } from './tree';

/** One download of a whole tree. */
export interface Job {
	readonly endpoint: Endpoint;
	readonly tree: Tree;
	/** An empty directory for whoever writes files. */
	readonly destination: string;
	/** Aborts when the time is up. */
	readonly signal: AbortSignal;
}

/** A program that downloads. */
export interface Contestant {
	/** As on the command line and in the table, such as `lftp -P16`. */
	readonly name: string;
	/**
	 * `ours` against `peer`; `default` as it comes, `best` set up by somebody who knows it. n8n's own FTP node is what
	 * its users have today: it is measured and is no peer that we have to keep up with. A `converter` downloads nothing: it
	 * makes MP3s of what lies on the disk, for its processor time.
	 */
	readonly kind: 'ours' | 'peer default' | 'peer best' | 'n8n FTP node' | 'converter';
	readonly protocols: readonly Protocol[];
	/** Why it cannot run here, `undefined` when it can. */
	missing(): string | undefined;
	/** Starts what it runs in, before its time counts. */
	prepare?(): Promise<unknown>;
	/** Downloads the tree and proves that all of it came; rejects when it did not. */
	download(job: Job): Promise<Cost>;
}

/** Rejects unless the files that lie below `directory` are the tree's, by name and bytes. */
export async function verifyFiles(directory: string, tree: Tree): Promise<void> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true });
	const found = new Map<string, number>();
	for (const entry of entries) {
		if (entry.isFile()) found.set(entry.name, (await stat(join(entry.parentPath, entry.name))).size);
	}
	const wrong = tree.files.filter(({ name, bytes }) => found.get(name) !== bytes);
	if (wrong.length === 0 && found.size === tree.files.length) return;
	throw new Error(
		`${found.size} files of ${tree.files.length} came, ${wrong.length} of them missing or not whole (${wrong[0]?.name ?? ''})`,
	);
}
