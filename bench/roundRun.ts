import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { RemoteStore } from '../transport/remoteStore';
import { ShippedTransport, SMALL_SFTP_FILES } from './shippedTransport';

/** What the parent process asks for. */
export interface RoundOrder {
	/** The directory whose `dist/` is measured. */
	readonly checkout: string;
	/** Fields of our credential. */
	readonly credential: Readonly<Record<string, unknown>>;
	/** One a round. */
	readonly directories: readonly string[];
	/** Holds a directory of the same name for each. */
	readonly destination: string;
}

/** What a node run has to do with the server, as far as the rounds use it (nodes/connection/tenantSession). */
interface TenantSessions {
	withTenant(
		context: { getCredentials(): Promise<object> },
		work: (session: {
			readonly store: RemoteStore;
			readonly maxConnections: number;
			readonly isSftp: boolean;
		}) => Promise<void>,
	): Promise<void>;
}

/** Writes a line when it is loaded, and one after each round. */
async function main(): Promise<void> {
	const order: RoundOrder = JSON.parse(process.env['ROUND_ORDER'] ?? '{}');
	const { checkout, credential, directories, destination } = order;
	const transport = new ShippedTransport(checkout);
	const load = createRequire(join(checkout, 'dist', 'nodes', 'connection', 'tenantSession.js'));
	const sessions: TenantSessions = load('./tenantSession');
	console.log('loaded');
	for (const directory of directories) {
		await sessions.withTenant({ getCredentials: async () => credential }, async (session) => {
			const filesInFlight = session.isSftp ? SMALL_SFTP_FILES : session.maxConnections;
			await transport.fetchDirectory(session.store, directory, {
				destination: join(destination, directory),
				filesInFlight,
			});
		});
		console.log('fetched');
	}
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
