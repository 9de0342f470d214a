import type { INodeExecutionData } from 'n8n-workflow';

import { ExplainedError } from '../../tenant/explainedError';
import { isEmptyValue } from '../form/emptyValue';

/** A directory and a file with sound in it, such as `S20160607/R201606070130000001.wav`, with any path in front. */
const ID = /[^/\\\s][/\\]+[^/\\]*[^/\\\s]\.(?:wav|mp3|ogg|m4a|gsm)$/i;

/**
 * The recordings that an item stands for: the one that the parameter names, several as a list or in one text (`,` `;` `|` or blanks
 * between), or all those of a transaction that have an id. A path is as good as an id, of which it is the end.
 *
 * @throws {ExplainedError} when there is none, or when one of several is no id: nothing of the item is marked then
 */
export function recordingIdsOf(value: unknown, item: INodeExecutionData): string[] {
	const given = [value].flat().filter((one) => !isEmptyValue(one));
	return given.length === 0 ? idsOfTransaction(item) : given.flatMap(idsIn);
}

function idsOfTransaction(item: INodeExecutionData): string[] {
	const { recordings } = item.json;
	if (!Array.isArray(recordings) || recordings.length === 0) {
		throw new ExplainedError(
			"'Recording ID' is empty",
			"Fill it with the recordingId of 8x8 List Index. When a node in between replaces the item's fields, as HTTP Request does, take {{ $('8x8 List Index').item.json.recordingId }}.",
		);
	}
	const ids = recordings
		.map((recording: unknown) => (recording as { recordingId?: unknown } | null)?.recordingId)
		.filter((id) => !isEmptyValue(id));
	if (ids.length > 0) return ids.flatMap(idsIn);
	throw new ExplainedError(
		recordings.length === 1
			? 'The recording of this transaction has no id'
			: `None of the ${recordings.length} recordings of this transaction has an id`,
		'The index names no file for it, so there is nothing to mark. Leave such items out before this node, with an If node on recordings[0].recordingId.',
	);
}

function idsIn(value: unknown): string[] {
	if (typeof value !== 'string') throw notAnId(value);
	const pieces = partsOf(value, /[,;|\r\n\t]+/);
	// A name may hold a comma or a blank itself: what falls into pieces of which none is an id is one.
	const several = pieces.some((piece) => ID.test(piece)) ? pieces.flatMap(idsBetweenBlanks) : [bare(value)];
	const wrong = several.find((id) => !ID.test(id));
	if (several.length === 0 || wrong !== undefined) throw notAnId(wrong ?? value);
	return several;
}

function idsBetweenBlanks(text: string): string[] {
	const words = partsOf(text, /\s+/);
	return words.filter((word) => ID.test(word)).length > 1 ? words : [text];
}

function partsOf(text: string, between: RegExp): string[] {
	return text
		.split(between)
		.map(bare)
		.filter((part) => part !== '');
}

/** Text without the brackets of a list, quotes and blanks around it. */
function bare(text: string): string {
	return text.replace(/^[\s"'[]+|[\s"'\]]+$/g, '');
}

function notAnId(value: unknown): ExplainedError {
	const shown = typeof value === 'string' ? value : JSON.stringify(value);
	return new ExplainedError(
		`'${shown.slice(0, 80)}' is not a recording's id`,
		'Give the recordingId of 8x8 List Index: directory and file name, such as S20160607/R201606070130000001.wav. Part several by commas.',
	);
}
