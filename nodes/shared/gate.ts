import { onAbort } from '../../transport/onAbort';
import { TransportError } from '../../transport/transportError';

/** What a task takes of the gate's room, and what ends its waiting. */
export interface Passage {
	/** In the unit of the limit; 1 when absent. A task that is heavier than the limit runs alone. */
	readonly weight?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

interface Waiting {
	readonly weight: number;
	readonly begin: () => void;
}

/**
 * Lets tasks of a limited weight run at once, first come, first served. The limit may change while they run. After `close`
 * no waiting task begins any more: each rejects with `closed`.
 */
export class Gate {
	#running = 0;

	#isClosed = false;

	readonly #waiting = new Set<Waiting>();

	constructor(private readonly limit: () => number) {}

	async run<Result>(task: () => Promise<Result>, { weight = 1, signal }: Passage = {}): Promise<Result> {
		if (!this.#isClosed && (this.#waiting.size > 0 || !this.#hasRoom(weight))) {
			await this.#turn(weight, signal);
		} else {
			this.#running += weight;
		}
		if (this.#isClosed) throw new TransportError('closed', 'The run ended before this was begun');
		return await task().finally(() => {
			this.#running -= weight;
			this.#admit();
		});
	}

	/** Runs a task for each item; results come in the order of the items. The first failure closes the gate and is passed on at once. */
	async map<Item, Result>(
		items: readonly Item[],
		task: (item: Item, index: number) => Promise<Result>,
	): Promise<Result[]> {
		const runs = items.map(async (item, index) => await this.run(async () => await task(item, index)));
		return await Promise.all(runs).catch((error: unknown) => {
			this.close();
			throw error;
		});
	}

	close(): void {
		this.#isClosed = true;
		for (const { begin } of this.#waiting) begin();
		this.#waiting.clear();
	}

	#hasRoom(weight: number): boolean {
		return this.#running === 0 || this.#running + weight <= this.limit();
	}

	async #turn(weight: number, signal: AbortSignal | undefined): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			const abort = (): void => {
				this.#waiting.delete(waiting);
				reject(new TransportError('aborted', 'The run was stopped before this was begun'));
				// Lighter ones behind it may fit.
				this.#admit();
			};
			const forgetSignal = onAbort(signal, abort);
			const begin = (): void => {
				forgetSignal();
				resolve();
			};
			const waiting = { weight, begin };
			if (signal?.aborted === true) abort();
			else this.#waiting.add(waiting);
		});
	}

	/** A Set keeps the order in which they came, and forgets the first one at once, however many wait. */
	#admit(): void {
		for (const waiting of this.#waiting) {
			if (!this.#hasRoom(waiting.weight)) return;
			this.#running += waiting.weight;
			this.#waiting.delete(waiting);
			waiting.begin();
		}
	}
}
