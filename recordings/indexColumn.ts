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

/**
 * Header spellings, without blanks and punctuation and in capitals. The 8x8 page and a public archive script that reads
 * real files disagree on several names (ACCOUNT / ACCOUNT NUMBER, TRANSACTION ID / TRANS ID, EXTERNAL VARIABLE 1 /
 * EXT VAR1, OUTDIAL CODE / OUT DIAL CODE); the others are the variants that exports and spreadsheets make of them.
 */
const SPELLINGS: Readonly<Record<IndexColumn, readonly string[]>> = {
	callType: ['CALLTYPE', 'TYPE', 'CALLDIRECTION'],
	startTime: ['STARTTIME', 'STARTTIMELOCAL', 'LOCALSTARTTIME', 'CALLSTARTTIME'],
	stopTime: ['STOPTIME', 'STOPTIMELOCAL', 'LOCALSTOPTIME', 'ENDTIME', 'CALLSTOPTIME'],
	startTimeUtc: ['STARTTIMEUTC', 'UTCSTARTTIME', 'STARTTIMEGMT', 'STARTUTC'],
	stopTimeUtc: ['STOPTIMEUTC', 'UTCSTOPTIME', 'STOPTIMEGMT', 'ENDTIMEUTC', 'STOPUTC'],
	agentName: ['AGENTNAME', 'AGENT'],
	customerNumber: ['CUSTOMERNUMBER', 'CUSTOMERPHONE', 'CUSTOMERPHONENUMBER'],
	phoneChannel: ['PHONECHANNEL', 'PHONECHANNELNUMBER', 'CHANNEL'],
	calledNumber: ['CALLEDNUMBER', 'CALLEDPHONENUMBER'],
	caseId: ['CASEID', 'CASE', 'CASENUMBER', 'CASENO'],
	duration: ['DURATION', 'CALLDURATION', 'DURATIONSECONDS'],
	fileName: ['FILENAME', 'FILE', 'RECORDINGFILENAME', 'RECORDING'],
	directory: ['DIRECTORY', 'DIR', 'FOLDER', 'SUBDIRECTORY'],
	accountNumber: ['ACCOUNTNUMBER', 'ACCOUNT', 'ACCOUNTNO', 'ACCOUNTID'],
	queue: ['QUEUE', 'QUEUETYPE'],
	queueName: ['QUEUENAME'],
	transactionId: ['TRANSACTIONID', 'TRANSID', 'TRANSACTION', 'TRANSACTIONNUMBER'],
	externalVariable1: ['EXTERNALVARIABLE1', 'EXTVAR1', 'EXTERNALVAR1', 'EXTVARIABLE1', 'EXTERNALVARIABLE12'],
	externalVariable2: ['EXTERNALVARIABLE2', 'EXTVAR2', 'EXTERNALVAR2', 'EXTVARIABLE2'],
	outdialCode: ['OUTDIALCODE', 'OUTDIALCODES', 'OUTDIAL'],
	wrapUpCode: ['WRAPUPCODE', 'WRAPUPCODES', 'WRAPUP'],
};

const COLUMN_OF_SPELLING = new Map<string, IndexColumn>(
	(Object.entries(SPELLINGS) as Array<[IndexColumn, readonly string[]]>).flatMap(([column, spellings]) =>
		spellings.map((spelling): [string, IndexColumn] => [spelling, column]),
	),
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

/** The column a header names, whatever its case, blanks and punctuation; `undefined` for one this version does not know. */
export function columnOfHeader(header: string): IndexColumn | undefined {
	// UTF-16 read as something else has a zero byte beside each letter; every value would come out with them.
	if (header.includes('\0')) return undefined;
	return COLUMN_OF_SPELLING.get(header.toUpperCase().replace(/[^A-Z0-9]+/g, ''));
}

/** What stands at one position of every row: a known column, or a column to keep in `extra` under its own header. */
export interface HeaderCell {
	readonly header: string;
	readonly column: IndexColumn | undefined;
}

/** Reads a header row. A column named twice counts once; its second one is kept in `extra`. */
export function headerCells(headers: readonly string[]): HeaderCell[] {
	const taken = new Set<string>();
	return headers.map((cell, position) => {
		const header = cell.trim();
		const column = columnOfHeader(header);
		if (column !== undefined && !taken.has(column)) {
			taken.add(column);
			taken.add(`extra ${header}`);
			return { header, column };
		}
		return { header: uniqueHeader(header === '' ? `column ${position + 1}` : header, taken), column: undefined };
	});
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
