import { isListableName, ownName } from '../remotePath';
import type { ControlConnection, Refusal, Target } from './controlConnection';
import { parseListing } from './directoryListing';
import type { ListedName } from './listedName';
import { UNKNOWN_COMMAND } from './ftpsFailure';
import { NO_FILES_TEXT } from './serverText';

/** What a directory holds, and the lines of its listing that cannot be read or hold no legal name. */
export interface Listing {
	readonly names: readonly ListedName[];
	readonly unreadable: readonly string[];
}

const HIDDEN_TOO = 'LIST -a';
/** With which servers tell an empty directory by a refusal. */
const NO_FILES_REPLIES: ReadonlySet<number> = new Set([450, 550]);
/** Pure-FTPd says with its 226 that it left out names: `226-Output truncated to 2000 matches`. */
const TRUNCATED_TEXT = /truncated|too many (?:files|matches|entries)/iu;
/**
 * Of a directory that may be entered and not be read: vsftpd says `226 Transfer done (but failed to open directory).`, Pure-FTPd
 * `226-Sorry, we were unable to read [.]`.
 */
const NOT_OPENED_TEXT = /failed to open directory|unable to read/iu;

function saysEmpty({ reply, failure }: Refusal): boolean {
	return NO_FILES_REPLIES.has(reply) && NO_FILES_TEXT.test(failure.detail ?? '');
}

function commandsFor({ traits, habits }: ControlConnection): readonly string[] {
	const commands = [...(traits.hasMachineListing ? ['MLSD'] : []), HIDDEN_TOO, 'LIST'];
	return commands.filter((command) => command === 'LIST' || !habits.uselessLists.has(command));
}

function read(connection: ControlConnection, { absolute, path }: Target, text: string): Listing {
	const unreadable: string[] = [];
	try {
		const listed = parseListing(text, (line) => unreadable.push(line));
		const names = listed.map((entry) => ({ ...entry, name: ownName(entry.name, [absolute]) }));
		const illegal = names.filter(({ name }) => name !== '.' && name !== '..' && !isListableName(name));
		unreadable.push(...illegal.map(({ name }) => name));
		return { names: names.filter(({ name }) => isListableName(name)), unreadable };
	} catch (error) {
		throw connection.error('protocol', path, error instanceof Error ? error.message : undefined);
	}
}

/**
 * The names in the working directory, which is the target. LIST gets no path, because servers split and glob it as `ls` would.
 * Rejects with a `TransportError`, also when the server did not send the whole listing.
 */
export async function namesHere(connection: ControlConnection, target: Target): Promise<Listing> {
	const { path } = target;
	let refused: Refusal | undefined;
	// By a command that it knows.
	let isRefused = false;
	for (const command of commandsFor(connection)) {
		const reply = await connection.listing(command, path);
		if (reply.refusal !== undefined) {
			// That may be about a file of the name `-a`.
			if (command !== HIDDEN_TOO && saysEmpty(reply.refusal)) return { names: [], unreadable: [] };
			if (command === HIDDEN_TOO || UNKNOWN_COMMAND.has(reply.refusal.reply)) {
				connection.habits.uselessLists.add(command);
			}
			refused ??= reply.refusal;
			isRefused ||= command !== HIDDEN_TOO && !UNKNOWN_COMMAND.has(reply.refusal.reply);
			continue;
		}
		const { text, message } = reply;
		if (TRUNCATED_TEXT.test(message)) {
			throw connection.error('protocol', path, 'it holds more names than the server lists, and it says so', {
				advice: "Ask the operator of the server to raise its limit for listings (Pure-FTPd: 'LimitRecursion' or -L).",
				isFinal: true,
			});
		}
		if (NOT_OPENED_TEXT.test(message)) {
			throw connection.error('permission-denied', path, 'it may be entered, but not be listed');
		}
		if (text !== '' && !text.endsWith('\n')) {
			throw connection.error('connection-lost', path, 'its listing ended in the middle of a line');
		}
		// A server that takes `-a` for a name lists nothing; a real `LIST -a` names at least the directory itself.
		if (command === HIDDEN_TOO && text.trim() === '') {
			connection.habits.uselessLists.add(command);
			continue;
		}
		// ProFTPD refuses MLSD where the directory cannot be read, and LIST sends nothing then.
		if (text.trim() === '' && isRefused) break;
		return read(connection, target, text);
	}
	throw refused?.failure ?? connection.error('protocol', path, 'it lists no names');
}
