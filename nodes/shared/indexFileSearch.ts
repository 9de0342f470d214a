import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { tenantOverview } from './indexListing';
import { nodeError } from './nodeError';
import { withTenant } from './tenantSession';

/** The index files of the tenant for the resource locator: newest first, any part of the name finds one. */
export async function searchIndexFiles(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const { indexFiles } = await withTenant(
		this,
		async ({ store, tenantDirectory }) => await tenantOverview(store, tenantDirectory),
	).catch((error: unknown) => {
		throw nodeError(this.getNode(), error, 0);
	});
	const wanted = filter.trim().toLowerCase();
	return {
		results: indexFiles
			.filter(({ path, date }) => `${path} ${date}`.toLowerCase().includes(wanted))
			.map(({ path, date, edition }) => ({ name: edition > 1 ? `${date} (detailed)` : date, value: path })),
	};
}
