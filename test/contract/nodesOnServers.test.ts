import { createHash } from 'node:crypto';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DateTime } from 'luxon';
import type { ICredentialDataDecryptedObject, ICredentialTestFunctions } from 'n8n-workflow';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { eightByEightConnectionTest } from '../../nodes/connection/credentialTest';
import { DownloadRecording } from '../../nodes/DownloadRecording/DownloadRecording.node';
import { ListIndex } from '../../nodes/ListIndex/ListIndex.node';
import { startEmbeddedFtps } from '../../testbed/servers/embeddedFtps';
import { startEmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import { startNodeSftpServer } from '../../testbed/servers/nodeSftpServer';
import { type OddSftpOptions, startOddSftp } from '../../testbed/servers/oddSftp';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, temporaryDirectory, type TemporaryDirectory } from '../../testbed/servers/process';
import { proftpdHere, startProftpd, type FtpsServer } from '../../testbed/servers/proftpd';
import { pureftpdHere, startPureftpd } from '../../testbed/servers/pureftpd';
import { pyftpdlibHere, startPyftpdlib } from '../../testbed/servers/pyftpdlib';
import { startVsftpd, vsftpdHere } from '../../testbed/servers/vsftpd';
import { generateTenant, TENANT_TIME_ZONE } from '../../testbed/tenant/generateTenant';
import type { TenantManifest } from '../../testbed/tenant/tenantCall';
import { bytesOf, runNode, useBinaryStore } from '../unit/nodes/runNode';
import { LISTINGS, MANNERS } from './oddServers';

/** A server with the tenant behind it, as a credential reaches it. */
interface Tenant {
	readonly credential: ICredentialDataDecryptedObject;
	close(): Promise<void>;
}

type Start = (tenant: TenantManifest) => Promise<Tenant>;

const LOGIN = { username: 'tenant', password: 'right' };
const COMMON = { host: '127.0.0.1', tenantTimeZone: TENANT_TIME_ZONE, tenantDirectory: '', maxConnections: 0 };

async function copied(tenant: TenantManifest, root: string): Promise<void> {
	await cp(tenant.root, root, { recursive: true, preserveTimestamps: true });
}

function ftps(protocol: 'ftpsImplicit' | 'ftpsExplicit', starting: () => Promise<FtpsServer>): Start {
	return async (tenant) => {
		const server = await starting();
		await copied(tenant, server.root);
		const { port, username, password, caCertificate } = server;
		const credential = { protocol, platform: 'custom', ...COMMON, port, username, password, caCertificate };
		return { credential, close: () => server.close() };
	};
}

const sftp = { protocol: 'sftp', ...COMMON, allowUnknownHostKey: true };

async function nodeSftpServer(tenant: TenantManifest): Promise<Tenant> {
	const server = await startNodeSftpServer();
	await copied(tenant, server.root);
	const { port, username, password } = server;
	return { credential: { ...sftp, port, username, password }, close: server.close };
}

async function openSsh(tenant: TenantManifest): Promise<Tenant> {
	const server = await startOpenSsh({ root: tenant.root });
	const { port, username, privateKey } = server;
	return { credential: { ...sftp, port, username, privateKey }, close: server.close };
}

async function filesOf(root: string): Promise<Record<string, Buffer>> {
	const directories = await readdir(root);
	const paths = await Promise.all(
		directories.map(async (name) => (await readdir(join(root, name))).map((file) => `${name}/${file}`)),
	);
	const files = paths.flat().map(async (path) => [path, await readFile(join(root, path))] as const);
	return Object.fromEntries(await Promise.all(files));
}

function odd(options: Partial<OddSftpOptions>): Start {
	return async (tenant) => {
		const server = await startOddSftp({ files: await filesOf(tenant.root), ...options });
		return { credential: { ...sftp, port: server.port, ...LOGIN }, close: server.close };
	};
}

const ODD: Array<[string, Start]> = [
	...Object.entries(LISTINGS).map(([name, change]): [string, Start] => [
		`an SFTP server that ${name}`,
		odd({ change }),
	]),
	...Object.entries(MANNERS).map(([name, options]): [string, Start] => [`an SFTP server that ${name}`, odd(options)]),
];

const SERVERS: Array<[string, Start, string | undefined]> = [
	['the embedded SFTP server', embeddedSftp, undefined],
	['the embedded FTPS server', embeddedFtps, undefined],
	['OpenSSH', openSsh, realServer('OpenSSH', available()).reason],
	['node-sftp-server', nodeSftpServer, undefined],
	[
		'ProFTPD',
		ftps('ftpsImplicit', () => startProftpd({ mode: 'implicit', tlsProtocol: 'TLSv1.3' })),
		proftpdHere().reason,
	],
	['vsftpd', ftps('ftpsImplicit', startVsftpd), vsftpdHere().reason],
	['Pure-FTPd', ftps('ftpsExplicit', startPureftpd), pureftpdHere().reason],
	['pyftpdlib', ftps('ftpsExplicit', startPyftpdlib), pyftpdlibHere().reason],
	...ODD.map(([name, start]): [string, Start, undefined] => [name, start, undefined]),
];

async function embeddedSftp({ root }: TenantManifest): Promise<Tenant> {
	const server = await startEmbeddedSftp({ root, ...LOGIN });
	return { credential: { ...sftp, port: server.port, ...LOGIN }, close: () => server.close() };
}

async function embeddedFtps({ root }: TenantManifest): Promise<Tenant> {
	const server = await startEmbeddedFtps({ root, mode: 'implicit', ...LOGIN });
	const { port, caCertificate } = server;
	const credential = { protocol: 'ftpsImplicit', platform: 'custom', ...COMMON, port, caCertificate, ...LOGIN };
	return { credential, close: () => server.close() };
}

describe('The same calls and the same recordings arrive', () => {
	let directory: TemporaryDirectory;
	let manifest: TenantManifest;
	let tenant: Tenant | undefined;

	beforeAll(async () => {
		await useBinaryStore('filesystem');
		directory = await temporaryDirectory('8x8-nodes-on-servers');
		const now = DateTime.fromISO('2026-03-10T12:00:00', { zone: TENANT_TIME_ZONE });
		manifest = await generateTenant({
			root: join(directory.path, 'tenant'),
			now,
			days: 2,
			callsPerDay: 12,
			seed: 'servers',
		});
	});
	afterEach(async () => {
		await tenant?.close();
		tenant = undefined;
	});
	afterAll(async () => {
		await directory?.remove();
	});

	test.for(SERVERS)('from %s', async ([, start, reason], context) => {
		if (reason !== undefined) context.skip(reason);
		tenant = await start(manifest);
		const { credential } = tenant;

		const tested = await eightByEightConnectionTest.call({} as ICredentialTestFunctions, {
			...{ id: '1', name: 'Tenant', type: 'eightByEightSftpApi', data: credential },
		});
		expect(tested).toEqual({ status: 'OK', message: 'Connected: index of 2 days, newest I20260309.csv' });

		const [startDate, endDate] = manifest.days;
		const period = { readFrom: 'tenantDay', period: 'dateRange', startDate, endDate };
		const listed = await runNode(new ListIndex(), { parameters: period, credential });
		const expected = manifest.calls.map(({ recordingId, wrapUpCode, agentName }) => [
			recordingId,
			wrapUpCode,
			agentName,
		]);
		const { output: calls } = listed;
		expect(calls.map(({ json }) => [json['recordingId'], json['wrapUpCode'], json['agentName']])).toEqual(expected);

		const recordings = await runNode(new DownloadRecording(), {
			parameters: { download: 'recording' },
			items: calls.map(({ json }) => ({ json })),
			credential,
		});
		const arrived = recordings.output.map(async ({ json, binary }) => {
			const bytes = await bytesOf(binary?.['data']);
			return [json['recordingId'], createHash('sha256').update(bytes).digest('hex')];
		});
		expect(await Promise.all(arrived)).toEqual(manifest.calls.map(({ recordingId, sha256 }) => [recordingId, sha256]));
	});
});
