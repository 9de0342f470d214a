import { onAbort } from './onAbort';
import { TransportError } from './transportError';

/** What a task takes of the gate's room, and what ends its waiting. */
export interface Passage {
	/** In the unit of the limit, asked for when there may be room; 1 when absent. A task that is heavier than the limit runs alone. */
	readonly weight?: (() => number) | undefined;
	readonly signal?: AbortSignal | undefined;
}

interface Waiting {
	readonly weight: () => number;
	/** Gets the weight that was given room, 0 when the gate was closed. */
	readonly begin: (weight: number) => void;
}

const ONE = (): number => 1;

/**
 * Lets tasks of a limited weight run at once, first come, first served. The limit may change while they run. After `close`
 * no waiting task begins any more: each rejects with `closed`.
 */
export class Gate {
	#running = 0;

	#isClosed = false;

	readonly #waiting = new Set<Waiting>();

	constructor(private readonly limit: () => number) {}

	async run<Result>(task: () => Promise<Result>, { weight = ONE, signal }: Passage = {}): Promise<Result> {
		const taken = this.#takeNow(weight) ?? (await this.#turn(weight, signal));
		if (this.#isClosed) throw new TransportError('closed', 'The run ended before this was begun');
		return await task().finally(() => {
			this.#running -= taken;
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
		for (const { begin } of this.#waiting) begin(0);
		this.#waiting.clear();
	}

	#hasRoom(weight: number): boolean {
		return this.#running === 0 || this.#running + weight <= this.limit();
	}

	/** What it weighs, once that is given room; `undefined` when it has to wait. */
	#takeNow(weight: () => number): number | undefined {
		if (this.#isClosed) return 0;
		if (this.#waiting.size > 0) return undefined;
		const taken = weight();
		if (!this.#hasRoom(taken)) return undefined;
		this.#running += taken;
		return taken;
	}

	async #turn(weight: () => number, signal: AbortSignal | undefined): Promise<number> {
		return await new Promise<number>((resolve, reject) => {
			const abort = (): void => {
				this.#waiting.delete(waiting);
				reject(new TransportError('aborted', 'The run was stopped before this was begun'));
				// Lighter ones behind it may fit.
				this.#admit();
			};
			const forgetSignal = onAbort(signal, abort);
			const begin = (taken: number): void => {
				forgetSignal();
				resolve(taken);
			};
			const waiting = { weight, begin };
			if (signal?.aborted === true) abort();
			else this.#waiting.add(waiting);
		});
	}

	/** A Set keeps the order in which they came, and forgets the first one at once, however many wait. */
	#admit(): void {
		for (const waiting of this.#waiting) {
			const taken = waiting.weight();
			if (!this.#hasRoom(taken)) return;
			this.#running += taken;
			this.#waiting.delete(waiting);
			waiting.begin(taken);
		}
	}
}
