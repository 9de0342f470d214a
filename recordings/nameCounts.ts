/** Names that calls carry, such as agents or wrap-up codes, and how many calls carry each; spellings that differ in case only are one. */
export class NameCounts {
	readonly #byKey = new Map<string, { readonly name: string; calls: number }>();

	add(name: string | null): void {
		const trimmed = name?.trim() ?? '';
		if (trimmed === '') return;
		const key = trimmed.toLowerCase();
		const known = this.#byKey.get(key) ?? { name: trimmed, calls: 0 };
		known.calls += 1;
		this.#byKey.set(key, known);
	}

	/** In the order of the alphabet, numbers by their value. */
	get sorted(): ReadonlyArray<{ readonly name: string; readonly calls: number }> {
		const { compare } = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
		return [...this.#byKey.values()].sort((a, b) => compare(a.name, b.name));
	}
}
