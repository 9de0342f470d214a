import { clip } from './clippedText';

/** Digits in groups of three, parted by a comma, a dot, a blank or an apostrophe; then perhaps a decimal part. */
const GROUPED = /^[1-9]\d{0,2}(?:([,.'’\s])\d{3})(?:\1\d{3})*(?:[.,]\d+)?$/;
const DIGITS = /^\d{1,12}$/;
const PLAIN = /^\d{1,12}(?:[.,]\d{1,9})?$/;
const NUMBER_AND_UNIT = /^([\d.,'’\s]*\d)\s*(ms|msecs?|milliseconds?)?$/i;
/** `mm:ss`, `h:mm:ss`, and `1.02:03:04` or `1 day, 2:03:04` with days before it. */
const CLOCK = /^(?:(?:(\d{1,3})(?:\.|\s*d(?:ays?)?,?\s+))?(\d{1,4}):)?(\d{1,4}):(\d{2}(?:[.,]\d{1,9})?)$/i;
const AMOUNT = String.raw`(\d{1,9}(?:[.,]\d{1,9})?)\s*`;
/** `1h 2m 3s`, `62 minutes`, `1 hour, 2 minutes and 3 seconds`, and ISO 8601's `PT1H2M3S`. */
const UNITS = new RegExp(
	`^(?:pt)?(?:${AMOUNT}h(?:(?:ou)?rs?)?\\.?)?[\\s,]*(?:${AMOUNT}m(?:in(?:ute)?s?)?\\.?)?[\\s,]*(?:and\\s+)?(?:${AMOUNT}s(?:ec(?:ond)?s?)?\\.?)?$`,
	'i',
);
const LONGEST = 40;

/**
 * What a DURATION cell may mean, in seconds, the likeliest first: a number of seconds, with thousands separators, in milliseconds or
 * as a part of a day, `mm:ss`, `h:mm:ss` or amounts with units. `undefined` for anything else.
 */
export function readDuration(text: string): readonly number[] | undefined {
	const trimmed = text.trim();
	if (trimmed === '' || trimmed.length > LONGEST) return undefined;
	if (DIGITS.test(trimmed)) return [Number(trimmed), Number(trimmed) / 1_000];
	const [, digits, milliseconds] = NUMBER_AND_UNIT.exec(trimmed) ?? [];
	const numbers = digits === undefined ? [] : numbersOf(digits);
	if (numbers.length > 0) {
		const thousandths = numbers.map((number) => number / 1_000);
		// A spreadsheet keeps a duration as a part of a day.
		const partsOfDay = numbers.filter((number) => number > 0 && number < 1).map((part) => Math.round(part * 86_400));
		return milliseconds === undefined ? [...numbers, ...thousandths, ...partsOfDay] : thousandths;
	}
	const [, days, hours, minutes, seconds] = CLOCK.exec(trimmed) ?? [];
	if (seconds !== undefined) {
		const written = secondsOf(days, hours, minutes, seconds);
		// A spreadsheet takes `5:41` for hours and minutes, and writes `5:41:00`.
		return hours !== undefined && seconds === '00' ? [written, written / 60] : [written];
	}
	const [matched, ...amounts] = UNITS.exec(trimmed) ?? [];
	if (matched === undefined || amounts.every((amount) => amount === undefined)) return undefined;
	return [secondsOf(undefined, ...amounts)];
}

/** A comma before three digits groups thousands, a dot before three digits is a decimal point, unless the other makes sense only. */
function numbersOf(digits: string): number[] {
	const isGrouped = GROUPED.test(digits);
	const plain = PLAIN.test(digits) ? [Number(digits.replace(',', '.'))] : [];
	if (!isGrouped) return plain;
	const decimal = /^.*[.,](?=\d*$)/.exec(digits)?.[0];
	const separator = /\D/.exec(digits)?.[0] ?? '';
	// The last separator is a decimal one only where it differs from the others.
	const hasDecimals = decimal !== undefined && !decimal.endsWith(separator);
	const whole = hasDecimals ? decimal : digits;
	const grouped = Number(`${whole.replace(/\D/g, '')}${hasDecimals ? `.${digits.slice(decimal.length)}` : ''}`);
	return separator === '.' ? [...plain, grouped] : [grouped, ...plain];
}

function secondsOf(...amounts: Array<string | undefined>): number {
	const [days = 0, hours = 0, minutes = 0, seconds = 0] = amounts.map((amount) =>
		Number((amount ?? '0').replace(',', '.')),
	);
	return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

const HOUR = 3_600;

/**
 * Seconds that a call took: what DURATION says, in the reading that stop minus start confirms, or else the likeliest; without
 * it stop minus start; `null` when the row tells neither.
 */
export function weighDuration(
	written: string | undefined,
	startUtc: number | undefined,
	stopUtc: number | undefined,
	troubles: string[],
): number | null {
	const between =
		startUtc === undefined || stopUtc === undefined || stopUtc < startUtc ? undefined : (stopUtc - startUtc) / 1_000;
	if (written === undefined) return between ?? null;
	const readings = readDuration(written);
	const likeliest = readings?.[0];
	if (readings === undefined || likeliest === undefined) {
		troubles.push(`'${clip(written)}' is not a duration`);
		return between ?? null;
	}
	// A start and a stop that are the same tell nothing: some writers put one time into both.
	if (between === undefined || between === 0) return likeliest;
	const seconds = readings.find((reading) => confirms(between, reading)) ?? likeliest;
	if (Math.abs(seconds - between) > HOUR)
		troubles.push(`its duration '${written}' is more than an hour off stop minus start`);
	return seconds;
}

/** Talking may be shorter than the call and stamps are whole seconds; the readings to tell apart are sixtyfold apart or more. */
function confirms(between: number, reading: number): boolean {
	return Math.abs(reading - between) <= 2 || (reading >= between / 2 && reading <= between * 2);
}
