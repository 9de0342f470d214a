import type { ListedName } from './directoryListing';

/** `-rw-r--r--.` and what `ls -i` or `ls -s` put before it. SELinux adds a dot, an ACL a plus, extended attributes an @. */
const UNIX_MODE = /^[\s\d]{0,40}([a-zA-Z-])[rwxsStTlL-]{9}[^\s]?\s+/u;
/** Groups of three may be set apart: `482,044`, `482.044`, `482'044`; of devices there are two numbers. */
const SIZE = "\\d{1,3}(?:[.,'’\\u00a0\\u202f]\\d{3})+|\\d{1,19}(?:,\\s{0,10}\\d{1,10})?";
/** By blanks, too, but only where it cannot be another column. */
const SPACED_SIZE = `\\d{1,3}(?: \\d{3})+|${SIZE}`;
/** `Jun`, `juin`, `6月`: no language writes a month as a bare number. */
const MONTH = '(?:\\d{1,2}\\p{L}|\\p{L})[^\\s]{0,12}';
const DAY = '\\d{1,2}[.\\p{L}]?';
const TIME_OR_YEAR = '(?:\\d{1,2}:\\d\\d(?::\\d\\d)?|\\d{4}\\p{L}?)';
const DATE = [
	`${MONTH}\\s{1,10}${DAY}\\s{1,10}${TIME_OR_YEAR}`,
	`${DAY}\\s{1,10}${MONTH}\\s{1,10}${TIME_OR_YEAR}`,
	'\\d{1,4}[-/.]\\d{1,2}[-/.]\\d{1,4}\\s{1,10}\\d{1,2}:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?: [+-]\\d{4})?',
].join('|');
/** One blank, so that a name may begin with others; or a tab, with which no name begins. */
const NAME = '(?: ?\\t+| )(.+)$';
/** Links, owner, group, size, date, name. */
const UNIX_COLUMNS = new RegExp(`^\\d{1,10}\\s+\\S+\\s+\\S+\\s+(${SPACED_SIZE})\\s{1,40}(?:${DATE})${NAME}`, 'u');
/** Without some of them, or with blanks in owner and group. */
const UNIX_END = new RegExp(`(?:^|\\s)(${SIZE})\\s{1,40}(?:${DATE})${NAME}`, 'u');
const DOS =
	/^\s{0,40}\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\s{1,40}\d{1,2}:\d\d(?::\d\d)?\s?(?:[ap]\.?m\.?)?\s{1,40}(<[A-Z]+>|[\d.,'’]+)\s{1,40}(.+)$/iu;
const LINK_TARGET = / -> /u;
const NOT_A_DIGIT = /\D/gu;

function sizeOf(text: string): number | undefined {
	const size = Number(text.replace(NOT_A_DIGIT, ''));
	return Number.isSafeInteger(size) ? size : undefined;
}

function unixName(line: string): ListedName | undefined {
	const mode = UNIX_MODE.exec(line);
	if (mode === null) return undefined;
	const columns = line.slice(mode[0].length);
	const [, size = '', name] = UNIX_COLUMNS.exec(columns) ?? UNIX_END.exec(columns) ?? [];
	if (name === undefined) return undefined;
	const modifiedAt = undefined;
	switch (mode[1]) {
		case '-':
			return { name, type: 'file', size: sizeOf(size), modifiedAt };
		case 'd':
			return { name, type: 'directory', size: undefined, modifiedAt };
		case 'l':
			return { name: name.split(LINK_TARGET)[0] ?? name, type: 'other', isLink: true, size: undefined, modifiedAt };
		default:
			return { name, type: 'other', size: undefined, modifiedAt };
	}
}

function dosName(line: string): ListedName | undefined {
	const [, what = '', name] = DOS.exec(line) ?? [];
	if (name === undefined) return undefined;
	const modifiedAt = undefined;
	if (!what.startsWith('<')) return { name, type: 'file', size: sizeOf(what), modifiedAt };
	if (/^<dir>$/iu.test(what)) return { name, type: 'directory', size: undefined, modifiedAt };
	return { name: name.replace(/ \[.*\]$/u, ''), type: 'other', isLink: true, size: undefined, modifiedAt };
}

/**
 * Reads a line of LIST as `ls -l` or DOS write it, whatever the language of the server. `undefined` for anything else. The times
 * have minutes at best and no zone, so there are none.
 */
export function parseListLine(line: string): ListedName | undefined {
	return unixName(line) ?? dosName(line);
}
