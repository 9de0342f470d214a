import type { RemoteEntryType } from '../remoteStore';
import type { Facts, ListedName } from './listedName';
import { parseListLine } from './listLine';

/** `type=file;size=5;modify=20160607013000; name`: RFC 3659 section 7.2. The facts may be empty, the space is not. */
const MACHINE_LINE = /^((?:[^\s=;]+=[^;\r\n]*;)*) (.+)$/u;
const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,3})\d*)?$/u;
/** Most servers indent the line, some repeat the code. */
const REPLY_CODE = /^\d{3}[- ]/u;
/** `total 12`, in the language of the server. */
const TOTAL_LINE = /^\s*\p{L}[\p{L} ]{0,30}:?\s*[\d.,]{1,20}\s?[KMGT]?B?\s*$/u;
/** What the type fact of a symbolic link looks like: `OS.unix=slink:/x`, `OS.unix=symlink`. */
const LINK_TYPE = /^os\.\w+=s(?:ym)?link/iu;
const DIGITS = /^\d{1,16}$/u;

/** RFC 3659 section 2.3: `YYYYMMDDHHMMSS[.sss]`, always UTC. `undefined` for anything else. */
export function parseFtpTime(text: string): Date | undefined {
	const match = TIME.exec(text.trim());
	if (match === null) return undefined;
	const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
	const milliseconds = Number((match[7] ?? '').padEnd(3, '0'));
	const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, milliseconds));
	// Date.UTC turns the 32nd into the 1st; a time that does not come back as written is none. Leap seconds may move.
	return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date : undefined;
}

export function parseFtpSize(text: string): number | undefined {
	const digits = text.trim();
	const size = DIGITS.test(digits) ? Number(digits) : Number.NaN;
	return Number.isSafeInteger(size) ? size : undefined;
}

function typeOf(value: string): RemoteEntryType | undefined {
	const type = value.toLowerCase();
	if (type === 'file') return 'file';
	if (type === 'dir') return 'directory';
	// The listed directory itself and its parent.
	if (type === 'cdir' || type === 'pdir') return undefined;
	return 'other';
}

function factsOf(packed: string): ReadonlyMap<string, string> {
	return new Map(
		packed.split(';').flatMap((fact): Array<[string, string]> => {
			const at = fact.indexOf('=');
			return at < 1 ? [] : [[fact.slice(0, at).toLowerCase(), fact.slice(at + 1)]];
		}),
	);
}

function readFacts(packed: string, type: RemoteEntryType): Facts {
	const facts = factsOf(packed);
	return {
		type,
		size: type === 'file' ? parseFtpSize(facts.get('size') ?? '') : undefined,
		modifiedAt: parseFtpTime(facts.get('modify') ?? ''),
	};
}

/**
 * The facts in a reply to MLST, whose middle line is `␠facts␠path` (RFC 3659 section 7.2). Asked about a directory,
 * some servers call it `cdir`. `undefined` when there is no such line.
 */
export function parseMlstReply(reply: string): Facts | undefined {
	for (const line of reply.split('\n')) {
		const packed = MACHINE_LINE.exec(line.replace(REPLY_CODE, '').trim())?.[1];
		if (packed === undefined || packed === '') continue;
		const stated = factsOf(packed).get('type');
		if (stated === undefined) continue;
		return readFacts(packed, typeOf(stated) ?? 'directory');
	}
	return undefined;
}

function isMachineLine(line: string): boolean {
	return (MACHINE_LINE.exec(line)?.[1] ?? '') !== '';
}

function parseMachineLine(line: string): ListedName | 'listed directory' | undefined {
	const match = MACHINE_LINE.exec(line);
	if (match === null) return undefined;
	const [, packed = '', name = ''] = match;
	const facts = factsOf(packed);
	// RFC 3659 section 7.5: no fact is a must. What has a size is a file; what has neither could be anything.
	const stated = facts.get('type') ?? (facts.has('size') ? 'file' : undefined);
	if (stated === undefined) return undefined;
	const type = typeOf(stated);
	if (type === undefined) return 'listed directory';
	return { name, ...readFacts(packed, type), ...(LINK_TYPE.test(stated) ? { isLink: true } : {}) };
}

/**
 * Reads a listing of MLSD or LIST. `.` and `..` may be among the names. Lines that cannot be read are given to `onUnreadable`.
 * Throws a plain Error when there is no line that can be.
 */
export function parseListing(text: string, onUnreadable: (line: string) => void = () => undefined): ListedName[] {
	const lines = text.split(/\r*\n/u).filter((line) => line.trim() !== '');
	const parse = lines.some(isMachineLine) ? parseMachineLine : parseListLine;
	const names: ListedName[] = [];
	const unreadable: string[] = [];
	let isEmpty = lines.length === 0;
	for (const [number, line] of lines.entries()) {
		const entry = parse(line);
		if (entry === 'listed directory' || (entry === undefined && number === 0 && TOTAL_LINE.test(line))) isEmpty = true;
		else if (entry === undefined) unreadable.push(line);
		else names.push(entry);
	}
	if (names.length === 0 && !(isEmpty && unreadable.length === 0)) {
		throw new Error('This server lists names in a format that is not known here');
	}
	for (const line of unreadable) onUnreadable(line);
	return names;
}
