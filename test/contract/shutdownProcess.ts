import type { ICredentialDataDecryptedObject, IPollFunctions } from 'n8n-workflow';

import { withTenant } from '../../nodes/connection/tenantSession';

/**
 * A process with a node in it, as n8n is one, whose connection rests after a first run. Arguments: a credential as JSON, a path on its
 * server, and `listening` where the process listens to the signal itself, as n8n does: then a second run ends after the signal.
 */
const [given = '{}', path = '', manner] = process.argv.slice(2);
const credential = JSON.parse(given) as ICredentialDataDecryptedObject;
const context = { getCredentials: async () => await Promise.resolve(credential) };

async function run(): Promise<void> {
	await withTenant(context as unknown as IPollFunctions, async ({ store }) => void (await store.stat(path)));
}

async function main(): Promise<void> {
	if (manner === 'listening') {
		process.once('SIGTERM', () => {
			void run().then(() => console.log('worked on'));
		});
	}
	await run();
	console.log('at rest');
	// In n8n it is its own server that keeps it running.
	setInterval(() => undefined, 1_000);
}

void main();
