import { byDetail, INDEX_DIRECTORY, indexFileOf } from '../reading/indexFile';
import type { IndexFile } from '../reading/indexFile';
import { isUnchanged, markOf } from './pollState';
import type { DirectoryMark, FileMark, PollState } from './pollState';
import { firstDirectoryDate, hasEveryDay, isListingDue, isListingOld } from './pollWindow';
import { directoryNameOf, parseDirectoryName } from '../../recordings/remoteName';
import { tenantDateAt } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { RemoteEntry } from '../../transport/remoteStore';
import { Gate } from '../../transport/gate';
import { ifThere, listIfThere, listingsAtOnce, listTopDirectories } from './pollRequest';
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
 */
export async function lookAtIndex(
	request: PollRequest,
	since: CalendarDate,
	state: PollState | undefined,
): Promise<IndexLook> {
	const { clock, now } = request;
	const gate = new Gate(() => listingsAtOnce(request));
	const firstDirectory = firstDirectoryDate(since, clock);
	const isInWindow = (name: string): boolean => (parseDirectoryName(name) ?? '') >= firstDirectory;
	const known = Object.keys(state?.directories ?? {})
		.filter(isInWindow)
		.sort();
	const isComplete = hasEveryDay(known, firstDirectory, now);
	// Over SFTP it goes along with the other listings, over FTPS it takes its time.
	const isTopDue = !isComplete && (request.isSftp || isListingOld(state?.directories[TOP], now));
	const [early, central, ...knownDirectories] = await Promise.all([
		isTopDue ? gate.run(async () => await listTopDirectories(request)) : undefined,
		gate.run(async () => await listDated(request, INDEX_DIRECTORY, state)),
		...known.map((directory) => gate.run(async () => await lookInto(request, directory, state))),
	]).catch((error: unknown) => {
		gate.close();
		throw error;
	});

	const today = tenantDateAt(now, clock);
	const looked = (directory: string, entries: readonly RemoteEntry[]): LookedFile[] =>
		entries.flatMap((entry) => {
			const file = entry.type === 'file' ? indexFileOf(directory, entry.name) : undefined;
			if (file === undefined) return [];
			const mark = markOf(entry);
			return [{ file, mark, isUnchanged: isUnchanged(mark, state?.files[file.path], file.date >= today) }];
		});
	const files = looked(INDEX_DIRECTORY, central ?? []).filter(({ file }) => file.date >= since);
	const hasNews = files.some((file) => !file.isUnchanged);

	const listed = new Set(
		knownDirectories.filter(({ isWhole }) => isWhole || !hasNews).map(({ directory }) => directory),
	);
	// Nothing at all may mean that the tenant itself is not where the credential says.
	const isEmpty = central === undefined && knownDirectories.every(({ isThere }) => !isThere);
	const isTopWanted = isEmpty || (!isComplete && (hasNews || central === undefined));
	const top = early ?? (isTopWanted ? await listTopDirectories(request) : undefined);
	const there = top ?? known;
	const others = there.filter((name) => isInWindow(name) && !listed.has(name)).sort();
	const otherDirectories = await new Gate(() => listingsAtOnce(request)).map(
		others,
		async (directory) => await listWhole(request, directory, state),
	);
	const directories = [...knownDirectories.filter(({ directory }) => listed.has(directory)), ...otherDirectories];
	const topMark = top === undefined ? state?.directories[TOP] : listedNow(request, top.length);
	return {
		files: [...files, ...directories.flatMap(({ directory, entries }) => looked(directory, entries))].sort((a, b) =>
			a.file.date === b.file.date ? byDetail(a.file, b.file) : a.file.date < b.file.date ? -1 : 1,
		),
		directories: Object.fromEntries([
			...(topMark === undefined ? [] : [[TOP, topMark] as const]),
			...directories.filter(({ isThere }) => isThere).map(({ directory, mark }) => [directory, mark] as const),
		]),
	};
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
	const dated = async (entry: RemoteEntry): Promise<RemoteEntry> => {
		if (entry.modifiedAt !== undefined || (indexFileOf(directory, entry.name)?.date ?? '') < today) return entry;
		if (entry.size !== state?.files[entry.path]?.[0]) return entry;
		return (await ifThere(store.stat(entry.path, { signal: budget.signal }))) ?? entry;
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
	if (state === undefined || mark === undefined || isListingDue(mark, request.now))
		return await listWhole(request, directory, state);
	const { store, budget } = request;
	const names = indexNamesOf(directory, state, request.isSftp);
	const found = await Promise.all(
		names.map(async (name) => await ifThere(store.stat(`${directory}/${name}`, { signal: budget.signal }))),
	);
	return { directory, entries: found.filter((entry) => entry !== undefined), mark, isWhole: false, isThere: true };
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
