/** The columns of an index that this version knows, by the field they fill. */
export type IndexColumn =
	| 'callType'
	| 'startTime'
	| 'stopTime'
	| 'startTimeUtc'
	| 'stopTimeUtc'
	| 'agentName'
	| 'customerNumber'
	| 'phoneChannel'
	| 'calledNumber'
	| 'caseId'
	| 'duration'
	| 'fileName'
	| 'directory'
	| 'accountNumber'
	| 'queue'
	| 'queueName'
	| 'transactionId'
	| 'externalVariable1'
	| 'externalVariable2'
	| 'outdialCode'
	| 'wrapUpCode';

interface Spellings {
	/** Those of the 8x8 page and of a public archive script that reads real files, which disagree on several names. */
	readonly exact: readonly string[];
	/** What exports and spreadsheets make of them. */
	readonly aliases: readonly string[];
}

/** Header spellings, without blanks and punctuation and in capitals. */
const SPELLINGS: Readonly<Record<IndexColumn, Spellings>> = {
	callType: { exact: ['CALLTYPE'], aliases: ['TYPE', 'TYPEOFCALL', 'CALLDIRECTION', 'DIRECTION'] },
	startTime: { exact: ['STARTTIME'], aliases: ['STARTTIMELOCAL', 'LOCALSTARTTIME', 'CALLSTARTTIME', 'START'] },
	stopTime: {
		exact: ['STOPTIME'],
		aliases: ['STOPTIMELOCAL', 'LOCALSTOPTIME', 'ENDTIME', 'CALLSTOPTIME', 'CALLENDTIME', 'STOP', 'END'],
	},
	startTimeUtc: { exact: ['STARTTIMEUTC'], aliases: ['UTCSTARTTIME', 'STARTTIMEGMT', 'STARTUTC', 'UTCSTART'] },
	stopTimeUtc: {
		exact: ['STOPTIMEUTC'],
		aliases: ['UTCSTOPTIME', 'STOPTIMEGMT', 'ENDTIMEUTC', 'UTCENDTIME', 'STOPUTC', 'ENDUTC', 'UTCEND'],
	},
	agentName: { exact: ['AGENTNAME'], aliases: ['AGENT'] },
	customerNumber: { exact: ['CUSTOMERNUMBER'], aliases: ['CUSTOMERPHONE', 'CUSTOMERPHONENUMBER'] },
	phoneChannel: { exact: ['PHONECHANNEL'], aliases: ['PHONECHANNELNUMBER', 'CHANNEL'] },
	calledNumber: { exact: ['CALLEDNUMBER'], aliases: ['CALLEDPHONENUMBER'] },
	caseId: { exact: ['CASEID'], aliases: ['CASE', 'CASENUMBER', 'CASENO'] },
	duration: { exact: ['DURATION'], aliases: ['CALLDURATION', 'DURATIONSECONDS'] },
	fileName: { exact: ['FILENAME'], aliases: ['RECORDINGFILENAME', 'FILE', 'RECORDING'] },
	directory: { exact: ['DIRECTORY'], aliases: ['DIR', 'FOLDER', 'SUBDIRECTORY'] },
	accountNumber: { exact: ['ACCOUNTNUMBER', 'ACCOUNT'], aliases: ['ACCOUNTNO', 'ACCOUNTID'] },
	queue: { exact: ['QUEUE'], aliases: ['QUEUETYPE'] },
	queueName: { exact: ['QUEUENAME'], aliases: [] },
	transactionId: { exact: ['TRANSACTIONID', 'TRANSID'], aliases: ['TRANSACTION', 'TRANSACTIONNUMBER'] },
	externalVariable1: {
		exact: ['EXTERNALVARIABLE1', 'EXTVAR1', 'EXTERNALVARIABLE12'],
		aliases: ['EXTERNALVAR1', 'EXTVARIABLE1'],
	},
	externalVariable2: { exact: ['EXTERNALVARIABLE2', 'EXTVAR2'], aliases: ['EXTERNALVAR2', 'EXTVARIABLE2'] },
	outdialCode: { exact: ['OUTDIALCODE'], aliases: ['OUTDIALCODES', 'OUTDIAL'] },
	wrapUpCode: { exact: ['WRAPUPCODE'], aliases: ['WRAPUPCODES', 'WRAPUP'] },
};

/** How well a header names a column: the lower, the better. */
type Rank = number;

const EXACT: Rank = 0;

const COLUMN_OF_SPELLING = new Map(
	(Object.entries(SPELLINGS) as Array<[IndexColumn, Spellings]>).flatMap(([column, { exact, aliases }]) => [
		...exact.map((spelling) => [spelling, { column, rank: EXACT }] as const),
		...aliases.map((spelling, position) => [spelling, { column, rank: EXACT + 1 + position }] as const),
	]),
);

/** The order of the 21 columns that the archive script read, for a file that has lost its header. */
export const COLUMNS_IN_ORDER: readonly IndexColumn[] = [
	'callType',
	'startTime',
	'stopTime',
	'agentName',
	'customerNumber',
	'phoneChannel',
	'calledNumber',
	'caseId',
	'duration',
	'fileName',
	'directory',
	'accountNumber',
	'startTimeUtc',
	'stopTimeUtc',
	'queue',
	'queueName',
	'transactionId',
	'externalVariable1',
	'externalVariable2',
	'outdialCode',
	'wrapUpCode',
];

interface NamedColumn {
	readonly column: IndexColumn;
	readonly rank: Rank;
}

/** What stands in brackets, or behind a comma, explains a header and is no part of its name. */
const EXPLANATION = /[([{,].*$/s;
const EXPLAINED: Rank = 100;

function namedColumn(header: string): NamedColumn | undefined {
	// UTF-16 read as something else has a zero byte beside each letter; every value would come out with them.
	if (header.includes('\0')) return undefined;
	const named = COLUMN_OF_SPELLING.get(lettersOf(header));
	if (named !== undefined || !EXPLANATION.test(header)) return named;
	const explained = COLUMN_OF_SPELLING.get(lettersOf(header.replace(EXPLANATION, '')));
	return explained === undefined ? undefined : { ...explained, rank: explained.rank + EXPLAINED };
}

function lettersOf(header: string): string {
	return header.toUpperCase().replace(/[^A-Z0-9]+/g, '');
}

/** The column a header names, whatever its case, blanks and punctuation; `undefined` for one this version does not know. */
export function columnOfHeader(header: string): IndexColumn | undefined {
	return namedColumn(header)?.column;
}

/** Whether a header is a column's own name, and no alias or piece of one. */
export function isExactHeader(header: string): boolean {
	return namedColumn(header)?.rank === EXACT;
}

/** How many columns a row of headers names. */
export function columnsNamed(headers: readonly string[]): number {
	return new Set(headers.flatMap((header) => columnOfHeader(header) ?? [])).size;
}

/** What stands at one position of every row: a known column, or a column to keep in `extra` under its own header. */
export interface HeaderCell {
	readonly header: string;
	readonly column: IndexColumn | undefined;
}

/**
 * Reads a header row. A column that is named twice is the one with the better name, or else the first; the other one is kept in
 * `extra`.
 */
export function headerCells(headers: readonly string[]): HeaderCell[] {
	const named = headers.map((header) => namedColumn(header));
	const best = new Map<IndexColumn, number>();
	for (const [position, name] of named.entries()) {
		if (name === undefined) continue;
		const known = best.get(name.column);
		const knownRank = known === undefined ? undefined : named[known]?.rank;
		if (knownRank === undefined || name.rank < knownRank) best.set(name.column, position);
	}
	const taken = new Set<string>([...best.values()].map((position) => `extra ${headers[position]?.trim() ?? ''}`));
	return headers.map((cell, position) => {
		const header = cell.trim();
		const column = named[position]?.column;
		if (column !== undefined && best.get(column) === position) return { header, column };
		return { header: uniqueHeader(header === '' ? `column ${position + 1}` : header, taken), column: undefined };
	});
}

/** The header that a row in the middle of a file is, as in one that was put together from several; `undefined` for any other row. */
export function headerAgain(cells: readonly string[]): HeaderCell[] | undefined {
	const filled = cells.findLastIndex((cell) => cell.trim() !== '') + 1;
	const named = columnsNamed(cells);
	return named >= 2 && named * 2 >= filled ? headerCells(cells.slice(0, filled)) : undefined;
}

/** Where a header has FILENAME, counted from 0; -1 when it does not name it. */
export function fileNameAt(header: readonly HeaderCell[]): number {
	return header.findIndex(({ column }) => column === 'fileName');
}

/** A name that no other extra column has, and that cannot reach an object's prototype. */
function uniqueHeader(header: string, taken: Set<string>): string {
	const safe = header === '__proto__' ? 'column __proto__' : header;
	let name = safe;
	for (let copy = 2; taken.has(`extra ${name}`); copy++) name = `${safe} (${copy})`;
	taken.add(`extra ${name}`);
	return name;
}

/** Header cells for a file without a header: the known order when the number of columns fits, else names by position. */
export function cellsWithoutHeader(columnCount: number): HeaderCell[] {
	const known = columnCount === COLUMNS_IN_ORDER.length || columnCount === COLUMNS_IN_ORDER.length + 1;
	return Array.from({ length: columnCount }, (_, position) => ({
		header: `column ${position + 1}`,
		column: known ? COLUMNS_IN_ORDER[position] : undefined,
	}));
}
