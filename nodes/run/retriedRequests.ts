import { countText } from './figureText';
import { info } from './executionHints';
import type { Hint } from './executionHints';

/** What a run had to try again: it went well in the end, but nobody shall think that the connection is sound. */
export class RetriedRequests {
	#count = 0;

	#last = '';

	/** Takes note of a failure after which a request is tried again. */
	readonly note = (failure: unknown): void => {
		this.#count += 1;
		this.#last = failure instanceof Error ? failure.message.replace(/\.$/, '') : 'no reason given';
	};

	get hints(): Hint[] {
		if (this.#count === 0) return [];
		const times = this.#count === 1 ? 'once' : `${countText(this.#count)} times`;
		return [info(`Tried again ${times} after a failure of the connection or the server, the last one: ${this.#last}.`)];
	}
}
