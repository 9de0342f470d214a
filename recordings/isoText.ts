const MINUTE = 60_000;
/** Minutes remembered as written: calls of an hour share sixty, and memory stays bounded in any file. */
const MOST_MINUTES = 2_000;

/** `2016-06-06T18:30:` by the minutes since 1970. */
const minuteTexts = new Map<number, string>();

/**
 * Writes moments as ISO 8601 with milliseconds, as `Date.toISOString` does, and an offset behind. An index has several times a row
 * and few minutes, so what is before the seconds is kept, and so are the seconds with what is behind them.
 */
export class IsoText {
	readonly #secondTexts: readonly string[];

	/** @param offset `Z`, or such as `-07:00` */
	constructor(private readonly offset: string) {
		this.#secondTexts = Array.from({ length: 60 }, (_, second) => `${String(second).padStart(2, '0')}.000${offset}`);
	}

	/** @param wallMillis milliseconds since 1970 by the clock that has this offset */
	of(wallMillis: number): string {
		const minute = Math.floor(wallMillis / MINUTE);
		const secondText = this.#secondTexts[(wallMillis - minute * MINUTE) / 1_000];
		if (secondText === undefined) return `${new Date(wallMillis).toISOString().slice(0, -1)}${this.offset}`;
		return minuteText(minute) + secondText;
	}
}

/** With `Z`. */
export const UTC_TEXT = new IsoText('Z');

function minuteText(minute: number): string {
	const known = minuteTexts.get(minute);
	if (known !== undefined) return known;
	if (minuteTexts.size >= MOST_MINUTES) minuteTexts.clear();
	const text = new Date(minute * MINUTE).toISOString().slice(0, -'00.000Z'.length);
	minuteTexts.set(minute, text);
	return text;
}
