import { DayJudge, uncoveredParts } from './dayEvidence';
import type { DayEvidence, DayPart } from './dayEvidence';
import { FileEvidence } from './fileEvidence';
import type { UnreadableIndex } from './fileEvidence';
import { byDetail, hasDetail, INDEX_DIRECTORY, indexFileOf } from './indexFile';
import type { IndexFile, SoughtDetail } from './indexFile';
import { readIndexFile } from './indexFileReading';
import { indexFilesOf, listTop } from './indexListing';
import { indexSearchFor } from './indexSearch';
import { MergedCalls } from './mergedCalls';
import { isUnfinished, judgementOf } from './unfinishedCalls';
import type { CallJudge } from '../../recordings/callFilter';
import { IndexNotes } from '../../recordings/indexNotes';
import type { IndexFormat } from '../../recordings/indexReader';
import type { IndexRow, ReadRow } from '../../recordings/indexRow';
import { lettersOf } from '../../recordings/nameLetters';
import { parseDirectoryName } from '../../recordings/remoteName';
import { addDays, dateMillis, datesBetween, directoriesOf, tenantDateAt, tenantDay } from '../../recordings/tenantDay';
import type { TenantDay, UtcWindow } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { RemoteStore } from '../../transport/remoteStore';
import type { Abortable } from '../../transport/onAbort';
import { Gate } from '../../transport/gate';
import { ifThere } from '../../transport/ifThere';
import { ExplainedError } from '../explainedError';

/** Listings and index files fetched at once. */
const FETCHES = 4;

export interface ReadingRequest {
	readonly store: RemoteStore;
	/** As the credential names it. */
	readonly tenantDirectory: string;
	readonly clock: ZoneClock;
	readonly detail: SoughtDetail;
	readonly format: IndexFormat;
	readonly judge: CallJudge;
	readonly signal: Abortable | undefined;
}

/** A call, and what is not known of it. */
export interface ReadCall {
	readonly row: IndexRow;
	/** When it began, in milliseconds, as far as the row tells. */
	readonly at: number | undefined;
	/** Only the basic edition lists it so far. */
	readonly isUnfinished: boolean;
	/** The filters ask for columns that its file does not have. */
	readonly isUnjudged: boolean;
}

/** Something that was asked for and that no index speaks for. */
export type IndexGap =
	| { readonly kind: 'day'; readonly evidence: DayEvidence }
	| { readonly kind: 'directory'; readonly directory: string; readonly isAbsent: boolean }
	| { readonly kind: 'file'; readonly path: string };

/** The calls of a request, and the evidence that they are all. */
export interface TenantReading {
	/** Those that meet the filters, or cannot be judged, by start time, then recording. */
	readonly calls: readonly ReadCall[];
	/** Distinct calls read, before the filters. */
	readonly seen: number;
	/** Those of them that are left out because their index file does not have the columns that the filters ask for. */
	readonly unjudged: number;
	/** What was asked for and is not covered. When it is empty, and nothing is unreadable, every call of the request has been read. */
	readonly gaps: readonly IndexGap[];
	/** Files that may list calls of the request and cannot be read. */
	readonly unreadable: readonly UnreadableIndex[];
	/** Files of days around, which were read only for calls that run over midnight, and could not be. */
	readonly unreadableAround: readonly UnreadableIndex[];
	/** Parts of a directory that no index speaks for, where others do. */
	readonly openParts: readonly DayPart[];
	readonly days: readonly DayEvidence[];
	readonly notes: IndexNotes;
	/** Every recording that any row read is about, also those of other days. */
	readonly recordingIds: ReadonlySet<string>;
}

/** The calls of whole tenant days, each exactly once. */
export async function readTenantDays(request: ReadingRequest, asked: readonly TenantDay[]): Promise<TenantReading> {
	const days = asked.filter(({ hours }) => hours > 0);
	const wanted = new Set<string | null>(days.map(({ date }) => date));
	const found = await findIndexFiles(request, days);
	return await readFiles(request, found, {
		wants: ({ row }) => wanted.has(row.tenantDay),
		wantsUntimed: (_, day) => wanted.has(day),
		gapsOf: (judge) => gapsOf(days.map((day) => judge.evidenceOf(day))),
	});
}

/**
 * The calls that began in a stretch of time, as *Resolve Tenant Day* hands one out for each UTC directory. A directory's own
 * index may be stamped with, and hold, another tenant day's calls, so its neighbours are read as for a whole day.
 */
export async function readDirectoryWindow(
	request: ReadingRequest,
	directory: string,
	window: UtcWindow,
): Promise<TenantReading> {
	const days = daysOf(window, request.clock);
	const found = await findIndexFiles(request, days);
	return await readFiles(request, found, {
		wants: (read) => isWithin(window, read),
		wantsUntimed: ({ row }, date, file) =>
			days.some((day) => day.date === date && homeOf(row, file, day) === directory),
		gapsOf: (judge) => gapsOf(days.map((day) => judge.evidenceOf(day, partsIn(day, window)))),
	});
}

/** Everything in the index files of one directory; where it has none, what `Index/` says about the directory. */
export async function readDirectory(request: ReadingRequest, directory: string): Promise<TenantReading> {
	const { store, tenantDirectory, detail, signal } = request;
	const entries = await ifThere(store.list(directory, { signal }));
	const isAbsent = entries === undefined;
	if (isAbsent) await listTop(store, tenantDirectory, signal);
	const listed = indexFilesOf(directory, entries ?? []);
	const own = listed.filter((file) => hasDetail(file, detail));
	const date = parseDirectoryName(directory);
	const gap: IndexGap = { kind: 'directory', directory, isAbsent };
	const absent = new Set(isAbsent ? [directory] : []);
	if (own.length > 0 || date === undefined) {
		const found = { files: own, absent, writesDetailed: writesDetailed(listed) };
		return await readFiles(request, found, {
			wants: () => true,
			wantsUntimed: () => true,
			gapsOf: (_, { files, unreadable }) => {
				const covers = files.some((file) => date === undefined || isIndexOf(file, date));
				return { gaps: covers || unreadable.length > 0 ? [] : [gap], days: [], openParts: [] };
			},
		});
	}

	const dates = new Set([-1, 0, 1, 2].map((step) => addDays(date, step)));
	const central = indexFilesOf(INDEX_DIRECTORY, (await ifThere(store.list(INDEX_DIRECTORY, { signal }))) ?? []);
	const files = central.filter((file) => hasDetail(file, detail) && dates.has(file.date));
	const window = windowOfDirectory(date);
	const days = daysOf(window, request.clock);
	const found = { files, absent, writesDetailed: writesDetailed(central) };
	return await readFiles(request, found, {
		wants: (read) => (read.row.directory === null ? isWithin(window, read) : read.row.directory === directory),
		wantsUntimed: ({ row }, date, file) =>
			row.directory === directory || days.some((day) => day.date === date && homeOf(row, file, day) === directory),
		gapsOf: (judge, { seen }) => {
			const evidences = days.map((day) => judge.evidenceOf(day, partsIn(day, window)));
			const parts = evidences.flatMap((evidence) => evidence.parts);
			const open = parts.filter(({ cover }) => cover === undefined);
			const isOpen = open.length === parts.length || (isAbsent && seen === 0);
			return { gaps: isOpen ? [gap] : [], days: evidences, openParts: isOpen ? [] : open };
		},
	});
}

function isWithin({ fromUtc, toUtc }: UtcWindow, { at }: ReadRow): boolean {
	return at !== undefined && at >= fromUtc && at < toUtc;
}

/** Which of its day's directories a row without any time is listed with: the one that it or its file names, else the first. */
function homeOf({ directory }: IndexRow, file: IndexFile, day: TenantDay): string | undefined {
	const directories = day.directories.map((part) => part.directory);
	return directories.find((own) => own === (directory ?? file.directory)) ?? directories[0];
}

/** Everything in one index file. */
export async function readOneFile(request: ReadingRequest, path: string): Promise<TenantReading> {
	if (path === '') {
		throw new ExplainedError(
			'No index file is chosen',
			"Choose one in 'Index File', or give its path, such as Index/I20160606.csv.",
		);
	}
	const reading = await readFileAt(request, path);
	if (reading.gaps.length === 0) return reading;
	const spelled = await spelledAlike(request, path);
	return spelled === undefined ? reading : await readFileAt(request, spelled);
}

/** The path of a file that only its capitals tell from another; `undefined` when there is none. */
async function spelledAlike({ store, signal }: ReadingRequest, path: string): Promise<string | undefined> {
	const entries = (await ifThere(store.list(directoryOf(path), { signal }))) ?? [];
	return entries.find((entry) => entry.type === 'file' && lettersOf(entry.path) === lettersOf(path))?.path;
}

function directoryOf(path: string): string {
	return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

async function readFileAt(request: ReadingRequest, path: string): Promise<TenantReading> {
	const directory = directoryOf(path);
	const name = path.slice(path.lastIndexOf('/') + 1);
	const named = indexFileOf(directory, name);
	const file: IndexFile = { path, directory, date: named?.date ?? '', edition: named?.edition ?? 1 };
	return await readFiles(
		request,
		{ files: [file], absent: new Set(), writesDetailed: false },
		{
			wants: () => true,
			wantsUntimed: () => true,
			gapsOf: (_, { files, unreadable }) => {
				const gaps: IndexGap[] = files.length + unreadable.length > 0 ? [] : [{ kind: 'file', path }];
				return { gaps, days: [], openParts: [] };
			},
		},
	);
}

/** `Syyyymmdd` -> its UTC window, the whole day. */
export function windowOfDirectory(date: CalendarDate): UtcWindow {
	return { fromUtc: dateMillis(date), toUtc: dateMillis(addDays(date, 1)) };
}

/** The tenant days that a stretch of time touches. */
function daysOf({ fromUtc, toUtc }: UtcWindow, clock: ZoneClock): TenantDay[] {
	const dates = datesBetween(tenantDateAt(fromUtc, clock), tenantDateAt(toUtc - 1, clock));
	return dates.map((date) => tenantDay(date, clock)).filter(({ hours }) => hours > 0);
}

/** The parts of a day that a stretch of time touches. */
function partsIn(day: TenantDay, { fromUtc, toUtc }: UtcWindow): ReturnType<typeof directoriesOf> {
	return day.directories.filter((part) => part.fromUtc < toUtc && part.toUtc > fromUtc);
}

/** Whether a file is the index of the directory of this date that it lies in, and no copy of another day's. */
function isIndexOf(evidence: FileEvidence, date: CalendarDate): boolean {
	const { file, isWithoutDays, listsItsDirectory } = evidence;
	const isNamedForIt = file.date === date || file.date === addDays(date, 1);
	return isNamedForIt && (isWithoutDays || listsItsDirectory || evidence.hasRowsOf(date));
}

/** What has been found on the server for a request. */
interface Found {
	readonly files: readonly IndexFile[];
	readonly absent: ReadonlySet<string>;
	/** Somewhere there is a detailed index, of whatever day. */
	readonly writesDetailed: boolean;
}

/** Every index file that may hold calls of the days, wherever tenants keep them. */
async function findIndexFiles(request: ReadingRequest, days: readonly TenantDay[]): Promise<Found> {
	const { store, tenantDirectory, clock, detail, signal } = request;
	const searches = days.map((day) => indexSearchFor(day, clock));
	const dates = new Set(searches.flatMap((search) => [...search.dates]));
	const directories = [...new Set(searches.flatMap((search) => search.directories))].sort();
	const listings = await new Gate(() => FETCHES).map([INDEX_DIRECTORY, ...directories], async (directory) => ({
		directory,
		entries: await ifThere(store.list(directory, { signal })),
	}));
	const listed = listings.flatMap(({ directory, entries }) => indexFilesOf(directory, entries ?? []));
	const files = listed.filter(
		(file) => hasDetail(file, detail) && (file.directory !== INDEX_DIRECTORY || dates.has(file.date)),
	);
	const absent = new Set(listings.filter(({ entries }) => entries === undefined).map(({ directory }) => directory));
	// Nothing at all may mean that the tenant itself is not where the credential says.
	if (absent.size === listings.length) await listTop(store, tenantDirectory, signal);
	return { files, absent, writesDetailed: detail !== 'basic' && writesDetailed(listed) };
}

function writesDetailed(files: readonly IndexFile[]): boolean {
	return files.some(({ edition }) => edition > 1);
}

/** What a request wants of the rows, and what it then takes for missing. */
interface ReadingPlan {
	wants(read: ReadRow): boolean;
	/** @param day the one that the row's file is about */
	wantsUntimed(read: ReadRow, day: CalendarDate, file: IndexFile): boolean;
	gapsOf(judge: DayJudge, read: FilesRead): Pick<TenantReading, 'gaps' | 'days' | 'openParts'>;
}

interface FilesRead {
	readonly files: readonly FileEvidence[];
	readonly unreadable: readonly UnreadableIndex[];
	readonly seen: number;
}

/** Reads index files several at once, merges their rows into calls, and keeps those that the plan wants. */
async function readFiles(request: ReadingRequest, found: Found, plan: ReadingPlan): Promise<TenantReading> {
	const { store, clock, format, judge, signal } = request;
	const notes = new IndexNotes();
	const untimed: Array<{ readonly read: ReadRow; readonly priority: number }> = [];
	const placed = new Set<ReadRow>();
	const calls = new MergedCalls((read) => {
		if (!(read.at === undefined ? placed.has(read) : plan.wants(read))) return 'elsewhere';
		if (judgementOf(read, judge, found.writesDetailed) !== 'unmet') return 'kept';
		return judge(read.row, read.columns) === 'unknown' ? 'unjudged' : 'filtered';
	});
	const evidences = new Map<string, FileEvidence>();
	const ordered = [...found.files].sort(byDetail);
	const outcomes = await new Gate(() => FETCHES).map(ordered, async (file, priority) => {
		const evidence = new FileEvidence(file, clock);
		const outcome = await readIndexFile({ store, clock, format, notes, signal }, file, (read) => {
			evidence.add(read);
			if (read.at === undefined) untimed.push({ read, priority });
			else calls.add(read, priority);
		});
		if (outcome === 'read') evidences.set(file.path, evidence);
		return outcome;
	});
	const files = ordered.flatMap(({ path }) => evidences.get(path) ?? []);
	const unreadable = outcomes.filter((outcome) => typeof outcome === 'object');
	const dayJudge = new DayJudge({ files, unreadable, absent: found.absent });
	for (const { read, priority } of untimed) {
		const evidence = evidences.get(read.row.indexFile);
		if (evidence !== undefined && plan.wantsUntimed(read, dayJudge.dayOf(evidence), evidence.file)) placed.add(read);
		calls.add(read, priority);
	}
	const { reads, seen, unjudged } = calls.result;
	const { gaps, days, openParts } = plan.gapsOf(dayJudge, { files, unreadable, seen });
	const concerned = new Set(days.flatMap((day) => day.unreadable));
	const isAsked = (one: UnreadableIndex): boolean => days.length === 0 || concerned.has(one);
	return {
		calls: reads.map((read) => ({
			row: read.row,
			at: read.at,
			isUnfinished: isUnfinished(read.row, found.writesDetailed),
			isUnjudged: judgementOf(read, judge, found.writesDetailed) === 'unknown',
		})),
		seen,
		unjudged,
		gaps,
		unreadable: unreadable.filter(isAsked),
		unreadableAround: unreadable.filter((one) => !isAsked(one)),
		openParts,
		days,
		notes,
		get recordingIds() {
			return calls.recordingIds;
		},
	};
}

function gapsOf(days: readonly DayEvidence[]): Pick<TenantReading, 'gaps' | 'days' | 'openParts'> {
	const gaps = days
		.filter((evidence) => uncoveredParts(evidence).length > 0)
		.map((evidence): IndexGap => ({ kind: 'day', evidence }));
	return { gaps, days, openParts: [] };
}
