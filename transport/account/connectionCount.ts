/** How long a limit is believed: others may have had the rest of the connections that the server allows. */
const BELIEVED_MILLISECONDS = 600_000;

/** How many connections a server takes of an account, as far as this process has seen. */
export class ConnectionCount {
	#open = 0;

	#mostOpen = 0;

	#limit = Infinity;

	#limitedAt = 0;

	/** Most that were ever open together. */
	get mostOpen(): number {
		return this.#mostOpen;
	}

	/** Connections beyond which the server objected lately; at least 1, Infinity when it did not. */
	get limit(): number {
		return Date.now() - this.#limitedAt < BELIEVED_MILLISECONDS ? this.#limit : Infinity;
	}

	opened(): void {
		this.#open += 1;
		this.#mostOpen = Math.max(this.#mostOpen, this.#open);
		// Of several log-ins at once, one may be refused before the others are through.
		this.#limit = Math.max(this.#limit, this.#open);
	}

	closed(): void {
		this.#open -= 1;
	}

	/** The server would not take one more, although it had taken the same log-in. */
	objected(): void {
		this.#limit = Math.max(1, this.#open);
		this.#mostOpen = this.#limit;
		this.#limitedAt = Date.now();
	}
}
