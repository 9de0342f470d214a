/** Lines named one by one in a hint; more are counted. */
const MOST_NAMED = 5;

interface NotedLines {
	readonly named: string[];
	count: number;
}

/** What could not be read whole, by file, for an execution hint. Bounded, however bad the file is. */
export class IndexNotes {
	readonly #byFile = new Map<string, NotedLines>();

	readonly #noCalls = new Map<string, NotedLines>();

	add(file: string, line: number, what: string): void {
		const notes = this.#byFile.get(file) ?? { named: [], count: 0 };
		notes.count += 1;
		if (notes.named.length < MOST_NAMED) notes.named.push(`line ${line}: ${what}`);
		this.#byFile.set(file, notes);
	}

	/** Counts a line that is no call, such as a total. */
	addNoCall(file: string, line: number): void {
		const lines = this.#noCalls.get(file) ?? { named: [], count: 0 };
		lines.count += 1;
		if (lines.named.length < MOST_NAMED) lines.named.push(String(line));
		this.#noCalls.set(file, lines);
	}

	/** One sentence a file, such as `Index/I20160606.csv: line 17: …; line 30: … (and 3 more)`. */
	get hints(): string[] {
		const troubles = [...this.#byFile].map(
			([file, noted]) => `${file}: ${noted.named.join('; ')}${moreThanNamed(noted)}`,
		);
		const noCalls = [...this.#noCalls].map(([file, noted]) => {
			const [are, left, lines] =
				noted.count === 1
					? ['1 line is no call', 'was', 'line']
					: [`${noted.count} lines are no calls`, 'were', 'lines'];
			return `${file}: ${are} and ${left} left out, such as a title, a total or dashes: ${lines} ${noted.named.join(', ')}${moreThanNamed(noted)}`;
		});
		return [...troubles, ...noCalls];
	}
}

function moreThanNamed({ named, count }: NotedLines): string {
	return count > named.length ? ` (and ${count - named.length} more)` : '';
}
