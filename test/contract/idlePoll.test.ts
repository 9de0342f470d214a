import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ICredentialDataDecryptedObject, INodeParameters } from 'n8n-workflow';
import { afterEach, describe, expect, test } from 'vitest';

import { createServerCertificate } from '../../testbed/servers/serverCertificate';
import { RecordingTrigger } from '../../nodes/RecordingTrigger/RecordingTrigger.node';
import { processAccounts } from '../../nodes/connection/processAccounts';
import { tenantConnection } from '../../nodes/connection/tenantConnection';
import { addDays, dateOfMillis } from '../../recordings/tenantDay';
import { UNSHARED } from '../../transport/connectionShare';
import { openStore } from '../../transport/openStore';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { freePort } from '../../testbed/n8nHost/freePort';
import { realServer, temporaryDirectory } from '../../testbed/servers/process';
import { proftpdHere, startProftpd, type FtpsServer } from '../../testbed/servers/proftpd';
import { FAR_HOST, RoundTrips } from '../../testbed/servers/roundTrips';
import { startVsftpd, vsftpdHere } from '../../testbed/servers/vsftpd';
import { PollingHost } from '../unit/nodes/runPoll';

/** Round trips that a poll may take after the log-in when there is nothing new. */
const MOST_OVER_SFTP = 6;
const MOST_OVER_FTPS = 25;

/** Milliseconds for a test; a quiet machine takes a tenth. */
const BUSY_MACHINE = 240_000;
const HOUR = 3_600_000;
const PASSIVE_PORTS = 40;
const INDEX_ROWS = 4_000;
const TIME_ZONE = 'America/Los_Angeles';
const HEADER = 'CALL TYPE,START TIME,AGENT NAME,FILENAME,DIRECTORY';

const ending: Array<() => Promise<void>> = [];

afterEach(async () => {
	for (const end of ending.splice(0).reverse()) await end();
});

interface FarTenant {
	readonly root: string;
	readonly credential: ICredentialDataDecryptedObject;
	readonly link: RoundTrips;
}

async function far(ports: readonly number[]): Promise<RoundTrips> {
	const link = new RoundTrips();
	ending.push(() => link.close());
	for (const port of ports) await link.listen(port);
	return link;
}

async function openSsh(): Promise<FarTenant> {
	const directory = await temporaryDirectory('8x8-idle');
	ending.push(() => directory.remove());
	const server = await startOpenSsh({ root: directory.path });
	ending.push(() => server.close());
	const { username, privateKey } = server;
	const hostKeyFingerprints = server.hostKeys.ed25519 ?? '';
	const credential = {
		protocol: 'sftp',
		host: FAR_HOST,
		port: server.port,
		username,
		privateKey,
		hostKeyFingerprints,
		tenantTimeZone: TIME_ZONE,
	};
	return { root: directory.path, credential, link: await far([server.port]) };
}

type Certificate = Awaited<ReturnType<typeof createServerCertificate>>;

async function ftps(
	start: (certificate: Certificate, firstPort: number, lastPort: number) => Promise<FtpsServer>,
): Promise<FarTenant> {
	const certificate = await createServerCertificate({ ipAddresses: [FAR_HOST] });
	const first = Math.min(await freePort(), 65_535 - PASSIVE_PORTS);
	const last = first + PASSIVE_PORTS - 1;
	const server = await start(certificate, first, last);
	ending.push(() => server.close());
	const { port, username, password, caCertificate, root } = server;
	const passive = Array.from({ length: PASSIVE_PORTS }, (_, n) => first + n);
	const link = await far([...new Set([port, ...passive])]);
	const protocol = 'ftpsImplicit';
	const address = { protocol, platform: 'custom', host: FAR_HOST, port };
	return { root, link, credential: { ...address, username, password, caCertificate, tenantTimeZone: TIME_ZONE } };
}

const proftpd = async (): Promise<FarTenant> =>
	await ftps(async (certificate, first, last) => {
		// Without it ProFTPD takes its port on every address.
		const directives = ['SocketBindTight on', `PassivePorts ${first} ${last}`];
		return await startProftpd({ mode: 'implicit', tlsProtocol: 'TLSv1.3', certificate, directives });
	});

const vsftpd = async (): Promise<FarTenant> =>
	await ftps(async (certificate, first, last) => {
		return await startVsftpd({ certificate, directives: [`pasv_min_port=${first}`, `pasv_max_port=${last}`] });
	});

const compact = (date: string): string => date.replaceAll('-', '');

/** Days with calls, each with its index in `Index/` and beside the recordings; and one day, long ago, on which nobody called. */
async function plant(root: string, callsOfToday: number): Promise<void> {
	const today = dateOfMillis(Date.now());
	const written = new Date(Date.now() - HOUR);
	const put = async (path: string, text: string): Promise<void> => {
		await writeFile(join(root, path), text);
		await utimes(join(root, path), written, written);
	};
	await mkdir(join(root, 'Index'));
	for (let ago = 0; ago <= 5; ago += 1) {
		const stamp = compact(addDays(today, -ago));
		const directory = `S${stamp}`;
		if (ago !== 2) {
			await mkdir(join(root, directory));
			const calls = ago === 0 ? callsOfToday : ago === 3 ? 600 : 300;
			for (let n = 0; n < calls; n += 1)
				await put(`${directory}/R${stamp}${String(100_000 + n).padStart(6, '0')}0001.wav`, 'x');
		}
		const rows = Array.from({ length: INDEX_ROWS }, (_, n) => {
			return `Inbound,,Agent ${n},R${stamp}${String(100_000 + (n % 50)).padStart(6, '0')}${String(n).padStart(4, '0')}.wav,${directory}`;
		});
		const index = `${[HEADER, ...rows].join('\r\n')}\r\n`;
		await put(`Index/I${stamp}.csv`, index);
		if (ago !== 2) await put(`${directory}/I${stamp}.csv`, index);
	}
}

/** Ends the connections that rest, as a minute does: a trigger that polls every minute finds none open. */
async function afterAMinute({ credential }: FarTenant): Promise<void> {
	const { settings } = tenantConnection(credential);
	const accounts = processAccounts();
	await (settings.protocol === 'sftp' ? accounts.sftp : accounts.ftps).of(settings).endResting();
}

/** Round trips of a log-in, and of closing down. */
async function besides(tenant: FarTenant): Promise<number> {
	await afterAMinute(tenant);
	const before = tenant.link.count;
	const store = openStore(tenantConnection(tenant.credential).settings, UNSHARED, {}, processAccounts());
	await store.stat('');
	await store.close();
	await afterAMinute(tenant);
	return tenant.link.count - before - 1;
}

async function idlePoll(
	tenant: FarTenant,
	parameters: INodeParameters,
): Promise<{ readonly trips: number; readonly bytes: number }> {
	const n8n = new PollingHost(new RecordingTrigger(), { parameters, credential: tenant.credential });
	expect(await n8n.activate()).toEqual([]);
	expect(await n8n.tick()).toEqual([]);
	await afterAMinute(tenant);
	const [trips, bytes] = [tenant.link.count, tenant.link.received];
	expect(await n8n.tick()).toEqual([]);
	await afterAMinute(tenant);
	const taken = { trips: tenant.link.count - trips, bytes: tenant.link.received - bytes };
	return { ...taken, trips: taken.trips - (await besides(tenant)) };
}

const servers: Array<[string, string | undefined, () => Promise<FarTenant>, number]> = [
	['OpenSSH', realServer('OpenSSH', available()).reason, openSsh, MOST_OVER_SFTP],
	['ProFTPD', proftpdHere().reason, proftpd, MOST_OVER_FTPS],
	['vsftpd', vsftpdHere().reason, vsftpd, MOST_OVER_FTPS],
];

for (const [name, reason, start, most] of servers) {
	describe.skipIf(reason !== undefined)(`an idle poll, ${reason ?? name}`, () => {
		test(
			`of the index takes at most ${most} round trips after the log-in and reads no unchanged index again`,
			async () => {
				const tenant = await start();
				await plant(tenant.root, 300);
				const { trips, bytes } = await idlePoll(tenant, { watch: 'index' });
				expect(trips).toBeLessThanOrEqual(most);
				// Each index is larger than this.
				expect(bytes).toBeLessThan(INDEX_ROWS * 60);
			},
			BUSY_MACHINE,
		);

		test(
			`of 10,000 files takes at most ${most} round trips after the log-in`,
			async () => {
				const tenant = await start();
				await plant(tenant.root, 10_000);
				const { trips } = await idlePoll(tenant, { watch: 'files' });
				expect(trips).toBeLessThanOrEqual(most);
			},
			BUSY_MACHINE,
		);
	});
}
