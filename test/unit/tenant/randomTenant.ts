import { addDays, dateOfMillis, datesBetween, tenantDay } from '../../../recordings/tenantDay';
import { ZoneClock } from '../../../recordings/zoneClock';
import type { CalendarDate } from '../../../recordings/calendarDate';

/** Zones and dates among which clocks go forward, back, by half an hour, at midnight, and over a whole day. */
const PLACES = [
	['America/Los_Angeles', '2016-11-04'],
	['America/Los_Angeles', '2016-03-11'],
	['America/Los_Angeles', '2016-06-03'],
	['Europe/London', '2016-10-28'],
	['Australia/Lord_Howe', '2016-04-01'],
	['America/Havana', '2016-11-04'],
	['Asia/Kolkata', '2016-06-01'],
	['Pacific/Apia', '2011-12-28'],
	['Pacific/Pago_Pago', '2016-06-01'],
	['Pacific/Kiritimati', '2016-06-01'],
	['UTC', '2016-06-01'],
] as const;

const DETAILED = 'FILENAME,DIRECTORY,AGENT NAME,START TIME UTC,QUEUE NAME,WRAP UP CODE\n';
const BASIC = 'FILENAME,DIRECTORY,AGENT NAME\n';

export interface RandomCall {
	readonly recordingId: string;
	readonly directory: string;
	readonly fileName: string;
	/** When it began; some seconds before its recording when it ran over midnight. */
	readonly startUtc: number;
	readonly recordedUtc: number;
}

export type Edition = 'basic' | 'detailed';

export interface RandomFile {
	readonly path: string;
	readonly edition: Edition;
	readonly calls: readonly RandomCall[];
	/** The tenant day whose index it is, or the directory that it lists. */
	readonly lists: { readonly day: CalendarDate } | { readonly directory: string };
	/** The calendar date after which it is written, in the night. */
	readonly writtenAfter: CalendarDate;
	/** It should be there and is not yet. */
	readonly isLate: boolean;
	readonly text: string;
}

export interface RandomTenant {
	readonly clock: ZoneClock;
	/** Every day that the zone has, of a little more than a week. */
	readonly days: readonly CalendarDate[];
	readonly calls: readonly RandomCall[];
	readonly files: readonly RandomFile[];
}

/** A generator of numbers that gives the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

const clocks = new Map<string, ZoneClock>();

/** One clock a zone: what it has found out about offsets serves all the tenants. */
function clockOf(zone: string): ZoneClock {
	const clock = clocks.get(zone) ?? new ZoneClock(zone);
	clocks.set(zone, clock);
	return clock;
}

function compact(date: CalendarDate): string {
	return date.replaceAll('-', '');
}

/** Where a tenant keeps the index of a day, how it stamps it, and in which editions. */
interface Layout {
	readonly central: readonly Edition[];
	readonly copies: readonly Edition[];
	/** What a copy in a day directory lists. */
	readonly copiesList: 'days' | 'directories';
	/** Whether index files are stamped with the day after their calls. */
	readonly isNextDay: boolean;
	/** Whether the copy of a day's index lies in the directory of the day after. */
	readonly isInNextDirectory: boolean;
}

/** A tenant of some days, its index files in one of the ways that the contract knows. */
export function randomTenant(seed: number): RandomTenant {
	const random = randomOf(seed);
	const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
	const [zone, firstDate] = pick(PLACES);
	const clock = clockOf(zone);
	const days = datesBetween(firstDate, addDays(firstDate, 7)).filter((date) => tenantDay(date, clock).hours > 0);
	const editions = [['basic'], ['detailed'], ['basic', 'detailed']] as const;
	const places = pick(['central', 'copies', 'both'] as const);
	const layout: Layout = {
		central: places === 'copies' ? [] : pick(editions),
		copies: places === 'central' ? [] : pick(editions),
		copiesList: pick(['days', 'directories']),
		isNextDay: random() < 0.4,
		isInNextDirectory: random() < 0.5,
	};
	// How a tenant stamps its files is told by days with calls, so an odd day stands between two that are not.
	let isOddAllowed = false;
	const odd = new Map(
		days.map((date) => {
			const kind = isOddAllowed && random() < 0.5 ? pick(['quiet', 'late'] as const) : 'usual';
			isOddAllowed = kind === 'usual';
			return [date, kind] as const;
		}),
	);
	const calls = days.flatMap((date) => (odd.get(date) === 'quiet' ? [] : callsOf(date, clock, random)));
	const isLate = (date: CalendarDate): boolean => odd.get(date) === 'late' && random() < 0.8;
	return { clock, days, calls, files: indexFiles(layout, { clock, days, calls }, isLate) };
}

/** Some calls of a day, at least one in each of its UTC directories, and sometimes one that runs over its midnight. */
function callsOf(date: CalendarDate, clock: ZoneClock, random: () => number): RandomCall[] {
	const day = tenantDay(date, clock);
	const starts = day.directories.flatMap(({ fromUtc, toUtc }) =>
		Array.from({ length: 1 + Math.floor(random() * 2) }, () => fromUtc + random() * (toUtc - 60_000 - fromUtc)),
	);
	const begun = starts.map((start) => ({ startUtc: Math.floor(start / 1_000) * 1_000, delay: 0 }));
	if (random() < 0.4) begun.push({ startUtc: day.toUtc - 30_000, delay: 60_000 });
	return begun.map(({ startUtc, delay }, call) => {
		const recordedUtc = startUtc + delay;
		const stamp = new Date(recordedUtc).toISOString().replace(/[-:T]/g, '').slice(0, 14);
		const directory = `S${stamp.slice(0, 8)}`;
		const fileName = `R${stamp}${String(call).padStart(4, '0')}.wav`;
		return { recordingId: `${directory}/${fileName}`, directory, fileName, startUtc, recordedUtc };
	});
}

function indexFiles(
	{ central, copies, copiesList, isNextDay, isInNextDirectory }: Layout,
	{ clock, days, calls }: Pick<RandomTenant, 'clock' | 'days' | 'calls'>,
	isLate: (date: CalendarDate) => boolean,
): RandomFile[] {
	const files: RandomFile[] = [];
	const write = (
		directory: string,
		date: CalendarDate,
		edition: Edition,
		file: Pick<RandomFile, 'calls' | 'lists' | 'writtenAfter' | 'isLate'>,
	): void => {
		const name = `I${compact(date)}${edition === 'detailed' ? '_version2' : ''}.csv`;
		files.push({ ...file, path: `${directory}/${name}`, edition, text: textOf(edition, file.calls) });
	};
	for (const date of days) {
		const { fromUtc, toUtc } = tenantDay(date, clock);
		const ofDay = calls.filter(({ startUtc }) => startUtc >= fromUtc && startUtc < toUtc);
		const file = { calls: ofDay, lists: { day: date }, writtenAfter: date };
		const stamp = isNextDay ? addDays(date, 1) : date;
		for (const edition of central) write('Index', stamp, edition, { ...file, isLate: isLate(date) });
		if (copiesList !== 'days') continue;
		const directory = `S${compact(isInNextDirectory || isNextDay ? addDays(date, 1) : date)}`;
		for (const edition of copies) write(directory, stamp, edition, { ...file, isLate: isLate(date) });
	}
	if (copiesList !== 'directories') return files;
	for (const directory of new Set(calls.map((call) => call.directory))) {
		const own = calls.filter((call) => call.directory === directory);
		const date = dateOfMillis(own[0]?.recordedUtc ?? 0);
		for (const edition of copies)
			write(directory, date, edition, {
				calls: own,
				lists: { directory },
				writtenAfter: addDays(date, 1),
				isLate: isLate(date),
			});
	}
	return files;
}

function textOf(edition: Edition, calls: readonly RandomCall[]): string {
	if (edition === 'basic')
		return BASIC + calls.map(({ fileName, directory }) => `${fileName},${directory},Agent One\n`).join('');
	const rows = calls.map(
		({ fileName, directory, startUtc }) =>
			`${fileName},${directory},Agent One,${new Date(startUtc).toISOString()},Sales,Sale\n`,
	);
	return DETAILED + rows.join('');
}

/**
 * What the contract says of a day, of these files: which calls it has and whether it is covered. It knows what the tenant's names
 * stand for, which the nodes have to find out.
 */
export function truthOf(
	{ clock, calls }: RandomTenant,
	files: readonly RandomFile[],
	date: CalendarDate,
): { readonly calls: readonly string[]; readonly isCovered: boolean } {
	const { fromUtc, toUtc, directories } = tenantDay(date, clock);
	const isInDay = (time: number): boolean => time >= fromUtc && time < toUtc;
	const listed = (call: RandomCall, edition?: Edition): boolean =>
		files.some((file) => file.calls.includes(call) && (edition === undefined || file.edition === edition));
	// The basic edition has no times, so a call that only it lists goes by its recording's name.
	const ofDay = calls.filter(
		(call) => listed(call) && isInDay(listed(call, 'detailed') ? call.startUtc : call.recordedUtc),
	);
	const isIndexed = files.some(({ lists }) => 'day' in lists && lists.day === date);
	const parts = directories.map(({ directory }) => ({
		isIndexed: files.some(({ lists }) => 'directory' in lists && lists.directory === directory),
		isThere: calls.some((call) => call.directory === directory) || files.some(({ path }) => path.startsWith(directory)),
	}));
	const areParts = parts.some((part) => part.isIndexed) && parts.every((part) => part.isIndexed || !part.isThere);
	return { calls: ofDay.map(({ recordingId }) => recordingId).sort(), isCovered: isIndexed || areParts };
}
