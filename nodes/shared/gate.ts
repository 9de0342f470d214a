import { TransportError } from '../../transport/transportError';

/**
 * Lets a limited number of tasks run at once, first come, first served. The limit may change while they run. After `close`
 * no waiting task begins any more: each rejects with `closed`.
 */
export class Gate {
	#running = 0;

	#isClosed = false;

	readonly #waiting = new Set<() => void>();

	constructor(private readonly limit: () => number) {}

	async run<Result>(task: () => Promise<Result>): Promise<Result> {
		if (!this.#isClosed && (this.#waiting.size > 0 || this.#running >= this.limit())) {
			await new Promise<void>((begin) => this.#waiting.add(begin));
		} else {
			this.#running += 1;
		}
		if (this.#isClosed) throw new TransportError('closed', 'The run ended before this was begun');
		return await task().finally(() => {
			this.#running -= 1;
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
		for (const begin of this.#waiting) begin();
		this.#waiting.clear();
	}

	/** A Set keeps the order in which they came, and forgets the first one at once, however many wait. */
	#admit(): void {
		for (const begin of this.#waiting) {
			if (this.#running >= this.limit()) return;
			this.#running += 1;
			this.#waiting.delete(begin);
			begin();
		}
	}
}
