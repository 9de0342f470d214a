import { TransportError } from './transportError';

/**
 * The one place that decides what a legal remote path is. Names on a server are hostile input: listings have carried
 * `../` and separators into clients (CVE-2019-6111, CVE-2026-27699), and a line end in a path is a second FTP command.
 */

/** PATH_MAX and NAME_MAX of every server that matters; longer paths are refused by them anyway. */
const LONGEST_PATH = 4096;
const LONGEST_PART = 255;
const LONGEST_QUOTE = 120;

/** C0, DEL, C1, and the two Unicode line ends. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const CONTROLS = new RegExp(CONTROL.source, 'gu');
const LONE_SURROGATE = /\p{Cs}/u;
const DRIVE = /^[A-Za-z]:/u;

/** The text as one safe line in quotes, control characters as `\u....`, cut to 120 characters. */
export function quotedPath(path: string): string {
	const characters = [...path];
	const text = characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join('')}…` : path;
	return JSON.stringify(text).replace(CONTROLS, (character) => {
		return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
	});
}

function partProblem(part: string): string | undefined {
	if (part === '..') return 'it goes up with ".."';
	if (CONTROL.test(part)) return 'it holds a control character';
	if (part.includes('\\')) return 'it holds a backslash; use "/" between directories';
	if (DRIVE.test(part)) return 'it holds a drive letter';
	if (LONE_SURROGATE.test(part)) return 'it is not well-formed Unicode';
	if (Buffer.byteLength(part) > LONGEST_PART) return `a name in it is longer than ${LONGEST_PART} bytes`;
	return undefined;
}

function partsOf(path: string): string[] {
	return path.split('/').filter((part) => part !== '' && part !== '.');
}

function problemOf(path: string): string | undefined {
	if (path.startsWith('/')) return 'it is absolute; paths are relative to the tenant directory';
	if (Buffer.byteLength(path) > LONGEST_PATH) return `it is longer than ${LONGEST_PATH} bytes`;
	return partsOf(path)
		.map(partProblem)
		.find((problem) => problem !== undefined);
}

/**
 * The path as sent to a server: relative to the tenant directory, one `/` between parts; `''` is the tenant directory.
 * Doubled and trailing slashes and `.` parts are dropped.
 * @throws {TransportError} `illegal-path` for absolute paths, `..`, backslashes, drive letters, control characters,
 * more than 4096 bytes, or a part of more than 255.
 */
export function legalRemotePath(path: string): string {
	const problem = problemOf(path);
	if (problem === undefined) return partsOf(path).join('/');
	const quoted = quotedPath(path);
	throw new TransportError('illegal-path', `The path ${quoted} is refused: ${problem}.`, { path: quoted });
}

/**
 * Whether a name that a server listed can be an entry: exactly one legal part. A name that fails is left out of the
 * listing, because no path made of it could be asked for, and printing it could forge a line or a path.
 */
export function isListableName(name: string): boolean {
	return name !== '' && name !== '.' && !name.includes('/') && partProblem(name) === undefined;
}

/**
 * A listed name without what is not part of it: a slash behind a directory's, the path of its directory before it. Some servers write
 * them (ssh2-streams issue 83, SimpleFTPServer issue 19). A name with another path before it stays as it is, and is none.
 *
 * @param directories the paths that the listed directory has on the server, each without a slash at its end but for `/`
 */
export function ownName(name: string, directories: readonly string[]): string {
	const bare = name.length > 1 && name.endsWith('/') ? name.slice(0, -1) : name;
	const before = ['.', ...directories].find((directory) => bare.startsWith(directory === '/' ? '/' : `${directory}/`));
	if (before === undefined) return bare;
	return bare.slice(before === '/' ? 1 : before.length + 1);
}

/** The path of `name` in `directory`, which is a legal path. */
export function childPath(directory: string, name: string): string {
	return directory === '' ? name : `${directory}/${name}`;
}

/** Last part of a legal path; `''` for the tenant directory. */
export function lastPart(path: string): string {
	return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * The path on the server for a path below the tenant directory. The tenant directory comes from the credential, so it
 * may be absolute; empty means the login directory, and then the result is relative, `''` for the login directory
 * itself (SFTP calls it `.`).
 * @throws {TransportError} `illegal-path` for the path, `invalid-settings` for the tenant directory (control
 * characters, `..`, backslashes, too long).
 */
export function joinTenantPath(tenantDirectory: string, path: string): string {
	const parts = partsOf(tenantDirectory);
	// An absolute path may start with a drive on Windows servers: OpenSSH there says /C:/tenants.
	const checked = tenantDirectory.startsWith('/') && DRIVE.test(parts[0] ?? '') ? parts.slice(1) : parts;
	const problem =
		Buffer.byteLength(tenantDirectory) > LONGEST_PATH
			? `it is longer than ${LONGEST_PATH} bytes`
			: checked.map(partProblem).find((one) => one !== undefined);
	if (problem !== undefined) {
		throw new TransportError(
			'invalid-settings',
			`The tenant directory ${quotedPath(tenantDirectory)} cannot be used: ${problem}.`,
			{ setting: 'tenantDirectory' },
		);
	}
	const root = tenantDirectory.startsWith('/') ? '/' : '';
	return root + [...parts, ...partsOf(legalRemotePath(path))].join('/');
}
