import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { startCrm, type RunningCrm } from '../testbed/crm/startCrm';
import { freePort } from '../testbed/n8nHost/freePort';
import type { Owner, StoredCredential } from '../testbed/n8nHost/n8nClient';
import { DEMO_RELEASE, type N8nRelease } from '../testbed/n8nHost/n8nRelease';
import { installPackage } from '../testbed/n8nHost/packPackage';
import { startN8n, type N8nOptions, type RunningN8n } from '../testbed/n8nHost/startN8n';
import { startEmbeddedFtps } from '../testbed/servers/embeddedFtps';
import { startEmbeddedSftp } from '../testbed/servers/embeddedSftp';
import { generateTenant } from '../testbed/tenant/generateTenant';
import type { TenantManifest } from '../testbed/tenant/tenantCall';
import {
	CREDENTIAL_TYPE,
	ftpsCredential,
	sftpCredential,
	type DemoProtocol,
	type TenantLogin,
} from '../testbed/tenant/tenantCredential';

const USERNAME = 'acmejets';
const OWNER_EMAIL = 'owner@demo.example.com';
const SEED = 'n8n-nodes-8x8-recordings';

/** One way to reach the tenant, with its credential in n8n. */
export interface DemoConnection {
	readonly protocol: DemoProtocol;
	/** As the credential is called in n8n. */
	readonly credential: StoredCredential;
	/** The credential's fields. */
	readonly data: Readonly<Record<string, unknown>>;
}

export interface DemoOptions {
	/** n8n's database, the tenant and the CRM's audio are kept here. */
	readonly directory: string;
	/** Complete tenant days to generate. */
	readonly days: number;
	readonly protocols: readonly DemoProtocol[];
	/** Taken when they are free. */
	readonly preferredPorts?: { readonly n8n: number; readonly crm: number };
	/** Default: the n8n of `demo/n8n`. */
	readonly release?: N8nRelease;
	readonly n8nEnv?: Readonly<Record<string, string>>;
	/** Starts an n8n that has the nodes. Default: the built package is installed into the n8n of `release`. */
	readonly launch?: (place: N8nOptions) => Promise<RunningN8n>;
	/** Told what is being done. */
	readonly say?: (line: string) => void;
}

export interface RunningDemo {
	readonly tenant: TenantManifest;
	readonly crm: RunningCrm;
	readonly n8n: RunningN8n;
	readonly owner: Owner;
	readonly n8nLog: string;
	/** n8n's `.n8n` lies here. */
	readonly userFolder: string;
	/** The tenant's password: a secret that may show up nowhere. */
	readonly password: string;
	readonly connections: readonly DemoConnection[];
	/** Ends everything, in reverse order. May be called twice. */
	stop(): Promise<void>;
}

interface Server {
	readonly data: Readonly<Record<string, unknown>>;
	close(): Promise<void>;
}

const TITLES: Readonly<Record<DemoProtocol, string>> = {
	ftpsImplicit: 'Demo tenant over FTPS',
	ftpsExplicit: 'Demo tenant over FTPS (explicit)',
	sftp: 'Demo tenant over SFTP',
};

async function startServer(protocol: DemoProtocol, tenant: TenantManifest, password: string): Promise<Server> {
	const access = { root: tenant.root, username: USERNAME, password };
	const login = (host: string, port: number): TenantLogin => ({
		host,
		port,
		username: USERNAME,
		password,
		tenantTimeZone: tenant.timeZone,
	});
	if (protocol === 'sftp') {
		const server = await startEmbeddedSftp(access);
		return { data: sftpCredential(login(server.host, server.port), server.fingerprint), close: () => server.close() };
	}
	const mode = protocol === 'ftpsImplicit' ? 'implicit' : 'explicit';
	const server = await startEmbeddedFtps({ ...access, mode });
	return {
		data: ftpsCredential(protocol, login(server.host, server.port), server.caCertificate),
		close: () => server.close(),
	};
}

/** The owner of the n8n in this directory. n8n's database remembers the password, so it is drawn once. */
async function demoOwner(directory: string): Promise<Owner> {
	const file = join(directory, 'owner.json');
	if (existsSync(file)) {
		const owner: Owner = JSON.parse(await readFile(file, 'utf8'));
		return owner;
	}
	const owner = { email: OWNER_EMAIL, password: `Demo-${randomBytes(6).toString('hex')}-1` };
	await writeFile(file, JSON.stringify(owner), { mode: 0o600 });
	return owner;
}

/**
 * Starts all that the demo and the end-to-end tests need, on loopback: the generated tenant behind a server for each
 * protocol, the CRM, and the real n8n with the built package installed and a credential for each server. When a part
 * does not come up, what is already up ends before this rejects.
 */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
	const {
		directory,
		days,
		protocols,
		preferredPorts,
		release = DEMO_RELEASE,
		n8nEnv = {},
		say = () => undefined,
		launch = async (place) => {
			say('Installing the package into n8n the way n8n does ...');
			await installPackage(place.userFolder);
			say('Starting n8n ...');
			return await startN8n(place);
		},
	} = options;
	const started: (() => Promise<void>)[] = [];
	const stop = async (): Promise<void> => {
		for (let end = started.pop(); end !== undefined; end = started.pop()) await end();
	};
	const start = async (): Promise<RunningDemo> => {
		await mkdir(directory, { recursive: true });
		const tenant = await generateTenant({ root: join(directory, 'tenant'), now: DateTime.now(), days, seed: SEED });
		say(`Tenant: ${tenant.calls.length} recordings of ${tenant.days.length} days`);
		const password = randomBytes(12).toString('hex');
		const servers: { readonly protocol: DemoProtocol; readonly server: Server }[] = [];
		for (const protocol of protocols) {
			const server = await startServer(protocol, tenant, password);
			started.push(() => server.close());
			servers.push({ protocol, server });
		}
		const crm = await startCrm({ directory: join(directory, 'crm'), port: await freePort(preferredPorts?.crm) });
		started.push(() => crm.close());

		const userFolder = join(directory, 'n8n');
		const n8nLog = join(directory, 'logs', 'n8n.log');
		const port = await freePort(preferredPorts?.n8n);
		const n8n = await launch({ userFolder, port, release, logFile: n8nLog, env: n8nEnv });
		started.push(() => n8n.stop());
		const owner = await demoOwner(directory);
		await n8n.client.logIn(owner).catch((error: unknown) => {
			const reason = error instanceof Error ? error.message : String(error);
			throw new Error(`Cannot log in to the demo's n8n: ${reason}\nDelete ${directory} and start the demo again.`);
		});
		const connections: DemoConnection[] = [];
		for (const { protocol, server } of servers) {
			const credential = await n8n.client.putCredential(TITLES[protocol], CREDENTIAL_TYPE, server.data);
			connections.push({ protocol, credential, data: server.data });
		}
		return { tenant, crm, n8n, owner, n8nLog, userFolder, password, connections, stop };
	};
	return await start().catch(async (error: unknown) => {
		await stop();
		throw error;
	});
}
