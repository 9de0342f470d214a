import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { available as opensshMissing, startOpenSsh, type OpenSsh } from '../testbed/servers/openssh';
import { freePort } from '../testbed/n8nHost/freePort';
import { temporaryDirectory } from '../testbed/servers/process';
import { proftpdMissing, startMeasuredFtps, type MeasuredFtps } from './servers/proftpd';
import { Wan, type Link } from './wan';

export type Protocol = 'sftp' | 'ftps';

/** Where a contestant finds the server, and how it logs in there. */
export interface Endpoint {
	readonly protocol: Protocol;
	readonly host: string;
	readonly port: number;
	readonly username: string;
	/** FTPS. */
	readonly password: string;
	/** FTPS: PEM of the CA, and a file that holds it. */
	readonly caCertificate: string;
	readonly caFile: string;
	/** SFTP: the key that logs in, and a file that holds it. */
	readonly privateKey: string;
	readonly keyFile: string;
	/** SFTP: the server's public key, as in a `.pub` file. */
	readonly hostKey: string;
}

/** The way to the servers, open until it is closed. */
export interface Way {
	readonly endpoint: (protocol: Protocol) => Endpoint;
	/** Connections that were opened to log in over it; 0 on the loopback itself, where nobody counts. */
	readonly logIns: (protocol: Protocol) => number;
	close(): Promise<void>;
}

const SERVER = '127.0.0.1';
/** Another loopback address, so that the WAN can listen on the very ports that the FTPS server announces. */
const BEHIND_WAN = '127.0.0.2';
const PASSIVE_PORTS = 200;
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 30_000;

/** Why the protocol cannot be measured here, `undefined` when it can. */
export function serverMissing(protocol: Protocol): string | undefined {
	return protocol === 'sftp' ? opensshMissing() : proftpdMissing();
}

function isFree(port: number, host: string): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, host, () => server.close(() => resolve(true)));
	});
}

/** First of `PASSIVE_PORTS` ports in a row, below the ports that the system hands out, free on both addresses. */
async function freePassivePorts(): Promise<number> {
	for (let first = LOWEST_PORT; first + PASSIVE_PORTS < HIGHEST_PORT; first += PASSIVE_PORTS) {
		const ports = Array.from({ length: PASSIVE_PORTS }, (_, i) => first + i);
		const free = await Promise.all(ports.flatMap((port) => [isFree(port, SERVER), isFree(port, BEHIND_WAN)]));
		if (free.every(Boolean)) return first;
	}
	throw new Error(`No ${PASSIVE_PORTS} ports in a row are free for data connections`);
}

/** A real OpenSSH and a real ProFTPD over the same directory. */
export class MeasuredServers {
	readonly #files: string;

	readonly #closers: ReadonlyArray<() => Promise<void>>;

	readonly #sftp: OpenSsh | undefined;

	readonly #ftps: (MeasuredFtps & { readonly port: number }) | undefined;

	readonly #firstPassivePort: number;

	private constructor(
		files: string,
		firstPassivePort: number,
		sftp: OpenSsh | undefined,
		ftps: (MeasuredFtps & { readonly port: number }) | undefined,
		closers: ReadonlyArray<() => Promise<void>>,
	) {
		this.#files = files;
		this.#firstPassivePort = firstPassivePort;
		this.#sftp = sftp;
		this.#ftps = ftps;
		this.#closers = closers;
	}

	static async start(root: string, protocols: readonly Protocol[]): Promise<MeasuredServers> {
		const files = await temporaryDirectory('8x8-bench-keys');
		// Contestants open up to 32 connections at once; sshd's default would drop some of them at random.
		const configuration = ['MaxStartups 200:30:400', 'MaxSessions 100'];
		const sftp = protocols.includes('sftp') ? await startOpenSsh({ root, configuration }) : undefined;
		const first = protocols.includes('ftps') ? await freePassivePorts() : 0;
		const port = await freePort();
		const ftps = protocols.includes('ftps')
			? await startMeasuredFtps({
					root,
					port,
					passivePorts: [first, first + PASSIVE_PORTS - 1],
					addresses: [SERVER, BEHIND_WAN],
				})
			: undefined;
		await writeFile(join(files.path, 'key'), sftp?.privateKey ?? '', { mode: 0o600 });
		await writeFile(join(files.path, 'ca.pem'), ftps?.caCertificate ?? '');
		const close = [async () => await sftp?.close(), async () => await ftps?.close(), files.remove];
		return new MeasuredServers(files.path, first, sftp, ftps === undefined ? undefined : { ...ftps, port }, close);
	}

	/** Opens a way over the link. Without a round trip it is the loopback itself, with nothing in between. */
	async open(link: Link): Promise<Way> {
		const ports = { sftp: this.#sftp?.port ?? 0, ftps: this.#ftps?.port ?? 0 };
		if (link.roundTrip === 0) {
			return {
				endpoint: (protocol) => this.#endpoint(protocol, SERVER, ports[protocol]),
				logIns: () => 0,
				close: async () => undefined,
			};
		}
		const wan = new Wan(link);
		const passOn = async (port: number): Promise<number> =>
			await wan.listen({ host: BEHIND_WAN, port }, { host: SERVER, port });
		if (this.#sftp !== undefined) await passOn(ports.sftp);
		if (this.#ftps !== undefined) {
			await passOn(ports.ftps);
			for (let i = 0; i < PASSIVE_PORTS; i += 1) await passOn(this.#firstPassivePort + i);
		}
		return {
			endpoint: (protocol) => this.#endpoint(protocol, BEHIND_WAN, ports[protocol]),
			logIns: (protocol) => wan.connectionsTo(ports[protocol]),
			close: () => wan.close(),
		};
	}

	async close(): Promise<void> {
		for (const close of this.#closers) await close();
	}

	#endpoint(protocol: Protocol, host: string, port: number): Endpoint {
		const username = protocol === 'sftp' ? this.#sftp?.username : this.#ftps?.username;
		if (username === undefined) throw new Error(`The ${protocol} server was not started`);
		return {
			protocol,
			host,
			port,
			username,
			password: this.#ftps?.password ?? '',
			caCertificate: this.#ftps?.caCertificate ?? '',
			caFile: join(this.#files, 'ca.pem'),
			privateKey: this.#sftp?.privateKey ?? '',
			keyFile: join(this.#files, 'key'),
			hostKey: this.#sftp?.hostKeys.ed25519 ?? '',
		};
	}
}
