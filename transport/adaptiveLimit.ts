export interface AdaptiveLimitOptions {
	/** Files at once to begin with. */
	readonly start: number;
	/** Files at once that are never exceeded. */
	readonly most: number;
	/** Milliseconds, for tests. */
	readonly now?: () => number;
}

/** A rate has to rise by this much for more files at once to be worth it: less is noise, and load on the server. */
const WORTH_IT = 1.1;
/** A file costs round trips whatever its size; so many bytes stand for them, so that small files count too. */
const FILE_BYTES = 65_536;
const SHORTEST_EPOCH = 250;
/** Milliseconds in which objections are one: a connection that breaks takes all of its files with it. */
const ONE_OBJECTION = 1_000;
/** Epochs to keep a limit that more files did not help, before trying again: links change. */
const PATIENCE = 16;

/**
 * How many files to have in flight: it doubles while that moves more, steps back when it does not, and halves when the server
 * objects. A fixed number is either slow across an ocean or rude on a local network.
 */
export class AdaptiveLimit {
	readonly #most: number;

	readonly #now: () => number;

	#current: number;

	/** The limit before the last step up, and what it moved, in bytes a millisecond. */
	#before: { readonly limit: number; readonly rate: number } | undefined;

	#epochBegan: number;

	#bytes = 0;

	#files = 0;

	#rest = 0;

	#objectedAt = -Infinity;

	constructor({ start, most, now = () => performance.now() }: AdaptiveLimitOptions) {
		this.#most = Math.max(1, Math.floor(most));
		this.#current = Math.max(1, Math.min(this.#most, Math.floor(start)));
		this.#now = now;
		this.#epochBegan = now();
	}

	/** Files that may be in flight now. */
	get current(): number {
		return this.#current;
	}

	/** A file arrived whole. */
	succeeded(bytes: number): void {
		this.#bytes += bytes + FILE_BYTES;
		this.#files += 1;
		const elapsed = this.#now() - this.#epochBegan;
		if (this.#files >= this.#current && elapsed >= SHORTEST_EPOCH) this.#endEpoch(this.#bytes / elapsed);
	}

	/** The server refused or dropped a transfer for want of room: go on with half as many. */
	objected(): void {
		const now = this.#now();
		if (now - this.#objectedAt < ONE_OBJECTION) return;
		this.#objectedAt = now;
		this.#before = undefined;
		this.#rest = PATIENCE;
		this.#settle(Math.floor(this.#current / 2));
	}

	#endEpoch(rate: number): void {
		const before = this.#before;
		this.#before = undefined;
		if (before !== undefined && rate < before.rate * WORTH_IT) {
			this.#rest = PATIENCE;
			this.#settle(before.limit);
			return;
		}
		this.#rest -= 1;
		if (this.#rest > 0 || this.#current >= this.#most) {
			this.#settle(this.#current);
			return;
		}
		this.#before = { limit: this.#current, rate };
		this.#settle(this.#current * 2);
	}

	#settle(limit: number): void {
		this.#current = Math.max(1, Math.min(this.#most, limit));
		this.#epochBegan = this.#now();
		this.#bytes = 0;
		this.#files = 0;
	}
}
