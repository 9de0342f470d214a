import { byDetail, INDEX_DIRECTORY, indexFileOf } from '../reading/indexFile';
import { indexFilesOf } from '../reading/indexListing';
import type { IndexFile } from '../reading/indexFile';
import { isUnchanged, markOf } from './pollState';
import type { DirectoryMark, FileMark, PollState } from './pollState';
import { firstDirectoryDate, hasEveryDay, isListingDue, isListingOld, isRecent } from './pollWindow';
import { directoryNameOf, parseDirectoryName, parseIndexName } from '../../recordings/remoteName';
import { addDays, tenantDateAt } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { RemoteEntry } from '../../transport/remoteStore';
import { Gate } from '../../transport/gate';
import { ifThere } from '../../transport/ifThere';
import { listIfThere, listTopDirectories, requestsAtOnce } from './pollRequest';
import type { PollRequest } from './pollRequest';

/** The top of the tenant, among the names of directories. */
const TOP = '';

/** An index file as the server shows it now. */
export interface LookedFile {
	readonly file: IndexFile;
	readonly mark: FileMark;
	/** The same as when it was last read. */
	readonly isUnchanged: boolean;
}

export interface IndexLook {
	/** Index files of the window, oldest day first, the richer edition of a day before the poorer. */
	readonly files: readonly LookedFile[];
	readonly directories: Readonly<Record<string, DirectoryMark>>;
	/** Somewhere there is a detailed index, of whatever day. */
	readonly writesDetailed: boolean;
}

interface LookedDirectory {
	readonly directory: string;
	readonly entries: readonly RemoteEntry[];
	readonly mark: DirectoryMark;
	/** Every name in it is among the entries. */
	readonly isWhole: boolean;
	readonly isThere: boolean;
}

/**
 * Every index file that can hold calls of `since` or later. `Index/` is always listed. The day directories hold the recordings
 * themselves too, thousands of names on a busy day, and SFTP gives a hundred of them a round trip: a large one is listed when
 * something in `Index/` has changed (editions of a day are written in the same night) and every quarter of an hour, and in
 * between only its index files are asked for, over SFTP also those that it should get. The same goes over FTPS for the top, where the
 * first call of a day makes a directory.
 *
 * What an earlier poll knew of is asked for all at once, so that an idle poll takes the time of one listing over SFTP.
 *
 * @param wanted files to read again though they have not changed
 */
export async function lookAtIndex(
	request: PollRequest,
	since: CalendarDate,
	state: PollState | undefined,
	wanted: ReadonlySet<string>,
): Promise<IndexLook> {
	const firstDirectory = firstDirectoryDate(since, request.clock);
	const isInWindow = (name: string): boolean => (parseDirectoryName(name) ?? '') >= firstDirectory;
	const known = Object.keys(state?.directories ?? {})
		.filter(isInWindow)
		.sort();
	const isComplete = hasEveryDay(known, firstDirectory, request.now);
	const first = await lookWhereKnown(request, known, isComplete, state);
	const compared = fileComparison(request, state, wanted);
	const files = compared(INDEX_DIRECTORY, first.central ?? []);
	const hasNews = files.some(({ file, isUnchanged }) => file.date >= since && !isUnchanged);

	const current = first.directories.filter(({ isWhole }) => isWhole || !hasNews);
	// Nothing at all may mean that the tenant itself is not where the credential says.
	const isEmpty = first.central === undefined && !first.directories.some(isSeen);
	const isTopWanted = isEmpty || (!isComplete && (hasNews || first.central === undefined));
	const top = first.top ?? (isTopWanted ? await listTopDirectories(request) : undefined);
	const isCurrent = new Set(current.map(({ directory }) => directory));
	const others = (top ?? known).filter((name) => isInWindow(name) && !isCurrent.has(name)).sort();
	const directories = [...current, ...(await listAllWhole(request, others, state))];

	const topMark = top === undefined ? state?.directories[TOP] : listedNow(request, top.length);
	const all = [...files, ...directories.flatMap(({ directory, entries }) => compared(directory, entries))];
	return {
		files: all.filter(({ file }) => file.directory !== INDEX_DIRECTORY || file.date >= since).sort(byDayAndDetail),
		directories: Object.fromEntries([
			...(topMark === undefined ? [] : [[TOP, topMark] as const]),
			...directories.filter(({ isThere }) => isThere).map(({ directory, mark }) => [directory, mark] as const),
		]),
		writesDetailed: all.some(({ file }) => file.edition > 1),
	};
}

/** Whether this look showed that it is there. One whose index files alone were asked for is only taken to be. */
function isSeen({ isWhole, isThere, entries }: LookedDirectory): boolean {
	return isWhole ? isThere : entries.length > 0;
}

interface FirstLook {
	/** Names at the top of the tenant, when they are due. */
	readonly top: readonly string[] | undefined;
	/** What is in `Index/`, `undefined` when it is not there. */
	readonly central: readonly RemoteEntry[] | undefined;
	readonly directories: readonly LookedDirectory[];
}

/** Looks at everything that an earlier poll knew of, at once. */
async function lookWhereKnown(
	request: PollRequest,
	known: readonly string[],
	isComplete: boolean,
	state: PollState | undefined,
): Promise<FirstLook> {
	const gate = new Gate(() => requestsAtOnce(request, state === undefined));
	// Over SFTP it goes along with the other listings, over FTPS it takes its time.
	const isTopDue = !isComplete && (request.isSftp || isListingOld(state?.directories[TOP], request.now));
	const [top, central, ...directories] = await Promise.all([
		isTopDue ? gate.run(async () => await listTopDirectories(request)) : undefined,
		gate.run(async () => await listDated(request, INDEX_DIRECTORY, state)),
		...known.map((directory) => gate.run(async () => await lookInto(request, directory, state))),
	]).catch((error: unknown) => {
		gate.close();
		throw error;
	});
	return { top, central, directories };
}

async function listAllWhole(
	request: PollRequest,
	directories: readonly string[],
	state: PollState | undefined,
): Promise<LookedDirectory[]> {
	const gate = new Gate(() => requestsAtOnce(request, state === undefined));
	return await gate.map(directories, async (directory) => await listWhole(request, directory, state));
}

/** The index files of a listing, each compared with what it was when it was last read. */
function fileComparison(
	{ now, clock }: PollRequest,
	state: PollState | undefined,
	wanted: ReadonlySet<string>,
): (directory: string, entries: readonly RemoteEntry[]) => LookedFile[] {
	const today = tenantDateAt(now, clock);
	const isDue = dueFiles(state, now);
	return (directory, entries) =>
		indexFilesOf(directory, entries).map((file) => {
			const mark = markOf(file);
			const isSame = isUnchanged(mark, state?.files[file.path], file.date >= today);
			return { file, mark, isUnchanged: isSame && !isDue(file) && !wanted.has(file.path) };
		});
}

/**
 * Which files to read again because calls in them have waited long enough for the detailed index; with them the detailed files of the
 * days around, which may list those of the calls that have no recording to be known by.
 */
function dueFiles(state: PollState | undefined, now: number): (file: IndexFile) => boolean {
	const paths = Object.entries(state?.waiting ?? {}).flatMap(([path, due]) => (due * 1_000 <= now ? [path] : []));
	const dates = new Set(
		paths.flatMap((path) => {
			const date = parseIndexName(path.split('/').at(-1) ?? '')?.date;
			return date === undefined ? [] : [addDays(date, -1), date, addDays(date, 1)];
		}),
	);
	return ({ path, date, edition }) => paths.includes(path) || (edition > 1 && dates.has(date));
}

function byDayAndDetail({ file: a }: LookedFile, { file: b }: LookedFile): number {
	if (a.date === b.date) return byDetail(a, b);
	return a.date < b.date ? -1 : 1;
}

/**
 * A listing. Where it has no times (LIST), it gets those of index files of the running day that are as long as when they were read:
 * asking for a time costs less than reading the file again.
 */
async function listDated(
	request: PollRequest,
	directory: string,
	state: PollState | undefined,
): Promise<RemoteEntry[] | undefined> {
	const { store, clock, now, budget } = request;
	const today = tenantDateAt(now, clock);
	const gate = new Gate(() => requestsAtOnce(request, state === undefined));
	const dated = async (entry: RemoteEntry): Promise<RemoteEntry> => {
		if (entry.modifiedAt !== undefined || (indexFileOf(directory, entry.name)?.date ?? '') < today) return entry;
		if (entry.size !== state?.files[entry.path]?.[0]) return entry;
		return (await gate.run(async () => await ifThere(store.stat(entry.path, { signal: budget.signal })))) ?? entry;
	};
	const entries = await listIfThere(request, directory);
	return entries === undefined ? undefined : await Promise.all(entries.map(dated));
}

async function listWhole(
	request: PollRequest,
	directory: string,
	state: PollState | undefined,
): Promise<LookedDirectory> {
	const entries = await listDated(request, directory, state);
	const mark = listedNow(request, entries?.length ?? 0);
	return { directory, entries: entries ?? [], mark, isWhole: true, isThere: entries !== undefined };
}

function listedNow({ now }: PollRequest, names: number): DirectoryMark {
	return [Math.floor(now / 1_000), names];
}

/** What is in a directory that an earlier poll listed: all of it, or only the index files when it is large. */
async function lookInto(
	request: PollRequest,
	directory: string,
	state: PollState | undefined,
): Promise<LookedDirectory> {
	const mark = state?.directories[directory];
	if (state === undefined || mark === undefined || isListedNow(request, directory, mark))
		return await listWhole(request, directory, state);
	const { store, budget } = request;
	const names = indexNamesOf(directory, state, request.isSftp);
	const gate = new Gate(() => requestsAtOnce(request, false));
	const found = await gate.map(names, async (name) => {
		return await ifThere(store.stat(`${directory}/${name}`, { signal: budget.signal }));
	});
	return { directory, entries: found.filter((entry) => entry !== undefined), mark, isWhole: false, isThere: true };
}

/**
 * Over FTPS a listing takes five round trips, and an index that is asked for takes one. So a day that has been over for long is listed
 * there every quarter of an hour, however small it is.
 */
function isListedNow({ isSftp, now }: PollRequest, directory: string, mark: DirectoryMark): boolean {
	const isDue = isSftp || isRecent(parseDirectoryName(directory) ?? '', now) ? isListingDue : isListingOld;
	return isDue(mark, now);
}

/** Index files that the directory had; and those that it should get, where asking for a missing one costs little. */
function indexNamesOf(directory: string, state: PollState, isMissingCheap: boolean): string[] {
	const prefix = `${directory}/`;
	const known = Object.keys(state.files)
		.filter((path) => path.startsWith(prefix))
		.map((path) => path.slice(prefix.length));
	const date = parseDirectoryName(directory);
	if (!isMissingCheap || date === undefined) return known;
	const stamp = directoryNameOf(date).slice(1);
	return [...new Set([...known, `I${stamp}.csv`, `I${stamp}_version2.csv`])];
}
