import { packEmissions, unpackEmissions } from './emittedRecordings';
import type { Emission, EmittedBatch } from './emittedRecordings';
import type { PollRequest } from './pollRequest';
import type { PollState } from './pollState';
import type { CalendarDate } from '../../recordings/calendarDate';

/** How what was emitted and not marked as delivered comes again. */
export interface RedeliveryRules {
	/** Milliseconds from one emission of a recording to the next. */
	readonly repeatAfter: number;
	/** Emissions of a recording, the first among them. */
	readonly maximumAttempts: number;
	/** Those of the recordings that are not marked. */
	readonly undelivered: (recordingIds: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** A recording comes later than it should by one part in so many at most. */
const SLOTS = 32;

/** An item that a poll is to emit, and where it was found. */
export interface Emitted {
	readonly recordingId: string;
	readonly files: readonly string[];
	readonly date: CalendarDate;
}

/**
 * What earlier polls emitted, where only a mark counts as delivered: who is due again, who has come too often, and what of it the next
 * polls have to know.
 */
export class Redelivery {
	/** Recordings whose time has come and that are not marked, by id. */
	readonly due: ReadonlyMap<string, Emission>;

	/** Recordings that came as often as they may, and were not marked. */
	readonly givenUp: readonly Emission[];

	readonly #waiting: readonly Emission[];

	readonly #rules: RedeliveryRules | undefined;

	private constructor(
		rules: RedeliveryRules | undefined,
		waiting: readonly Emission[],
		due: readonly Emission[],
		givenUp: readonly Emission[],
	) {
		this.#rules = rules;
		this.#waiting = waiting;
		this.due = new Map(due.map((emission) => [emission.recordingId, emission]));
		this.givenUp = givenUp;
	}

	/** Looks up which of those whose time has come are marked. */
	static async begin({ redelivery, now }: PollRequest, previous: PollState | undefined): Promise<Redelivery> {
		if (redelivery === undefined) return new Redelivery(undefined, [], [], []);
		const seconds = Math.floor(now / 1_000);
		// An emission in the future is of a clock that was ahead: from now on it waits as long as any.
		const all = unpackEmissions(previous?.emitted ?? []).map((emission) =>
			emission.at > seconds ? { ...emission, at: seconds } : emission,
		);
		const isDue = ({ at }: Emission): boolean => at * 1_000 + redelivery.repeatAfter <= now;
		const undelivered = await lookUp(redelivery, all.filter(isDue));
		const left = all.filter((emission) => isDue(emission) && undelivered.has(emission.recordingId));
		const mayCome = ({ attempts }: Emission): boolean => attempts < redelivery.maximumAttempts;
		return new Redelivery(
			redelivery,
			all.filter((emission) => !isDue(emission)),
			left.filter(mayCome),
			left.filter((emission) => !mayCome(emission)),
		);
	}

	/** Index files that those who are due stand in. */
	get files(): ReadonlySet<string> {
		return new Set([...this.due.values()].flatMap(({ files }) => files));
	}

	/** Takes out of a poll's finds what was marked before it was ever emitted. */
	async undelivered<Item extends { readonly recordingId: string | null }>(items: readonly Item[]): Promise<Item[]> {
		if (this.#rules === undefined) return [...items];
		const ids = items.flatMap(({ recordingId }) =>
			recordingId === null || this.due.has(recordingId) ? [] : [recordingId],
		);
		const undelivered = ids.length === 0 ? new Set<string>() : await this.#rules.undelivered(ids);
		return items.filter(
			({ recordingId }) => recordingId === null || this.due.has(recordingId) || undelivered.has(recordingId),
		);
	}

	/**
	 * What the next polls have to know.
	 *
	 * @param emitted by this poll
	 * @param isLeft whether one that was due and was not emitted is to come with a later poll
	 */
	next(
		emitted: readonly Emitted[],
		now: number,
		isLeft: (emission: Emission) => boolean,
	): readonly EmittedBatch[] | undefined {
		if (this.#rules === undefined) return undefined;
		const at = Math.floor(now / 1_000);
		const came = new Set(emitted.map(({ recordingId }) => recordingId));
		const left = [...this.due.values()].filter((one) => !came.has(one.recordingId) && isLeft(one));
		const fresh = emitted.map((one) => ({ ...one, at, attempts: (this.due.get(one.recordingId)?.attempts ?? 0) + 1 }));
		const slot = Math.max(1, this.#rules.repeatAfter / 1_000 / SLOTS);
		return packEmissions([...this.#waiting, ...left, ...fresh], slot);
	}
}

async function lookUp({ undelivered }: RedeliveryRules, due: readonly Emission[]): Promise<ReadonlySet<string>> {
	return due.length === 0 ? new Set() : await undelivered(due.map(({ recordingId }) => recordingId));
}
