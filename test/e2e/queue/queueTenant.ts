import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { startCrm, type RunningCrm } from '../../../testbed/crm/startCrm';
import type { N8nClient, StoredCredential } from '../../../testbed/n8nHost/n8nClient';
import { startEmbeddedFtps } from '../../../testbed/servers/embeddedFtps';
import { startEmbeddedSftp } from '../../../testbed/servers/embeddedSftp';
import { generateTenant } from '../../../testbed/tenant/generateTenant';
import type { TenantManifest } from '../../../testbed/tenant/tenantCall';
import { CREDENTIAL_TYPE, ftpsCredential, sftpCredential } from '../../../testbed/tenant/tenantCredential';
import { startCountingProxy, type CountingProxy } from '../../../testbed/servers/countingProxy';

const USERNAME = 'acmejets';

/** One way to the tenant, with all connections of it counted. FTPS's data connections do not pass the proxy. */
export interface QueueTenantWay {
	readonly proxy: CountingProxy;
	/** Stores the credential. */
	credential(client: N8nClient): Promise<StoredCredential>;
}

export interface QueueTenant {
	readonly tenant: TenantManifest;
	readonly crm: RunningCrm;
	readonly ftps: QueueTenantWay;
	readonly sftp: QueueTenantWay;
	close(): Promise<void>;
}

export interface QueueTenantOptions {
	readonly directory: string;
	readonly days: number;
	readonly callsPerDay: number;
	/** As in the credentials. */
	readonly maxConnections: number;
}

/** A generated tenant behind FTPS and SFTP, and the CRM that its calls go to. */
export async function startQueueTenant(options: QueueTenantOptions): Promise<QueueTenant> {
	const { directory, days, callsPerDay, maxConnections } = options;
	const root = join(directory, 'tenant');
	const tenant = await generateTenant({ root, now: DateTime.now(), days, seed: 'queue mode', callsPerDay });
	const password = randomBytes(12).toString('hex');
	const access = { root, username: USERNAME, password };
	const ftps = await startEmbeddedFtps({ ...access, mode: 'implicit' });
	const sftp = await startEmbeddedSftp(access);
	const crm = await startCrm({ directory: join(directory, 'crm') });
	const proxies: CountingProxy[] = [];
	const way = async (
		name: string,
		port: number,
		dataFor: (proxied: number) => Readonly<Record<string, unknown>>,
	): Promise<QueueTenantWay> => {
		const proxy = await startCountingProxy(port);
		proxies.push(proxy);
		const data = { ...dataFor(proxy.port), maxConnections };
		return { proxy, credential: (client) => client.putCredential(name, CREDENTIAL_TYPE, data) };
	};
	const login = (port: number) => ({
		host: '127.0.0.1',
		port,
		username: USERNAME,
		password,
		tenantTimeZone: tenant.timeZone,
	});
	return {
		tenant,
		crm,
		ftps: await way('Over FTPS', ftps.port, (port) => ftpsCredential('ftpsImplicit', login(port), ftps.caCertificate)),
		sftp: await way('Over SFTP', sftp.port, (port) => sftpCredential(login(port), sftp.fingerprint)),
		async close() {
			await crm.close();
			for (const proxy of proxies) await proxy.close();
			await sftp.close();
			await ftps.close();
		},
	};
}
