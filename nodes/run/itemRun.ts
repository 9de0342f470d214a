import { NodeOperationError } from 'n8n-workflow';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { itemOrError } from './nodeError';
import { withTenant } from '../connection/tenantSession';
import type { TenantOptions, TenantSession } from '../connection/tenantSession';

/**
 * Runs a node's work with the tenant's server open. What concerns the whole run (a credential that cannot be read, an option that
 * holds for all) is every item's failure.
 */
export async function runWithTenant(
	context: IExecuteFunctions,
	work: (session: TenantSession, items: INodeExecutionData[]) => Promise<INodeExecutionData[]>,
	options: TenantOptions = {},
): Promise<INodeExecutionData[][]> {
	const items = context.getInputData();
	let begun = false;
	const run = async (): Promise<INodeExecutionData[]> =>
		await withTenant(
			context,
			async (session) => {
				begun = true;
				return await work(session, items);
			},
			options,
		);
	const output = await run().catch(async (error: unknown) => {
		// What an item failed with has been dealt with where it happened.
		if (begun && error instanceof NodeOperationError) throw error;
		const failures = items.map(
			async (item, index) => await itemOrError(context, index, item, async () => await Promise.reject(error)),
		);
		return (await Promise.all(failures)).flat();
	});
	return [output];
}
