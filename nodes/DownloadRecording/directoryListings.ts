import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';

/** Files of one directory from which on a listing is cheaper than asking about each: it takes about as many round trips. */
const WORTH_A_LISTING = 4;

/**
 * Sizes of files that are wanted from the same directory, from one listing of it instead of a request for each file. What a
 * listing does not tell is asked for as usual, so that a directory that cannot be listed costs nothing but time.
 */
export class DirectoryListings {
	readonly #wanted = new Map<string, number>();

	readonly #listings = new Map<string, Promise<ReadonlyMap<string, RemoteEntry>>>();

	constructor(
		private readonly store: RemoteStore,
		private readonly signal: AbortSignal | undefined,
	) {}

	/** Says that a file will be asked for. */
	want(path: string): void {
		const directory = directoryOf(path);
		this.#wanted.set(directory, (this.#wanted.get(directory) ?? 0) + 1);
	}

	/** What a listing says of the file; `undefined` when it is not worth one, or does not tell. */
	async find(path: string): Promise<RemoteEntry | undefined> {
		const directory = directoryOf(path);
		if ((this.#wanted.get(directory) ?? 0) < WORTH_A_LISTING) return undefined;
		const known = this.#listings.get(directory) ?? this.#list(directory);
		this.#listings.set(directory, known);
		return (await known).get(path);
	}

	async #list(directory: string): Promise<ReadonlyMap<string, RemoteEntry>> {
		return await this.store.list(directory, { signal: this.signal }).then(
			(entries) =>
				new Map(
					entries.filter(({ type, size }) => type === 'file' && size !== undefined).map((entry) => [entry.path, entry]),
				),
			() => new Map<string, RemoteEntry>(),
		);
	}
}

function directoryOf(path: string): string {
	return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
