import fc from 'fast-check';

import type { IndexRow } from '../../../recordings/indexRow';
import { ZoneClock } from '../../../recordings/zoneClock';
import { directoryOf, fileNamesOf } from './indexCall';
import type { Call, TextCell, Writing } from './indexCall';

/** How a whole file is written. */
export interface Dialect {
	readonly names: 'page' | 'script';
	readonly casing: 'as is' | 'lower' | 'title';
	readonly order: readonly number[];
	/** So many columns of text stand at the end, where short and long rows lose or gain cells. */
	readonly textLast: number;
	/** Whether the second half of the rows stands below a header with its columns the other way round. */
	readonly headerAgain: boolean;
	readonly delimiter: ',' | ';' | '\t';
	readonly end: '\n' | '\r\n';
	readonly quote: '"' | "'";
	readonly quoting: 'all' | 'needed';
	/** What stands around cells, outside their quotes. */
	readonly padding: readonly [before: string, behind: string];
	readonly trailing: boolean;
	readonly blankLines: boolean;
	readonly separatorLine: 'none' | 'plain' | 'capitals' | 'quoted' | 'filled up';
	/** Lines above the header. */
	readonly titles: readonly string[];
	/** Lines behind the last row. */
	readonly totals: readonly string[];
	readonly guard: 'none' | 'formula' | 'formula in quotes' | 'equals sign' | 'apostrophe';
	readonly directories: string;
	readonly paths: string;
	readonly dates:
		| 'mdy'
		| 'dmy'
		| 'iso'
		| 'named'
		| 'clock first'
		| 'java'
		| 'compact'
		| 'compact with a blank'
		| 'seconds'
		| 'milliseconds';
	readonly clock: 12 | 24;
	readonly halves: readonly [string, string];
	readonly zone: 'none' | 'abbreviation' | 'hours' | 'GMT and digits' | 'colon';
	readonly duration: 'seconds' | 'h:mm:ss' | 'thousands' | 'bare thousands' | 'milliseconds' | 'units' | 'none';
	readonly utcColumns: boolean;
	readonly localColumns: boolean;
	readonly encoding: 'utf-8' | 'utf-8 with a mark' | 'utf-16le' | 'windows-1252';
	readonly lastLineEnds: boolean;
	readonly chunkSize: number;
}

const COLUMNS = 17;
const blanks = fc.constantFrom('', '', ' ', '  ', '\t');

export const anyDialect: fc.Arbitrary<Dialect> = fc.record({
	names: fc.constantFrom('page', 'script'),
	casing: fc.constantFrom('as is', 'lower', 'title'),
	order: fc.shuffledSubarray(
		Array.from({ length: COLUMNS }, (_, position) => position),
		{ minLength: COLUMNS, maxLength: COLUMNS },
	),
	textLast: fc.integer({ min: 0, max: 4 }),
	headerAgain: fc.boolean(),
	delimiter: fc.constantFrom(',', ';', '\t'),
	end: fc.constantFrom('\n', '\r\n'),
	quote: fc.constantFrom('"', '"', "'"),
	quoting: fc.constantFrom('all', 'needed'),
	padding: fc.oneof(fc.constant<[string, string]>(['', '']), fc.tuple(blanks, blanks)),
	trailing: fc.boolean(),
	blankLines: fc.boolean(),
	separatorLine: fc.constantFrom('none', 'none', 'plain', 'capitals', 'quoted', 'filled up'),
	titles: fc.constantFrom([], [], [], ['Recordings'], ['Report of calls', '2016-06-06', '----']),
	totals: fc.constantFrom([], [], [], ['----'], ['Total calls'], ['\x1a']),
	guard: fc.constantFrom('none', 'none', 'formula', 'formula in quotes', 'equals sign', 'apostrophe'),
	directories: fc.constantFrom('S', 'S', 's', './S', '/export/acme/S', 'D:\\rec\\S'),
	paths: fc.constantFrom('', '', './', '/export/acme/', 'D:\\rec\\'),
	dates: fc.constantFrom(
		...(['mdy', 'dmy', 'iso', 'named', 'clock first', 'java', 'compact', 'compact with a blank'] as const),
		...(['seconds', 'milliseconds'] as const),
	),
	clock: fc.constantFrom(12, 24),
	halves: fc.constantFrom(['AM', 'PM'], ['am', 'pm'], ['a.m.', 'p.m.'], ['a. m.', 'p. m.'], ['A', 'P']),
	zone: fc.constantFrom('none', 'abbreviation', 'hours', 'GMT and digits', 'colon'),
	duration: fc.constantFrom('seconds', 'h:mm:ss', 'thousands', 'bare thousands', 'milliseconds', 'units', 'none'),
	utcColumns: fc.boolean(),
	localColumns: fc.boolean(),
	encoding: fc.constantFrom('utf-8', 'utf-8 with a mark', 'utf-16le', 'windows-1252'),
	lastLineEnds: fc.boolean(),
	chunkSize: fc.integer({ min: 1, max: 5_000 }),
});

const zone = new ZoneClock('America/Los_Angeles');
const two = (value: number): string => String(value).padStart(2, '0');

/** The days that are tried lie in summer. */
const HOURS_BEHIND = 7;

function writtenZone(kind: Dialect['zone'], isUtc: boolean): string {
	const hours = `${isUtc ? '+' : '-'}${two(isUtc ? 0 : HOURS_BEHIND)}`;
	return {
		none: '',
		abbreviation: isUtc ? 'UTC' : 'PDT',
		hours,
		'GMT and digits': `GMT${hours}00`,
		colon: `${hours}:00`,
	}[kind];
}

function writtenTime(instant: number, isUtc: boolean, { dates, clock, halves, zone }: Dialect): string {
	if (dates === 'seconds') return String(instant / 1_000);
	if (dates === 'milliseconds') return String(instant);
	const wall = new Date(instant - (isUtc ? 0 : HOURS_BEHIND * 3_600_000));
	const [year, month, day] = [String(wall.getUTCFullYear()), two(wall.getUTCMonth() + 1), two(wall.getUTCDate())];
	const [hour, rest] = [wall.getUTCHours(), `${two(wall.getUTCMinutes())}:${two(wall.getUTCSeconds())}`];
	const zoned = (time: string): string => `${time} ${writtenZone(zone, isUtc)}`.trim();
	if (dates === 'compact') return zoned(`${year}${month}${day}${two(hour)}${rest.replace(':', '')}`);
	if (dates === 'compact with a blank') return zoned(`${year}${month}${day} ${two(hour)}${rest.replace(':', '')}`);

	const dial =
		clock === 24 ? `${two(hour)}:${rest}` : `${hour % 12 === 0 ? 12 : hour % 12}:${rest} ${halves[hour < 12 ? 0 : 1]}`;
	const name = wall.toUTCString().slice(8, 11);
	return {
		mdy: zoned(`${month}/${day}/${year} ${dial}`),
		dmy: zoned(`${day}/${month}/${year} ${dial}`),
		iso: zoned(`${year}-${month}-${day} ${dial}`),
		named: zoned(`${day}-${name}-${year} ${dial}`),
		'clock first': `${zoned(dial)} ${month}/${day}/${year}`,
		java: `${wall.toUTCString().slice(0, 3)} ${name} ${day} ${zoned(dial)} ${year}`,
	}[dates];
}

function writtenDuration(seconds: number, kind: Dialect['duration']): string {
	const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
	return {
		seconds: String(seconds),
		'h:mm:ss': `${hours}:${two(minutes)}:${two(seconds % 60)}`,
		thousands: seconds.toLocaleString('en-US'),
		'bare thousands': seconds.toLocaleString('en-US'),
		milliseconds: String(seconds * 1_000),
		units: `${hours}h ${minutes}m ${seconds % 60}s`,
		none: '',
	}[kind];
}

/** What a cell says and how it is written. */
interface Cell {
	readonly value: string;
	readonly writing: Writing | 'formula';
}

type Field = 'agentName' | 'externalVariable1' | 'wrapUpCode' | 'Sentiment' | 'accountNumber' | 'outdialCode';

interface Column {
	readonly header: string;
	/** The field that a column of text fills; `undefined` for a column whose cells are known by their shape. */
	readonly text?: Field;
	/** Whether no number looks like its cells. */
	readonly isNoNumber?: boolean;
	readonly cell: (call: Call) => Cell;
}

const legal = (value: string): Cell => ({ value, writing: 'legal' });

/** A value with what spreadsheets are told by to leave it as it is. */
function guarded(value: string, { guard, quote }: Dialect, isNumber: boolean): Cell {
	if (guard === 'formula') return quote === '"' ? { value, writing: 'formula' } : legal(`="${value}"`);
	if (guard === 'formula in quotes') return legal(`="${value}"`);
	if (guard === 'equals sign' && isNumber) return legal(`=${value}`);
	if (guard === 'apostrophe') return legal(`'${value}`);
	return legal(value);
}

function textCell({ writing, text, words }: TextCell, { delimiter, quote }: Dialect): Cell {
	const [first, second, third] = words;
	switch (writing) {
		case 'legal':
			return legal(text);
		case 'unclosed':
		case 'stray':
			return { value: `${first} ${second}`, writing };
		case 'inner':
		case 'bare inner':
			return { value: `${first} ${quote}${second}${quote} ${third}`, writing };
		case 'bare':
		case 'in apostrophes':
			return { value: words.join(`${delimiter} `), writing };
	}
}

/** The columns that the dialect writes, in its order. */
function columnsOf(dialect: Dialect): Column[] {
	const hasLocal = dialect.localColumns || !dialect.utcColumns;
	const time =
		(instant: (call: Call) => number, isUtc: boolean) =>
		(call: Call): Cell =>
			legal(writtenTime(instant(call), isUtc, dialect));
	const start = (call: Call): number => call.start;
	const stop = (call: Call): number => call.start + call.seconds * 1_000;
	const number =
		(of: (call: Call) => string) =>
		(call: Call): Cell =>
			guarded(of(call), dialect, true);
	const isPage = dialect.names === 'page';
	const all: Array<Column & { readonly isAbsent?: boolean }> = [
		{ header: 'CALL TYPE', isNoNumber: true, cell: ({ outbound }) => legal(outbound ? 'Outbound' : 'Inbound') },
		{ header: 'START TIME', isNoNumber: true, isAbsent: !hasLocal, cell: time(start, false) },
		{ header: 'STOP TIME', isNoNumber: true, isAbsent: !hasLocal, cell: time(stop, false) },
		{ header: 'START TIME UTC', isNoNumber: true, isAbsent: !dialect.utcColumns, cell: time(start, true) },
		{ header: 'STOP TIME UTC', isNoNumber: true, isAbsent: !dialect.utcColumns, cell: time(stop, true) },
		{ header: 'AGENT NAME', text: 'agentName', cell: ({ agent }) => textCell(agent, dialect) },
		{ header: 'CUSTOMER NUMBER', cell: number(({ customer }) => customer) },
		{ header: 'CALLED NUMBER', cell: number(({ called }) => called) },
		{
			header: isPage ? 'ACCOUNT' : 'ACCOUNT NUMBER',
			text: 'accountNumber',
			cell: number(({ account }) => account),
		},
		{
			header: 'DURATION',
			isAbsent: dialect.duration === 'none',
			cell: ({ seconds }) => ({
				value: writtenDuration(seconds, dialect.duration),
				writing: dialect.duration === 'bare thousands' ? 'bare' : 'legal',
			}),
		},
		{ header: 'FILENAME', isNoNumber: true, cell: (call) => namesCell(call, dialect) },
		{
			header: 'DIRECTORY',
			isNoNumber: true,
			cell: (call) =>
				guarded(
					directoryOf(call).replace('S', () => dialect.directories),
					dialect,
					false,
				),
		},
		{ header: isPage ? 'TRANSACTION ID' : 'TRANS ID', cell: number(({ transaction }) => transaction) },
		{
			header: isPage ? 'EXTERNAL VARIABLE 1' : 'EXT VAR1',
			text: 'externalVariable1',
			cell: ({ note }) => textCell(note, dialect),
		},
		{ header: isPage ? 'OUTDIAL CODE' : 'OUT DIAL CODE', text: 'outdialCode', cell: () => legal('') },
		{ header: 'WRAP UP CODE', text: 'wrapUpCode', cell: ({ code }) => textCell(code, dialect) },
		{ header: 'Sentiment', text: 'Sentiment', cell: ({ unknown }) => textCell(unknown, dialect) },
	];
	const present = dialect.order.flatMap((position) => {
		const column = all[position];
		return column === undefined || column.isAbsent === true ? [] : [column];
	});
	const last = dialect.textLast === 0 ? [] : present.filter(({ text }) => text !== undefined).slice(-dialect.textLast);
	return [...present.filter((column) => !last.includes(column)), ...last];
}

function namesCell(call: Call, dialect: Dialect): Cell {
	const names = fileNamesOf(call).map((name) => `${dialect.paths}${name}`);
	if (names.length === 1) return guarded(names.join(), dialect, false);
	const isBare = call.isBareBetween && call.between.includes(dialect.delimiter);
	return { value: names.join(call.between), writing: isBare ? 'bare' : 'legal' };
}

/**
 * How a cell is written in its row: as it was meant to be, or legally where nobody could tell what the row says. That is so
 * - when a quote lacks its partner and another cell of the row has a line break: every other line end may then be the one inside;
 * - when one cell has lost the quote behind it and another one, in this row or a later one, the quote before it: what is between is a
 *   quoted cell. A line that ends inside a cell may be taken for such a one;
 * - when a row with a line break has a quote that is none, or has lost cells and has bare delimiters: nothing may tell where it ends;
 * - when a quote lacks its partner and another cell begins with a delimiter: the quote before that one is as well the partner;
 * - for delimiters without quotes anywhere but before a column whose shape tells where the value ends. Of texts beside each other,
 *   or when the row has lost its last cells, any may have the delimiter in it, and of numbers beside each other too;
 * - for delimiters behind the recording's name in a row that has lost cells: it may be as long as a whole one, with all in place.
 */
function writingOf(
	{ value, writing }: Cell,
	next: Column | undefined,
	{
		isQuoteNeeded,
		hasUnclosed,
		isCut,
		isAfterName,
	}: Readonly<Record<'isQuoteNeeded' | 'hasUnclosed' | 'isCut' | 'isAfterName', boolean>>,
	dialect: Dialect,
	isNumber: boolean,
): Cell['writing'] {
	if (writing === 'unclosed' || writing === 'inner') return isQuoteNeeded ? 'legal' : writing;
	if (writing === 'stray' && hasUnclosed) return 'legal';
	if (writing === 'stray' || writing === 'bare inner') return isQuoteNeeded ? 'legal' : writing;
	if (isQuoteNeeded && isCut) return 'legal';
	if (writing === 'in apostrophes' && dialect.quote === "'") return 'legal';
	if (writing !== 'bare' && writing !== 'in apostrophes') return writing;
	if (/["'\r\n]/.test(value)) return 'legal';
	if (next === undefined) return isCut || isNumber ? 'legal' : writing;
	if (isCut && (isAfterName || isNumber)) return 'legal';
	const isTold = isNumber ? next.isNoNumber === true : next.text === undefined;
	return isTold ? writing : 'legal';
}

function writtenCell(value: string, writing: Cell['writing'], dialect: Dialect): string {
	const { quote, quoting, delimiter, padding } = dialect;
	const isQuoted = quoting === 'all' || value.includes(quote) || value.includes(delimiter) || /[\r\n]/.test(value);
	const bare = {
		legal: isQuoted ? `${quote}${value.replaceAll(quote, quote + quote)}${quote}` : value,
		unclosed: `${quote}${value}`,
		stray: `${value}${quote}`,
		inner: `${quote}${value}${quote}`,
		'bare inner': value,
		bare: value,
		'in apostrophes': `'${value}'`,
		formula: `="${value}"`,
	}[writing];
	const [before, behind] = padding.map((blank) => (blank === delimiter ? '' : blank));
	return `${before}${bare}${behind}`;
}

function startsWithDelimiter(value: string, { delimiter, quote }: Dialect): boolean {
	const bare = value.replaceAll(quote, '');
	return bare.startsWith(delimiter) || bare.trimStart().startsWith(delimiter);
}

interface WrittenRow {
	readonly line: string;
	readonly expected: ReadonlyArray<Partial<IndexRow>>;
	/** Whether a hint has to name the row. */
	readonly isOdd: boolean;
	/** These are quotes like others in a file that happens to have no others, and need a hint in any other. */
	readonly hasApostrophes: boolean;
}

function writtenRow(
	call: Call,
	columns: readonly Column[],
	dialect: Dialect,
	{ isBelowOpen, isCutByEnd }: { readonly isBelowOpen: boolean; readonly isCutByEnd: boolean },
): WrittenRow {
	const texts = columns.length - 1 - columns.findLastIndex(({ text }) => text === undefined);
	const lost = isCutByEnd ? 0 : Math.min(call.leftOut, texts);
	// A trailing delimiter stands for one of them.
	const leftOut = dialect.trailing && lost === 1 ? 0 : lost;
	const present = columns.slice(0, columns.length - leftOut);
	const cells = present.map(({ cell }) => cell(call));
	const row = {
		isQuoteNeeded: cells.some(({ value }) => /[\r\n]/.test(value) || startsWithDelimiter(value, dialect)),
		hasUnclosed: isBelowOpen || cells.some(({ writing }) => writing === 'unclosed'),
		isCut: leftOut > 0 || isCutByEnd,
	};
	const writings = cells.map((cell, position) => {
		const isNumber = present[position]?.header === 'DURATION';
		const isAfterName = present.slice(0, position).some(({ header }) => header === 'FILENAME');
		return writingOf(cell, present[position + 1], { ...row, isAfterName }, dialect, isNumber);
	});
	const [last, lastValue] = [present.at(-1)?.text, cells.at(-1)?.value];
	// What stands behind a text belongs to it, and so may blanks between the two. Behind an empty one, or a number, it may be a
	// column of its own.
	const isTextThere =
		last !== 'accountNumber' && lastValue !== '' && dialect.padding.join('') === '' && writings.at(-1) === 'legal';
	const surplus = leftOut === 0 && (last === undefined || isTextThere) ? call.surplus : [];
	const values = new Map<Field, string>();
	for (const [position, { text }] of present.entries())
		if (text !== undefined) values.set(text, cells[position]?.value ?? '');
	if (last !== undefined) values.set(last, [lastValue, ...surplus].join(dialect.delimiter));
	values.set('accountNumber', values.has('accountNumber') ? call.account : '');
	const written = [
		...cells.map(({ value }, position) => writtenCell(value, writings[position] ?? 'legal', dialect)),
		...surplus.map((value) => writtenCell(value, 'legal', dialect)),
	];
	const extra =
		last === undefined ? surplus.map((cell, position) => [`column ${columns.length + 1 + position}`, cell]) : [];
	return {
		line: written.join(dialect.delimiter) + (dialect.trailing ? dialect.delimiter : ''),
		expected: expectedOf(call, values, Object.fromEntries(extra) as Record<string, string>),
		isOdd:
			surplus.length > 0 ||
			leftOut > 0 ||
			writings.some((writing) => writing === 'unclosed' || writing === 'inner') ||
			writings.some((writing, position) => writing === 'bare' && present[position]?.text !== undefined),
		hasApostrophes: writings.includes('in apostrophes'),
	};
}

function expectedOf(
	call: Call,
	values: ReadonlyMap<Field, string>,
	surplus: Readonly<Record<string, string>>,
): Array<Partial<IndexRow>> {
	const text = (field: Field): string | null => values.get(field)?.trim() || null;
	return fileNamesOf(call).map((fileName) => ({
		recordingId: `${directoryOf(call)}/${fileName}`,
		tenantDay: '2016-06-06',
		callType: call.outbound ? 'outbound' : 'inbound',
		startTimeUtc: new Date(call.start).toISOString(),
		stopTimeUtc: new Date(call.start + call.seconds * 1_000).toISOString(),
		startTime: zone.isoAt(call.start),
		durationSeconds: call.seconds,
		agentName: text('agentName'),
		customerNumber: call.customer,
		customerPhone: call.outbound ? call.called : call.customer,
		accountNumber: text('accountNumber'),
		transactionId: call.transaction,
		externalVariable1: text('externalVariable1'),
		externalVariable2: null,
		outdialCode: null,
		wrapUpCode: text('wrapUpCode'),
		extra: { Sentiment: text('Sentiment'), ...surplus },
	}));
}

function hasOpenLine(call: Call): boolean {
	return [call.agent, call.note, call.code, call.unknown].some(
		({ writing, text }) => writing === 'unclosed' || (writing === 'legal' && text.includes('\n')),
	);
}

function headerLine(columns: readonly Column[], dialect: Dialect): string {
	const { casing, delimiter, trailing, quote } = dialect;
	// In a file that quotes with apostrophes the header does so too, or else nothing may tell it before long.
	const own = quote === "'" ? { ...dialect, quoting: 'all' as const } : dialect;
	const names = columns.map(({ header }) => {
		if (header === 'Sentiment' || casing === 'as is') return header;
		return casing === 'lower'
			? header.toLowerCase()
			: header.toLowerCase().replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
	});
	return names.map((name) => writtenCell(name, 'legal', own)).join(delimiter) + (trailing ? delimiter : '');
}

function separatorLines({ separatorLine, delimiter }: Dialect): string[] {
	if (separatorLine === 'none') return [];
	const line = {
		plain: `sep=${delimiter}`,
		capitals: `SEP=${delimiter}`,
		quoted: `"sep=${delimiter}"`,
		'filled up': `sep=${delimiter.repeat(3)}`,
	}[separatorLine];
	return [line];
}

/** A file of calls in a dialect, with what has to be read from it. */
export interface WrittenIndex {
	readonly bytes: Buffer;
	readonly expected: ReadonlyArray<Partial<IndexRow>>;
	/** Whether there has to be a hint; `undefined` when there may be one. */
	readonly isOdd: boolean | undefined;
}

export function writtenIndex(calls: readonly Call[], dialect: Dialect): WrittenIndex {
	const columns = columnsOf(dialect);
	const reversed = [...columns].reverse();
	const half = dialect.headerAgain ? Math.ceil(calls.length / 2) : calls.length;
	const rows = calls.map((call, position) => {
		const isCutByEnd = position === calls.length - 1 && !dialect.lastLineEnds;
		const isBelowOpen = calls.slice(0, position).some(hasOpenLine);
		return writtenRow(call, position < half ? columns : reversed, dialect, { isBelowOpen, isCutByEnd });
	});
	const lines = rows.map(({ line }) => line);
	if (half < calls.length) lines.splice(half, 0, headerLine(reversed, dialect));
	const all = [
		...separatorLines(dialect),
		...dialect.titles,
		headerLine(columns, dialect),
		...lines,
		...dialect.totals,
	];
	const { end, blankLines, lastLineEnds } = dialect;
	const content = all.join(blankLines ? end + end : end) + (lastLineEnds ? end : '');
	const isOdd = dialect.titles.length > 0 || dialect.totals.length > 0 || rows.some((row) => row.isOdd);
	return {
		bytes: encoded(content, dialect.encoding),
		expected: rows.flatMap(({ expected }) => expected),
		isOdd: isOdd || (rows.some(({ hasApostrophes }) => hasApostrophes) ? undefined : false),
	};
}

function encoded(content: string, encoding: Dialect['encoding']): Buffer {
	if (encoding === 'utf-16le') return Buffer.from(`\ufeff${content}`, 'utf16le');
	if (encoding === 'windows-1252') return windows1252(content);
	return Buffer.from(encoding === 'utf-8' ? content : `\ufeff${content}`);
}

/** Whether bytes of windows-1252 that a call is written in happen to be UTF-8 too (ß€). */
export function looksLikeUtf8(call: Call): boolean {
	return [call.agent, call.note, call.code, call.unknown]
		.flatMap(({ text, words }) => [text, ...words])
		.some((value) => {
			const bytes = windows1252(value);
			return bytes.some((byte) => byte > 0x7f) && !bytes.toString('utf8').includes('\ufffd');
		});
}

function windows1252(value: string): Buffer {
	return Buffer.from(value.replaceAll('€', '\x80').replaceAll('–', '\x96'), 'latin1');
}
