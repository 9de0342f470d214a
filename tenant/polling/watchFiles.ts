import { firstDay, hasEveryDay, isListingDue, isRecent, nextSince, sinceOf } from './pollWindow';
import { arrivingMark, firstLook, markOf, withFirstLook } from './pollState';
import type { ArrivingMark, DirectoryMark, PollState } from './pollState';
import { isAudioFile, parseDirectoryName, parseRecordingName } from '../../recordings/remoteName';
import { Redelivery } from './redelivery';
import { keyOfRecording, SeenRecordings } from './seenRecordings';
import type { SeenKey } from './seenRecordings';
import { dateMillis, dateOfMillis } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { RemoteEntry } from '../../transport/remoteStore';
import { ifThere } from '../../transport/ifThere';
import { isOfOneFile } from '../../transport/oneFileFailure';
import type { TransportError } from '../../transport/transportError';
import { Gate } from '../../transport/gate';
import { ExplainedError } from '../explainedError';
import type { AudioFile } from './audioFile';
import { listIfThere, listTopDirectories, requestsAtOnce } from './pollRequest';
import type { PollOutcome, PollRequest } from './pollRequest';

/** Files that may still be being written, of which so many are remembered at most: the oldest, whose turn is next. */
const MOST_ARRIVING = 1_000;
/** Of which so many are named in one line of the log. */
const MOST_NAMED = 10;
const DAY_SECONDS = 86_400;

interface NewFile {
	readonly file: AudioFile;
	readonly key: SeenKey;
	readonly date: CalendarDate;
	readonly at: number;
}

/** The recording of an entry, or `undefined` when it is no audio file. */
function audioFileOf(directory: string, date: CalendarDate, entry: RemoteEntry): NewFile | undefined {
	if (entry.type !== 'file' || !isAudioFile(entry.name)) return undefined;
	const stamp = parseRecordingName(entry.name);
	const path = `${directory}/${entry.name}`;
	return {
		file: {
			recordingId: path,
			directory,
			fileName: entry.name,
			path,
			recordedAtUtc: stamp === undefined ? null : new Date(stamp.recordedAtUtc).toISOString(),
			sequence: stamp?.sequence ?? null,
			bytes: entry.size ?? null,
			remoteModifiedAt: entry.modifiedAt?.toISOString() ?? null,
		},
		key: keyOfRecording(directory, entry.name, date),
		date,
		at: stamp?.recordedAtUtc ?? entry.modifiedAt?.getTime() ?? dateMillis(date),
	};
}

function byAge(a: NewFile, b: NewFile): number {
	if (a.at !== b.at) return a.at - b.at;
	return a.file.path < b.file.path ? -1 : 1;
}

interface ArrivingFile extends NewFile {
	readonly mark: ArrivingMark;
}

/** Those that may stay without a byte for ever come last. */
function byTurn(a: ArrivingFile, b: ArrivingFile): number {
	const isEmpty = ({ mark: [size] }: ArrivingFile): number => (size === 0 ? 1 : 0);
	return isEmpty(a) - isEmpty(b) || byAge(a, b);
}

/** From when on a file that is not whole keeps the look-back no longer, in milliseconds since the epoch. */
function stuckAt(mark: ArrivingMark, lookbackDays: number): number {
	return (firstLook(mark) + lookbackDays * DAY_SECONDS) * 1_000;
}

/** Names the files that have not been whole for the length of the look-back; each in the first poll that finds it so. */
function warnOfStuck({ lookbackDays, warn }: PollRequest, stuck: readonly ArrivingFile[], polled = 0): void {
	const news = stuck.filter(({ mark }) => stuckAt(mark, lookbackDays) > polled * 1_000);
	const named = news.slice(0, MOST_NAMED).map(({ file: { path, bytes } }) => (bytes === 0 ? `${path} (empty)` : path));
	if (named.length === 0) return;
	const more = news.length > named.length ? ` and ${news.length - named.length} more` : '';
	const days = lookbackDays === 1 ? 'a day' : `${lookbackDays} days`;
	warn(
		`not emitted, because not whole for ${days}: ${named.join(', ')}${more}. One that is whole before its day leaves the look-back comes all the same; look at the others with 8x8 Reconcile Day`,
	);
}

interface DayDirectory {
	readonly directory: string;
	readonly date: CalendarDate;
}

/** Those of the names that are day directories from a UTC date on, oldest first. */
function dayDirectories(names: readonly string[], since: CalendarDate): DayDirectory[] {
	return names
		.flatMap((directory) => {
			const date = parseDirectoryName(directory);
			return date === undefined || date < since ? [] : [{ directory, date }];
		})
		.sort((a, b) => (a.date < b.date ? -1 : 1));
}

/**
 * One poll of the day directories: audio files that no poll before has seen, whether or not an index lists them yet. The
 * directories of yesterday and today are listed each time, larger older ones every quarter of an hour.
 */
export async function pollFiles(request: PollRequest, previous: PollState | undefined): Promise<PollOutcome> {
	const { now, lookbackDays, maximumItems } = request;
	const today = dateOfMillis(now);
	const since = previous === undefined ? firstDay(today, lookbackDays) : sinceOf(previous, today, now);
	const redelivery = await Redelivery.begin(request, previous);
	const seen = new SeenRecordings(previous?.seen);
	const known = Object.keys(previous?.directories ?? {});
	const step = requestsAtOnce(request, previous === undefined);
	const gate = new Gate(() => step);
	const list = async (directory: string): Promise<RemoteEntry[] | undefined> =>
		await gate.run(async () => await listIfThere(request, directory));
	// On a day without calls there is no directory, and the top has to be looked at. What is listed each time is asked for meanwhile.
	const isTopDue = !hasEveryDay(known, since, now);
	const top = isTopDue ? gate.run(async () => await listTopDirectories(request)) : known;
	const recent = isTopDue ? dayDirectories(known, since).filter(({ date }) => isRecent(date, now)) : [];
	const early = new Map(recent.map(({ directory }) => [directory, list(directory)]));
	// A failure is told when its turn comes, or not at all when the poll has failed by then.
	for (const listing of early.values()) listing.catch(() => undefined);
	const all = dayDirectories(await top, since);
	const isBaseline = previous === undefined && !request.emitExisting;
	const unseeded = new Set(isBaseline ? all.map(({ directory }) => directory) : previous?.unseeded);
	const marks = new Map<string, DirectoryMark>(
		all.flatMap(({ directory }) => {
			const mark = previous?.directories[directory];
			return mark === undefined ? [] : [[directory, mark] as const];
		}),
	);
	// A file without a byte may stay so for ever, and can wait for the next listing of a large directory.
	const expecting = new Set(
		Object.entries(previous?.arriving ?? {}).flatMap(([path, [size]]) =>
			size === 0 ? [] : [path.slice(0, path.lastIndexOf('/'))],
		),
	);
	const due = all.filter(
		(day) =>
			isRecent(day.date, now) ||
			unseeded.has(day.directory) ||
			expecting.has(day.directory) ||
			isListingDue(marks.get(day.directory), now),
	);
	// What there is no time for is taken for known by a later poll, with all that has come by then: in old directories that is little.
	if (isBaseline) due.reverse();

	const found: NewFile[] = [];
	const arriving: ArrivingFile[] = [];
	const unlisted = new Set(due);
	for (let from = 0; from < due.length; from += step) {
		// Directories come oldest first, so that later ones hold nothing that would be emitted before these.
		if (request.budget.isNearlySpent || (found.length >= maximumItems && unseeded.size === 0)) break;
		const some = due.slice(from, from + step);
		const listings = await Promise.all(some.map(({ directory }) => early.get(directory) ?? list(directory)));
		for (const [position, place] of some.entries()) {
			const { directory, date } = place;
			const entries = listings[position];
			unlisted.delete(place);
			const isKnown = unseeded.delete(directory);
			if (entries === undefined) {
				marks.delete(directory);
				continue;
			}
			const listedBefore = marks.get(directory)?.[0];
			marks.set(directory, [Math.floor(now / 1_000), entries.length]);
			for (const entry of entries) {
				const audio = audioFileOf(directory, date, entry);
				if (audio === undefined || seen.statusOf(audio.key) !== undefined) continue;
				// What has not a byte yet is not there yet.
				if (isKnown && entry.size !== 0) {
					seen.add(audio.key, 'settled');
					continue;
				}
				const before = previous?.arriving[audio.file.path];
				const mark = arrivingMark(markOf(entry), before, listedBefore, now);
				if (mark === undefined) found.push(audio);
				else arriving.push({ ...audio, mark: withFirstLook(mark, before) });
			}
		}
	}
	if (unlisted.size === due.length && due.length > 0) {
		throw new ExplainedError(
			'The poll ran out of time before it could list a day directory',
			'The server may be slow or the directory large. The next poll tries again; nothing is lost.',
		);
	}

	const { files: again, unreadable } = await filesAgain(request, redelivery);
	found.push(...again);
	found.sort(byAge);
	const chosen = found.slice(0, maximumItems);
	for (const { key } of chosen) seen.add(key, 'settled');
	const items = await redelivery.undelivered(chosen.map(({ file }) => file));
	const emitted = items.map(({ recordingId, directory }) => ({
		recordingId,
		files: [],
		date: parseDirectoryName(directory) ?? today,
	}));
	const thereAgain = new Set(found.map(({ file }) => file.recordingId));
	const batches = redelivery.next(
		emitted,
		now,
		({ recordingId }) => thereAgain.has(recordingId) || unreadable.has(recordingId),
	);
	const left = found.slice(maximumItems).map(({ date, file }) => ({ date, directory: file.directory }));
	// A directory with files left has to be listed by the next poll, however large it is.
	for (const { directory } of left) marks.delete(directory);
	const isStuck = ({ mark }: ArrivingFile): boolean => stuckAt(mark, lookbackDays) <= now;
	const datesLeft = [...left, ...arriving.filter((one) => !isStuck(one)), ...unlisted].map(({ date }) => date);
	warnOfStuck(request, arriving.filter(isStuck), previous?.polled);
	const kept = arriving.sort(byTurn).slice(0, Math.min(maximumItems, MOST_ARRIVING));
	const nextDay = nextSince(since, today, lookbackDays, datesLeft);
	seen.forgetBefore(since);
	return {
		items,
		state: {
			since: nextDay,
			...(since === nextDay ? {} : { earlier: since }),
			files: {},
			directories: Object.fromEntries(
				[...marks].filter(([directory]) => (parseDirectoryName(directory) ?? '') >= since),
			),
			seen: seen.pack(),
			arriving: Object.fromEntries(kept.map(({ file, mark }) => [file.path, mark])),
			unseeded: [...unseeded],
			polled: Math.floor(now / 1_000),
			...(batches === undefined ? {} : { emitted: batches }),
		},
		unreadable,
		withoutIndex: [],
		givenUp: redelivery.givenUp,
	};
}

interface FilesAgain {
	readonly files: readonly NewFile[];
	/** Why the server tells nothing of some; they come when it does. */
	readonly unreadable: ReadonlyMap<string, TransportError>;
}

/** Files that were emitted, are not marked and are still there. */
async function filesAgain(request: PollRequest, { due }: Redelivery): Promise<FilesAgain> {
	const { store, budget, now, warn } = request;
	const gate = new Gate(() => requestsAtOnce(request, false));
	const unreadable = new Map<string, TransportError>();
	const files = await gate.map([...due.keys()], async (recordingId) => {
		const looked = ifThere(store.stat(recordingId, { signal: budget.signal }));
		const entry = await looked.catch((error: unknown) => {
			if (!isOfOneFile(error)) throw error;
			unreadable.set(recordingId, error);
			return undefined;
		});
		if (unreadable.has(recordingId)) return undefined;
		const directory = recordingId.slice(0, recordingId.lastIndexOf('/'));
		const date = parseDirectoryName(directory) ?? dateOfMillis(now);
		const file = entry === undefined ? undefined : audioFileOf(directory, date, entry);
		if (file === undefined)
			warn(`${recordingId} was to come again, because it is not marked as delivered, but is no longer on the server`);
		return file;
	});
	return { files: files.filter((file) => file !== undefined), unreadable };
}

/** The newest audio files, oldest first. */
export async function newestFiles(request: PollRequest, count: number): Promise<AudioFile[]> {
	const found: NewFile[] = [];
	for (const { directory, date } of dayDirectories(await listTopDirectories(request), '').reverse()) {
		const entries = (await listIfThere(request, directory)) ?? [];
		found.push(...entries.flatMap((entry) => audioFileOf(directory, date, entry) ?? []));
		if (found.length >= count || request.budget.isNearlySpent) break;
	}
	return found
		.sort(byAge)
		.slice(-count)
		.map(({ file }) => file);
}
