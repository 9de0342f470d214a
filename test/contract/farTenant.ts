import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { freePort } from '../../testbed/n8nHost/freePort';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, temporaryDirectory, type RealServer } from '../../testbed/servers/process';
import { proftpdHere, startProftpd, type FtpsServer } from '../../testbed/servers/proftpd';
import { FAR_HOST, RoundTrips } from '../../testbed/servers/roundTrips';
import { createServerCertificate } from '../../testbed/servers/serverCertificate';
import { startVsftpd, vsftpdHere } from '../../testbed/servers/vsftpd';

const PASSIVE_PORTS = 40;

/** Whose clock the tenants of these tests follow. */
const TIME_ZONE = 'America/Los_Angeles';

/** What has to be ended after a test, the last first. */
export type Ending = Array<() => Promise<void>>;

/** A real server at the other end of a link that counts round trips. */
export interface FarTenant {
	readonly root: string;
	readonly credential: ICredentialDataDecryptedObject;
	readonly link: RoundTrips;
}

export interface FarServer {
	readonly name: string;
	readonly protocol: 'sftp' | 'ftps';
	readonly here: RealServer;
	readonly start: (ending: Ending) => Promise<FarTenant>;
}

async function far(ports: readonly number[], ending: Ending): Promise<RoundTrips> {
	const link = new RoundTrips();
	ending.push(() => link.close());
	for (const port of ports) await link.listen(port);
	return link;
}

async function openSsh(ending: Ending): Promise<FarTenant> {
	const directory = await temporaryDirectory('8x8-far');
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
	return { root: directory.path, credential, link: await far([server.port], ending) };
}

type Certificate = Awaited<ReturnType<typeof createServerCertificate>>;

async function ftps(
	start: (certificate: Certificate, firstPort: number, lastPort: number) => Promise<FtpsServer>,
	ending: Ending,
): Promise<FarTenant> {
	const certificate = await createServerCertificate({ ipAddresses: [FAR_HOST] });
	const first = Math.min(await freePort(), 65_535 - PASSIVE_PORTS);
	const last = first + PASSIVE_PORTS - 1;
	const server = await start(certificate, first, last);
	ending.push(() => server.close());
	const { port, username, password, caCertificate, root } = server;
	const passive = Array.from({ length: PASSIVE_PORTS }, (_, n) => first + n);
	const link = await far([...new Set([port, ...passive])], ending);
	const protocol = 'ftpsImplicit';
	const address = { protocol, platform: 'custom', host: FAR_HOST, port };
	return { root, link, credential: { ...address, username, password, caCertificate, tenantTimeZone: TIME_ZONE } };
}

const proftpd = async (ending: Ending): Promise<FarTenant> =>
	await ftps(async (certificate, first, last) => {
		// Without it ProFTPD takes its port on every address.
		const directives = ['SocketBindTight on', `PassivePorts ${first} ${last}`];
		return await startProftpd({ mode: 'implicit', tlsProtocol: 'TLSv1.3', certificate, directives });
	}, ending);

const vsftpd = async (ending: Ending): Promise<FarTenant> =>
	await ftps(async (certificate, first, last) => {
		return await startVsftpd({ certificate, directives: [`pasv_min_port=${first}`, `pasv_max_port=${last}`] });
	}, ending);

export const FAR_SERVERS: readonly FarServer[] = [
	{ name: 'OpenSSH', protocol: 'sftp', here: realServer('OpenSSH', available()), start: openSsh },
	{ name: 'ProFTPD', protocol: 'ftps', here: proftpdHere(), start: proftpd },
	{ name: 'vsftpd', protocol: 'ftps', here: vsftpdHere(), start: vsftpd },
];
