import { packAscending, unpackAscending } from './ascendingNumbers';
import { idOfKey, keyOfRecording } from './seenRecordings';
import type { CalendarDate } from '../../recordings/calendarDate';

/** Recordings that were emitted together and of which nothing has been heard since, as they are kept. */
export interface EmittedBatch {
	/** When they were emitted the last time, in seconds since the epoch. */
	readonly at: number;
	/** How often they have been emitted. */
	readonly attempts: number;
	/** The index files that list them, none where files are watched. */
	readonly files: readonly string[];
	/** The first of their days, which the next polls have to look at. */
	readonly first: CalendarDate;
	/** Those that are named as 8x8 does, packed by day directory. */
	readonly named: Readonly<Record<string, string>>;
	readonly others: readonly string[];
}

/** A recording that was emitted. */
export interface Emission {
	readonly recordingId: string;
	readonly attempts: number;
	/** In seconds since the epoch. */
	readonly at: number;
	readonly files: readonly string[];
	readonly date: CalendarDate;
}

/** With more of them, those of about one time are put together. */
const MOST_BATCHES = 64;

/**
 * What is kept of emissions: those of one time and one number of attempts together.
 *
 * @param slot seconds that an emission may be moved by where there are many times; not by more, or with a poll every few seconds none
 * would ever become due
 */
export function packEmissions(emissions: readonly Emission[], slot: number): EmittedBatch[] {
	const exact = groupsBy(emissions, ({ at, attempts }) => `${at} ${attempts}`);
	const groups =
		exact.length <= MOST_BATCHES
			? exact
			: groupsBy(emissions, ({ at, attempts }) => `${Math.floor(at / slot)} ${attempts}`);
	return groups.map(batchOf);
}

function groupsBy(emissions: readonly Emission[], keyOf: (emission: Emission) => string): Emission[][] {
	const groups = new Map<string, Emission[]>();
	for (const emission of emissions) {
		const key = keyOf(emission);
		const group = groups.get(key) ?? [];
		group.push(emission);
		groups.set(key, group);
	}
	return [...groups.values()];
}

function batchOf(emissions: readonly Emission[]): EmittedBatch {
	const numbers = new Map<string, Set<number>>();
	const others: string[] = [];
	for (const { recordingId, date } of emissions) {
		const at = recordingId.lastIndexOf('/');
		const { group, number } = keyOfRecording(recordingId.slice(0, Math.max(0, at)), recordingId.slice(at + 1), date);
		if (group.startsWith('#')) others.push(recordingId);
		else numbers.set(group, (numbers.get(group) ?? new Set<number>()).add(number));
	}
	return {
		at: Math.max(...emissions.map(({ at }) => at)),
		attempts: emissions[0]?.attempts ?? 1,
		files: [...new Set(emissions.flatMap(({ files }) => files))],
		first: emissions.map(({ date }) => date).reduce((earliest, date) => (date < earliest ? date : earliest)),
		named: Object.fromEntries(
			[...numbers].map(([group, some]) => [group, packAscending([...some].sort((a, b) => a - b))] as const),
		),
		others,
	};
}

export function unpackEmissions(batches: readonly EmittedBatch[]): Emission[] {
	return batches.flatMap(({ at, attempts, files, first, named, others }) => {
		const ids = Object.entries(named).flatMap(([group, packed]) =>
			(unpackAscending(packed) ?? []).map((number) => idOfKey({ group, number })),
		);
		return [...ids, ...others].map((recordingId) => ({ recordingId, attempts, at, files, date: first }));
	});
}
