import type { FileEntryWithStats, Stats } from 'ssh2';

import type { Abortable } from '../onAbort';
import { childPath, isListableName, lastPart } from '../remotePath';
import type { RemoteEntry, RemoteEntryType } from '../remoteStore';
import { TransportError } from '../transportError';
import type { SftpConnection } from './sftpConnection';

/**
 * READDIRs in flight: servers answer each with about 100 names, and even a small directory needs a second one for its end. Twice
 * as many each time: a day of 10,000 recordings takes five round trips, and not one for every few hundred names.
 */
const FIRST_READDIRS = 8;
const MOST_READDIRS = 64;
/** A listing longer than this is no tenant's directory but a server that never says the end. */
const MOST_NAMES = 1_000_000;
/** Some servers say "no names" once before they say "the end". */
const MOST_EMPTY_ROUNDS = 3;
const LINKS_IN_FLIGHT = 16;

function typeOf(stats: Stats, longname = ''): RemoteEntryType | 'link' {
	// The mode is optional in the protocol; the first letter of the `ls -l` line then tells.
	if (stats.mode === undefined) return typeOfLetter(longname[0]);
	if (stats.isSymbolicLink()) return 'link';
	if (stats.isDirectory()) return 'directory';
	return stats.isFile() ? 'file' : 'other';
}

function typeOfLetter(letter: string | undefined): RemoteEntryType | 'link' {
	if (letter === 'd') return 'directory';
	if (letter === 'l') return 'link';
	return letter === '-' || letter === undefined ? 'file' : 'other';
}

function entry(path: string, type: RemoteEntryType, stats: Stats | undefined): RemoteEntry {
	const modifiedAt = stats?.mtime === undefined ? undefined : new Date(stats.mtime * 1000);
	return { name: lastPart(path), path, type, size: stats?.size, modifiedAt };
}

/** A link as what it points to; `other` when that is missing, out of reach, or a circle. */
async function followed(connection: SftpConnection, path: string, signal: Abortable | undefined): Promise<RemoteEntry> {
	const target = await connection.stat(path, signal).catch((error: unknown) => {
		const isBroken =
			error instanceof TransportError && ['not-found', 'permission-denied', 'protocol'].includes(error.code);
		if (isBroken) return undefined;
		throw error;
	});
	const type = target === undefined ? 'other' : typeOf(target);
	return entry(path, type === 'link' ? 'other' : type, target);
}

/** Every name of an open directory. Requests for one handle are worked off in order (SFTP, 4.1), so several may wait. */
async function namesOf(
	connection: SftpConnection,
	handle: Buffer,
	directory: string,
	signal: Abortable | undefined,
): Promise<FileEntryWithStats[]> {
	const names: FileEntryWithStats[] = [];
	let emptyRounds = 0;
	for (let inFlight = FIRST_READDIRS; ; inFlight = Math.min(MOST_READDIRS, inFlight * 2)) {
		const requests = Array.from({ length: inFlight }, () => connection.readdir(handle, directory, signal));
		const batches = await Promise.all(requests);
		for (const batch of batches) for (const name of batch ?? []) names.push(name);
		if (batches.includes(undefined)) return names;
		emptyRounds = batches.every((batch) => batch?.length === 0) ? emptyRounds + 1 : 0;
		if (names.length > MOST_NAMES || emptyRounds > MOST_EMPTY_ROUNDS) {
			throw new TransportError('protocol', `The listing of "${directory}" does not end.`, { path: directory });
		}
	}
}

/**
 * The entries of a directory. Links show as what they point to. Names that are no legal path part (control characters,
 * separators, `..`) are left out: nothing could be read from them, and they are attacks more often than files.
 */
export async function listDirectory(
	connection: SftpConnection,
	directory: string,
	signal: Abortable | undefined,
): Promise<RemoteEntry[]> {
	const handle = await connection.opendir(directory, signal);
	const names = await namesOf(connection, handle, directory, signal).finally(() => connection.close(handle));
	const entries: RemoteEntry[] = [];
	const links: string[] = [];
	for (const { filename, longname, attrs } of names) {
		if (!isListableName(filename)) continue;
		const path = childPath(directory, filename);
		const type = typeOf(attrs, longname);
		if (type === 'link') links.push(path);
		else entries.push(entry(path, type, attrs));
	}
	for (let from = 0; from < links.length; from += LINKS_IN_FLIGHT) {
		const some = links.slice(from, from + LINKS_IN_FLIGHT);
		entries.push(...(await Promise.all(some.map((path) => followed(connection, path, signal)))));
	}
	return entries;
}

/** One entry, as a listing would show it. */
export async function statEntry(
	connection: SftpConnection,
	path: string,
	signal: Abortable | undefined,
): Promise<RemoteEntry> {
	const stats = await connection.stat(path, signal).catch(async (error: unknown) => {
		if (!(error instanceof TransportError) || error.code !== 'not-found') throw error;
		// A broken link is there, but points nowhere.
		await connection.lstat(path, signal);
		return undefined;
	});
	if (stats === undefined) return entry(path, 'other', undefined);
	const type = typeOf(stats);
	return entry(path, type === 'link' ? 'other' : type, stats);
}
