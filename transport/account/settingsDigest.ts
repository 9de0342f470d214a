import { createHash } from 'node:crypto';

import type { ConnectionSettings } from '../connectionSettings';

/** How long a node waits: it changes with the node's options, and is nothing that a connection was opened with. */
const PATIENCE: ReadonlySet<string> = new Set(['connectTimeout', 'stallTimeout']);

/** The same for the same settings only, secrets included: with a new password, host or key, nothing of the old one is met. */
export function settingsDigest(settings: ConnectionSettings): string {
	const entries = Object.entries(settings).filter(([name, value]) => !PATIENCE.has(name) && value !== undefined);
	return createHash('sha256').update(JSON.stringify(entries.sort())).digest('hex');
}
