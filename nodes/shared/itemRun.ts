import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { RemoteStore } from '../../transport/remoteStore';
import { itemOrError } from './nodeError';
import { withTenant } from './tenantSession';
import type { TenantSession } from './tenantSession';

/**
 * Runs a node's work with the tenant's server open. When not even the credential can be read, that is every item's failure.
 */
export async function runWithTenant(
	context: IExecuteFunctions,
	work: (session: TenantSession, items: INodeExecutionData[]) => Promise<INodeExecutionData[]>,
	options: { stallTimeout?: number; decorate?: (store: RemoteStore) => RemoteStore } = {},
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
		if (begun) throw error;
		const failures = items.map(async (item, index) => await itemOrError(context, index, item, async () => await Promise.reject(error)));
		return (await Promise.all(failures)).flat();
	});
	return [output];
}
