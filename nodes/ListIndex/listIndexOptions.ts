import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { SoughtDetail } from '../../tenant/reading/indexFile';
import type { IndexFormat } from '../../recordings/indexReader';
import { ExplainedError } from '../../tenant/explainedError';
import { isEmptyValue } from '../form/emptyValue';
import { optionChoice } from '../form/optionChoice';
import { deliveryNameOf } from '../run/deliveredMarks';

export interface ListIndexOptions {
	readonly indexDetail: SoughtDetail;
	readonly onMissingIndex: 'error' | 'skip';
	/** Most items of one input item; `Infinity` without a limit. */
	readonly limit: number;
	readonly onlyUndelivered: boolean;
	readonly deliveryName: string;
	readonly groupBy: 'none' | 'transaction';
	readonly simplify: boolean;
	readonly format: IndexFormat;
}

/**
 * The options of an item, what was left out or comes out empty at its default.
 *
 * @throws ExplainedError for a value that an option cannot have
 */
export function readListIndexOptions(context: IExecuteFunctions, itemIndex: number): ListIndexOptions {
	const given = (context.getNodeParameter('options', itemIndex, {}) ?? {}) as IDataObject;
	return {
		indexDetail: optionChoice('Index Detail', given['indexDetail'], ['auto', 'detailed', 'basic']),
		onMissingIndex: optionChoice('On Missing Index', given['onMissingIndex'], ['error', 'skip']),
		limit: limitOf(given['limit']),
		onlyUndelivered: given['onlyUndelivered'] === true,
		deliveryName: deliveryNameOf(given['deliveryName']),
		groupBy: optionChoice('Group By', given['groupBy'], ['none', 'transaction']),
		simplify: given['simplify'] === true,
		format: {
			encoding: optionChoice('Encoding', given['encoding'], ['auto', 'utf-8', 'windows-1252', 'utf-16le']),
			dateOrder: optionChoice('Date Order', given['dateOrder'], ['auto', 'mdy', 'dmy', 'ymd']),
			includeRawRow: given['includeRawRow'] === true,
		},
	};
}

/** A limit that cannot be read must not leave calls out. */
function limitOf(given: unknown): number {
	if (isEmptyValue(given)) return Infinity;
	const limit = Number(given);
	if (Number.isInteger(limit) && limit >= 1) return limit;
	throw new ExplainedError(
		`'${String(given)}' in 'Limit' is not a number of items`,
		"Give a whole number of at least 1, or remove 'Limit' from the options.",
	);
}
