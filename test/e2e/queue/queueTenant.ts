import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { startCrm, type RunningCrm } from '../../../demo/crm/startCrm';
import type { N8nClient, StoredCredential } from '../../../demo/n8nHost/n8nClient';
import { startEmbeddedFtps } from '../../../demo/servers/embeddedFtps';
import { generateTenant } from '../../../demo/tenant/generateTenant';
import type { TenantManifest } from '../../../demo/tenant/tenantCall';
import { CREDENTIAL_TYPE, ftpsCredential } from '../../../demo/tenantCredential';
import { startCountingProxy, type CountingProxy } from '../countingProxy';

const USERNAME = 'acmejets';

export interface QueueTenant {
	readonly tenant: TenantManifest;
	readonly crm: RunningCrm;
	/** What the workers connect to in place of the tenant's server; data connections do not pass it. */
	readonly proxy: CountingProxy;
	/** Stores the tenant's credential. */
	credential(client: N8nClient): Promise<StoredCredential>;
	close(): Promise<void>;
}

export interface QueueTenantOptions {
	readonly directory: string;
	readonly days: number;
	readonly callsPerDay: number;
	/** As in the credential. */
	readonly maxConnections: number;
}

/** A generated tenant behind FTPS with its connections counted, and the CRM that its calls go to. */
export async function startQueueTenant(options: QueueTenantOptions): Promise<QueueTenant> {
	const { directory, days, callsPerDay, maxConnections } = options;
	const root = join(directory, 'tenant');
	const tenant = await generateTenant({ root, now: DateTime.now(), days, seed: 'queue mode', callsPerDay });
	const password = randomBytes(12).toString('hex');
	const server = await startEmbeddedFtps({ root, username: USERNAME, password, mode: 'implicit' });
	const proxy = await startCountingProxy(server.port);
	const crm = await startCrm({ directory: join(directory, 'crm') });
	const login = { host: server.host, port: proxy.port, username: USERNAME, password, tenantTimeZone: tenant.timeZone };
	const data = { ...ftpsCredential('ftpsImplicit', login, server.caCertificate), maxConnections };
	return {
		tenant,
		crm,
		proxy,
		credential: (client) => client.putCredential('Tenant', CREDENTIAL_TYPE, data),
		async close() {
			await crm.close();
			await proxy.close();
			await server.close();
		},
	};
}
