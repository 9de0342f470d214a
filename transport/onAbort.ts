interface Registration {
	readonly listener: () => void;
	/** Where it stands among the listeners, -1 once it is taken off. */
	index: number;
}

/**
 * What one reader gives up, where an AbortSignal says what a whole execution does. Node.js makes three hidden classes for every
 * AbortSignal, which V8 keeps until it collects its whole heap (lib/internal/abort_controller.js sets the prototype of each):
 * too much to have one for each file.
 */
export class Cancellation {
	/** Not a Set: its tables, too, point to those that come after them, and V8 keeps what an old one holds. */
	readonly #listeners: Registration[] = [];
	#aborted = false;

	/** Calls every listener, the first time. */
	readonly abort = (): void => {
		if (this.#aborted) return;
		this.#aborted = true;
		for (const registration of this.#listeners.splice(0)) {
			// Another one's may have taken it off.
			if (registration.index >= 0) registration.listener();
		}
	};

	get aborted(): boolean {
		return this.#aborted;
	}

	/** Whether anybody listens. */
	get isHeard(): boolean {
		return this.#listeners.length > 0;
	}

	/** As `onAbort`. */
	listen(listener: () => void): () => void {
		const registration = { listener, index: this.#listeners.length };
		this.#listeners.push(registration);
		return () => this.#forget(registration);
	}

	#forget(registration: Registration): void {
		const { index } = registration;
		registration.index = -1;
		if (this.#listeners[index] !== registration) return;
		const last = this.#listeners.pop();
		if (last === undefined || last === registration) return;
		last.index = index;
		this.#listeners[index] = last;
	}
}

/** Tells that a request is no longer wanted. */
export type Abortable = AbortSignal | Cancellation;

/** What a signal aborts, while anybody listens. */
const followers = new WeakMap<AbortSignal, Cancellation>();

function follow(signal: AbortSignal): Cancellation {
	const follower = new Cancellation();
	signal.addEventListener('abort', follower.abort, { once: true });
	followers.set(signal, follower);
	return follower;
}

/**
 * Calls `listener` once when the signal aborts; the function returned takes the listener off again.
 *
 * A signal gets one listener, however many there are of ours. The files of an execution share its signal, and Node.js links
 * its listeners in a list that those taken off keep pointing into: one that V8 has moved to its old heap would hold every
 * file after it until the next collection of the whole heap.
 */
export function onAbort(signal: Abortable | undefined, listener: () => void): () => void {
	if (signal === undefined) return () => undefined;
	if (signal instanceof Cancellation) return signal.listen(listener);
	const follower = followers.get(signal) ?? follow(signal);
	const forget = follower.listen(listener);
	return () => {
		forget();
		if (follower.isHeard) return;
		signal.removeEventListener('abort', follower.abort);
		// Called a second time there may be another one by now.
		if (followers.get(signal) === follower) followers.delete(signal);
	};
}
