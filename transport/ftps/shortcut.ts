/**
 * Something quicker that not every server can do. It is tried by one connection while the others do without, used by all
 * once it has worked, and never again when it has not. One for each account, so that it costs a server at most one attempt.
 */
export class Shortcut {
	#state: 'untried' | 'trying' | 'works' | 'fails' = 'untried';

	/** Whether to take it now; then `worked` or `failed` has to be called. */
	begin(): boolean {
		if (this.#state === 'works') return true;
		if (this.#state !== 'untried') return false;
		this.#state = 'trying';
		return true;
	}

	get isProven(): boolean {
		return this.#state === 'works';
	}

	get isRuledOut(): boolean {
		return this.#state === 'fails';
	}

	worked(): void {
		if (this.#state === 'trying') this.#state = 'works';
	}

	/** What worked before and fails once is most likely a connection that broke. */
	failed(): void {
		if (this.#state === 'trying') this.#state = 'fails';
	}

	/** The server said that it will not have it. */
	refused(): void {
		this.#state = 'fails';
	}
}
