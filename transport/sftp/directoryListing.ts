import type { FileEntryWithStats, Stats } from 'ssh2';

import type { Abortable } from '../onAbort';
import { childPath, isListableName, lastPart, ownName } from '../remotePath';
import type { RemoteEntry, RemoteEntryType } from '../remoteStore';
import { TransportError } from '../transportError';
import type { SftpConnection } from './sftpConnection';
import { isBareFailure, isPathRefusal } from './sftpError';

/**
 * READDIRs in flight on a server that is known to answer them in order: it answers each with about 100 names, and even a small
 * directory needs a second one for its end. Twice as many each time: a day of 10,000 recordings takes five round trips.
 */
const FIRST_READDIRS = 8;
const MOST_READDIRS = 64;
/** A listing longer than this is no tenant's directory but a server that never says the end. */
const MOST_NAMES = 1_000_000;
const PATHS_IN_FLIGHT = 16;

/** The file type bits of a mode (POSIX, sys/stat.h); servers leave them out, or the whole mode. */
const TYPE_BITS = 0o170_000;
/** The first ten letters of an `ls -l` line. Some servers put the bare name in its place, whose first letter tells nothing. */
const LONG_NAME = /^([-bcdlps])[-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT]/u;
/** A name with an extension is a file's wherever a tenant keeps its recordings; its directories have none. */
const FILE_NAME = /[^.]\.[A-Za-z0-9]{1,5}$/u;

type SeenType = RemoteEntryType | 'link' | 'unknown';

function typeOf(stats: Stats, longname = ''): SeenType {
	// Undefined where the server leaves it out, whatever ssh2's types say.
	const mode: number | undefined = stats.mode;
	if (mode === undefined || (mode & TYPE_BITS) === 0) return typeOfLetter(LONG_NAME.exec(longname)?.[1]);
	if (stats.isSymbolicLink()) return 'link';
	if (stats.isDirectory()) return 'directory';
	return stats.isFile() ? 'file' : 'other';
}

function typeOfLetter(letter: string | undefined): SeenType {
	if (letter === undefined) return 'unknown';
	if (letter === 'd') return 'directory';
	if (letter === 'l') return 'link';
	return letter === '-' ? 'file' : 'other';
}

function entry(path: string, type: RemoteEntryType, stats: Stats | undefined): RemoteEntry {
	const modifiedAt = stats?.mtime === undefined ? undefined : new Date(stats.mtime * 1000);
	return { name: lastPart(path), path, type, size: stats?.size, modifiedAt };
}

/** What a server without a file type for this path has there: what can be opened as a directory is one. */
async function triedType(
	connection: SftpConnection,
	path: string,
	signal: Abortable | undefined,
): Promise<RemoteEntryType> {
	if (FILE_NAME.test(path)) return 'file';
	const handle = await connection.opendir(path, signal).catch((error: unknown) => {
		if (isPathRefusal(error)) return undefined;
		throw error;
	});
	if (handle === undefined) return 'file';
	connection.close(handle);
	return 'directory';
}

/** A link as what it points to; `other` when that is missing, out of reach, or a circle. */
async function followed(connection: SftpConnection, path: string, signal: Abortable | undefined): Promise<RemoteEntry> {
	const target = await connection.stat(path, signal).catch((error: unknown) => {
		if (isPathRefusal(error)) return undefined;
		throw error;
	});
	if (target === undefined) return entry(path, 'other', undefined);
	return await typedEntry(connection, path, target, signal);
}

async function typedEntry(
	connection: SftpConnection,
	path: string,
	stats: Stats,
	signal: Abortable | undefined,
): Promise<RemoteEntry> {
	const type = typeOf(stats);
	if (type === 'unknown') return entry(path, await triedType(connection, path, signal), stats);
	return entry(path, type === 'link' ? 'other' : type, stats);
}

/** Adds the names of one answer to those before; false when one of them was there already. */
function addNames(names: Map<string, FileEntryWithStats>, batch: readonly FileEntryWithStats[]): boolean {
	const before = names.size;
	for (const name of batch) if (!names.has(name.filename)) names.set(name.filename, name);
	return names.size - before === batch.length;
}

function checkLength(names: ReadonlyMap<string, unknown>, directory: string): void {
	if (names.size <= MOST_NAMES) return;
	throw new TransportError('protocol', `The listing of "${directory}" does not end.`, { path: directory });
}

/** Every name of an open directory, asked for one answer after the other, as every server can. */
async function namesInTurn(
	connection: SftpConnection,
	handle: Buffer,
	directory: string,
	signal: Abortable | undefined,
): Promise<FileEntryWithStats[]> {
	const names = new Map<string, FileEntryWithStats>();
	for (;;) {
		const batch = await connection.readdir(handle, directory, signal);
		// An answer without names is the end as well; so is one with nothing new, or a server that forgets where it is never ends.
		const before = names.size;
		if (batch !== undefined) addNames(names, batch);
		if (names.size === before) return [...names.values()];
		checkLength(names, directory);
	}
}

/**
 * Every name of an open directory, with several READDIRs in flight; `undefined` when an answer was odd: a name twice, names behind
 * the end, an error where the end should be, a directory without itself and its parent, which the servers that are known to answer
 * in order always list. Then nothing that was read counts. Silence ends the connection; the next one is asked in turn.
 */
async function namesAhead(
	connection: SftpConnection,
	handle: Buffer,
	directory: string,
	signal: Abortable | undefined,
): Promise<FileEntryWithStats[] | undefined> {
	const names = new Map<string, FileEntryWithStats>();
	for (let inFlight = FIRST_READDIRS; ; inFlight = Math.min(MOST_READDIRS, inFlight * 2)) {
		const requests = Array.from({ length: inFlight }, () => connection.readdir(handle, directory, signal));
		const batches = await Promise.all(requests).catch((error: unknown) => {
			if (!isOdd(error)) throw error;
			connection.listInTurn();
			if (connection.isUsable) return undefined;
			throw error;
		});
		if (batches === undefined) return undefined;
		let hasEnded = false;
		for (const batch of batches) {
			if (batch === undefined || batch.length === 0) hasEnded = true;
			else if (hasEnded || !addNames(names, batch)) return undefined;
		}
		if (hasEnded) return names.has('.') && names.has('..') ? [...names.values()] : undefined;
		checkLength(names, directory);
	}
}

function isOdd(error: unknown): boolean {
	return error instanceof TransportError && !['aborted', 'closed', 'connection-lost'].includes(error.code);
}

async function readNames<T>(
	connection: SftpConnection,
	directory: string,
	signal: Abortable | undefined,
	read: (connection: SftpConnection, handle: Buffer, directory: string, signal: Abortable | undefined) => Promise<T>,
): Promise<T> {
	const handle = await connection.opendir(directory, signal).catch(async (error: unknown): Promise<never> => {
		throw await whyRefused(connection, directory, error, 'directory', signal);
	});
	return await read(connection, handle, directory, signal).finally(() => connection.close(handle));
}

async function namesOf(
	connection: SftpConnection,
	directory: string,
	signal: Abortable | undefined,
): Promise<FileEntryWithStats[]> {
	if (connection.listsAhead) {
		const names = await readNames(connection, directory, signal, namesAhead);
		if (names !== undefined) return names;
		connection.listInTurn();
	}
	return await readNames(connection, directory, signal, namesInTurn);
}

/**
 * The entries of a directory. Links show as what they point to. Names that are no legal path part (control characters,
 * separators) are left out and given to `onIllegal`: nothing could be read from them, and they are attacks more often than files.
 */
export async function listDirectory(
	connection: SftpConnection,
	directory: string,
	signal: Abortable | undefined,
	onIllegal: (name: string) => void = () => undefined,
): Promise<RemoteEntry[]> {
	const entries: RemoteEntry[] = [];
	const untold: Array<() => Promise<RemoteEntry>> = [];
	const names = await namesOf(connection, directory, signal);
	const hasPaths = names.some(({ filename }) => filename.includes('/'));
	const onServer = hasPaths ? [await connection.pathOnServer(directory, signal)] : [];
	for (const { filename, longname, attrs } of names) {
		const name = ownName(filename, onServer);
		if (name === '.' || name === '..') continue;
		if (!isListableName(name)) {
			onIllegal(name);
			continue;
		}
		const path = childPath(directory, name);
		const type = typeOf(attrs, longname);
		if (type === 'link') untold.push(() => followed(connection, path, signal));
		else if (type !== 'unknown') entries.push(entry(path, type, attrs));
		else untold.push(async () => entry(path, await triedType(connection, path, signal), attrs));
	}
	for (let from = 0; from < untold.length; from += PATHS_IN_FLIGHT) {
		const some = untold.slice(from, from + PATHS_IN_FLIGHT);
		entries.push(...(await Promise.all(some.map((tell) => tell()))));
	}
	return entries;
}

/** One entry, as a listing would show it; from the listing itself where the server tells nothing of single paths. */
export async function statEntry(
	connection: SftpConnection,
	path: string,
	signal: Abortable | undefined,
): Promise<RemoteEntry> {
	return await connection.stat(path, signal).then(
		async (stats) => await typedEntry(connection, path, stats, signal),
		async (error: unknown) => {
			if (!(error instanceof TransportError)) throw error;
			if (error.code === 'protocol' || error.code === 'permission-denied')
				return await listedEntry(connection, path, error, signal);
			if (error.code !== 'not-found') throw error;
			// A broken link is there, but points nowhere.
			await connection.lstat(path, signal);
			return entry(path, 'other', undefined);
		},
	);
}

async function listedEntry(
	connection: SftpConnection,
	path: string,
	refusal: TransportError,
	signal: Abortable | undefined,
): Promise<RemoteEntry> {
	if (path === '') {
		connection.close(await connection.opendir(path, signal));
		return entry(path, 'directory', undefined);
	}
	const missing = new TransportError('not-found', `"${path}" does not exist.`, { path, server: refusal.server });
	const parent = path.split('/').slice(0, -1).join('/');
	let current: RemoteEntry[] | undefined;
	const list = async (): Promise<RemoteEntry[]> => {
		current = await listDirectory(connection, parent, signal).catch((error: unknown): never => {
			if (error instanceof TransportError && error.code === 'not-found') throw missing;
			throw isPathRefusal(error) ? refusal : error;
		});
		return current;
	};
	const recent = await connection.recent.of(parent, list, connection.whenClosed);
	const isThere = recent.some((one) => one.path === path);
	// What is not there may be told from a moment ago, a size may not.
	const names = current ?? (isThere ? await list() : recent);
	const found = names.find((one) => one.path === path);
	if (found === undefined) throw missing;
	return found;
}

/**
 * Why a path could not be opened, where the server does not say: many have one status for all failures (sshj issue 817, TGPuttyLib
 * issue 13). What can be said of it is told by its state or the listing above it.
 */
export async function whyRefused(
	connection: SftpConnection,
	path: string,
	refusal: unknown,
	wanted: 'file' | 'directory',
	signal: Abortable | undefined,
): Promise<unknown> {
	if (path === '' || !(refusal instanceof TransportError) || !isBareFailure(refusal)) return refusal;
	const { server } = refusal;
	const found = await statEntry(connection, path, signal).catch((error: unknown) =>
		error instanceof TransportError && error.code === 'not-found' ? error : refusal,
	);
	if (found instanceof TransportError) return found;
	const { type } = found;
	if (wanted === 'file' && type === 'directory') {
		return new TransportError('not-a-file', `"${path}" is a directory.`, { server, path });
	}
	if (wanted === 'directory' && type === 'file') {
		return new TransportError('not-found', `"${path}" is a file, not a directory.`, { server, path });
	}
	return refusal;
}
