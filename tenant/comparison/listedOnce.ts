import type { Readable } from 'node:stream';

import type { ReadRange, RemoteEntry, RemoteStore, RequestOptions } from '../../transport/remoteStore';

/** A store that lists each directory once, so that the search for index files and the comparison with the files see the same. */
export class ListedOnce implements RemoteStore {
	readonly #listings = new Map<string, Promise<RemoteEntry[]>>();

	constructor(private readonly store: RemoteStore) {}

	/** Names of the directories listed so far, with those that turned out not to be there. */
	get directories(): string[] {
		return [...this.#listings.keys()];
	}

	async list(directory: string, options: RequestOptions = {}): Promise<RemoteEntry[]> {
		const listing = this.#listings.get(directory) ?? this.store.list(directory, options);
		this.#listings.set(directory, listing);
		return await listing;
	}

	async stat(path: string, options: RequestOptions = {}): Promise<RemoteEntry> {
		return await this.store.stat(path, options);
	}

	read(path: string, range: ReadRange = {}): Readable {
		return this.store.read(path, range);
	}

	async close(): Promise<void> {
		await this.store.close();
	}
}
