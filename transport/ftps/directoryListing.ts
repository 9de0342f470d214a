import { FileType, parseList, type FileInfo } from 'basic-ftp';

import type { RemoteEntryType } from '../remoteStore';

/** A line of a listing, its name not yet judged. */
export interface ListedName {
	readonly name: string;
	readonly type: RemoteEntryType;
	/** Only of files, and only when it is stated: a link's size is that of the link. */
	readonly size: number | undefined;
	readonly modifiedAt: Date | undefined;
}

export type Facts = Omit<ListedName, 'name'>;

/** `type=file;size=5;modify=20160607013000; name`: RFC 3659 section 7.2. The facts may be empty, the space is not. */
const MACHINE_LINE = /^((?:[^\s=;]+=[^;\r\n]*;)*) (.+)$/u;
const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,3})\d*)?$/u;
/** Most servers indent the line, some repeat the code. */
const REPLY_CODE = /^\d{3}[- ]/u;
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

function parseMachineLine(line: string): ListedName | undefined {
	const match = MACHINE_LINE.exec(line);
	if (match === null) return undefined;
	const [, packed = '', name = ''] = match;
	const type = typeOf(factsOf(packed).get('type') ?? 'unknown');
	return type === undefined ? undefined : { name, ...readFacts(packed, type) };
}

function fromFileInfo(info: FileInfo): ListedName {
	const type = info.type === FileType.File ? 'file' : info.type === FileType.Directory ? 'directory' : 'other';
	return {
		name: info.name,
		type,
		size: type === 'file' && Number.isSafeInteger(info.size) && info.size >= 0 ? info.size : undefined,
		// The times of LIST have minutes at best and no zone.
		modifiedAt: undefined,
	};
}

/**
 * Reads a listing: MLSD lines here, because the library turns a missing size into 0, the formats of LIST by the library.
 * `.` and `..` may be among the names. Throws a plain Error when the format is unknown.
 */
export function parseListing(text: string): ListedName[] {
	const lines = text.split(/\r?\n/u).filter((line) => line.trim() !== '');
	const [first] = lines;
	if (first === undefined) return [];
	if (isMachineLine(first)) return lines.map(parseMachineLine).filter((entry) => entry !== undefined);
	return parseList(text).map(fromFileInfo);
}
