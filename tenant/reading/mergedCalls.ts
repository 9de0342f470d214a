import { isSameCall } from './sameCall';
import type { IndexRow, ReadRow } from '../../recordings/indexRow';

/** How rich the best row of a recording is so far, and which file it came from when richness is equal. */
export interface Rank {
	readonly richness: number;
	readonly priority: number;
}

/**
 * What becomes of a call by its best row: it comes out; a filter leaves it out, or would need a column that the row's file does not
 * have; or it is not asked for, being of another day.
 */
export type Fate = 'kept' | 'filtered' | 'unjudged' | 'elsewhere';

interface NamedCall extends Rank {
	readonly fate: Fate;
	/** Only of a call that is kept, so that memory does not grow with those that are not. */
	readonly read: ReadRow | undefined;
}

interface UnnamedCall {
	read: ReadRow;
	/** A file's rows without a recording are calls of their own, so each joins a call at most once. */
	readonly files: Set<string>;
}

/**
 * Gathers the rows of several index files into calls, each once: a recording has the richer of its rows, and only by that one it is
 * judged and placed in a day. Rows without a recording are one call across files when all columns that both files have are
 * equal, and never within a file.
 */
export class MergedCalls {
	readonly #named = new Map<string, NamedCall>();

	readonly #unnamedByFile = new Map<string, { readonly priority: number; readonly reads: ReadRow[] }>();

	/** @param fateOf by a call's best row */
	constructor(private readonly fateOf: (read: ReadRow) => Fate) {}

	/** `priority` of the file that the row comes from: of two equally rich rows that of the lower one stays. */
	add(read: ReadRow, priority: number): void {
		const { recordingId, indexFile } = read.row;
		if (recordingId === null) {
			const ofFile = this.#unnamedByFile.get(indexFile) ?? { priority, reads: [] };
			ofFile.reads.push(read);
			this.#unnamedByFile.set(indexFile, ofFile);
			return;
		}
		const known = this.#named.get(recordingId);
		const { richness } = read;
		if (known !== undefined && !isBetter({ richness, priority }, known)) return;
		const fate = this.fateOf(read);
		this.#named.set(recordingId, { richness, priority, fate, read: fate === 'kept' ? read : undefined });
	}

	/** Every recording that any row, of whatever day, is about. */
	get recordingIds(): ReadonlySet<string> {
		return new Set(this.#named.keys());
	}

	/** The calls that are kept, how many were asked for, with those that a filter left out, and how many of these it cannot judge. */
	get result(): { readonly reads: readonly ReadRow[]; readonly seen: number; readonly unjudged: number } {
		const named = [...this.#named.values()].flatMap(({ read }) => read ?? []);
		const unnamed = unnamedCalls(this.#unnamedByFile, named).map((read) => ({ read, fate: this.fateOf(read) }));
		const reads = [...named, ...unnamed.flatMap(({ read, fate }) => (fate === 'kept' ? [read] : []))];
		const fates = [...[...this.#named.values()].map(({ fate }) => fate), ...unnamed.map(({ fate }) => fate)];
		return {
			reads: reads.sort(byStart),
			seen: fates.filter((fate) => fate !== 'elsewhere').length,
			unjudged: fates.filter((fate) => fate === 'unjudged').length,
		};
	}
}

/** The calls without a recording, each by its richer row; those that a file with names lists are that file's. */
function unnamedCalls(
	byFile: ReadonlyMap<string, { readonly priority: number; readonly reads: readonly ReadRow[] }>,
	named: readonly ReadRow[],
): ReadRow[] {
	if (byFile.size === 0) return [];
	const files = [...byFile].sort(([, a], [, b]) => a.priority - b.priority);
	const calls: UnnamedCall[] = named.map((read) => ({ read, files: new Set([read.row.indexFile]) }));
	const isNamed = new Set(calls);
	const byTime = new Map<string, UnnamedCall[]>();
	const at = ({ row }: ReadRow): string => row.startTime?.slice(0, 19) ?? '';
	const remember = (call: UnnamedCall): void => {
		const together = byTime.get(at(call.read));
		if (together === undefined) byTime.set(at(call.read), [call]);
		else together.push(call);
	};
	calls.forEach(remember);
	for (const [file, { reads }] of files) {
		for (const read of reads) {
			const same = byTime.get(at(read))?.find((call) => !call.files.has(file) && isSameCall(call.read, read));
			if (same === undefined) {
				const call = { read, files: new Set([file]) };
				calls.push(call);
				remember(call);
				continue;
			}
			same.files.add(file);
			if (!isNamed.has(same) && read.richness > same.read.richness) same.read = read;
		}
	}
	return calls.filter((call) => !isNamed.has(call)).map(({ read }) => read);
}

/** Whether a row of this rank takes the place of the known one. */
export function isBetter(rank: Rank, known: Rank): boolean {
	return rank.richness === known.richness ? rank.priority < known.priority : rank.richness > known.richness;
}

/** The order in which calls come out: by start time, then recording, then line; those without a time come last. */
export function byStart(a: { readonly at: number | undefined; readonly row: IndexRow }, b: typeof a): number {
	if (a.at !== b.at) return (a.at ?? Infinity) - (b.at ?? Infinity);
	const [idA, idB] = [a.row.recordingId ?? '', b.row.recordingId ?? ''];
	if (idA !== idB) return idA < idB ? -1 : 1;
	return a.row.indexLine - b.row.indexLine;
}
