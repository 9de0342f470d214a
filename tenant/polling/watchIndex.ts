import { byDetail } from '../reading/indexFile';
import { AUTOMATIC_FORMAT, readIndexFile } from '../reading/indexFileReading';
import { IndexNotes } from '../../recordings/indexNotes';
import type { IndexFormatError } from '../../recordings/indexFormatError';
import type { IndexRow, ReadRow } from '../../recordings/indexRow';
import { UnseenCalls } from './unseenCalls';
import type { ChosenCalls } from './unseenCalls';
import { hasStayed } from './pollState';
import type { FileMark, PollState } from './pollState';
import { firstDay, firstDirectoryDate, nextSince, sinceOf } from './pollWindow';
import type { EmittedBatch } from './emittedRecordings';
import { Redelivery } from './redelivery';
import { keyOfRow, SeenRecordings, textOf } from './seenRecordings';
import { addDays, datesBetween, tenantDateAt, tenantDay } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import { TransportError } from '../../transport/transportError';
import { Gate } from '../../transport/gate';
import { ExplainedError } from '../explainedError';
import { lookAtIndex } from './indexLook';
import type { IndexLook, LookedFile } from './indexLook';
import type { PollOutcome, PollRequest } from './pollRequest';

/** Index files fetched at once. */
const FETCHES = 4;
/** An index is stamped with its tenant day or the next, and a call over midnight is listed a day later still. */
const STAMP_SPREAD = 2;
/** How long after the end of a day its index is late, in milliseconds. */
const LATE = 86_400_000;

/** What came of reading one file: its rows, or why it has none. */
interface FileRead {
	readonly looked: LookedFile;
	readonly rows: readonly ReadRow[];
	/** Its last row has no line end and may be being written: it is left for the next poll. */
	readonly lastRowLeft: boolean;
	readonly failure: IndexFormatError | TransportError | undefined;
	/** It had gone between listing and reading, or time was up. */
	readonly isSkipped: boolean;
}

/** From where a poll goes on. */
interface Beginning {
	readonly previous: PollState | undefined;
	/** The running tenant day. */
	readonly today: CalendarDate;
	readonly since: CalendarDate;
	readonly look: IndexLook;
}

/** What the changed files gave. */
interface ChangedFiles {
	readonly reads: readonly FileRead[];
	/** Files that were not read, or not to their end. */
	readonly unread: ReadonlySet<LookedFile>;
	/** Paths whose calls are no news, because they were there at the beginning and could not be read until now. */
	readonly unseeded: ReadonlySet<string>;
	/** Calls of this day and later are held back, because files that may list older ones have not been read. */
	readonly before: CalendarDate | undefined;
}

/**
 * One poll of the index: calls that no poll before has seen, each once, however many files and editions list it.
 *
 * Without an earlier state everything that is there is the baseline, and nothing is new unless existing calls are asked for.
 */
export async function pollIndex(request: PollRequest, previous: PollState | undefined): Promise<PollOutcome> {
	const { clock, lookbackDays, judge, now } = request;
	const today = tenantDateAt(now, clock);
	const since = previous === undefined ? firstDay(today, lookbackDays) : sinceOf(previous, today, now);
	const redelivery = await Redelivery.begin(request, previous);
	const look = await lookAtIndex(request, since, previous, redelivery.files);
	const beginning = { previous, today, since, look };
	const seen = new SeenRecordings(previous?.seen);
	const calls = new UnseenCalls(seen, { judge, writesDetailed: look.writesDetailed, now }, redelivery.due);
	const changed = await readChangedFiles(request, beginning, seen, calls);
	refuseNothingRead(request, look, changed);

	const chosen = calls.choose(request.maximumItems, changed.before);
	if (chosen.overdue > 0)
		request.warn(
			`${chosen.overdue} of the calls come as the basic index has them, because the detailed one does not list them 36 hours after the call`,
		);
	const items = await redelivery.undelivered(chosen.rows);
	const emitted = nextEmitted(request, redelivery, items, { chosen, changed, listed: calls.dueMet });
	const { reads } = changed;
	return {
		items,
		state: nextState(request, beginning, changed, chosen, seen, emitted),
		unreadable: new Map(
			reads.flatMap(({ looked, failure }) => (failure === undefined ? [] : [[looked.file.path, failure]])),
		),
		withoutIndex: daysWithoutIndex(request, beginning),
		givenUp: redelivery.givenUp,
	};
}

/** What may have to come again after this poll. */
function nextEmitted(
	{ now, warn }: PollRequest,
	redelivery: Redelivery,
	items: readonly IndexRow[],
	poll: { readonly chosen: ChosenCalls; readonly changed: ChangedFiles; readonly listed: ReadonlySet<string> },
): readonly EmittedBatch[] | undefined {
	const { places, idsLeft } = poll.chosen;
	const unread = new Set([...poll.changed.unread].map(({ file }) => file.path));
	const emitted = items.flatMap((row) => {
		const place = places.get(row);
		if (row.recordingId === null || place === undefined) return [];
		return [{ recordingId: row.recordingId, files: [...place.files], date: place.date }];
	});
	return redelivery.next(emitted, now, ({ recordingId, files }) => {
		if (poll.listed.has(recordingId)) return idsLeft.has(recordingId);
		if (files.some((path) => unread.has(path))) return true;
		warn(`${recordingId} was to come again, because it is not marked as delivered, but no index lists it any more`);
		return false;
	});
}

/** Reads what has changed, old days first, so that a trigger that was off for weeks catches up in steps. */
async function readChangedFiles(
	request: PollRequest,
	{ previous, since, look }: Beginning,
	seen: SeenRecordings,
	calls: UnseenCalls,
): Promise<ChangedFiles> {
	const isBaseline = previous === undefined && !request.emitExisting;
	const unseeded = new Set(isBaseline ? look.files.map(({ file }) => file.path) : previous?.unseeded);
	const changed = look.files.filter((looked) => !looked.isUnchanged);
	const priorities = new Map(
		[...changed].sort((a, b) => byDetail(a.file, b.file)).map(({ file }, priority) => [file.path, priority]),
	);
	const notes = new IndexNotes();
	const reads: FileRead[] = [];
	const unread = new Set(changed);
	let before: CalendarDate | undefined;
	for (const date of [...new Set(changed.map(({ file }) => file.date))].sort()) {
		if (request.budget.isNearlySpent) break;
		const ripe = addDays(date, -STAMP_SPREAD);
		if (calls.countBefore(ripe) >= request.maximumItems) {
			before = ripe;
			break;
		}
		const files = changed.filter(({ file }) => file.date === date);
		const results = await new Gate(() => FETCHES).map(files, async (looked) => {
			const keepsLastRow = unseeded.has(looked.file.path) || hasStayed(looked.mark, previous?.files[looked.file.path]);
			return await readFile(request, looked, since, keepsLastRow, notes);
		});
		for (const read of results) {
			reads.push(read);
			const { file } = read.looked;
			// A file that is just being written when the trigger begins may fail too, and its calls are new.
			if (read.failure !== undefined) unseeded.delete(file.path);
			if (read.isSkipped || read.failure !== undefined) continue;
			unread.delete(read.looked);
			for (const { row, copy } of withCopies(read.rows)) {
				if (unseeded.has(file.path)) seen.add(keyOfRow(row.row, file.date, copy), 'settled');
				else calls.add(row, file, priorities.get(file.path) ?? 0, copy);
			}
			unseeded.delete(file.path);
		}
	}
	for (const hint of notes.hints) request.warn(hint);
	return { reads, unread, unseeded, before };
}

/** The rows of a file, each with how many equal ones without a recording stand before it. */
function* withCopies(
	rows: readonly ReadRow[],
): Generator<{ readonly row: ReadRow; readonly copy: number }, void, void> {
	const met = new Map<string, number>();
	for (const row of rows) {
		if (row.row.recordingId !== null) {
			yield { row, copy: 0 };
			continue;
		}
		const text = textOf(row.row);
		const copy = met.get(text) ?? 0;
		met.set(text, copy + 1);
		yield { row, copy };
	}
}

/** A poll whose time was up before anything was read must not look like one that found nothing. */
function refuseNothingRead({ budget }: PollRequest, look: IndexLook, { reads, unread }: ChangedFiles): void {
	const changed = look.files.filter((looked) => !looked.isUnchanged);
	const isNothingRead = unread.size === changed.length && changed.length > 0;
	if (!isNothingRead || !budget.isNearlySpent || reads.some(({ failure }) => failure !== undefined)) return;
	throw new ExplainedError(
		'The poll ran out of time before it could read an index file',
		'The server may be slow or the index large. The next poll tries again; nothing is lost.',
	);
}

/** What the next poll has to know. */
function nextState(
	{ clock, lookbackDays, now }: PollRequest,
	{ previous, today, since, look }: Beginning,
	{ reads, unread, unseeded }: ChangedFiles,
	chosen: ChosenCalls,
	seen: SeenRecordings,
	emitted: readonly EmittedBatch[] | undefined,
): PollState {
	const present = new Set(look.files.map(({ file }) => file.path));
	const wasRead = new Set(reads.filter(({ looked }) => !unread.has(looked)).map(({ looked }) => looked.file.path));
	const waiting = new Map([
		...Object.entries(previous?.waiting ?? {}).filter(([path]) => present.has(path) && !wasRead.has(path)),
		...[...chosen.waiting].map(([path, due]) => [path, Math.ceil(due / 1_000)] as const),
	]);
	const failed = new Set(reads.filter(({ failure }) => failure !== undefined).map(({ looked }) => looked));
	const datesLeft = [
		...chosen.datesLeft,
		...[...unread].filter((looked) => !failed.has(looked)).map(({ file }) => addDays(file.date, -STAMP_SPREAD)),
		...(emitted ?? []).map(({ first }) => addDays(first, -STAMP_SPREAD)),
		// What waits began up to two calendar days before its time is up.
		...[...waiting.values()].map((due) => addDays(tenantDateAt(due * 1_000, clock), -STAMP_SPREAD)),
	];
	const nextDay = nextSince(since, today, lookbackDays, datesLeft);
	seen.forgetBefore(addDays(firstDirectoryDate(since, clock), -1));
	return {
		since: nextDay,
		...(since === nextDay ? {} : { earlier: since }),
		files: Object.fromEntries(
			marksOf(look, reads, (read) => !unread.has(read.looked) && !chosen.filesLeft.has(read.looked.file.path)),
		),
		directories: look.directories,
		seen: seen.pack(),
		arriving: {},
		unseeded: [...unseeded].filter((path) => present.has(path)),
		...(waiting.size === 0 ? {} : { waiting: Object.fromEntries(waiting) }),
		...(emitted === undefined ? {} : { emitted }),
		polled: Math.floor(now / 1_000),
	};
}

/** The marks of files that need not be read again as long as they stay as they are. */
function marksOf(
	look: IndexLook,
	reads: readonly FileRead[],
	isDone: (read: FileRead) => boolean,
): Array<readonly [path: string, mark: FileMark]> {
	const unchanged = look.files
		.filter((looked) => looked.isUnchanged)
		.map(({ file, mark }) => [file.path, mark] as const);
	const read = reads.filter(isDone).map(({ looked: { file, mark }, lastRowLeft }) => {
		const done: FileMark = lastRowLeft ? [mark[0], mark[1], 1] : mark;
		return [file.path, done] as const;
	});
	return [...unchanged, ...read];
}

/** Days of the look-back that no index can be about, by all names that there are, though they have been over for long. */
function daysWithoutIndex({ clock, now }: PollRequest, { today, since, look }: Beginning): CalendarDate[] {
	const named = new Set(look.files.flatMap(({ file }) => [file.date, addDays(file.date, -1)]));
	return datesBetween(since, addDays(today, -1)).filter((date) => {
		if (named.has(date)) return false;
		const { hours, toUtc } = tenantDay(date, clock);
		return hours > 0 && toUtc + LATE <= now;
	});
}

/** Reads one index file. A file that cannot be read keeps no other back; a connection that fails ends the poll. */
async function readFile(
	{ store, clock, budget, warn }: PollRequest,
	looked: LookedFile,
	since: CalendarDate,
	keepsLastRow: boolean,
	notes: IndexNotes,
): Promise<FileRead> {
	const { file } = looked;
	const rows: ReadRow[] = [];
	let lastRowLeft = false;
	const nothing = { looked, rows: [], lastRowLeft: false };
	const reading = { store, clock, notes, format: AUTOMATIC_FORMAT, signal: budget.signal };
	const outcome = await readIndexFile(reading, file, (read) => {
		if (read.isUnterminated === true && !keepsLastRow) lastRowLeft = true;
		else if (read.isCut === true)
			warn(
				`${file.path} ends inside the row in line ${read.row.indexLine}, which is not emitted before the file has all of it. If it stays so, look at its day with 8x8 Reconcile Day`,
			);
		else if ((read.row.tenantDay ?? file.date) >= since) rows.push(read);
	}).catch((error: unknown) => {
		if (error instanceof TransportError && budget.signal.aborted) return 'gone' as const;
		throw error;
	});
	if (outcome === 'read') return { looked, rows, lastRowLeft, failure: undefined, isSkipped: false };
	if (outcome === 'gone' || budget.signal.aborted) return { ...nothing, failure: undefined, isSkipped: true };
	return { ...nothing, failure: outcome.reason, isSkipped: false };
}
