import { itemsOf } from '../testbed/n8nHost/executionResult';
import { PACKAGE_NAME } from '../testbed/n8nHost/packPackage';
import { CREDENTIAL_TYPE } from '../testbed/tenant/tenantCredential';
import { ourCredential, sftpNodeCredential, type HostN8n } from './inN8n';
import { KEPT_CODE, makeIndex, type IndexPlan } from './indexFile';
import type { Endpoint, MeasuredServers } from './measuredServers';
import { measuredWorkflow, type Step } from './measuredN8n';
import type { Cost } from './processCost';
import { textTable } from './resultTable';

export interface IndexResult extends Partial<Cost> {
	readonly contestant: 'List Index' | 'FTP node, Extract from File, Filter';
	readonly rows: number;
	readonly kept: number;
	/** Size of the index file. */
	readonly bytes: number;
	readonly failure?: string;
}

export interface IndexRunPlan {
	readonly host: HostN8n;
	readonly servers: MeasuredServers;
	readonly root: string;
	readonly indexes: readonly IndexPlan[];
	readonly repeat: number;
	/** Seconds. */
	readonly limit: number;
	readonly say: (line: string) => void;
}

const CONNECTIONS = 4;

type Steps = (endpoint: Endpoint, path: string) => Promise<readonly Step[]>;

function listIndex(host: HostN8n): Steps {
	return async (endpoint, path) => [
		{
			name: 'Calls',
			type: `${PACKAGE_NAME}.listIndex`,
			typeVersion: 1,
			parameters: {
				readFrom: 'indexFile',
				indexFile: { __rl: true, mode: 'path', value: path },
				filters: { wrapUpCodes: KEPT_CODE },
			},
			credentials: await (await host()).credential('Measured', CREDENTIAL_TYPE, ourCredential(endpoint, CONNECTIONS)),
		},
	];
}

function withoutUs(host: HostN8n): Steps {
	return async (endpoint, path) => [
		{
			name: 'Fetch',
			type: 'n8n-nodes-base.ftp',
			typeVersion: 1,
			parameters: { protocol: 'sftp', operation: 'download', path, options: {} },
			credentials: await (await host()).credential('Measured SFTP', 'sftp', sftpNodeCredential(endpoint)),
		},
		{
			name: 'Rows',
			type: 'n8n-nodes-base.extractFromFile',
			typeVersion: 1,
			parameters: { operation: 'csv', options: {} },
		},
		{
			name: 'Calls',
			type: 'n8n-nodes-base.filter',
			typeVersion: 2.2,
			parameters: {
				conditions: {
					options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 },
					conditions: [
						{
							id: 'wrap-up',
							leftValue: '={{ $json["WRAP UP CODE"] }}',
							rightValue: KEPT_CODE,
							operator: { type: 'string', operation: 'equals' },
						},
					],
					combinator: 'and',
				},
				options: {},
			},
		},
	];
}

/** Index to filtered rows in the same n8n, over the loopback: our List Index, and what n8n has of its own. */
export async function runIndexes(plan: IndexRunPlan): Promise<IndexResult[]> {
	const { host, servers, root, indexes, repeat, limit, say } = plan;
	const way = await servers.open({ roundTrip: 0 });
	const results: IndexResult[] = [];
	const contestants: ReadonlyArray<readonly [IndexResult['contestant'], Steps]> = [
		['List Index', listIndex(host)],
		['FTP node, Extract from File, Filter', withoutUs(host)],
	];
	for (const index of indexes) {
		const { path, bytes } = await makeIndex(index, root);
		for (let round = 0; round < repeat; round += 1) {
			for (const [contestant, steps] of contestants) {
				const workflow = measuredWorkflow('benchIndex000000', await steps(way.endpoint('sftp'), path));
				const measured = await (
					await host()
				)
					.measure(workflow, AbortSignal.timeout(limit * 1_000))
					.then(({ result, seconds, cpuSeconds, peakMegabytes }) => {
						const kept = itemsOf(result, 'Calls').length;
						if (kept !== index.kept) throw new Error(`${kept} rows were kept instead of ${index.kept}`);
						return { seconds, cpuSeconds, peakMegabytes };
					})
					.catch((error: unknown) => ({ failure: error instanceof Error ? error.message : String(error) }));
				results.push({ contestant, ...index, bytes, ...measured });
				const told = 'failure' in measured ? measured.failure : `${measured.seconds.toFixed(2)} s`;
				say(`index of ${index.rows} rows, ${index.kept} kept: ${contestant}: ${told.split('\n')[0]}`);
			}
		}
	}
	await way.close();
	return results;
}

/** A row for each run. */
export function indexTable(results: readonly IndexResult[]): string {
	const digits = (value: number | undefined, places: number): string => value?.toFixed(places) ?? '';
	return textTable(
		['', 'rows', 'kept', 's', 'CPU s', 'peak MB'],
		results.map((result) => [
			result.contestant,
			String(result.rows),
			String(result.kept),
			result.failure === undefined ? digits(result.seconds, 2) : 'failed',
			digits(result.cpuSeconds, 1),
			digits(result.peakMegabytes, 0),
		]),
	);
}
