import type { INodeExecutionData } from 'n8n-workflow';

import { ExplainedError } from '../../tenant/explainedError';

/**
 * The recordings that an item stands for: the one that the parameter names, several as a list, or all those of a transaction.
 * A path is as good as an id, of which it is the end.
 */
export function recordingIdsOf(value: unknown, item: INodeExecutionData): string[] {
	const given = isEmpty(value) ? idsOfTransaction(item) : [value].flat();
	if (given.length === 0) {
		throw new ExplainedError(
			"'Recording ID' is empty",
			"Fill it with the recordingId of 8x8 List Index. When a node in between replaces the item's fields, as HTTP Request does, take {{ $('8x8 List Index').item.json.recordingId }}.",
		);
	}
	return given.map(recordingId);
}

function isEmpty(value: unknown): boolean {
	return value === undefined || value === null || value === '';
}

function idsOfTransaction(item: INodeExecutionData): unknown[] {
	const { recordings } = item.json;
	if (!Array.isArray(recordings)) return [];
	return recordings.map((recording: unknown) => (recording as { recordingId?: unknown } | null)?.recordingId);
}

function recordingId(value: unknown): string {
	const id = typeof value === 'string' ? /[^/]+\/[^/]+$/.exec(value.trim())?.[0] : undefined;
	if (id !== undefined) return id;
	throw new ExplainedError(
		`'${String(value).slice(0, 80)}' is not a recording's id`,
		'Give the recordingId of 8x8 List Index: directory and file name, such as S20160607/R201606070130000001.wav.',
	);
}
