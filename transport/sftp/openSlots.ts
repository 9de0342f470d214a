import { onAbort, type Abortable } from '../onAbort';

/** What is known of how many handles a server allows, on each connection or on all of them together. */
export class HandleLimit {
	handles = Infinity;

	/** Most that were ever open together. */
	mostOpen = 0;

	/** Whether a handle that was refused beside more was given beside fewer. */
	isProven = false;
}

/**
 * How many handles may be open together. There is no limit until the server refuses to open one beside others: some
 * allow a single one (rclone issue 1381, ssh2 issue 791), others 64 or 100 (spring-integration issue 8744). From then on
 * whoever wants one waits for its turn.
 *
 * A refusal can be about the path just as well. It counts as one of number only when as many have never been open
 * together, and it is forgotten when the same path is refused again with fewer beside it.
 */
export class OpenSlots {
	#taken = 0;

	#open = 0;

	readonly #waiting = new Set<() => void>();

	constructor(private readonly limit = new HandleLimit()) {}

	/** Handles that are open now. */
	get open(): number {
		return this.#open;
	}

	/** Waits for a slot; false when the signal aborted first. */
	take(signal?: Abortable): Promise<boolean> {
		if (this.#waiting.size === 0 && this.#taken < this.limit.handles) {
			this.#taken += 1;
			return Promise.resolve(true);
		}
		return new Promise((resolve) => {
			const turn = (): void => {
				stopListening();
				this.#taken += 1;
				resolve(true);
			};
			const stopListening = onAbort(signal, () => {
				this.#waiting.delete(turn);
				resolve(false);
			});
			this.#waiting.add(turn);
		});
	}

	/** Gives a slot back in which nothing was opened. */
	give(): void {
		this.#taken -= 1;
		this.#serve();
	}

	/** The handle for which a slot was taken is open. `isRetry`: it was refused before, beside more. */
	opened(isRetry: boolean): void {
		this.#open += 1;
		this.limit.mostOpen = Math.max(this.limit.mostOpen, this.#open);
		if (isRetry) this.limit.isProven = true;
		if (this.#open > this.limit.handles) this.#forget();
	}

	/** The handle is closed, and its slot free. */
	closed(): void {
		this.#open -= 1;
		this.give();
	}

	/** Opening was refused beside so many others. True when fewer may do: take another slot and try again. */
	refused(beside: number): boolean {
		if (beside > 0 && beside >= this.limit.mostOpen) {
			this.limit.handles = Math.min(this.limit.handles, beside);
			return true;
		}
		if (!this.limit.isProven) this.#forget();
		return false;
	}

	#forget(): void {
		this.limit.handles = Infinity;
		this.limit.isProven = false;
		this.#serve();
	}

	#serve(): void {
		for (const turn of this.#waiting) {
			if (this.#taken >= this.limit.handles) return;
			this.#waiting.delete(turn);
			turn();
		}
	}
}
