import { byDetail, INDEX_DIRECTORY, indexFileOf } from '../../recordings/indexFile';
import type { IndexFile } from '../../recordings/indexFile';
import { isUnchanged, markOf } from '../../recordings/pollState';
import type { DirectoryMark, FileMark, PollState } from '../../recordings/pollState';
import { firstDirectoryDate, hasEveryDay, isListingDue } from '../../recordings/pollWindow';
import { directoryNameOf, parseDirectoryName } from '../../recordings/remoteName';
import { tenantDateAt } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/tenantDay';
import type { RemoteEntry } from '../../transport/remoteStore';
import { Gate } from '../shared/gate';
import { ifThere, listIfThere, listingsAtOnce, listTopDirectories } from './poll';
import type { PollRequest } from './poll';

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
 * between only its index files are asked for, over SFTP also those that it should get.
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
	const [newest, central, ...knownDirectories] = await Promise.all([
		hasEveryDay(known, firstDirectory, now) ? undefined : gate.run(async () => await listTopDirectories(request)),
		gate.run(async () => await listIfThere(request, INDEX_DIRECTORY)),
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
	const isEmpty = newest === undefined && central === undefined && knownDirectories.every(({ isThere }) => !isThere);
	const there = newest ?? (isEmpty ? await listTopDirectories(request) : known);
	const others = there.filter((name) => isInWindow(name) && !listed.has(name)).sort();
	const otherDirectories = await new Gate(() => listingsAtOnce(request)).map(
		others,
		async (directory) => await listWhole(request, directory),
	);
	const directories = [...knownDirectories.filter(({ directory }) => listed.has(directory)), ...otherDirectories];
	return {
		files: [...files, ...directories.flatMap(({ directory, entries }) => looked(directory, entries))].sort((a, b) =>
			a.file.date === b.file.date ? byDetail(a.file, b.file) : a.file.date < b.file.date ? -1 : 1,
		),
		directories: Object.fromEntries(
			directories.filter(({ isThere }) => isThere).map(({ directory, mark }) => [directory, mark]),
		),
	};
}

async function listWhole(request: PollRequest, directory: string): Promise<LookedDirectory> {
	const entries = await listIfThere(request, directory);
	const mark: DirectoryMark = [Math.floor(request.now / 1_000), entries?.length ?? 0];
	return { directory, entries: entries ?? [], mark, isWhole: true, isThere: entries !== undefined };
}

/** What is in a directory that an earlier poll listed: all of it, or only the index files when it is large. */
async function lookInto(
	request: PollRequest,
	directory: string,
	state: PollState | undefined,
): Promise<LookedDirectory> {
	const mark = state?.directories[directory];
	if (state === undefined || mark === undefined || isListingDue(mark, request.now))
		return await listWhole(request, directory);
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
