import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { bareEnvironment, startProgram } from '../testbed/n8nHost/childProcess';
import { PROJECT_ROOT } from '../testbed/n8nHost/projectPaths';
import type { ConnectionSettings } from '../transport/connectionSettings';
import { verifyFiles, type Contestant, type Job } from './contestant';
import type { Endpoint } from './measuredServers';
import type { Cost } from './processCost';
import { SFTP_FILES, SMALL_SFTP_FILES } from './shippedTransport';
import type { TransportOrder, TransportResult } from './transportRun';

const SMALL_BYTES = 65_536;

/** Our settings for an endpoint, with everything verified that can be. */
export function connectionSettings(endpoint: Endpoint, maxConnections: number): ConnectionSettings {
	const { protocol, host, port, username } = endpoint;
	const common = { host, port, username, tenantDirectory: '', maxConnections };
	if (protocol === 'ftps') {
		const { password, caCertificate } = endpoint;
		return { ...common, protocol: 'ftpsImplicit', password, caCertificate, allowUnauthorizedCerts: false };
	}
	return {
		...common,
		protocol: 'sftp',
		privateKey: endpoint.privateKey,
		hostKeyFingerprints: [`[${host}]:${port} ${endpoint.hostKey}`],
		allowUnknownHostKey: false,
	};
}

async function runTransport(order: TransportOrder, { signal }: Job): Promise<TransportResult> {
	const child = startProgram(
		process.execPath,
		['--import', 'tsx', ...profiling(), join(PROJECT_ROOT, 'bench', 'transportRun.ts')],
		{
			cwd: PROJECT_ROOT,
			env: bareEnvironment({ TRANSPORT_ORDER: JSON.stringify(order) }),
			stdio: ['ignore', 'pipe', 'pipe'],
		},
	);
	let output = '';
	let said = '';
	child.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		output += text;
	});
	child.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		said += text;
	});
	const closed = new Promise<void>((resolve) => child.child.once('close', () => resolve()));
	const stop = (): void => void child.stop();
	signal.addEventListener('abort', stop, { once: true });
	const outcome = await child.ended;
	signal.removeEventListener('abort', stop);
	signal.throwIfAborted();
	await closed;
	if (outcome !== 0) throw new Error(`The transport ended with ${String(outcome)}: ${said.slice(-2_000).trim()}`);
	return JSON.parse(output);
}

/** Why what n8n would load of a checkout is not there, `undefined` when it is. */
export function distMissing(checkout = PROJECT_ROOT): string | undefined {
	const dist = join(checkout, 'dist');
	return existsSync(dist) ? undefined : `${dist} is missing: run \`npm run build\` there first`;
}

/** The name of one of ours, as another checkout has it. */
export const besideName = (name: string, checkout: string): string =>
	checkout === PROJECT_ROOT ? name : `${name}@${basename(checkout)}`;

/** BENCH_PROFILE=directory writes a processor profile of the transport there, to be opened in a browser's tools. */
function profiling(): string[] {
	const directory = process.env['BENCH_PROFILE'];
	return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}

function ours(checkout: string, maxConnections: number, name: string): Contestant {
	return {
		name: besideName(name, checkout),
		kind: 'ours',
		protocols: ['sftp', 'ftps'],
		missing: () => distMissing(checkout),
		async download(job): Promise<Cost> {
			const { endpoint, tree, destination } = job;
			const isSmall = tree.bytes / tree.files.length <= SMALL_BYTES;
			const sftpFiles = isSmall ? SMALL_SFTP_FILES : SFTP_FILES;
			const filesInFlight = endpoint.protocol === 'sftp' ? sftpFiles : maxConnections;
			const order = {
				checkout,
				settings: connectionSettings(endpoint, maxConnections),
				directory: tree.name,
				destination,
				filesInFlight,
			};
			const { seconds, cpuSeconds, peakMegabytes } = await runTransport(order, job);
			await verifyFiles(destination, tree);
			return { seconds, cpuSeconds, peakMegabytes };
		},
	};
}

/**
 * Our transport without n8n: listing, pipelined reads, resume, verification and SHA-256, written to files. Its clock
 * starts when the program is loaded, because in n8n it is.
 *
 * @param checkout whose `dist/` is measured
 */
export const ourTransport = (checkout = PROJECT_ROOT): readonly Contestant[] => [
	ours(checkout, 4, 'transport'),
	ours(checkout, 16, 'transport -16'),
];
