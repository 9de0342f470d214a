import { IANAZone } from 'luxon';

import { IsoText } from './isoText';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30 * 24 * HOUR;

/** Wall-clock date and time, months from 1, as written on a clock that shows no zone. */
export interface WallTime {
	readonly year: number;
	readonly month: number;
	readonly day: number;
	readonly hour: number;
	readonly minute: number;
	readonly second: number;
	readonly millisecond: number;
}

/** A time zone that is not an IANA name this machine knows. */
export class UnknownTimeZoneError extends Error {
	override readonly name = 'UnknownTimeZoneError';

	constructor(readonly zoneName: string) {
		super(
			zoneName === ''
				? 'No time zone is given'
				: `'${zoneName}' is not an IANA time zone (one like America/Los_Angeles or Europe/London)`,
		);
	}
}

/** Milliseconds since the epoch that the wall time would be in UTC. `Date.UTC` reads years below 100 as 19xx. */
export function wallMillis(wall: WallTime): number {
	const date = new Date(0);
	date.setUTCFullYear(wall.year, wall.month - 1, wall.day);
	date.setUTCHours(wall.hour, wall.minute, wall.second, wall.millisecond);
	return date.getTime();
}

/**
 * The clock on the wall of one IANA zone. Offsets come from luxon (and so from the ICU data of Node); they are kept by
 * the hour, because an index asks for the same few hours thousands of times.
 */
export class ZoneClock {
	readonly zoneName: string;

	readonly #zone: IANAZone;

	readonly #offsetByHour = new Map<number, number>();

	readonly #isoTexts = new Map<number, IsoText>();

	/** The day that was asked about last: the calls of an index lie in one or two. */
	#lastAround: { readonly day: number; readonly offsets: readonly number[] } | undefined;

	#lastFirst: { readonly localMillis: number; readonly instant: number } | undefined;

	/** @throws UnknownTimeZoneError */
	constructor(zoneName: string) {
		const name = zoneName.trim();
		// Node also takes bare offsets such as '+02:00'; a tenant has a zone with a name, and an offset knows no summer time.
		if (!/^[A-Za-z]/.test(name) || !IANAZone.isValidZone(name)) throw new UnknownTimeZoneError(name);
		this.zoneName = name;
		this.#zone = IANAZone.create(name);
	}

	/** Milliseconds that the zone is ahead of UTC at this instant. */
	offsetAt(utcMillis: number): number {
		const hour = Math.floor(utcMillis / HOUR);
		const known = this.#offsetByHour.get(hour);
		if (known !== undefined) return known;

		const offset = this.#exactOffset(utcMillis);
		// Only an hour without a transition may be remembered.
		if (this.#exactOffset(hour * HOUR) === offset && this.#exactOffset((hour + 1) * HOUR - 1) === offset) {
			this.#offsetByHour.set(hour, offset);
		}
		return offset;
	}

	/** The instants at which the wall shows this time, earliest first: none in a gap, two in an hour that is repeated. */
	instantsOf(localMillis: number): number[] {
		const offsets = this.#offsetsAround(localMillis);
		const [only] = offsets;
		if (only !== undefined && offsets.length === 1) return [localMillis - only];
		const instants = new Set<number>();
		for (const offset of offsets) {
			const instant = localMillis - offset;
			if (this.offsetAt(instant) === offset) instants.add(instant);
		}
		return [...instants].sort((a, b) => a - b);
	}

	/** The first instant at which the wall shows this time or, in a gap, the instant at which it is jumped over. */
	firstInstantOf(localMillis: number): number {
		if (this.#lastFirst?.localMillis !== localMillis)
			this.#lastFirst = { localMillis, instant: this.#findFirstInstantOf(localMillis) };
		return this.#lastFirst.instant;
	}

	#findFirstInstantOf(localMillis: number): number {
		const [first] = this.instantsOf(localMillis);
		if (first !== undefined) return first;

		const offsets = this.#offsetsAround(localMillis);
		let before = localMillis - Math.max(...offsets);
		let after = localMillis - Math.min(...offsets);
		// Across a gap the wall time only rises, so halving finds the transition.
		while (after - before > 1) {
			const middle = before + Math.floor((after - before) / 2);
			if (middle + this.offsetAt(middle) < localMillis) before = middle;
			else after = middle;
		}
		return after;
	}

	/** The instant of a time in a gap, as a clock shows it that nobody has put forward yet. */
	skippedInstantOf(localMillis: number): number {
		return localMillis - this.offsetAt(this.firstInstantOf(localMillis) - 1);
	}

	/** Whether the zone is ever this many milliseconds ahead of UTC in the year around a time. */
	hasOffsetWithinYear(offset: number, aroundMillis: number): boolean {
		return Array.from({ length: 12 }, (_, month) => aroundMillis + (month - 6) * MONTH).some(
			(millis) => this.offsetAt(millis) === offset,
		);
	}

	/** Local ISO 8601 with milliseconds and the offset, for example `2016-06-06T18:30:00.000-07:00`. */
	isoAt(utcMillis: number): string {
		const offset = this.offsetAt(utcMillis);
		let isoText = this.#isoTexts.get(offset);
		if (isoText === undefined) this.#isoTexts.set(offset, (isoText = new IsoText(offsetText(offset))));
		return isoText.of(utcMillis + offset);
	}

	#exactOffset(utcMillis: number): number {
		return Math.round(this.#zone.offset(utcMillis) * MINUTE);
	}

	/** Every offset in force on a day and within 26 hours of it, more than the widest offset that any zone has had. */
	#offsetsAround(localMillis: number): readonly number[] {
		const day = Math.floor(localMillis / DAY);
		if (this.#lastAround?.day !== day) {
			const offsets = new Set<number>();
			for (let hours = -26; hours <= 24 + 26; hours++) offsets.add(this.offsetAt(day * DAY + hours * HOUR));
			this.#lastAround = { day, offsets: [...offsets] };
		}
		return this.#lastAround.offsets;
	}
}

/** `-07:00` */
function offsetText(offset: number): string {
	const minutes = Math.round(Math.abs(offset) / MINUTE);
	const hh = String(Math.floor(minutes / 60)).padStart(2, '0');
	const mm = String(minutes % 60).padStart(2, '0');
	return `${offset < 0 ? '-' : '+'}${hh}:${mm}`;
}
