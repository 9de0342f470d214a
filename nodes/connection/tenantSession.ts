import type { IExecuteFunctions, ILoadOptionsFunctions, IPollFunctions } from 'n8n-workflow';

import { ZoneClock } from '../../recordings/zoneClock';
import { SpelledStore } from '../../tenant/spelledStore';
import { openStore } from '../../transport/openStore';
import type { RemoteStore, StoreListener } from '../../transport/remoteStore';
import { ResumingStore } from '../../transport/resumingStore';
import { accountConnections } from './accountConnections';
import { processAccounts } from './processAccounts';
import { CREDENTIAL, tenantConnection } from './tenantConnection';
import { tenantKey } from './tenantKey';

/** A tenant's server, for the length of one node run. */
export interface TenantSession {
	readonly store: RemoteStore;
	/** Whose recordings these are: the user, and the tenant directory when one is given. */
	readonly tenant: string;
	/** The same for every credential of this account and directory; a digest. */
	readonly tenantKey: string;
	/** As the credential names it, empty for the login directory. */
	readonly tenantDirectory: string;
	/** The connections that the credential allows at once. */
	readonly maxConnections: number;
	readonly isSftp: boolean;
	/** Others may have even the last connection, when nothing runs on it, until the function is called that this gives back. */
	beginAbsence(): () => void;
	/** The tenant's clock, or that of the zone given in its place. */
	clock(timeZone?: string): ZoneClock;
}

export interface TenantOptions extends StoreListener {
	/** Milliseconds to wait for a server that has stopped sending; may throw when the node's option cannot be read. */
	readonly stallTimeout?: () => number;
	/** Milliseconds to wait for a first connection while other runs have all of them. */
	readonly patience?: number;
	/** Puts more around the store, such as retries. */
	readonly decorate?: (store: RemoteStore) => RemoteStore;
}

/**
 * Runs `work` with the credential's server. Connections are opened when they are first needed; on which nothing runs in the end,
 * rest for the next run, whatever happened.
 */
export async function withTenant<Result>(
	context: IExecuteFunctions | ILoadOptionsFunctions | IPollFunctions,
	work: (session: TenantSession) => Promise<Result>,
	options: TenantOptions = {},
): Promise<Result> {
	const { stallTimeout, patience, decorate = (store: RemoteStore): RemoteStore => store } = options;
	const data = await context.getCredentials(CREDENTIAL);
	const { settings, timeZone } = tenantConnection(data, { stallTimeout: stallTimeout?.() });
	const connections = accountConnections(settings, patience);
	const store = new SpelledStore(decorate(openStore(settings, connections, options, processAccounts())));
	const session: TenantSession = {
		store,
		tenant: [settings.username, settings.tenantDirectory].filter((part) => part !== '').join('/'),
		tenantKey: tenantKey(settings),
		tenantDirectory: settings.tenantDirectory,
		maxConnections: settings.maxConnections,
		isSftp: settings.protocol === 'sftp',
		beginAbsence: connections.beginAbsence,
		clock: (zone = '') => new ZoneClock(zone.trim() === '' ? timeZone : zone),
	};
	return await work(session).finally(async () => await store.close());
}

/** Retries that a listing or an index is worth. */
const RETRIES = 5;

/** A store that tries again after drops, for nodes without options of their own about it. */
export function resumingStore(store: RemoteStore, onRetry?: (failure: unknown) => void): RemoteStore {
	return new ResumingStore(store, { retries: RETRIES, ...(onRetry === undefined ? {} : { onRetry }) });
}
