import { createHash } from 'node:crypto';

import { accountKey } from '../../coordination/account';
import type { ConnectionSettings } from '../../transport/connectionSettings';

/** Tells apart the tenants that a credential may name, by account and directory, without telling either. */
export function tenantKey(settings: ConnectionSettings): string {
	const { tenantDirectory } = settings;
	const parts = tenantDirectory.split('/').filter((part) => part !== '' && part !== '.');
	const directory = `${tenantDirectory.startsWith('/') ? '/' : ''}${parts.join('/')}`;
	return createHash('sha256')
		.update(JSON.stringify([accountKey(settings), directory]))
		.digest('hex')
		.slice(0, 16);
}
