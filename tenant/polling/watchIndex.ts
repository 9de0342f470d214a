import { byDetail } from '../reading/indexFile';
import { IndexNotes } from '../../recordings/indexNotes';
import { IndexFormatError, readIndex } from '../../recordings/indexReader';
import type { ReadRow } from '../../recordings/indexRow';
import { UnseenCalls } from './unseenCalls';
import { hasStayed } from './pollState';
import type { FileMark, PollState } from './pollState';
import { firstDay, firstDirectoryDate, nextSince, sinceAt } from './pollWindow';
import { keyOfRow, SeenRecordings } from './seenRecordings';
import { addDays, tenantDateAt } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import { TransportError } from '../../transport/transportError';
import { Gate } from '../../transport/gate';
import { ExplainedError } from '../explainedError';
import { isOfOneFile } from '../../transport/oneFileFailure';
import { lookAtIndex } from './indexLook';
import type { LookedFile } from './indexLook';
import type { PollOutcome, PollRequest } from './pollRequest';

/** Index files fetched at once. */
const FETCHES = 4;
/** An index is stamped with its tenant day or the next, and a call over midnight is listed a day later still. */
const STAMP_SPREAD = 2;

/** What came of reading one file: its rows, or why it has none. */
interface FileRead {
	readonly looked: LookedFile;
	readonly rows: readonly ReadRow[];
	/** Its last row has no line end and may be being written: it is left for the next poll. */
	readonly lastRowLeft: boolean;
	readonly failure: ExplainedError | TransportError | undefined;
	/** It had gone between listing and reading, or time was up. */
	readonly isSkipped: boolean;
}

/**
 * One poll of the index: calls that no poll before has seen, each once, however many files and editions list it.
 *
 * Without an earlier state everything that is there is the baseline, and nothing is new unless existing calls are asked for.
 */
export async function pollIndex(request: PollRequest, previous: PollState | undefined): Promise<PollOutcome> {
	const { clock, lookbackDays } = request;
	const today = tenantDateAt(request.now, clock);
	const since = previous === undefined ? firstDay(today, lookbackDays) : sinceAt(previous.since, today);
	const isBaseline = previous === undefined && !request.emitExisting;
	const look = await lookAtIndex(request, since, previous);
	const seen = new SeenRecordings(previous?.seen);
	const calls = new UnseenCalls(seen, request.matches);
	const notes = new IndexNotes();

	const unseeded = new Set(isBaseline ? look.files.map(({ file }) => file.path) : previous?.unseeded);
	const changed = look.files.filter((looked) => !looked.isUnchanged);
	const priorities = new Map(
		[...changed].sort((a, b) => byDetail(a.file, b.file)).map(({ file }, priority) => [file.path, priority]),
	);
	const reads: FileRead[] = [];
	const unread = new Set(changed);
	let before: CalendarDate | undefined;
	// Old days first, so that a trigger that was off for weeks catches up in steps.
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
			for (const row of read.rows) {
				if (unseeded.has(file.path)) seen.add(keyOfRow(row.row, file.date), 'settled');
				else if (calls.isNew(row.row, file)) calls.add(row, file, priorities.get(file.path) ?? 0);
			}
			unseeded.delete(file.path);
		}
	}
	for (const hint of notes.hints) request.warn(hint);
	if (
		unread.size === changed.length &&
		changed.length > 0 &&
		request.budget.isNearlySpent &&
		reads.every(({ failure }) => failure === undefined)
	) {
		throw new ExplainedError(
			'The poll ran out of time before it could read an index file',
			'The server may be slow or the index large. The next poll tries again; nothing is lost.',
		);
	}

	const chosen = calls.choose(request.maximumItems, before);
	const failed = reads.filter(({ failure }) => failure !== undefined).map(({ looked }) => looked);
	const left = [...unread]
		.filter((looked) => !failed.includes(looked))
		.map(({ file }) => addDays(file.date, -STAMP_SPREAD));
	const nextDay = nextSince(since, today, lookbackDays, [...chosen.datesLeft, ...left]);
	seen.forgetBefore(addDays(firstDirectoryDate(nextDay, clock), -1));

	const marks = new Map(
		look.files.flatMap(({ file, mark, isUnchanged }) => (isUnchanged ? [[file.path, mark] as const] : [])),
	);
	for (const { looked, lastRowLeft } of reads) {
		if (unread.has(looked) || chosen.filesLeft.has(looked.file.path)) continue;
		const [size, modified] = looked.mark;
		const mark: FileMark = lastRowLeft ? [size, modified, 1] : looked.mark;
		marks.set(looked.file.path, mark);
	}
	const present = new Set(look.files.map(({ file }) => file.path));
	return {
		items: chosen.rows,
		state: {
			version: 1,
			watch: 'index',
			since: nextDay,
			files: Object.fromEntries(marks),
			directories: look.directories,
			seen: seen.pack(),
			arriving: {},
			unseeded: [...unseeded].filter((path) => present.has(path)),
		},
		unreadable: new Map(
			reads.flatMap(({ looked, failure }) => (failure === undefined ? [] : [[looked.file.path, failure]])),
		),
	};
}

/** Reads one index file. A file that cannot be read keeps no other back; a connection that fails ends the poll. */
async function readFile(
	{ store, clock, budget }: PollRequest,
	looked: LookedFile,
	since: CalendarDate,
	keepsLastRow: boolean,
	notes: IndexNotes,
): Promise<FileRead> {
	const { path, date } = looked.file;
	const format = { encoding: 'auto', dateOrder: 'auto', includeRawRow: false } as const;
	const read = async (): Promise<FileRead> => {
		const rows: ReadRow[] = [];
		let lastRowLeft = false;
		// Without the listed size: the file may have grown since, and the store then asks for the one it has now.
		const bytes = store.read(path, { signal: budget.signal });
		for await (const row of readIndex({ path, bytes }, clock, format, notes)) {
			if (row.isUnterminated === true && !keepsLastRow) lastRowLeft = true;
			else if ((row.row.tenantDay ?? date) >= since) rows.push(row);
		}
		return { looked, rows, lastRowLeft, failure: undefined, isSkipped: false };
	};
	return await read().catch((error: unknown) => {
		const nothing = { looked, rows: [], lastRowLeft: false };
		if (error instanceof IndexFormatError)
			return { ...nothing, failure: new ExplainedError(error.message, error.advice), isSkipped: false };
		if (!(error instanceof TransportError)) throw error;
		if (error.code === 'not-found' || budget.signal.aborted) return { ...nothing, failure: undefined, isSkipped: true };
		if (isOfOneFile(error)) return { ...nothing, failure: error, isSkipped: false };
		throw error;
	});
}
