import { randomBytes, randomInt } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { join, posix, sep } from 'node:path';
import type { Readable } from 'node:stream';

import { FileSystem, FtpSrv, type FtpConnection } from 'ftp-srv';

import { createServerCertificate, type ServerCertificate } from './serverCertificate';

const LOOPBACK = '127.0.0.1';
const TICKET_KEY_BYTES = 48;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
const READ_ONLY = [
	'STOR',
	'STOU',
	'APPE',
	'DELE',
	'RNFR',
	'RNTO',
	'MKD',
	'XMKD',
	'RMD',
	'XRMD',
	'SITE',
	'ALLO',
	'PORT',
	'EPRT',
];

/** What its logger must have; it says nothing. */
const SILENT = {
	child: () => SILENT,
	...Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, () => undefined])),
};

export interface EmbeddedFtpsOptions {
	/** Directory on disk that is the login directory; nothing outside of it can be reached. */
	readonly root: string;
	readonly username: string;
	readonly password: string;
	readonly mode: 'implicit' | 'explicit';
	/** Default: a new one. */
	readonly certificate?: ServerCertificate | undefined;
}

export interface EmbeddedFtps {
	readonly host: '127.0.0.1';
	readonly port: number;
	/** PEM for the credential. */
	readonly caCertificate: string;
	/** How many control connections are open. */
	connections(): number;
	close(): Promise<void>;
}

interface Command {
	readonly directive: string;
	readonly arg: string | null;
	readonly flags: readonly string[];
	readonly raw: string;
}

/** ftp-srv drops quotes and words like `-x` from paths; only LIST has flags, and those are ignored. */
function parseCommand(raw: string): Command {
	const [word = '', ...rest] = raw.split(' ');
	const directive = word.trim().toUpperCase();
	const isListing = directive === 'LIST' || directive === 'NLST';
	const arg = (isListing ? rest.filter((part) => !/^-\w+$/u.test(part)) : rest).join(' ');
	return { directive, arg: arg === '' ? null : arg, flags: [], raw };
}

interface Commands {
	parse: (raw: string) => Command;
	handle: (command: string) => Promise<void>;
}

/** One command after the other: ftp-srv answers those that come together at once, lines of one reply among another's. */
function withOwnCommands(connection: object): void {
	const { commands }: { commands?: Commands } = connection;
	if (commands === undefined) return;
	const handle = commands.handle.bind(commands);
	let last: Promise<unknown> = Promise.resolve();
	commands.parse = parseCommand;
	commands.handle = (command) => {
		const answered = last.then(() => handle(command));
		last = answered.catch(() => undefined);
		return answered;
	};
}

/** A reply text without the path on this machine's disk, which Node's own errors would show to the client. */
function refusal(error: unknown): Error {
	const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
	if (code === 'ENOENT' || code === 'ENOTDIR') return new Error('No such file or directory');
	if (code === 'EACCES' || code === 'EPERM') return new Error('Permission denied');
	return new Error(error instanceof Error && code === undefined ? error.message : 'Local error');
}

/** Names and bytes below `root`, nothing to be written, and no link that leads out of it. */
class ReadOnlyFileSystem extends FileSystem {
	readonly #home: string;
	readonly #streams = new Set<Readable>();
	#directory = '/';

	constructor(connection: FtpConnection, home: string) {
		super(connection, { root: home, cwd: '/' });
		this.#home = home;
	}

	/** ftp-srv leaves the file open when a client goes away in the middle. */
	endTransfers(): void {
		for (const stream of this.#streams) stream.destroy();
	}

	override currentDirectory(): string {
		return this.#directory;
	}

	/** SIZE and LIST ask through this. A directory gets no size, or SIZE would pass it off as a file. */
	override async get(path: string): Promise<Stats & { name: string }> {
		const found = await this.#stat(await this.#onDisk(path));
		const name = posix.basename(this.#clientPath(path));
		return found.isDirectory()
			? Object.assign(found, { name, size: undefined as unknown as number })
			: Object.assign(found, { name });
	}

	override async list(path = '.'): Promise<Array<Stats & { name: string }>> {
		const directory = await this.#onDisk(path);
		const names = await readdir(directory).catch((error: unknown) => Promise.reject(refusal(error)));
		const entries = await Promise.all(
			names.map((name) =>
				stat(join(directory, name)).then(
					(found) => Object.assign(found, { name }),
					() => undefined,
				),
			),
		);
		return entries.filter((entry) => entry !== undefined);
	}

	override async chdir(path = '.'): Promise<string> {
		const found = await this.#stat(await this.#onDisk(path));
		if (!found.isDirectory()) throw new Error('Not a directory');
		this.#directory = this.#clientPath(path);
		return this.#directory;
	}

	override async read(
		path: string,
		{ start }: { start?: number } = {},
	): Promise<{ stream: Readable; clientPath: string }> {
		const file = await this.#onDisk(path);
		const found = await this.#stat(file);
		if (!found.isFile()) throw new Error('Not a regular file');
		const stream = createReadStream(file, start === undefined ? {} : { start });
		this.#streams.add(stream);
		stream.once('close', () => this.#streams.delete(stream));
		// ftp-srv waits for ever for a client that ends the data connection cleanly in the middle, and hears no command meanwhile.
		this.#dataSocket()?.once('close', () => stream.destroy(new Error('The data connection was closed')));
		return { stream, clientPath: this.#clientPath(path) };
	}

	/** Open when a transfer begins; ftp-srv's types leave it out. */
	#dataSocket(): Socket | undefined {
		const connector: unknown = Reflect.get(this.connection, 'connector');
		const socket: unknown =
			typeof connector === 'object' && connector !== null ? Reflect.get(connector, 'socket') : null;
		return socket instanceof Socket ? socket : undefined;
	}

	override write(): never {
		throw new Error('Permission denied');
	}

	override delete(): Promise<never> {
		return Promise.reject(new Error('Permission denied'));
	}

	override mkdir(): Promise<never> {
		return Promise.reject(new Error('Permission denied'));
	}

	override rename(): Promise<never> {
		return Promise.reject(new Error('Permission denied'));
	}

	override chmod(): Promise<never> {
		return Promise.reject(new Error('Permission denied'));
	}

	#clientPath(path: string): string {
		return posix.resolve('/', this.#directory, path);
	}

	#stat(path: string): Promise<Stats> {
		return stat(path).catch((error: unknown) => Promise.reject(refusal(error)));
	}

	async #onDisk(path: string): Promise<string> {
		const real = await realpath(join(this.#home, this.#clientPath(path))).catch((error: unknown) =>
			Promise.reject(refusal(error)),
		);
		if (real !== this.#home && !real.startsWith(this.#home + sep)) throw new Error('No such file or directory');
		return real;
	}
}

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const probe = createServer();
		probe.once('error', reject);
		probe.listen(0, LOOPBACK, () => {
			const address = probe.address();
			probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
		});
	});
}

/** ftp-srv ends the whole process on these signals, and never takes its listeners off. */
function withoutSignalListeners<T>(create: () => T): T {
	const before = new Map(SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))]));
	const created = create();
	for (const [signal, known] of before) {
		for (const listener of process.listeners(signal)) {
			if (!known.has(listener)) process.removeListener(signal, listener);
		}
	}
	return created;
}

/**
 * A small FTPS server in this process, for the demo and for tests: one user, one directory, read only, LIST but no MLSD
 * (like vsftpd). Data connections can resume the TLS session, because all its TLS servers share their ticket keys.
 */
export async function startEmbeddedFtps(options: EmbeddedFtpsOptions): Promise<EmbeddedFtps> {
	const certificate = options.certificate ?? (await createServerCertificate());
	const home = await realpath(options.root);
	const port = await freePort();
	const tls = {
		key: certificate.key,
		cert: certificate.certificate,
		minVersion: 'TLSv1.2' as const,
		ticketKeys: randomBytes(TICKET_KEY_BYTES),
		sessionIdContext: 'embedded-ftps',
	};
	const server = withoutSignalListeners(
		() =>
			new FtpSrv({
				url: `${options.mode === 'implicit' ? 'ftps' : 'ftp'}://${LOOPBACK}:${port}`,
				pasv_url: LOOPBACK,
				// Data connections take one port after the other and give up after five in use: none that `freePort` draws, and
				// not those of another server that began at the same number.
				pasv_min: randomInt(10_000, 19_000),
				pasv_max: 19_999,
				tls,
				blacklist: options.mode === 'implicit' ? [...READ_ONLY, 'AUTH'] : READ_ONLY,
				log: SILENT,
			}),
	);
	const fileSystems = new Map<string, ReadOnlyFileSystem>();
	server.on('login', ({ connection, username, password }, accept, refuse) => {
		if (username !== options.username || password !== options.password) return refuse(new Error('Login incorrect'));
		if (!connection.secure) return refuse(new Error('TLS is required'));
		const fs = new ReadOnlyFileSystem(connection, home);
		fileSystems.set(connection.id, fs);
		accept({ fs });
	});
	const open = new Set<string>();
	server.addListener('connect', ({ connection, id }: { connection: object; id: string }) => {
		withOwnCommands(connection);
		open.add(id);
	});
	server.on('disconnect', ({ id }) => {
		open.delete(id);
		fileSystems.get(id)?.endTransfers();
		fileSystems.delete(id);
	});
	server.on('client-error', () => undefined);
	await server.listen();
	return {
		host: LOOPBACK,
		port,
		caCertificate: certificate.caCertificate,
		connections: () => open.size,
		async close() {
			for (const fs of fileSystems.values()) fs.endTransfers();
			await server.close();
		},
	};
}
