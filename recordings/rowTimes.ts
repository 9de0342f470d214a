import { readDuration, weighDuration } from './callDuration';
import { clip } from './clippedText';
import type { DateOrders } from './dateOrder';
import type { IndexColumn } from './indexColumn';
import { readTime, wallMillisOf } from './indexTime';
import type { WrittenTime } from './indexTime';
import type { WrittenZone } from './writtenZone';
import type { ZoneClock } from './zoneClock';

const DAY = 86_400_000;
/** Some columns leave the seconds out. */
const MINUTE = 60_000;
/** No recording is older; what is written without a stamp beside it and lies before is a clock that was never set. */
const EARLIEST = Date.UTC(1990, 0, 1);

/** Columns that say when a call was, those that win first. */
export const TIME_COLUMNS = ['startTimeUtc', 'startTime', 'stopTimeUtc', 'stopTime'] as const;

interface KnownCells {
	get(column: IndexColumn): string | undefined;
}

/** When a call began and ended, in milliseconds since the epoch, and how many seconds it took. */
export interface RowTimes {
	readonly startUtc: number | undefined;
	readonly stopUtc: number | undefined;
	readonly durationSeconds: number | null;
}

/** A moment of known UTC time that a time of the row must not be far from. */
interface Anchor {
	readonly at: number;
	/** What it is, for a hint. */
	readonly name: string;
}

const WORD = { startTime: 'start time', stopTime: 'stop time' } as const;

type Reading = { readonly instant: number; readonly zoneLost: boolean };

/**
 * Weighs what the cells of a row claim about when the call was. A UTC column wins over a local one; a time more than a day from
 * the stamp in the recording's own name is not readable, and the next column is tried.
 */
export class TimeEvidence {
	constructor(
		private readonly clock: ZoneClock,
		private readonly orders: DateOrders,
	) {}

	/** @param recordedAtUtc the stamp in the recording's name; what is contradicted or cannot be read is added to `troubles` */
	weigh(cells: KnownCells, recordedAtUtc: number | undefined, troubles: string[]): RowTimes {
		const duration = cells.get('duration');
		const stamp = recordedAtUtc === undefined ? undefined : { at: recordedAtUtc, name: 'the time in its file name' };
		const startUtc = this.#instantOf(
			'startTime',
			cells,
			stamp,
			recordedAtUtc === undefined ? [] : [recordedAtUtc],
			troubles,
		);

		const begun = startUtc ?? recordedAtUtc;
		const lengths = (duration === undefined ? undefined : readDuration(duration)) ?? [0];
		const likelyStops = begun === undefined ? [] : lengths.map((seconds) => begun + seconds * 1_000);
		const start = begun === undefined ? undefined : { at: begun, name: 'its start time' };
		const stopUtc = this.#instantOf('stopTime', cells, stamp ?? start, likelyStops, troubles);
		if (startUtc !== undefined && stopUtc !== undefined && stopUtc < startUtc)
			troubles.push('its stop time is before its start time');
		return { startUtc, stopUtc, durationSeconds: weighDuration(duration, startUtc, stopUtc, troubles) };
	}

	/** @param near moments by which a repeated hour, or a zone that contradicts the column's, is settled */
	#instantOf(
		which: 'startTime' | 'stopTime',
		cells: KnownCells,
		anchor: Anchor | undefined,
		near: readonly number[],
		troubles: string[],
	): number | undefined {
		for (const column of [`${which}Utc`, which] as const) {
			const text = cells.get(column);
			if (text === undefined) continue;
			const time = readTime(text);
			const reading = time === undefined ? undefined : this.#likeliestReading(time, column === which, anchor, near);
			if (reading === undefined) troubles.push(`'${clip(text)}' is not a time`);
			else if (!isPlausible(reading.instant, anchor))
				troubles.push(
					`its ${column === which ? '' : 'UTC '}${WORD[which]} '${clip(text)}' ${farFrom(anchor)}, so it was not used`,
				);
			else {
				if (reading.zoneLost)
					troubles.push(`the zone in '${clip(text)}' contradicts the rest of the row and was not used`);
				if (column === 'startTimeUtc') this.#tellOtherStart(cells.get('startTime'), reading.instant, troubles);
				return reading.instant;
			}
		}
		return undefined;
	}

	/** Adds to `troubles` a local start that is not the UTC one, as all are where the tenant's zone is set wrongly. */
	#tellOtherStart(local: string | undefined, startUtc: number, troubles: string[]): void {
		const time = local === undefined ? undefined : readTime(local);
		if (local === undefined || time === undefined) return;
		const reading = this.#likeliestReading(time, true, { at: startUtc, name: 'its UTC start time' }, [startUtc]);
		if (reading !== undefined && Math.abs(reading.instant - startUtc) >= MINUTE)
			troubles.push(
				`its start time '${clip(local)}' is not its UTC start time in ${this.clock.zoneName}, which was used`,
			);
	}

	/** The first plausible reading, or else the first, in the file's order of dates and then in the others. */
	#likeliestReading(
		time: WrittenTime,
		isLocal: boolean,
		anchor: Anchor | undefined,
		near: readonly number[],
	): Reading | undefined {
		let likeliest: Reading | undefined;
		for (const order of this.orders.preferred) {
			const wall = wallMillisOf(time, order);
			if (wall === undefined) continue;
			const reading = this.#readingOf(wall, time.zone, isLocal, near);
			if (isPlausible(reading.instant, anchor)) return reading;
			likeliest ??= reading;
			if (typeof time.date === 'number') break;
		}
		return likeliest;
	}

	#readingOf(wall: number, zone: WrittenZone | undefined, isLocal: boolean, near: readonly number[]): Reading {
		const own = isLocal ? this.#tenantInstantsOf(wall) : [wall];
		if (zone === undefined || zone.offsets.length === 0) return { instant: nearest(own, near), zoneLost: false };
		const claimed = zone.offsets.map((offset) => wall - offset);
		const agreed = own.find((instant) => claimed.includes(instant));
		if (agreed !== undefined) return { instant: agreed, zoneLost: false };

		// `PST` in June is Pacific time by somebody who writes it all year round.
		const isOtherSeason =
			isLocal && zone.isName && zone.offsets.some((offset) => this.clock.hasOffsetWithinYear(offset, wall));
		if (near.length === 0 && isOtherSeason) return { instant: nearest(own, near), zoneLost: true };
		const instant = nearest(near.length === 0 ? claimed : [...own, ...claimed], near);
		return { instant, zoneLost: !claimed.includes(instant) };
	}

	/** Two in an hour that is repeated; in an hour that is skipped, the time of a clock that nobody has put forward yet. */
	#tenantInstantsOf(wall: number): number[] {
		const instants = this.clock.instantsOf(wall);
		return instants.length === 0 ? [this.clock.skippedInstantOf(wall)] : instants;
	}
}

function isPlausible(instant: number, anchor: Anchor | undefined): boolean {
	return anchor === undefined ? instant >= EARLIEST : Math.abs(instant - anchor.at) <= DAY;
}

function farFrom(anchor: Anchor | undefined): string {
	return anchor === undefined ? 'is from before there were recordings' : `is more than a day from ${anchor.name}`;
}

/** The instant that is nearest to one of these moments; the first when they do not tell. */
function nearest(instants: readonly number[], near: readonly number[]): number {
	const distance = (instant: number): number => Math.min(...near.map((moment) => Math.abs(instant - moment)));
	return instants.reduce((best, instant) => (distance(instant) < distance(best) ? instant : best));
}
