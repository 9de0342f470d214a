import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXAMPLE_NODES } from '../../../demo/exampleWorkflow';
import { itemsOf, type ExecutionResult } from '../../../testbed/n8nHost/executionResult';
import { PACKAGE_NAME } from '../../../testbed/n8nHost/packPackage';
import { runExample } from '../../../demo/runExample';
import { startDemo } from '../../../demo/startDemo';
import type { DemoProtocol } from '../../../testbed/tenant/tenantCredential';
import type { BinaryMode, SupportedN8n } from './supportedN8n';

const PROTOCOLS: readonly DemoProtocol[] = ['ftpsImplicit', 'sftp'];
const NODES = ['downloadRecording', 'listIndex', 'reconcileDay', 'recordingTrigger', 'resolveTenantDay'];

/** How n8n refers to binary data in each mode: `<mode>:<id>`. What it keeps in memory has no reference. */
const REFERENCES: Readonly<Record<BinaryMode, RegExp>> = {
	filesystem: /^filesystem-v2:/,
	database: /^database:/,
	default: /^$/,
};

/** What the main job did in one n8n, in one mode. */
export interface MainJob {
	/** Recordings that reached the CRM whole, over both protocols. */
	readonly delivered: number;
	/** What is not as it has to be, one sentence each; empty = the job did all that was to do. */
	readonly problems: readonly string[];
	/** From starting n8n to its end. */
	readonly seconds: number;
}

/** A run in another mode than the one asked for would prove nothing about it. */
function kept(mode: BinaryMode, execution: ExecutionResult): string[] {
	return itemsOf(execution, EXAMPLE_NODES.download).flatMap(({ binary }) => {
		const reference = String(Reflect.get(Object(binary['data']), 'id') ?? '');
		return REFERENCES[mode].test(reference) ? [] : [`Kept as "${reference}" in the mode "${mode}"`];
	});
}

/**
 * Installs the packed package into a new n8n of this release as n8n does, lists a day, downloads what the example's
 * filter keeps and delivers it to the CRM, over FTPS and over SFTP, and compares bytes and checksums with the tenant's.
 */
export async function mainJob({ release, env }: SupportedN8n, mode: BinaryMode): Promise<MainJob> {
	const directory = await mkdtemp(join(tmpdir(), '8x8-matrix-'));
	const startedAt = performance.now();
	const seconds = (): number => (performance.now() - startedAt) / 1_000;
	try {
		const n8nEnv = { ...env, N8N_DEFAULT_BINARY_DATA_MODE: mode };
		const demo = await startDemo({ directory, days: 3, protocols: PROTOCOLS, release, n8nEnv });
		try {
			const types = await demo.n8n.client.nodeTypes();
			const problems = NODES.filter((node) => !types.includes(`${PACKAGE_NAME}.${node}`)).map(
				(node) => `n8n does not have the node ${node}`,
			);
			let delivered = 0;
			for (const connection of demo.connections) {
				const run = await runExample(demo, connection);
				problems.push(...run.problems, ...kept(mode, run.execution));
				delivered += run.equal;
			}
			return { delivered, problems, seconds: seconds() };
		} finally {
			await demo.stop();
		}
	} catch (error) {
		return { delivered: 0, problems: [error instanceof Error ? error.message : String(error)], seconds: seconds() };
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}
