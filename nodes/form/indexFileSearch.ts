import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { ZoneClock } from '../../recordings/zoneClock';
import { INTERACTIVE_PATIENCE } from '../connection/accountConnections';
import { bytesText, localMinute } from '../run/figureText';
import { tenantOverview } from '../../tenant/reading/indexListing';
import type { ListedIndexFile } from '../../tenant/reading/indexListing';
import { nodeError } from '../run/nodeError';
import { withTenant } from '../connection/tenantSession';

/** The index files of the tenant for the resource locator: newest first, any part of the name finds one. */
export async function searchIndexFiles(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const wanted = filter.trim().toLowerCase();
	const results = await withTenant(
		this,
		async ({ store, tenantDirectory, clock }) => {
			const { indexFiles } = await tenantOverview(store, tenantDirectory);
			const tenantClock = clock();
			return indexFiles
				.filter(({ path, date }) => `${path} ${date}`.toLowerCase().includes(wanted))
				.map((file) => ({ name: labelOf(file, tenantClock), value: file.path }));
		},
		{ patience: INTERACTIVE_PATIENCE },
	).catch((error: unknown) => {
		throw nodeError(this.getNode(), error, 0);
	});
	return { results };
}

/** Such as `2026-11-21 (detailed), 85.2 KB, written 2026-11-22 00:31` by the tenant's clock. */
function labelOf({ date, edition, size, modifiedAt }: ListedIndexFile, clock: ZoneClock): string {
	const bytes = size === undefined ? [] : [bytesText(size)];
	const written = modifiedAt === undefined ? [] : [`written ${localMinute(modifiedAt, clock)}`];
	return [edition > 1 ? `${date} (detailed)` : date, ...bytes, ...written].join(', ');
}
