const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The zone beside a time, as written. */
export interface WrittenZone {
	readonly text: string;
	/** Milliseconds ahead of UTC that it may stand for, the likeliest first; none for a name this version does not know. */
	readonly offsets: readonly number[];
	/** `PST` is often written all year round for Pacific time; `-08:00` and UTC mean what they say. */
	readonly isName: boolean;
}

/**
 * Hours ahead of UTC by abbreviation: all that the IANA time zone database (release 2025b) has for the years from 2016 on,
 * read out of its compiled zones. Where it has several, the one with most zones comes first.
 */
const HOURS_OF_NAME: Readonly<Record<string, readonly number[]>> = {
	ACDT: [10.5],
	ACST: [9.5],
	ADT: [-3],
	AEDT: [11],
	AEST: [10],
	AKDT: [-8],
	AKST: [-9],
	AST: [-4],
	AWST: [8],
	BST: [1],
	CAT: [2],
	CDT: [-5, -4],
	CEST: [2],
	CET: [1],
	CHST: [10],
	CST: [-6, 8, -5],
	EAT: [3],
	EDT: [-4],
	EEST: [3],
	EET: [2],
	EST: [-5],
	GMT: [0],
	HDT: [-9],
	HKT: [8],
	HST: [-10],
	IDT: [3],
	IST: [5.5, 2, 1],
	JST: [9],
	KST: [9],
	MDT: [-6],
	MEST: [2],
	MET: [1],
	MSK: [3],
	MST: [-7],
	NDT: [-2.5],
	NST: [-3.5],
	NZDT: [13],
	NZST: [12],
	PDT: [-7],
	PKT: [5],
	PST: [-8, 8],
	SAST: [2],
	SST: [-11],
	WAT: [1],
	WEST: [1],
	WET: [0],
	WIB: [7],
	WIT: [9],
	WITA: [8],
};

const UTC = /^\(?(?:z|utc|ut|coordinated universal time)\)?$/i;
/** `+01`, `-0700`, `GMT+0100`, `UTC-7`; a name after it, in brackets or not, adds nothing. */
const OFFSET = /^\(?(?:utc|gmt|ut)?\s*([+-])(\d{1,2})(?::?(\d{2}))?\)?(?:\s*[[(a-z].*)?$/i;
const ABBREVIATION = /^[[(]?([a-z]{2,5})[\])]?$/i;
/** `Pacific Daylight Time`, as JavaScript and Windows write it. */
const LONG_NAME = /^[[(]?((?:[\p{L}.&'-]+\s+){1,5}time)[\])]?$/iu;
/** Of these the initials are the abbreviation. Those of most others are another zone's: Samoa, Moscow, `Egypt Standard Time`. */
const OF_INITIALS =
	/^(?:pacific|mountain|central|eastern|atlantic|newfoundland|greenwich|british|irish|india|japan|china|new zealand|australian \w+) (?:standard|daylight|summer|mean) /i;
const IANA_NAME = /^[[(]?[a-z_]+\/[a-z_/]+[\])]?$/i;
/** Pacific/Kiritimati; no clock is farther from UTC. */
const WIDEST = 14;

/** Reads what stands beside a time; `undefined` when it is no zone. */
export function readZone(text: string): WrittenZone | undefined {
	if (UTC.test(text)) return { text, offsets: [0], isName: false };
	const [, sign, hours = '', minutes = '0'] = OFFSET.exec(text) ?? [];
	if (sign !== undefined) {
		if (Number(hours) > WIDEST || Number(minutes) > 59) return undefined;
		const ahead = Number(hours) * HOUR + Number(minutes) * MINUTE;
		return { text, offsets: [sign === '-' ? -ahead : ahead], isName: false };
	}
	const longName = LONG_NAME.exec(text)?.[1];
	const name = ABBREVIATION.exec(text)?.[1] ?? (longName === undefined ? undefined : abbreviationOf(longName));
	if (name === undefined) return IANA_NAME.test(text) ? { text, offsets: [], isName: true } : undefined;
	return { text, offsets: (HOURS_OF_NAME[name.toUpperCase()] ?? []).map((hours) => hours * HOUR), isName: true };
}

/** Empty for a name that has none here. */
function abbreviationOf(longName: string): string {
	const words = longName.split(/\s+/);
	return OF_INITIALS.test(words.join(' ')) ? words.map((word) => word.charAt(0)).join('') : '';
}
