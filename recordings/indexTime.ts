import { readZone } from './writtenZone';
import type { WrittenZone } from './writtenZone';

/** Order of day, month and year in dates that are written with numbers only. */
export type DateOrder = 'mdy' | 'dmy' | 'ymd';

export const DATE_ORDERS: readonly DateOrder[] = ['mdy', 'dmy', 'ymd'];

/** Year, month and day in the order in which they are written. */
type DateParts = readonly [string, string, string];

/** A time as written. */
export interface WrittenTime {
	/** Milliseconds of the date's 00:00 as if that were UTC, or the parts of a date that reads differently in different orders. */
	readonly date: number | DateParts;
	/** Milliseconds since 00:00, which itself is also written 24:00 of the day before. */
	readonly timeOfDay: number;
	readonly zone: WrittenZone | undefined;
}

const DAY = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** How months begin in German, French, Spanish, Italian, Portuguese, Dutch and the Scandinavian languages. */
const MONTHS_ELSEWHERE: ReadonlyMap<string, string> = new Map(
	Object.entries({
		jan: 'jan ene gen',
		feb: 'feb fev',
		mar: 'mar mae mrz mrt maa',
		apr: 'apr avr abr',
		may: 'mai mei mag maj may',
		jun: 'jun juin giu',
		jul: 'jul juil lug',
		aug: 'aug aou ago',
		sep: 'sep set',
		oct: 'okt oct out ott',
		nov: 'nov',
		dec: 'dez dec dic des',
	}).flatMap(([month, names]) => names.split(' ').map((name): [string, string] => [name, month])),
);

const PART = String.raw`(\d{1,4}|[a-z]{3,9})(?:st|nd|rd|th)?`;
const DATE = `${PART}[\\s,./-]+${PART}[\\s,./-]+${PART}`;
const CLOCK = String.raw`\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,:]\d{1,9})?)?`;

/** Numbers, or a month's name among them, with any separator; a time of day; AM or PM and a zone. */
const DATE_TIME = new RegExp(
	`^${DATE}(?:[\\s,]+(?:at\\s+)?|[t:_-])(\\d{1,2})(?:[:.h](\\d{2})(?:[:.](\\d{2})(?:[.,:](\\d{1,9}))?)?)?(\\D.*)?$`,
	'i',
);
const COMPACT = /^(\d{4})(\d{2})(\d{2})[\st_-]*(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]?(\d{1,9}))?)?(\D.*)?$/i;
/** Seconds since 1970, or thousandths of them and less, from 2001 until 2033; the leading 1 keeps North American phone numbers out. */
const EPOCH = /^(1\d{9})(?:[.,](\d{1,9})|(\d{3})(?:\d{3}){0,2})?$/;
/** Days since the end of 1899 with a part of a day, from 1982 until 2064: how a spreadsheet keeps a time, and shows it without a format. */
const SERIAL = /^([345]\d{4})[.,](\d{1,15})$/;
const SERIAL_OF_1970 = 25_569;
/** AM or PM, never the first letter of a zone: `PST` is no afternoon. Spanish writes `p. m.`. */
const AFTER_CLOCK = /^\s*(?:([ap])(?:\.?\s?m)?\.?(?![a-z]))?\s*(.*)$/i;

const WEEKDAY = /(?:^|[\s(])(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?[.,)]*(?=\s|$)/i;
/** `6 juin 2016 à 18:30`, `6 de junio de 2016, 18:30` */
const DATE_ELSEWHERE =
	/^(\d{1,2})[\s./-]+(?:de\s+)?(\p{L}{3,10})[\s./-]+(?:de\s+)?(\d{2,4})[\s,]+(?:(?:à|um)\s+)?(\d.*)$/u;
const HALF_BEFORE_CLOCK = new RegExp(`\\b([ap])\\.?m\\.?\\s+(${CLOCK})`, 'i');
/** `18:30:00 PDT, 06/06/2016` */
const CLOCK_FIRST = new RegExp(
	`^(${CLOCK}(?:\\s*[ap]\\.?\\s?m?\\.?(?![a-z]))?)(?:\\s+(\\S+?))??[\\s,]+(${DATE})$`,
	'i',
);
/** `Jun 06 18:30:00 PDT 2016`, as C's ctime and Java's Date write it. */
const YEAR_LAST = new RegExp(`^${PART}\\s+${PART}\\s+(${CLOCK})(?:\\s+(.+?))?\\s+(\\d{4})$`, 'i');

const SHORTEST = '6/6/16 6PM'.length;
const LONGEST = 80;

/**
 * Reads a time of an index. No public sample tells the format, so numeric dates in any order, month names in any place, 12 and
 * 24 hour clocks, ISO 8601, the compact form and seconds or milliseconds since 1970 are all taken, with any zone beside them;
 * `undefined` for anything else, also for a date alone, which is no time.
 */
export function readTime(text: string): WrittenTime | undefined {
	const trimmed = text.trim();
	if (trimmed.length < SHORTEST || trimmed.length > LONGEST) return serialTime(trimmed);
	const time = dateThenClock(trimmed) ?? compactTime(trimmed) ?? epochTime(trimmed) ?? serialTime(trimmed);
	if (time !== undefined) return time;
	const rearranged = inUsualOrder(trimmed);
	return rearranged === trimmed ? undefined : dateThenClock(rearranged);
}

/** Milliseconds that the wall time would be in UTC, its date read in this order; `undefined` when that gives no date. */
export function wallMillisOf({ date, timeOfDay }: WrittenTime, order: DateOrder): number | undefined {
	const day = typeof date === 'number' ? date : dayOf(date, order);
	return day === undefined ? undefined : day + timeOfDay;
}

function dateThenClock(text: string): WrittenTime | undefined {
	const match = DATE_TIME.exec(text);
	if (match === null) return undefined;
	const [, first = '', second = '', third = '', hours = '', minutes, seconds, fraction, after] = match;
	return written(dateOf([first, second, third]), [hours, minutes, seconds, fraction], after);
}

function compactTime(text: string): WrittenTime | undefined {
	const match = COMPACT.exec(text);
	if (match === null) return undefined;
	const [, year, month, day, hours = '', minutes, seconds, fraction, after] = match;
	return written(dayMillis(Number(year), Number(month), Number(day)), [hours, minutes, seconds, fraction], after);
}

function epochTime(text: string): WrittenTime | undefined {
	const [, seconds, fraction, milliseconds] = EPOCH.exec(text) ?? [];
	if (seconds === undefined) return undefined;
	const instant = Number(seconds) * 1_000 + millisecondsOf(fraction ?? milliseconds);
	return { date: instant, timeOfDay: 0, zone: { text, offsets: [0], isName: false } };
}

function serialTime(text: string): WrittenTime | undefined {
	const [, days, part] = SERIAL.exec(text) ?? [];
	if (days === undefined) return undefined;
	const seconds = Math.round(Number(`0.${part}`) * 86_400);
	return { date: (Number(days) - SERIAL_OF_1970) * DAY, timeOfDay: seconds * 1_000, zone: undefined };
}

/** The same time in English with the date first, then the clock, then the zone, and without quotes and the day of the week. */
function inUsualOrder(text: string): string {
	return inEnglish(text.replace(/[\u200e\u200f]/g, '').replace(/^["']+|["']+$/g, ''))
		.replace('\u2212', '-')
		.replace(WEEKDAY, ' ')
		.trim()
		.replace(HALF_BEFORE_CLOCK, '$2 $1m')
		.replace(
			CLOCK_FIRST,
			(_, clock: string, zone: string | undefined, date: string) => `${date} ${clock} ${zone ?? ''}`,
		)
		.replace(
			YEAR_LAST,
			(_, first: string, second: string, clock: string, zone: string | undefined, year: string) =>
				`${first} ${second} ${year} ${clock} ${zone ?? ''}`,
		)
		.trim();
}

/** Puts English for the month of a date in another language, and leaves out the words around it. */
function inEnglish(text: string): string {
	return text.replace(DATE_ELSEWHERE, (whole, day: string, name: string, year: string, clock: string) => {
		const letters = name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
		const month = MONTHS_ELSEWHERE.get(letters.slice(0, 4)) ?? MONTHS_ELSEWHERE.get(letters.slice(0, 3));
		return month === undefined ? whole : `${day} ${month} ${year} ${clock}`;
	});
}

type ClockParts = readonly [hours: string, minutes?: string, seconds?: string, fraction?: string];

function written(date: number | DateParts | undefined, clock: ClockParts, after = ''): WrittenTime | undefined {
	if (date === undefined) return undefined;
	const [, half, zoneText = ''] = after === '' ? [] : (AFTER_CLOCK.exec(after) ?? []);
	const timeOfDay = timeOfDayOf(clock, half);
	if (timeOfDay === undefined) return undefined;
	if (zoneText === '') return { date, timeOfDay, zone: undefined };
	const zone = readZone(zoneText);
	return zone === undefined ? undefined : { date, timeOfDay, zone };
}

function timeOfDayOf(
	[hours, minutes, seconds = '0', fraction]: ClockParts,
	half: string | undefined,
): number | undefined {
	if (minutes === undefined && half === undefined) return undefined;
	const [hour, minute, second] = [Number(hours), Number(minutes ?? '0'), Number(seconds)];
	if (hour > 24 || minute > 59 || second > 59) return undefined;
	// Some writers keep the 24 hour clock and add AM or PM to it all the same.
	const onDial = half === undefined || hour > 12 ? hour : (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
	const millis = ((onDial * 60 + minute) * 60 + second) * 1_000 + millisecondsOf(fraction);
	return millis > DAY ? undefined : millis;
}

function millisecondsOf(fraction: string | undefined): number {
	return fraction === undefined ? 0 : Number(`${fraction}00`.slice(0, 3));
}

/** The date's 00:00 when its parts tell the order: by a month's name, or by a year of four digits in front. */
function dateOf(parts: DateParts): number | DateParts | undefined {
	const [first, second, third] = parts;
	const named = parts.findIndex((part) => part > '9');
	if (named === -1) return first.length === 4 ? dayMillis(Number(first), Number(second), Number(third)) : parts;
	const month = MONTHS.indexOf(parts[named]?.slice(0, 3).toLowerCase() ?? '') + 1;
	const [before = '', after = ''] = parts.filter((_, position) => position !== named);
	if (month === 0 || before > '9' || after > '9') return undefined;
	return before.length === 4
		? dayMillis(Number(before), month, Number(after))
		: dayMillis(fullYear(after), month, Number(before));
}

function dayOf([first, second, third]: DateParts, order: DateOrder): number | undefined {
	if (order === 'mdy') return dayMillis(fullYear(third), Number(first), Number(second));
	if (order === 'dmy') return dayMillis(fullYear(third), Number(second), Number(first));
	return third.length === 4 ? undefined : dayMillis(fullYear(first), Number(second), Number(third));
}

function fullYear(text: string): number {
	return text.length <= 2 ? 2_000 + Number(text) : Number(text);
}

function dayMillis(year: number, month: number, day: number): number | undefined {
	if (year < 1970 || year > 9_999 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
	const millis = Date.UTC(year, month - 1, day);
	// 30 February runs over into March.
	return day > 28 && new Date(millis).getUTCDate() !== day ? undefined : millis;
}
