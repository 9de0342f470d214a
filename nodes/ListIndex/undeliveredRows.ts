import type { IExecuteFunctions } from 'n8n-workflow';

import type { IndexRow } from '../../recordings/indexRow';
import { deliveredMarks } from '../run/deliveredMarks';
import { info, warning } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import type { TenantSession } from '../connection/tenantSession';
import type { ListIndexOptions } from './listIndexOptions';

/** The calls whose recordings this workflow has not marked as delivered. A row that names no recording always stays. */
export async function undeliveredRows(
	context: IExecuteFunctions,
	session: TenantSession,
	{ deliveryName }: ListIndexOptions,
	rows: readonly IndexRow[],
	hints: Hint[],
): Promise<readonly IndexRow[]> {
	const ids = rows.map(({ recordingId }) => recordingId).filter((id) => id !== null);
	const undelivered = await deliveredMarks(context, context.helpers, deliveryName).undelivered(session.tenant, ids);
	const left = rows.filter(({ recordingId }) => recordingId === null || undelivered.has(recordingId));
	if (left.length < rows.length)
		hints.push(info(`${rows.length - left.length} of ${rows.length} calls left out: delivered before.`));
	const unnamed = rows.length - ids.length;
	if (unnamed > 0)
		hints.push(
			warning(
				unnamed === 1
					? '1 call names no recording: nothing tells whether it was delivered.'
					: `${unnamed} calls name no recording: nothing tells whether they were delivered.`,
			),
		);
	return left;
}
