import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { coordination } from '../../coordination/coordination';
import { ZoneClock } from '../../recordings/zoneClock';
import { openStore } from '../../transport/openStore';
import { accountConnections, INTERACTIVE_PATIENCE } from './accountConnections';
import { explain } from '../run/nodeError';
import { refuseNoTenant, tenantOverview } from '../../tenant/reading/indexListing';
import type { TenantOverview } from '../../tenant/reading/indexListing';
import { proveReading } from '../../tenant/reading/readingProof';
import { SpelledStore } from '../../tenant/spelledStore';
import { forgetRefusedLogin } from './refusedLogin';
import { tenantConnection } from './tenantConnection';

/** Somebody waits in front of the screen. */
const PATIENCE = 15_000;

/** Logs in, finds the tenant directory, reads a byte of what is in it and says what it found. */
export async function eightByEightConnectionTest(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	return await connect(credential.data ?? {}).then(
		(message): INodeCredentialTestResult => ({ status: 'OK', message }),
		(error: unknown): INodeCredentialTestResult => {
			const explanation = explain(error) ?? { message: 'The connection test ended unexpectedly', advice: 'Try again.' };
			return { status: 'Error', message: `${explanation.message}. ${explanation.advice}` };
		},
	);
}

async function connect(data: ICredentialDataDecryptedObject): Promise<string> {
	const { settings, timeZone } = tenantConnection(data, { connectTimeout: PATIENCE, stallTimeout: PATIENCE });
	const clock = new ZoneClock(timeZone);
	await forgetRefusedLogin(settings, coordination());
	const share = accountConnections(settings, INTERACTIVE_PATIENCE);
	const store = new SpelledStore(openStore({ ...settings, maxConnections: 1 }, share));
	try {
		const overview = await tenantOverview(store, settings.tenantDirectory);
		refuseNoTenant(overview, settings.tenantDirectory);
		const message = foundMessage(overview, clock.zoneName);
		await proveReading(store, overview);
		return message;
	} finally {
		await store.close();
	}
}

function foundMessage({ indexFiles, dayDirectories, hasIndexDirectory }: TenantOverview, timeZone: string): string {
	const [newest] = indexFiles;
	if (newest !== undefined) {
		const days = new Set(indexFiles.map((file) => file.date)).size;
		return `Connected: index of ${days} ${days === 1 ? 'day' : 'days'}, newest ${newest.path.split('/').at(-1)}`;
	}
	const index = hasIndexDirectory ? 'no index file in Index' : 'no Index directory';
	const [newestDirectory] = dayDirectories;
	if (newestDirectory === undefined) return `Connected: ${index}, and no day directories yet (${timeZone})`;
	const count = dayDirectories.length;
	return `Connected: ${count} day ${count === 1 ? 'directory' : 'directories'}, newest ${newestDirectory}, ${index} (${timeZone})`;
}
