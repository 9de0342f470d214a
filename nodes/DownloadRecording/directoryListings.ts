import { lettersOf } from '../../recordings/nameLetters';
import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';

/** Files of one directory from which on a listing pays: it takes a few round trips, and asking about each file takes one. */
const WORTH_A_LISTING = 16;

/**
 * Sizes of files that are wanted from the same directory, from one listing of it instead of a request for each file. Nothing
 * waits for the listing: until it is there, and for what it does not tell, files are asked about one by one, so that the first
 * ones are on their way at once and a directory that cannot be listed holds nothing up.
 */
export class DirectoryListings {
	readonly #wanted = new Map<string, number>();

	/** By directory; without entries while a listing is under way, and for good when it failed. */
	readonly #listings = new Map<string, ReadonlyMap<string, RemoteEntry>>();

	readonly #spellings = new Map<string, Promise<RemoteEntry[]>>();

	constructor(
		private readonly store: RemoteStore,
		private readonly signal: AbortSignal | undefined,
	) {}

	/** Says that a file will be asked for. */
	want(path: string): void {
		const directory = directoryOf(path);
		this.#wanted.set(directory, (this.#wanted.get(directory) ?? 0) + 1);
	}

	/** What a listing says of the file; `undefined` when there is none yet, or it does not tell. */
	find(path: string): RemoteEntry | undefined {
		const directory = directoryOf(path);
		if ((this.#wanted.get(directory) ?? 0) < WORTH_A_LISTING) return undefined;
		const listing = this.#listings.get(directory);
		if (listing === undefined) this.#list(directory);
		return listing?.get(path);
	}

	/** The file whose name is the path's in another spelling, as an index may have it; `undefined` when there is none. */
	async spelledAlike(path: string): Promise<RemoteEntry | undefined> {
		const directory = directoryOf(path);
		const listing = this.#spellings.get(directory) ?? this.store.list(directory, { signal: this.signal });
		this.#spellings.set(directory, listing);
		// Whoever asked has the failure already that matters: the file is not there.
		const entries = await listing.catch((): RemoteEntry[] => []);
		return entries.find((entry) => entry.type === 'file' && lettersOf(entry.path) === lettersOf(path));
	}

	#list(directory: string): void {
		this.#listings.set(directory, new Map());
		this.store.list(directory, { signal: this.signal }).then(
			(entries) => {
				const files = entries.filter(({ type, size }) => type === 'file' && size !== undefined);
				this.#listings.set(directory, new Map(files.map((entry) => [entry.path, entry])));
			},
			// Whoever asks about a file next is told what is wrong.
			() => this.#listings.set(directory, new Map()),
		);
	}
}

function directoryOf(path: string): string {
	return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
