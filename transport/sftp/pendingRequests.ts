/** Checks for each stall timeout; more would cost time, fewer would make it less exact. */
const CHECKS = 10;
const SHORTEST_CHECK = 10;

/** Why a request got no answer: its deadline passed, or the connection ended. */
export type Unanswered = 'overdue' | 'ended';

interface PendingRequest {
	checksWithoutProgress: number;
	readonly fail: (why: Unanswered) => void;
}

/**
 * The requests that one connection waits for, each with its own deadline. ssh2 forgets callbacks of requests on a channel
 * that has closed (ssh2 issue 1490), and servers have been seen to leave single requests unanswered (ssh2 issue 966).
 *
 * A server works through its queue, so an answer is progress for every request sent after the one it answers: on a slow
 * line a READ may rightly wait behind megabytes. Time is counted in checks rather than read from a clock, so that an
 * event loop that was blocked here is not blamed on the server.
 */
export class PendingRequests {
	readonly #pending = new Map<number, PendingRequest>();

	#interval = SHORTEST_CHECK;

	readonly #silent: () => void;

	#timer: NodeJS.Timeout | undefined;

	#last = 0;

	#lowestAnswered = Infinity;

	#checksInSilence = 0;

	/** `silent` is called when a request is overdue and nothing else was answered for `stallTimeout` ms either. */
	constructor(stallTimeout: number, silent: () => void) {
		this.#silent = silent;
		this.allow(stallTimeout);
	}

	get isEmpty(): boolean {
		return this.#pending.size === 0;
	}

	/** Another stall timeout, also for what is waited for now. */
	allow(stallTimeout: number): void {
		this.#interval = Math.max(SHORTEST_CHECK, Math.ceil(stallTimeout / CHECKS));
		if (this.#timer === undefined) return;
		clearInterval(this.#timer);
		this.#timer = this.#checks();
	}

	/** It is the socket that keeps the process alive, while somebody needs the connection. */
	#checks(): NodeJS.Timeout {
		return setInterval(() => this.#check(), this.#interval).unref();
	}

	/**
	 * Begins waiting. The function returned is called when the answer comes, and tells whether anyone still waits for it:
	 * false after `fail` was called.
	 */
	begin(fail: (why: Unanswered) => void): () => boolean {
		const id = (this.#last += 1);
		this.#pending.set(id, { checksWithoutProgress: 0, fail });
		this.#timer ??= this.#checks();
		return () => {
			this.#lowestAnswered = Math.min(this.#lowestAnswered, id);
			const isAwaited = this.#pending.delete(id);
			if (this.#pending.size === 0) this.#rest();
			return isAwaited;
		};
	}

	/** Fails all requests, because the connection has ended. */
	end(): void {
		const requests = [...this.#pending.values()];
		this.#pending.clear();
		this.#rest();
		for (const request of requests) request.fail('ended');
	}

	#rest(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.#lowestAnswered = Infinity;
		this.#checksInSilence = 0;
	}

	#check(): void {
		const progressAfter = this.#lowestAnswered;
		this.#lowestAnswered = Infinity;
		this.#checksInSilence = progressAfter === Infinity ? this.#checksInSilence + 1 : 0;
		const overdue: PendingRequest[] = [];
		for (const [id, request] of this.#pending) {
			request.checksWithoutProgress = id > progressAfter ? 0 : request.checksWithoutProgress + 1;
			if (request.checksWithoutProgress <= CHECKS) continue;
			this.#pending.delete(id);
			overdue.push(request);
		}
		const isSilent = overdue.length > 0 && this.#checksInSilence > CHECKS;
		if (this.#pending.size === 0) this.#rest();
		for (const request of overdue) request.fail('overdue');
		if (isSilent) this.#silent();
	}
}
