import type { CalendarDate } from './calendarDate';
import type { IndexColumn } from './indexColumn';
import { parseIndexName } from './remoteName';

export type CallType = 'inbound' | 'outbound' | 'directAgentAccess' | 'other';

/** The two kinds of index that 8x8 writes. */
export type IndexDetail = 'basic' | 'detailed';

export const CALL_TYPES: readonly CallType[] = ['inbound', 'outbound', 'directAgentAccess', 'other'];

/**
 * One call of an index, as items carry it. Absent or empty is `null`. Identifiers and numbers dialled are strings, kept to
 * the letter. Times are ISO 8601 with milliseconds: local ones with the tenant zone's offset, UTC ones ending in `Z`.
 */
export interface IndexRow {
	/** `directory/fileName`, `null` when the row names no file. */
	recordingId: string | null;
	tenantDay: CalendarDate | null;
	callType: CallType | null;
	/** The call type as written. */
	callTypeLabel: string | null;
	startTime: string | null;
	stopTime: string | null;
	startTimeUtc: string | null;
	stopTimeUtc: string | null;
	durationSeconds: number | null;
	agentName: string | null;
	customerNumber: string | null;
	calledNumber: string | null;
	phoneChannel: string | null;
	/** `calledNumber` of an outbound call, else `customerNumber`. */
	customerPhone: string | null;
	caseId: string | null;
	accountNumber: string | null;
	transactionId: string | null;
	queue: string | null;
	queueName: string | null;
	externalVariable1: string | null;
	externalVariable2: string | null;
	outdialCode: string | null;
	wrapUpCode: string | null;
	directory: string | null;
	fileName: string | null;
	path: string | null;
	/** From the file name: when the recording began, to the second. */
	recordedAtUtc: string | null;
	sequence: number | null;
	indexFile: string;
	/** Physical line where the row starts, the header being line 1. */
	indexLine: number;
	/** The edition that the row is from: only the detailed one has queues, transactions and wrap-up codes. */
	indexDetail: IndexDetail;
	/** Columns that this version does not know, by their own header. */
	extra: Record<string, string | null>;
	/** Every cell as written, by its header; only when asked for. */
	rawRow?: Record<string, string>;
}

/** A row with what is needed to place and compare it. */
export interface ReadRow {
	readonly row: IndexRow;
	/** `startTimeUtc`, else `recordedAtUtc`, in milliseconds; `undefined` when the row tells neither. */
	readonly at: number | undefined;
	/** How many fields hold something: of two rows for one recording, the richer one counts. */
	readonly richness: number;
	/** The columns that the row's file has, empty in this row or not. */
	readonly columns: ReadonlySet<IndexColumn>;
	/** The file ends on this row without a line end: a writer may be in the middle of it. */
	readonly isUnterminated?: boolean;
	/** The file ends inside it: it has fewer cells than any row before, or a quote that nothing closes. */
	readonly isCut?: boolean;
}

/** The call type of a CALL TYPE cell: 8x8 writes Inbound, Outbound and Direct Agent Access. */
export function callTypeOf(label: string): CallType {
	const letters = label.toLowerCase().replace(/[^a-z]/g, '');
	if (letters === 'in' || letters.startsWith('inbound')) return 'inbound';
	if (letters === 'out' || letters.startsWith('outbound')) return 'outbound';
	if (letters === 'daa' || letters.startsWith('directa')) return 'directAgentAccess';
	return 'other';
}

/** Columns of the detailed edition that a workflow decides by. */
const OF_DETAILED: readonly IndexColumn[] = ['queueName', 'transactionId', 'outdialCode', 'wrapUpCode'];

/** The edition of an index file, by its name or, where tenants name no edition, by its columns. */
export function detailOf(path: string, columns: ReadonlySet<IndexColumn>): IndexDetail {
	const edition = parseIndexName(path.split('/').at(-1) ?? '')?.edition ?? 1;
	return edition > 1 || OF_DETAILED.some((column) => columns.has(column)) ? 'detailed' : 'basic';
}

export function richnessOf(row: IndexRow): number {
	let filled = 0;
	for (const field in row) {
		const value = row[field as keyof IndexRow];
		if (value !== null && typeof value !== 'object') filled += 1;
	}
	for (const value of Object.values(row.extra)) if (value !== null) filled += 1;
	return filled;
}
