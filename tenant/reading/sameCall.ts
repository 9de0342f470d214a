import type { IndexColumn } from '../../recordings/indexColumn';
import type { IndexRow, ReadRow } from '../../recordings/indexRow';

/** What a row holds of a column, so that two spellings of one time or length are equal. */
const VALUE_OF: Readonly<Record<IndexColumn, (row: IndexRow) => string | number | null>> = {
	callType: ({ callTypeLabel }) => callTypeLabel,
	// As the clock on the wall shows it: which of two equal hours it was may be told by one file alone.
	startTime: ({ startTime }) => wallOf(startTime),
	stopTime: ({ stopTime }) => wallOf(stopTime),
	startTimeUtc: ({ startTimeUtc }) => startTimeUtc,
	stopTimeUtc: ({ stopTimeUtc }) => stopTimeUtc,
	agentName: ({ agentName }) => agentName,
	customerNumber: ({ customerNumber }) => customerNumber,
	phoneChannel: ({ phoneChannel }) => phoneChannel,
	calledNumber: ({ calledNumber }) => calledNumber,
	caseId: ({ caseId }) => caseId,
	duration: ({ durationSeconds }) => durationSeconds,
	fileName: ({ fileName }) => fileName,
	directory: ({ directory }) => directory,
	accountNumber: ({ accountNumber }) => accountNumber,
	queue: ({ queue }) => queue,
	queueName: ({ queueName }) => queueName,
	transactionId: ({ transactionId }) => transactionId,
	externalVariable1: ({ externalVariable1 }) => externalVariable1,
	externalVariable2: ({ externalVariable2 }) => externalVariable2,
	outdialCode: ({ outdialCode }) => outdialCode,
	wrapUpCode: ({ wrapUpCode }) => wrapUpCode,
};

function wallOf(iso: string | null): string | null {
	return iso?.slice(0, 23) ?? null;
}

/** Whether two rows of different files are about one call: equal in all columns that both files have. */
export function isSameCall(a: ReadRow, b: ReadRow): boolean {
	const shared = [...a.columns].filter((column) => b.columns.has(column));
	if (shared.length === 0 || !shared.every((column) => VALUE_OF[column](a.row) === VALUE_OF[column](b.row)))
		return false;
	return Object.entries(a.row.extra).every(([header, value]) => {
		const other = b.row.extra[header];
		return other === undefined || other === value;
	});
}
