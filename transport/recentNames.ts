/** Milliseconds after its end for which a listing tells what is not there. */
const FRESH_MILLISECONDS = 10_000;

interface RecentListing<Name> {
	/** `undefined` when it failed. */
	readonly names: Promise<readonly Name[] | undefined>;
	/** When it was done; `undefined` while it is under way. */
	endedAt: number | undefined;
}

/**
 * Listings that explain refusals, for all connections of a store: vsftpd answers SIZE of a missing file with a 550 that does
 * not say why, SFTP servers no more than "Failure", so a hundred missing files would be as many listings of a directory of thousands of names.
 */
export class RecentNames<Name> {
	readonly #listings = new Map<string, RecentListing<Name>>();

	/**
	 * The names of a directory from a listing that was done a moment ago, or that another connection is doing, else from `list`.
	 *
	 * @param gone resolves when the one who asks cannot wait any longer
	 */
	async of(directory: string, list: () => Promise<readonly Name[]>, gone: Promise<void>): Promise<readonly Name[]> {
		const known = this.#listings.get(directory);
		if (known !== undefined && (known.endedAt === undefined || Date.now() - known.endedAt < FRESH_MILLISECONDS)) {
			const names = await Promise.race([known.names, gone.then(() => undefined)]);
			if (names !== undefined) return names;
		}
		const listing = list();
		const own: RecentListing<Name> = { names: listing.catch(() => undefined), endedAt: undefined };
		this.#listings.set(directory, own);
		return await listing.finally(() => {
			own.endedAt = Date.now();
		});
	}
}
