import type { IndexRow, ReadRow } from '../../recordings/indexRow';

/** How rich the best row of a recording is so far, and which file it came from when richness is equal. */
export interface Rank {
	readonly richness: number;
	readonly priority: number;
}

/**
 * Gathers the rows of several index files into one list: every recording once, its richer row; rows without a recording
 * are never merged. Rows that do not match the filter are not kept, only their ids and ranks, so that a poorer copy
 * of a dropped row does not slip in.
 */
export class MergedCalls {
	readonly #kept = new Map<string, { readonly read: ReadRow; readonly rank: Rank }>();

	readonly #dropped = new Map<string, Rank>();

	readonly #unnamed: ReadRow[] = [];

	constructor(private readonly matches: (row: IndexRow) => boolean) {}

	/** `priority` of the file that the row comes from: of two equally rich rows that of the lower one stays. */
	add(read: ReadRow, priority: number): void {
		const { recordingId } = read.row;
		const matches = this.matches(read.row);
		if (recordingId === null) {
			if (matches) this.#unnamed.push(read);
			return;
		}
		const known = this.#kept.get(recordingId)?.rank ?? this.#dropped.get(recordingId);
		const rank = { richness: read.richness, priority };
		if (known !== undefined && !isBetter(rank, known)) return;
		if (matches) {
			this.#kept.set(recordingId, { read, rank });
			this.#dropped.delete(recordingId);
		} else {
			this.#kept.delete(recordingId);
			this.#dropped.set(recordingId, rank);
		}
	}

	/** Distinct calls seen, kept or not. */
	get seen(): number {
		return this.#kept.size + this.#dropped.size + this.#unnamed.length;
	}

	/** The rows kept, by start time, then recording; rows without a time come last. */
	get rows(): IndexRow[] {
		const reads = [...[...this.#kept.values()].map(({ read }) => read), ...this.#unnamed];
		return reads.sort(byStart).map(({ row }) => row);
	}
}

/** Whether a row of this rank takes the place of the known one. */
export function isBetter(rank: Rank, known: Rank): boolean {
	return rank.richness === known.richness ? rank.priority < known.priority : rank.richness > known.richness;
}

/** The order in which calls come out: by start time, then recording, then line; those without a time come last. */
export function byStart(a: ReadRow, b: ReadRow): number {
	if (a.at !== b.at) return (a.at ?? Infinity) - (b.at ?? Infinity);
	const [idA, idB] = [a.row.recordingId ?? '', b.row.recordingId ?? ''];
	if (idA !== idB) return idA < idB ? -1 : 1;
	return a.row.indexLine - b.row.indexLine;
}
