import type { ILoadOptionsFunctions, INodeListSearchItems, INodeListSearchResult } from 'n8n-workflow';

import { parseDirectoryName, parseRecordingName } from '../../recordings/remoteName';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { RemoteEntry } from '../../transport/remoteStore';
import { INTERACTIVE_PATIENCE } from '../connection/accountConnections';
import { bytesText, localMinute } from '../run/figureText';
import { listTop } from '../../tenant/reading/indexListing';
import { nodeError } from '../run/nodeError';
import { remotePathText } from './remotePathText';
import { ExplainedError } from '../../tenant/explainedError';
import { withTenant } from '../connection/tenantSession';
import type { TenantSession } from '../connection/tenantSession';

/** Entries that a drop-down shows at once; it asks for more when somebody scrolls to its end. */
const PAGE = 200;

/** The day directories of the tenant for a resource locator, newest first. */
export async function searchDirectories(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	return await results(this, filter, undefined, async ({ store, tenantDirectory }) => {
		const top = await listTop(store, tenantDirectory);
		return top
			.flatMap(({ name, type }) => {
				const date = type === 'file' ? undefined : parseDirectoryName(name);
				return date === undefined ? [] : [{ name: `${name}, ${date} UTC`, value: name }];
			})
			.sort((a, b) => (a.value < b.value ? 1 : -1));
	});
}

/** The files of the chosen directory for a resource locator, newest first; part of a name, time or size finds one. */
export async function searchRecordings(
	this: ILoadOptionsFunctions,
	filter = '',
	paginationToken?: unknown,
): Promise<INodeListSearchResult> {
	return await results(this, filter, paginationToken, async ({ store, clock }) => {
		const written = this.getCurrentNodeParameter('directory', { extractValue: true });
		const directory = remotePathText(String(written ?? '').trim());
		if (directory === '' || directory.startsWith('=')) {
			throw new ExplainedError(
				'The directory comes from each item, so its recordings cannot be listed here',
				"Choose a 'Directory' from the list first, or leave 'File Name' to come from each item too.",
			);
		}
		const tenantClock = clock();
		const files = await store.list(directory);
		return files
			.filter(({ type }) => type === 'file')
			.sort((a, b) => (a.name < b.name ? 1 : -1))
			.map((file) => ({ name: labelOf(file, tenantClock), value: file.name }));
	});
}

/** Such as `2016-06-06 18:30, 471.2 KB, R201606070130000001.wav`, the time by the tenant's clock. */
function labelOf({ name, size }: RemoteEntry, clock: ZoneClock): string {
	const stamp = parseRecordingName(name);
	const began = stamp === undefined ? [] : [localMinute(new Date(stamp.recordedAtUtc), clock)];
	return [...began, ...(size === undefined ? [] : [bytesText(size)]), name].join(', ');
}

async function results(
	context: ILoadOptionsFunctions,
	filter: string,
	paginationToken: unknown,
	find: (session: TenantSession) => Promise<INodeListSearchItems[]>,
): Promise<INodeListSearchResult> {
	const all = await withTenant(context, find, { patience: INTERACTIVE_PATIENCE }).catch((error: unknown) => {
		throw nodeError(context.getNode(), error, 0);
	});
	const wanted = filter.trim().toLowerCase();
	const found = all.filter(({ name }) => name.toLowerCase().includes(wanted));
	const start = Number(paginationToken ?? 0) || 0;
	const end = start + PAGE;
	return { results: found.slice(start, end), ...(end < found.length ? { paginationToken: String(end) } : {}) };
}
