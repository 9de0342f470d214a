import { MergedCalls } from './mergedCalls';
import { IndexCoverage, uncoveredParts } from './indexCoverage';
import type { CoveredPart } from './indexCoverage';
import { byDetail, hasDetail, INDEX_DIRECTORY, indexFileOf, indexSearchFor } from './indexFile';
import type { IndexDetail, IndexFile } from './indexFile';
import { IndexNotes } from '../../recordings/indexNotes';
import { IndexFormatError, readIndex } from '../../recordings/indexReader';
import type { IndexFormat } from '../../recordings/indexReader';
import type { IndexRow, ReadRow } from '../../recordings/indexRow';
import { parseDirectoryName } from '../../recordings/remoteName';
import { addDays, datesBetween, skippedDays, tenantDateAt, tenantDay } from '../../recordings/tenantDay';
import type { TenantDay, UtcWindow } from '../../recordings/tenantDay';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';
import { TransportError } from '../../transport/transportError';
import { Gate } from '../../transport/gate';
import { listTop } from './indexListing';
import { ExplainedError } from '../explainedError';
import { isOfOneFile } from '../../transport/oneFileFailure';

/** Listings and index files fetched at once. */
const FETCHES = 4;

export interface IndexRequest {
	readonly store: RemoteStore;
	/** As the credential names it. */
	readonly tenantDirectory: string;
	readonly clock: ZoneClock;
	readonly detail: IndexDetail;
	readonly format: IndexFormat;
	readonly matches: (row: IndexRow) => boolean;
	/** Is shown every row that is read, also those of other days and those that do not match. */
	readonly sees?: (row: IndexRow) => void;
	/** Is told why a file cannot be read, and the others are read all the same; without it that ends the request. */
	readonly onUnreadable?: ((error: Error) => void) | undefined;
	readonly signal: AbortSignal | undefined;
}

/** The calls of a request, and what a person should know about them. */
export interface IndexResult {
	/** By start time, then recording. */
	readonly rows: IndexRow[];
	/** Distinct calls read, before the filters. */
	readonly seen: number;
	/** One sentence each. */
	readonly hints: string[];
	/** What no index speaks for. An empty list means that every call of the request is in `rows`. */
	readonly missing: MissingIndex[];
}

/** A stretch of time, or a file, that has no index. */
export class MissingIndex extends ExplainedError {
	/** @param explanation what to do, without the word on an option that not every node has */
	constructor(
		message: string,
		readonly explanation: string,
		readonly tenantDay: string | null,
	) {
		super(message, `${explanation} To go on without it, set 'On Missing Index' to 'Skip'.`);
	}
}

/** The names in a directory; `undefined` when it is not on the server. */
async function listIfThere(request: IndexRequest, directory: string): Promise<RemoteEntry[] | undefined> {
	return await request.store.list(directory, { signal: request.signal }).catch((error: unknown) => {
		if (isNotFound(error)) return undefined;
		throw error;
	});
}

function isNotFound(error: unknown): error is TransportError {
	return error instanceof TransportError && error.code === 'not-found';
}

function indexFilesIn(directory: string, entries: readonly RemoteEntry[] | undefined): IndexFile[] {
	return (entries ?? []).flatMap((entry) => (entry.type === 'file' ? (indexFileOf(directory, entry.name) ?? []) : []));
}

/** Reads index files several at once; each row that `wants` says yes to joins the list. */
async function readFiles(
	request: IndexRequest,
	files: readonly IndexFile[],
	wants: (read: ReadRow) => boolean,
	wantsUntimed: (coverage: IndexCoverage, read: ReadRow) => boolean,
): Promise<{ list: MergedCalls; notes: IndexNotes; coverages: IndexCoverage[] }> {
	const list = new MergedCalls(request.matches);
	const notes = new IndexNotes();
	const ordered = [...files].sort(byDetail);
	const readOne = async (file: IndexFile, priority: number): Promise<IndexCoverage> => {
		const coverage = new IndexCoverage(file);
		const untimed: ReadRow[] = [];
		const bytes = request.store.read(file.path, { signal: request.signal });
		for await (const read of readIndex({ path: file.path, bytes }, request.clock, request.format, notes)) {
			coverage.add(read.row.tenantDay, read.row.directory);
			request.sees?.(read.row);
			if (read.at === undefined) untimed.push(read);
			else if (wants(read)) list.add(read, priority);
		}
		for (const read of untimed) if (wantsUntimed(coverage, read)) list.add(read, priority);
		return coverage;
	};
	const outcomes = await new Gate(() => FETCHES).map(
		ordered,
		async (file, priority) =>
			await readOne(file, priority).catch((error: unknown) => {
				const isUnreadable = error instanceof IndexFormatError || isOfOneFile(error) || isNotFound(error);
				if (!isUnreadable || request.onUnreadable === undefined) throw error;
				return error;
			}),
	);
	for (const outcome of outcomes) if (outcome instanceof Error) request.onUnreadable?.(outcome);
	return { list, notes, coverages: outcomes.filter((outcome) => outcome instanceof IndexCoverage) };
}

/** What has been found on the server for some tenant days. */
interface Found {
	readonly files: IndexFile[];
	readonly absent: ReadonlySet<string>;
}

/** Every index file that may hold calls of the days, wherever tenants keep them. */
async function findIndexFiles(request: IndexRequest, days: readonly TenantDay[]): Promise<Found> {
	const searches = days.map(indexSearchFor);
	const dates = new Set(searches.flatMap((search) => [...search.dates]));
	const directories = [...new Set(searches.flatMap((search) => search.directories))].sort();
	const listings = await new Gate(() => FETCHES).map([INDEX_DIRECTORY, ...directories], async (directory) => ({
		directory,
		entries: await listIfThere(request, directory),
	}));
	const files = listings
		.flatMap(({ directory, entries }) => indexFilesIn(directory, entries))
		.filter((file) => hasDetail(file, request.detail) && (file.directory !== INDEX_DIRECTORY || dates.has(file.date)));
	const absent = new Set(listings.filter(({ entries }) => entries === undefined).map(({ directory }) => directory));
	// Nothing at all may mean that the tenant itself is not where the credential says.
	if (absent.size === listings.length) await listTop(request.store, request.tenantDirectory, request.signal);
	return { files, absent };
}

/** The calls of whole tenant days, each exactly once. */
export async function readTenantDays(request: IndexRequest, days: readonly TenantDay[]): Promise<IndexResult> {
	const real = days.filter((day) => day.hours > 0);
	const found = await findIndexFiles(request, real);
	const wanted = new Set<string | null>(real.map((day) => day.date));
	const { list, notes, coverages } = await readFiles(
		request,
		found.files,
		({ row }) => wanted.has(row.tenantDay),
		(coverage) => wanted.has(coverage.day ?? coverage.file.date),
	);
	const missing = real.flatMap((day) => missingIndexes(request, day, day, found, coverages));
	return { rows: list.rows, seen: list.seen, hints: [...notes.hints, ...skippedDays(days)], missing };
}

/**
 * The calls that began in a stretch of time, as *Resolve Tenant Day* hands one out for each UTC directory. A directory's own
 * index may be stamped with, and hold, another tenant day's calls, so its neighbours are read as for a whole day.
 */
export async function readDirectoryWindow(
	request: IndexRequest,
	directory: string,
	window: UtcWindow,
): Promise<IndexResult> {
	const { clock } = request;
	const dates = datesBetween(tenantDateAt(window.fromUtc, clock), tenantDateAt(window.toUtc - 1, clock));
	const days = dates.map((date) => tenantDay(date, clock)).filter((day) => day.hours > 0);
	const found = await findIndexFiles(request, days);
	const { list, notes, coverages } = await readFiles(
		request,
		found.files,
		({ at }) => at !== undefined && at >= window.fromUtc && at < window.toUtc,
		(coverage, { row }) =>
			dates.includes(coverage.day ?? coverage.file.date) && (row.directory ?? coverage.file.directory) === directory,
	);
	const missing = days.flatMap((day) => missingIndexes(request, day, window, found, coverages));
	return { rows: list.rows, seen: list.seen, hints: notes.hints, missing };
}

/** Of which kind an index was looked for, and what to do when only the other kind is there. */
function soughtKind({ detail }: IndexRequest): { readonly ofKind: string; readonly advice: string } {
	if (detail === 'auto') return { ofKind: '', advice: '' };
	return { ofKind: ` that is ${detail}`, advice: " For an index of either kind set 'Index Detail' to 'Automatic'." };
}

function missingIndexes(
	request: IndexRequest,
	day: TenantDay,
	window: UtcWindow,
	found: Found,
	coverages: readonly IndexCoverage[],
): MissingIndex[] {
	const parts = day.directories
		.filter((part) => part.fromUtc < window.toUtc && part.toUtc > window.fromUtc)
		.map((part): CoveredPart => ({ ...part, isAbsent: found.absent.has(part.directory) }));
	const uncovered = uncoveredParts(day.date, parts, coverages);
	if (uncovered.length === 0) return [];
	const where = uncovered
		.map((part) => (part.isAbsent ? `${part.directory} (not on the server)` : part.directory))
		.join(' and ');
	const { ofKind, advice } = soughtKind(request);
	const thatIs = coverages.length < found.files.length ? ' that can be read' : ofKind;
	return [
		new MissingIndex(
			`No index covers tenant day ${day.date} (${day.timeZone}): none${thatIs} in ${INDEX_DIRECTORY}/ and none in ${where}`,
			`8x8 writes the index of a day between 00:00 and 01:00 tenant time after it, so run this later for a day that has just ended; check 'Tenant Time Zone' too. Days past the retention are gone.${advice}`,
			day.date,
		),
	];
}

/** Everything in the index files of one directory; where it has none, what `Index/` says about the directory. */
export async function readDirectory(request: IndexRequest, directory: string): Promise<IndexResult> {
	const entries = await listIfThere(request, directory);
	if (entries === undefined) await listTop(request.store, request.tenantDirectory, request.signal);
	const own = indexFilesIn(directory, entries).filter((file) => hasDetail(file, request.detail));
	const date = parseDirectoryName(directory);
	if (own.length > 0 || date === undefined) {
		const { list, notes } = await readFiles(
			request,
			own,
			() => true,
			() => true,
		);
		const missing = own.length > 0 ? [] : [missingInDirectory(request, directory, entries === undefined)];
		return { rows: list.rows, seen: list.seen, hints: notes.hints, missing };
	}

	const dates = new Set([-1, 0, 1, 2].map((days) => addDays(date, days)));
	const central = indexFilesIn(INDEX_DIRECTORY, await listIfThere(request, INDEX_DIRECTORY)).filter(
		(file) => hasDetail(file, request.detail) && dates.has(file.date),
	);
	const { list, notes } = await readFiles(
		request,
		central,
		({ row }) => row.directory === directory,
		(_, { row }) => row.directory === directory,
	);
	const missing = list.seen > 0 ? [] : [missingInDirectory(request, directory, entries === undefined)];
	return { rows: list.rows, seen: list.seen, hints: notes.hints, missing };
}

function missingInDirectory(request: IndexRequest, directory: string, isAbsent: boolean): MissingIndex {
	const { ofKind, advice } = soughtKind(request);
	return new MissingIndex(
		isAbsent
			? `The directory ${directory} is not on the server`
			: `${directory} holds no index file${ofKind} (I and a date, .csv)`,
		`Check the name (S and the UTC date, such as S20160607); the index of a day is written after the day has ended.${advice}`,
		null,
	);
}

/** Everything in one index file. */
export async function readIndexFile(request: IndexRequest, path: string): Promise<IndexResult> {
	const clean = path.trim().replace(/^\/+/, '');
	if (clean === '') {
		throw new ExplainedError(
			'No index file is chosen',
			"Choose one in 'Index File', or give its path, such as Index/I20160606.csv.",
		);
	}
	const [name = '', ...above] = clean.split('/').reverse();
	const directory = above.reverse().join('/');
	const named = indexFileOf(directory, name);
	const file: IndexFile = { path: clean, directory, date: named?.date ?? '', edition: named?.edition ?? 1 };
	return await readFiles(
		{ ...request, onUnreadable: undefined },
		[file],
		() => true,
		() => true,
	).then(
		({ list, notes }) => ({ rows: list.rows, seen: list.seen, hints: notes.hints, missing: [] }),
		(error: unknown) => {
			if (!isNotFound(error)) throw error;
			const advice =
				'Check the path below the tenant directory, such as Index/I20160606.csv; 8x8 deletes files at the end of their retention.';
			return {
				rows: [],
				seen: 0,
				hints: [],
				missing: [new MissingIndex(`There is no index file ${clean} on the server`, advice, null)],
			};
		},
	);
}
