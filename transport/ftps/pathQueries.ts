import type { TransportError } from '../transportError';
import type { ControlConnection, Refusal, Reply, Target } from './controlConnection';
import { parseFtpSize, parseFtpTime, parseMlstReply } from './directoryListing';
import type { Facts, ListedName } from './listedName';
import { UNKNOWN_COMMAND } from './ftpsFailure';
import { namesHere, type Listing } from './namesQuery';

const VALUE_AT = '213 '.length;
const DIRECTORY: Facts = { type: 'directory', size: undefined, modifiedAt: undefined };

/** Refusals of SIZE that the listing would not tell anything else of. */
const SETTLING: ReadonlySet<string> = new Set(['not-found', 'not-a-file', 'busy']);

type Found = ListedName | 'missing' | 'unknown';

function parentOf(absolute: string): string {
	return absolute.slice(0, absolute.lastIndexOf('/')) || '/';
}

/**
 * A link as what it points to, which is asked for by commands that do not list: MLST of `link/` is about the directory behind it.
 * `other` when that is missing, out of reach or a circle.
 */
async function followed(
	connection: ControlConnection,
	{ absolute, path }: Target,
	link: ListedName,
): Promise<ListedName> {
	if (link.isLink !== true) return link;
	const { name } = link;
	const { size, modifiedAt } = await sizeAndTime(connection, { absolute, path });
	if (size !== undefined) return { name, type: 'file', size, modifiedAt };
	const { hasMachineListing } = connection.traits;
	const entered = await connection.request(hasMachineListing ? `MLST ${absolute}/` : `CWD ${absolute}`, path);
	if (entered.refusal !== undefined) return link;
	const isDirectory = !hasMachineListing || parseMlstReply(entered.message)?.type === 'directory';
	return isDirectory ? { name, ...DIRECTORY } : link;
}

/**
 * What the listing of its directory says about a path: the one thing every server tells without guessing. Sizes come from a
 * listing of this moment; what is not there, and of which type the rest is, from one of a moment ago, too.
 */
async function lookUp(
	connection: ControlConnection,
	{ absolute, path }: Target,
	wanted: 'type' | 'size',
): Promise<Found> {
	if (absolute === '/') return 'unknown';
	const parent = parentOf(absolute);
	const entered = await connection.request(`CWD ${parent}`, path);
	if (entered.refusal === undefined) {
		const name = absolute.slice(absolute.lastIndexOf('/') + 1);
		const list = async (): Promise<readonly ListedName[]> =>
			(await namesHere(connection, { absolute: parent, path })).names;
		const recent = await connection.recent.of(parent, list, connection.whenClosed);
		const isThere = recent.some((entry) => entry.name === name);
		const names = isThere && wanted === 'size' ? await list() : recent;
		const found = names.find((entry) => entry.name === name);
		return found === undefined ? 'missing' : await followed(connection, { absolute, path }, found);
	}
	if (entered.refusal.failure.code === 'not-found') return 'missing';
	if (!entered.refusal.isAmbiguous) return 'unknown';
	const above = await lookUp(connection, { absolute: parent, path }, 'type');
	return above === 'missing' || (above !== 'unknown' && above.type === 'file') ? 'missing' : 'unknown';
}

/** 550 stands for everything from "no such file" to "not yours"; where its text does not tell, the listing does. */
export async function explainRefusal(
	connection: ControlConnection,
	target: Target,
	refusal: Refusal,
	wanted: 'file' | 'directory',
): Promise<TransportError> {
	if (!refusal.isAmbiguous) return refusal.failure;
	const found = await lookUp(connection, target, 'type');
	const said = refusal.failure.detail;
	if (found === 'unknown') return refusal.failure;
	if (found === 'missing') return connection.error('not-found', target.path, said);
	if (wanted === 'file' && found.type === 'directory')
		return connection.error('not-a-file', target.path, 'it is a directory');
	if (wanted === 'directory' && found.type === 'file') {
		return connection.error('not-found', target.path, 'it is a file, not a directory');
	}
	return connection.error('permission-denied', target.path, said);
}

/**
 * The names in a directory. It is entered first: names with spaces, leading dashes and wildcards are
 * safe in CWD only, and a LIST of a missing directory ends without an error on some servers.
 */
export async function listDirectory(connection: ControlConnection, target: Target): Promise<Listing> {
	const entered = await connection.request(`CWD ${target.absolute}`, target.path);
	if (entered.refusal !== undefined) throw await explainRefusal(connection, target, entered.refusal, 'directory');
	const { names, unreadable } = await namesHere(connection, target);
	const entries: ListedName[] = [];
	for (const entry of names) {
		const absolute = `${target.absolute === '/' ? '' : target.absolute}/${entry.name}`;
		entries.push(await followed(connection, { absolute, path: target.path }, entry));
	}
	return { names: entries, unreadable };
}

/**
 * A file's size in bytes, from SIZE or the listing of its directory: some servers refuse SIZE for files that they list and send.
 * Rejects with `not-found`, `not-a-file`, or `protocol` when the server does not state it.
 */
export async function fileSize(connection: ControlConnection, target: Target): Promise<number> {
	const reply = await connection.request(`SIZE ${target.absolute}`, target.path);
	const size = sizeIn(reply);
	if (size !== undefined) return size;
	if (reply.refusal !== undefined && SETTLING.has(reply.refusal.failure.code)) throw reply.refusal.failure;
	const facts = await listedFacts(connection, target, reply.refusal);
	if (facts.type === 'directory') throw connection.error('not-a-file', target.path, 'it is a directory');
	if (facts.size === undefined)
		throw connection.error('protocol', target.path, 'it does not state the size of this file');
	return facts.size;
}

async function listedFacts(connection: ControlConnection, target: Target, refusal?: Refusal): Promise<Facts> {
	const found = await lookUp(connection, target, 'size');
	if (found === 'missing') throw connection.error('not-found', target.path, refusal?.failure.detail);
	if (found === 'unknown')
		throw refusal?.failure ?? connection.error('protocol', target.path, 'its directory cannot be listed');
	return found;
}

function sizeIn(reply: Reply): number | undefined {
	return reply.refusal === undefined ? parseFtpSize(reply.message.slice(VALUE_AT)) : undefined;
}

function timeIn(reply: Reply): Date | undefined {
	return reply.refusal === undefined ? parseFtpTime(reply.message.slice(VALUE_AT)) : undefined;
}

interface SizeAndTime {
	readonly size: number | undefined;
	readonly modifiedAt: Date | undefined;
	/** Of SIZE. */
	readonly refusal: Refusal | undefined;
}

/** By SIZE and MDTM, in one round trip where the server takes both at once. No size reads like a time: that would be terabytes. */
async function sizeAndTime(connection: ControlConnection, { absolute, path }: Target): Promise<SizeAndTime> {
	const commands = [`SIZE ${absolute}`, `MDTM ${absolute}`] as const;
	const [sized, timed] = connection.takesCommandsTogether
		? await connection.requestTogether(commands, path, ([first]) => first === undefined || timeIn(first) === undefined)
		: await answersInTurn(connection, commands, path);
	return {
		size: sized === undefined ? undefined : sizeIn(sized),
		modifiedAt: timed === undefined ? undefined : timeIn(timed),
		refusal: sized?.refusal,
	};
}

/** What has no size is not asked for its time. */
async function answersInTurn(
	connection: ControlConnection,
	[size, time]: readonly [string, string],
	path: string,
): Promise<readonly Reply[]> {
	const sized = await connection.request(size, path);
	return sizeIn(sized) === undefined ? [sized] : [sized, await connection.request(time, path)];
}

/** Asks by SIZE, MDTM and the listing, on servers without MLST. */
async function classicFacts(connection: ControlConnection, target: Target): Promise<Facts> {
	const { size, modifiedAt, refusal } = await sizeAndTime(connection, target);
	if (refusal?.failure.code === 'not-found') throw refusal.failure;
	if (size === undefined) return await listedFacts(connection, target, refusal);
	return { type: 'file', size, modifiedAt };
}

/** Type, size and time of one path. */
export async function statPath(connection: ControlConnection, target: Target): Promise<Facts> {
	if (target.path === '') {
		const entered = await connection.request(`CWD ${target.absolute}`, target.path);
		if (entered.refusal !== undefined) throw await explainRefusal(connection, target, entered.refusal, 'directory');
		return DIRECTORY;
	}
	if (!connection.traits.hasMachineListing) return await classicFacts(connection, target);
	const reply = await connection.request(`MLST ${target.absolute}`, target.path);
	if (reply.refusal === undefined) {
		return parseMlstReply(reply.message) ?? (await classicFacts(connection, target));
	}
	// ProFTPD answers MLST of a missing name with "cannot be listed", and SIZE of it with "No such file".
	const leavesItOpen =
		reply.refusal.isAmbiguous || reply.refusal.reply === 450 || UNKNOWN_COMMAND.has(reply.refusal.reply);
	if (!leavesItOpen) throw reply.refusal.failure;
	return await classicFacts(connection, target);
}
