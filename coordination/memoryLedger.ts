import type { AskingFirst, LeaseLedger, LedgerAnswer, LedgerEntry } from './leaseLedger';

interface Place extends AskingFirst {
	readonly since: number;
}

/** The leases of an account within one process, for n8n's regular mode. */
export class MemoryLedger implements LeaseLedger {
	readonly pace = undefined;

	readonly #held = new Set<string>();

	readonly #queue = new Map<string, Place>();

	#arrivals = 0;

	settle({ held, gone, first, further }: LedgerEntry): Promise<LedgerAnswer> {
		for (const id of gone) {
			this.#held.delete(id);
			this.#queue.delete(id);
		}
		for (const id of held) this.#held.add(id);
		for (const each of first) this.#queue.set(each.id, { ...each, since: this.#placeOf(each) });
		const since = new Map(first.map(({ id }) => [id, this.#queue.get(id)?.since ?? 0]));

		const granted = new Set<string>();
		const grant = (id: string): void => {
			this.#queue.delete(id);
			this.#held.add(id);
			granted.add(id);
		};
		const inOrder = [...this.#queue.values()].sort((a, b) => a.since - b.since);
		let ahead = 0;
		for (const { id, limit } of inOrder) {
			if (this.#held.size + ahead < limit) grant(id);
			else ahead += 1;
		}
		for (const { id, limit } of further) {
			if (this.#queue.size === 0 && this.#held.size < limit) grant(id);
		}
		const short = further.filter(({ id }) => !granted.has(id)).length;
		return Promise.resolve({ granted, since, waiting: this.#queue.size, held: this.#held.size, short });
	}

	#placeOf({ id, since }: AskingFirst): number {
		if (since > 0) return since;
		return this.#queue.get(id)?.since ?? (this.#arrivals += 1);
	}
}
