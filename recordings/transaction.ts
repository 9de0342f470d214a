import type { IndexRow } from './indexRow';

/** One conversation: what its recordings have in common, and the recordings, oldest first. */
export type Transaction = Partial<IndexRow> & { recordings: IndexRow[]; recordingCount: number };

/** Rows of one transaction as one item each, in the order of their first rows. A row without a transaction stands alone. */
export function groupByTransaction(rows: readonly IndexRow[]): Transaction[] {
	const groups = new Map<string, IndexRow[]>();
	for (const [position, row] of rows.entries()) {
		const key = row.transactionId === null ? `row ${position}` : `transaction ${row.transactionId}`;
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [row]);
		else group.push(row);
	}
	return [...groups.values()].map((recordings) => ({
		...sharedFields(recordings),
		recordings,
		recordingCount: recordings.length,
	}));
}

function sharedFields(rows: readonly IndexRow[]): Partial<IndexRow> {
	const [first] = rows;
	if (first === undefined) return {};
	return Object.fromEntries(
		Object.entries(first).filter(([field, value]) => {
			const text = JSON.stringify(value);
			return rows.every((row) => JSON.stringify(row[field as keyof IndexRow]) === text);
		}),
	);
}
