import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import type { IndexRow } from '../../recordings/indexRow';
import type { ListedFile, UnindexedFile } from '../../tenant/comparison/reconciliation';
import type { MatchedRecording } from '../../tenant/comparison/checkMatched';

function fileFields({ bytes, modifiedAt }: ListedFile): IDataObject {
	return { bytes: bytes ?? null, remoteModifiedAt: modifiedAt?.toISOString() ?? null };
}

export function matchedItem({ row, file, status }: MatchedRecording, itemIndex: number): INodeExecutionData {
	return { json: { ...(row as unknown as IDataObject), status, ...fileFields(file) }, pairedItem: { item: itemIndex } };
}

export function missingItem(row: IndexRow, itemIndex: number): INodeExecutionData {
	return { json: { ...(row as unknown as IDataObject), status: 'missing' }, pairedItem: { item: itemIndex } };
}

export function unindexedItem(file: UnindexedFile, itemIndex: number): INodeExecutionData {
	const { recordingId, directory, fileName, stamp } = file;
	const json = {
		recordingId,
		directory,
		fileName,
		path: recordingId,
		recordedAtUtc: stamp === undefined ? null : new Date(stamp.recordedAtUtc).toISOString(),
		sequence: stamp?.sequence ?? null,
		status: 'unindexed',
		...fileFields(file),
	};
	return { json, pairedItem: { item: itemIndex } };
}

/** What people look at first; an unindexed file has no call to tell about. */
const SIMPLE_FIELDS = [
	'status',
	'startTime',
	'recordedAtUtc',
	'durationSeconds',
	'agentName',
	'customerPhone',
	'wrapUpCode',
	'bytes',
	'recordingId',
	'directory',
	'fileName',
	'indexDetail',
];

/** An item with at most eleven of its fields, names and values as they are. */
export function simpleItem(item: INodeExecutionData): INodeExecutionData {
	const fields = SIMPLE_FIELDS.filter(
		(field) => field in item.json && !(field === 'recordedAtUtc' && 'startTime' in item.json),
	);
	return { ...item, json: Object.fromEntries(fields.map((field) => [field, item.json[field]])) };
}
