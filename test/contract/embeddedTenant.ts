import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { startCountingProxy, type CountingProxy } from '../../testbed/servers/countingProxy';
import { startEmbeddedFtps } from '../../testbed/servers/embeddedFtps';
import { startEmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import type { Ending } from './farTenant';

const LOGIN = { username: 'tenant', password: 'right' };

export type EmbeddedProtocol = 'sftp' | 'ftpsImplicit';

/** A directory on a server within this process, as a credential reaches it. */
export interface EmbeddedTenant {
	readonly credential: ICredentialDataDecryptedObject;
	/** In front of the server's own port: every log-in is a connection through it. */
	readonly door: CountingProxy;
}

export async function startEmbeddedTenant(
	protocol: EmbeddedProtocol,
	{ root, tenantTimeZone }: { readonly root: string; readonly tenantTimeZone: string },
	ending: Ending,
): Promise<EmbeddedTenant> {
	const served = { root, ...LOGIN };
	const server =
		protocol === 'sftp' ? await startEmbeddedSftp(served) : await startEmbeddedFtps({ ...served, mode: 'implicit' });
	ending.push(() => server.close());
	const door = await startCountingProxy(server.port);
	ending.push(() => door.close());
	const trust: ICredentialDataDecryptedObject =
		'caCertificate' in server
			? { platform: 'custom', caCertificate: server.caCertificate }
			: { hostKeyFingerprints: server.fingerprint };
	const address = { protocol, host: '127.0.0.1', port: door.port, tenantTimeZone };
	return { door, credential: { ...address, ...LOGIN, ...trust } };
}
