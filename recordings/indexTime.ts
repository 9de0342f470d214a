import { wallMillis } from './zoneClock';
import type { WallTime } from './zoneClock';

/** Order of day, month and year in dates that are written with numbers only. */
export type DateOrder = 'mdy' | 'dmy' | 'ymd';

export const DATE_ORDERS: readonly DateOrder[] = ['mdy', 'dmy', 'ymd'];

/** A time as written: the wall time and, when the text tells it, how far its clock is ahead of UTC. */
export interface WrittenTime {
	/** Milliseconds since the epoch that the wall time would be in UTC. */
	readonly wallMillis: number;
	/** Milliseconds ahead of UTC, when the text carries an offset or says UTC. */
	readonly offset: number | undefined;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Three numbers (or a month's name among them) with any separator, then a time of day, AM or PM, and a zone. */
const DATE_TIME =
	/^(?:[a-z]{3,9},?\s+)?(\d{1,4}|[a-z]{3,9})[\s./-]+(\d{1,4}|[a-z]{3,9})[\s,./-]+(\d{1,4})(?:\s*,\s*|\s+|t)(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9}))?)?\s*([ap])?\.?(?:m\.?)?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?(?:\s*\(?[a-z]{2,5}\)?)?$/i;
const COMPACT = /^(\d{4})(\d{2})(\d{2})t?(\d{2})(\d{2})(\d{2})(z)?$/i;

/**
 * Reads a time of an index. No public sample tells the format, so numeric dates in any order, month names, 12 and 24 hour
 * clocks and ISO 8601 are all taken; `undefined` for anything else, also for a date alone, which is no time. A year that stands first, or that has four digits,
 * speaks for itself; `order` settles the rest.
 */
export function readTime(text: string, order: DateOrder): WrittenTime | undefined {
	const trimmed = text.trim();
	const compact = COMPACT.exec(trimmed);
	if (compact !== null) {
		const [, year, month, day, hour, minute, second, zone] = compact;
		const wall = checkedWall(
			[Number(year), Number(month), Number(day)],
			Number(hour),
			Number(minute),
			Number(second),
			0,
		);
		return wall === undefined
			? undefined
			: { wallMillis: wallMillis(wall), offset: zone === undefined ? undefined : 0 };
	}

	const match = DATE_TIME.exec(trimmed);
	if (match === null) return undefined;
	const [, first = '', second = '', third = '', hours = '0', minutes = '0', seconds = '0', fraction = '', half, zone] =
		match;
	const date = dateParts([first, second, third], order);
	if (date === undefined) return undefined;
	const hour = hourOfDay(Number(hours), half);
	if (hour === undefined) return undefined;
	const wall = checkedWall(date, hour, Number(minutes), Number(seconds), Number(`${fraction}000`.slice(0, 3)));
	return wall === undefined ? undefined : { wallMillis: wallMillis(wall), offset: offsetOf(zone) };
}

/** Year, month and day of three parts. */
function dateParts(parts: readonly [string, string, string], order: DateOrder): [number, number, number] | undefined {
	const [a, b, c] = parts;
	const named = parts.findIndex((part) => /[a-z]/i.test(part));
	if (named !== -1) {
		const month = MONTHS.indexOf(parts[named]?.slice(0, 3).toLowerCase() ?? '') + 1;
		const others = parts.filter((_, position) => position !== named);
		const [x = '', y = ''] = others;
		if (month === 0 || others.some((part) => /[a-z]/i.test(part))) return undefined;
		return x.length === 4 ? [Number(x), month, Number(y)] : [fullYear(y), month, Number(x)];
	}
	if (a.length === 4) return [Number(a), Number(b), Number(c)];
	if (order === 'ymd' && c.length !== 4) return [fullYear(a), Number(b), Number(c)];
	return order === 'dmy' ? [fullYear(c), Number(b), Number(a)] : [fullYear(c), Number(a), Number(b)];
}

function fullYear(text: string): number {
	return text.length <= 2 ? 2000 + Number(text) : Number(text);
}

function hourOfDay(hour: number, half: string | undefined): number | undefined {
	if (half === undefined) return hour <= 23 ? hour : undefined;
	// Some writers keep the 24 hour clock and add AM or PM to it all the same.
	if (hour > 12) return hour <= 23 ? hour : undefined;
	return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
}

function offsetOf(zone: string | undefined): number | undefined {
	if (zone === undefined) return undefined;
	const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
	if (sign === undefined) return 0;
	return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600_000 + Number(minutes) * 60_000);
}

function checkedWall(
	[year, month, day]: readonly [number, number, number],
	hour: number,
	minute: number,
	second: number,
	millisecond: number,
): WallTime | undefined {
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
		return undefined;
	const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
	return day > lastDay ? undefined : { year, month, day, hour, minute, second, millisecond };
}

/** Seconds of a DURATION cell: a number of seconds, `mm:ss` or `h:mm:ss`; `undefined` for anything else. */
export function readDuration(text: string): number | undefined {
	const trimmed = text.trim();
	if (/^\d{1,9}(?:[.,]\d+)?$/.test(trimmed)) return Number(trimmed.replace(',', '.'));
	const [, hours = '0', minutes, seconds] = /^(?:(\d{1,4}):)?(\d{1,4}):(\d{2}(?:[.,]\d+)?)$/.exec(trimmed) ?? [];
	if (minutes === undefined || seconds === undefined) return undefined;
	return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds.replace(',', '.'));
}

/** A row's start or stop as written, and the UTC stamp in its recording's name. */
export interface StampedTime {
	readonly text: string;
	readonly recordedAtUtc: number;
}

/** Local time is within 14 hours of UTC and a call ends within a day or so; a date read in the wrong order is weeks off. */
const FARTHEST = 3 * 86_400_000;

/**
 * The date order of a file, settled by the UTC stamps in its recordings' names: in the right order, times as written lie
 * within a zone's offset of the stamps. When every order fits as well (6 June), it does not matter. Without stamps the date in
 * the index file's own name serves; without any help, month first, as 8x8 writes for the United States.
 */
export function settleDateOrder(
	samples: readonly StampedTime[],
	unstamped: readonly string[],
	fileDate: number | undefined,
): DateOrder {
	const scores = DATE_ORDERS.map((order) => {
		let score = 0;
		for (const { text, recordedAtUtc } of samples) {
			const time = readTime(text, order);
			if (time === undefined) continue;
			score += Math.abs(time.wallMillis - recordedAtUtc) <= FARTHEST ? 1_000 : 1;
		}
		for (const text of unstamped) {
			const time = readTime(text, order);
			if (time === undefined) continue;
			// A file is stamped with its own day or with the next.
			score += fileDate !== undefined && Math.abs(time.wallMillis - fileDate) <= 3 * 86_400_000 ? 100 : 1;
		}
		return { order, score };
	});
	return scores.reduce((best, candidate) => (candidate.score > best.score ? candidate : best)).order;
}
