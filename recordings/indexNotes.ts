/** Lines named one by one in a hint; more are counted. */
const MOST_NAMED = 5;

/** What could not be read whole, by file, for an execution hint. Bounded, however bad the file is. */
export class IndexNotes {
	readonly #byFile = new Map<string, { named: string[]; count: number }>();

	add(file: string, line: number, what: string): void {
		const notes = this.#byFile.get(file) ?? { named: [], count: 0 };
		notes.count += 1;
		if (notes.named.length < MOST_NAMED) notes.named.push(`line ${line}: ${what}`);
		this.#byFile.set(file, notes);
	}

	/** One sentence a file, such as `Index/I20160606.csv: line 17: …; line 30: … (and 3 more)`. */
	get hints(): string[] {
		return [...this.#byFile].map(([file, { named, count }]) => {
			const more = count > named.length ? ` (and ${count - named.length} more)` : '';
			return `${file}: ${named.join('; ')}${more}`;
		});
	}
}
