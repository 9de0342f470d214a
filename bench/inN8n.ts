import { itemsOf } from '../testbed/n8nHost/executionResult';
import { PACKAGE_NAME } from '../testbed/n8nHost/packPackage';
import { CREDENTIAL_TYPE } from '../testbed/tenant/tenantCredential';
import type { Contestant, Job } from './contestant';
import type { Endpoint } from './measuredServers';
import { measuredWorkflow, type MeasuredExecution, type MeasuredN8n, type Step } from './measuredN8n';
import { distMissing } from './ourTransport';
import type { Cost } from './processCost';

export type HostN8n = () => Promise<MeasuredN8n>;

const DOWNLOAD = 'Download';

/** Fields of our credential for an endpoint. */
export function ourCredential(endpoint: Endpoint, maxConnections: number): Record<string, unknown> {
	const { protocol, host, port, username, password, caCertificate, privateKey, hostKey } = endpoint;
	const common = { host, port, username, tenantTimeZone: 'America/Los_Angeles', tenantDirectory: '', maxConnections };
	return protocol === 'ftps'
		? {
				...common,
				protocol: 'ftpsImplicit',
				platform: 'custom',
				password,
				caCertificate,
				allowUnauthorizedCerts: false,
			}
		: {
				...common,
				protocol: 'sftp',
				privateKey,
				hostKeyFingerprints: `[${host}]:${port} ${hostKey}`,
				allowUnknownHostKey: false,
			};
}

/** Fields of the credential of n8n's own FTP node over SFTP. */
export function sftpNodeCredential({ host, port, username, privateKey }: Endpoint): Record<string, unknown> {
	return { host, port, username, password: '', privateKey, passphrase: '' };
}

function costOf({ seconds, cpuSeconds, peakMegabytes, longestTurn, busiestTurn }: MeasuredExecution): Cost {
	return { seconds, cpuSeconds, peakMegabytes, longestTurn, busiestTurn };
}

function verifyStore({ storedFiles, storedBytes }: MeasuredExecution, { tree }: Job, bytes = tree.bytes): void {
	if (storedFiles === tree.files.length && storedBytes === bytes) return;
	throw new Error(
		`n8n stored ${storedFiles} files of ${storedBytes} bytes instead of ${tree.files.length} of ${bytes}`,
	);
}

/** Bytes of the MP3s that the items speak of. */
function convertedBytes({ result }: MeasuredExecution): number {
	const sizes = itemsOf(result, DOWNLOAD).map(({ json }) => {
		const { audio } = Object(json['download']);
		return Number(audio?.bytes);
	});
	return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** The items' checksums have to be the tree's. */
function verifyItems({ result }: MeasuredExecution, { tree }: Job): void {
	const sums = new Map(tree.files.map(({ name, sha256 }) => [name, sha256]));
	const items = itemsOf(result, DOWNLOAD).map(({ json }) => json['download']);
	const isRight = (download: unknown): boolean =>
		typeof download === 'object' &&
		download !== null &&
		sums.get(String(Reflect.get(download, 'fileName'))) === Reflect.get(download, 'sha256');
	if (items.length === tree.files.length && items.every(isRight)) return;
	throw new Error(`${items.filter(isRight).length} of ${tree.files.length} items have the right checksum`);
}

function ourNode(
	host: HostN8n,
	name: string,
	maxConnections: number,
	audioFormat: 'asRecorded' | 'mp3' = 'asRecorded',
): Contestant {
	return {
		name,
		kind: 'ours',
		protocols: ['sftp', 'ftps'],
		missing: () => distMissing(),
		prepare: host,
		async download(job) {
			const n8n = await host();
			const { endpoint, tree } = job;
			const credentials = await n8n.credential('Measured', CREDENTIAL_TYPE, ourCredential(endpoint, maxConnections));
			const step: Step = {
				name: DOWNLOAD,
				type: `${PACKAGE_NAME}.downloadRecording`,
				typeVersion: 1,
				parameters: {
					download: 'directory',
					directory: tree.name,
					pattern: '*',
					options: { checksum: 'sha256', audioFormat },
				},
				credentials,
			};
			const execution = await n8n.measure(measuredWorkflow('benchDownload000', [step]), job.signal);
			verifyStore(execution, job, audioFormat === 'mp3' ? convertedBytes(execution) : tree.bytes);
			verifyItems(execution, job);
			return costOf(execution);
		},
	};
}

function ftpNode(host: HostN8n, name: string, options: Readonly<Record<string, unknown>>): Contestant {
	return {
		name,
		kind: 'n8n FTP node',
		// It has no TLS.
		protocols: ['sftp'],
		missing: () => undefined,
		prepare: host,
		async download(job) {
			const n8n = await host();
			const { endpoint, tree } = job;
			const credentials = await n8n.credential('Measured SFTP', 'sftp', sftpNodeCredential(endpoint));
			const node = { type: 'n8n-nodes-base.ftp', typeVersion: 1, credentials };
			const steps: readonly Step[] = [
				{ ...node, name: 'List', parameters: { protocol: 'sftp', operation: 'list', path: tree.name } },
				{
					...node,
					name: DOWNLOAD,
					parameters: { protocol: 'sftp', operation: 'download', path: '={{ $json.path }}', options },
				},
			];
			const execution = await n8n.measure(measuredWorkflow('benchFtpNode0000', steps), job.signal);
			verifyStore(execution, job);
			return costOf(execution);
		},
	};
}

/** What runs in n8n: our node, and n8n's own FTP node as it comes and with its concurrent reads switched on. */
export function contestantsInN8n(host: HostN8n): readonly Contestant[] {
	return [
		ourNode(host, 'node', 4),
		ourNode(host, 'node -16', 16),
		ourNode(host, 'node automatic', 0),
		ourNode(host, 'node to MP3', 4, 'mp3'),
		ftpNode(host, 'FTP node', {}),
		ftpNode(host, 'FTP node concurrent', { enableConcurrentReads: true, maxConcurrentReads: 64, chunkSize: 64 }),
	];
}
