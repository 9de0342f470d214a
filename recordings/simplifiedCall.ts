import type { Transaction } from './transaction';
import type { IndexRow } from './indexRow';

/** What people look at first, and what a download needs. */
const FIELDS = [
	'startTime',
	'durationSeconds',
	'callType',
	'agentName',
	'queueName',
	'customerPhone',
	'wrapUpCode',
	'recordingId',
	'directory',
	'fileName',
	'indexDetail',
] as const;

/** Of these, as many as its recordings have in common. */
const TRANSACTION_FIELDS = [
	'transactionId',
	'tenantDay',
	'callType',
	'agentName',
	'queueName',
	'customerPhone',
	'wrapUpCode',
] as const;

export type SimplifiedCall = Pick<IndexRow, (typeof FIELDS)[number] | 'rawRow'>;

export type SimplifiedTransaction = Partial<Pick<IndexRow, (typeof TRANSACTION_FIELDS)[number]>> & {
	recordingCount: number;
	recordings: SimplifiedCall[];
};

/** Eleven fields of a call, the same names and values as in the whole row; the raw row too, when it was asked for. */
export function simplifiedCall(row: IndexRow): SimplifiedCall {
	const call = Object.fromEntries(FIELDS.map((field) => [field, row[field]])) as unknown as SimplifiedCall;
	return row.rawRow === undefined ? call : { ...call, rawRow: row.rawRow };
}

/** At most nine fields of a transaction, its recordings simple too. */
export function simplifiedTransaction(transaction: Transaction): SimplifiedTransaction {
	const shared = TRANSACTION_FIELDS.filter((field) => field in transaction);
	return {
		...Object.fromEntries(shared.map((field) => [field, transaction[field]])),
		recordingCount: transaction.recordingCount,
		recordings: transaction.recordings.map(simplifiedCall),
	};
}
