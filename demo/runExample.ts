import { exampleKeeps, exampleWorkflow, EXAMPLE_NODES, unfilteredListing } from './exampleWorkflow';
import { itemsOf, type ExecutionResult } from '../testbed/n8nHost/executionResult';
import type { DemoConnection, RunningDemo } from './startDemo';
import type { DemoProtocol } from '../testbed/tenant/tenantCredential';

const LABELS: Readonly<Record<DemoProtocol, string>> = {
	ftpsImplicit: 'FTPS',
	ftpsExplicit: 'FTPS explicit',
	sftp: 'SFTP',
};

/** n8n's ids of the demo's workflows, so that the next run replaces them. */
const IDS: Readonly<Record<DemoProtocol, { readonly nightly: string; readonly listing: string }>> = {
	ftpsImplicit: { nightly: 'demoNightlyFtps0', listing: 'demoListingFtps0' },
	ftpsExplicit: { nightly: 'demoNightlyFtpes', listing: 'demoListingFtpes' },
	sftp: { nightly: 'demoNightlySftp0', listing: 'demoListingSftp0' },
};

/** What one run of the example did, counted where it happened, beside what the tenant holds. */
export interface ExampleRun {
	readonly label: string;
	/** Address of the workflow in the editor. */
	readonly editorUrl: string;
	/** Items of List Index without a filter; `inTenant` is what the tenant's disk holds for these days. */
	readonly listed: number;
	readonly inTenant: number;
	/** Items of List Index with the example's filter; `toKeep` is the same filter over the tenant's disk. */
	readonly kept: number;
	readonly toKeep: number;
	readonly downloaded: number;
	/** Recordings that the CRM took. */
	readonly delivered: number;
	/** Bytes that the CRM counted. */
	readonly bytes: number;
	/** From pressing "Execute workflow" to the end of the execution. */
	readonly seconds: number;
	/** Recordings to keep whose bytes and SHA-256, as the CRM found them, are those on the tenant's disk. */
	readonly equal: number;
	/** What is not as it has to be, one sentence each; empty = the run did all that was to do. */
	readonly problems: readonly string[];
	readonly execution: ExecutionResult;
}

function countItems(result: ExecutionResult, node: string): number {
	return result.nodes.get(node)?.outputs[0]?.length ?? 0;
}

function failure(result: ExecutionResult): string[] {
	if (result.status === 'success') return [];
	const { message = 'no reason given', description } = result.error ?? {};
	return [
		`The execution ended as "${result.status}": ${message}${description === undefined ? '' : ` (${description})`}`,
	];
}

/**
 * Runs the example workflow over one connection in the demo's n8n and compares what reached the CRM, byte by byte
 * through its checksums, with what lies on the tenant's disk. Unless it is given the name of an earlier delivery, it delivers everything anew.
 */
export async function runExample(
	demo: Pick<RunningDemo, 'tenant' | 'crm' | 'n8n'>,
	connection: DemoConnection,
	deliveryName = `Run of ${new Date().toISOString()}`,
): Promise<ExampleRun> {
	const { tenant, crm, n8n } = demo;
	const { protocol, credential } = connection;
	const label = LABELS[protocol];
	const ids = IDS[protocol];
	const example = await exampleWorkflow(
		{ id: ids.nightly, name: `Nightly index to CRM (${label})`, credential, deliveryName },
		crm.deliveryUrl,
	);
	const nightlyId = await n8n.client.putWorkflow(example);
	const listingId = await n8n.client.putWorkflow(
		await unfilteredListing({
			id: ids.listing,
			name: `Every call of the last days (${label})`,
			credential,
			deliveryName,
		}),
	);

	const listing = await n8n.client.runWorkflow(listingId, EXAMPLE_NODES.start);
	const before = crm.deliveries().length;
	const startedAt = performance.now();
	const execution = await n8n.client.runWorkflow(nightlyId, EXAMPLE_NODES.start);
	const seconds = (performance.now() - startedAt) / 1_000;

	const keeps = exampleKeeps(example);
	// The last days by the rows' own word: the demo may run on while the tenant's day changes.
	const listedDays = new Set(
		listing.nodes.has(EXAMPLE_NODES.list)
			? itemsOf(listing, EXAMPLE_NODES.list).map(({ json }) => json['tenantDay'])
			: [],
	);
	const inTenant = tenant.calls.filter((call) => listedDays.has(call.tenantDay));
	const toKeep = inTenant.filter((call) => keeps(call.wrapUpCode));
	const deliveries = new Map(
		crm
			.deliveries()
			.slice(before)
			.map((delivery) => [delivery.recordingId, delivery]),
	);
	const equal = toKeep.filter((call) => {
		const delivery = deliveries.get(call.recordingId);
		return delivery?.sha256 === call.sha256 && delivery.bytes === call.bytes;
	});
	const counts = {
		listed: countItems(listing, EXAMPLE_NODES.list),
		kept: countItems(execution, EXAMPLE_NODES.list),
		downloaded: countItems(execution, EXAMPLE_NODES.download),
		delivered: deliveries.size,
	};
	const problems = [...failure(listing), ...failure(execution)];
	if (counts.listed !== inTenant.length) problems.push(`${counts.listed} of ${inTenant.length} index rows were listed`);
	if (toKeep.length === 0) problems.push('The filter keeps nothing of these days: there is nothing to show');
	if (counts.kept !== toKeep.length) problems.push(`${counts.kept} rows were kept, ${toKeep.length} match the filter`);
	if (counts.downloaded !== counts.kept)
		problems.push(`${counts.downloaded} of ${counts.kept} recordings were downloaded`);
	if (counts.delivered !== toKeep.length)
		problems.push(`${counts.delivered} of ${toKeep.length} recordings were delivered`);
	const missing = toKeep.filter((call) => !equal.includes(call)).map((call) => call.recordingId);
	if (missing.length > 0) problems.push(`Not delivered as the tenant holds them: ${missing.join(', ')}`);
	return {
		label,
		editorUrl: `${n8n.url}/workflow/${nightlyId}`,
		...counts,
		inTenant: inTenant.length,
		toKeep: toKeep.length,
		bytes: [...deliveries.values()].reduce((sum, delivery) => sum + delivery.bytes, 0),
		seconds,
		equal: equal.length,
		problems,
		execution,
	};
}
