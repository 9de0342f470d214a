import { createHash, timingSafeEqual } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join, posix, sep } from 'node:path';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, FileEntry, ParsedKey, SFTPWrapper } from 'ssh2';

import { sshKeyPair } from './sshKeyPair';

const { Server, utils } = ssh2;
const { STATUS_CODE } = utils.sftp;

export interface EmbeddedSftpOptions {
	/** Directory to serve, read-only; it is the login directory and the root of every path. */
	readonly root: string;
	readonly username: string;
	readonly password: string;
	/** OpenSSH public keys (`ssh-ed25519 AAAA…`) that may log in instead of the password. */
	readonly publicKeys?: readonly string[] | undefined;
	/** How the password is asked for. */
	readonly passwordMethod?: 'password' | 'keyboard-interactive' | undefined;
	/** Private host key, PEM or OpenSSH, so that it stays the same between runs; a new ed25519 key without it. */
	readonly hostKey?: string | undefined;
	/** Told the path of every directory that a client begins to list. */
	readonly onListing?: ((path: string) => void) | undefined;
	/** 0 = any free port. */
	readonly port?: number | undefined;
}

export interface EmbeddedSftp {
	readonly host: '127.0.0.1';
	readonly port: number;
	/** `SHA256:…` of the host key. */
	readonly fingerprint: string;
	/** Connections open now. */
	connections(): number;
	/** Cuts every connection without a goodbye; the server goes on. */
	dropConnections(): void;
	close(): Promise<void>;
}

function parsedKey(text: string): ParsedKey {
	const parsed = utils.parseKey(text);
	if (parsed instanceof Error) throw new Error(`The key cannot be read: ${parsed.message}`);
	const key = Array.isArray(parsed) ? parsed[0] : parsed;
	if (key === undefined) throw new Error('The key cannot be read');
	return key;
}

function sameText(a: string, b: string): boolean {
	const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
	return timingSafeEqual(digest(a), digest(b));
}

type OpenHandle =
	| { readonly kind: 'file'; readonly file: FileHandle; reading: number; isClosing: boolean }
	| { readonly kind: 'directory'; entries: FileEntry[] };

const NAMES_IN_ONE_ANSWER = 100;
const LONGEST_READ = 261_120;
const READ_FLAGS = constants.O_RDONLY;
const NO_ATTRIBUTES: FileEntry['attrs'] = { mode: 0o040755, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };

function statusOf(error: unknown): number {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return STATUS_CODE.NO_SUCH_FILE;
	if (code === 'EACCES' || code === 'EPERM') return STATUS_CODE.PERMISSION_DENIED;
	return STATUS_CODE.FAILURE;
}

function attributes(stats: Stats): FileEntry['attrs'] {
	const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
	return {
		mode: stats.mode,
		uid: stats.uid,
		gid: stats.gid,
		size: stats.size,
		atime: seconds(stats.atime),
		mtime: seconds(stats.mtime),
	};
}

/** The SFTP requests of one session, answered from the disk. Everything that writes is refused. */
class ReadOnlySession {
	readonly #handles = new Map<number, OpenHandle>();

	#lastHandle = 0;

	constructor(
		private readonly sftp: SFTPWrapper,
		/** Real path of the served directory. */
		private readonly root: string,
		private readonly onListing: ((path: string) => void) | undefined,
	) {
		sftp.on('OPEN', (id, path, flags) => this.#answer(id, () => this.#open(id, path, flags)));
		sftp.on('READ', (id, handle, position, length) => this.#answer(id, () => this.#read(id, handle, position, length)));
		sftp.on('FSTAT', (id, handle) => this.#answer(id, () => this.#fstat(id, handle)));
		sftp.on('STAT', (id, path) => {
			this.#answer(id, async () => sftp.attrs(id, attributes(await stat(await this.#onDisk(path)))));
		});
		sftp.on('LSTAT', (id, path) => {
			this.#answer(id, async () => sftp.attrs(id, attributes(await lstat(await this.#linkOnDisk(path)))));
		});
		sftp.on('OPENDIR', (id, path) => this.#answer(id, () => this.#opendir(id, path)));
		sftp.on('READDIR', (id, handle) => this.#answer(id, () => this.#readdir(id, handle)));
		sftp.on('REALPATH', (id, path) => {
			this.#answer(id, () => {
				const filename = this.#virtual(path);
				sftp.name(id, [{ filename, longname: filename, attrs: NO_ATTRIBUTES }]);
			});
		});
		sftp.on('CLOSE', (id, handle) => this.#answer(id, () => this.#close(id, handle)));
		const refuse = (id: number): void => sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
		for (const event of ['WRITE', 'REMOVE', 'RENAME', 'MKDIR', 'RMDIR', 'SETSTAT', 'FSETSTAT', 'SYMLINK'] as const) {
			sftp.on(event, refuse);
		}
		sftp.on('error', () => this.end());
		sftp.on('close', () => this.end());
	}

	/** Closes what the client left open. */
	end(): void {
		for (const handle of this.#handles.values()) if (handle.kind === 'file') this.#closeFile(handle);
		this.#handles.clear();
	}

	#answer(id: number, work: () => Promise<void> | void): void {
		Promise.resolve()
			.then(work)
			.catch((error: unknown) => this.sftp.status(id, statusOf(error)));
	}

	#virtual(path: string): string {
		return posix.resolve('/', path);
	}

	/** The real path of what a path leads to. A link that leads out of the root is answered like one that is broken. */
	async #onDisk(path: string): Promise<string> {
		const real = await realpath(join(this.root, this.#virtual(path)));
		if (real !== this.root && !real.startsWith(this.root + sep))
			throw Object.assign(new Error('outside'), { code: 'ENOENT' });
		return real;
	}

	/** The same, without following a link in the last part. */
	async #linkOnDisk(path: string): Promise<string> {
		const virtual = this.#virtual(path);
		return virtual === '/' ? this.root : join(await this.#onDisk(posix.dirname(virtual)), posix.basename(virtual));
	}

	#keep(handle: OpenHandle): Buffer {
		const number = (this.#lastHandle += 1);
		this.#handles.set(number, handle);
		const name = Buffer.alloc(4);
		name.writeUInt32BE(number);
		return name;
	}

	#handle(name: Buffer): OpenHandle {
		const handle = name.length === 4 ? this.#handles.get(name.readUInt32BE()) : undefined;
		if (handle === undefined) throw new Error('No such handle');
		return handle;
	}

	#file(name: Buffer): Extract<OpenHandle, { kind: 'file' }> {
		const handle = this.#handle(name);
		if (handle.kind !== 'file') throw new Error('Not a file');
		return handle;
	}

	async #open(id: number, path: string, flags: number): Promise<void> {
		if (flags !== utils.sftp.OPEN_MODE.READ) {
			this.sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
			return;
		}
		const file = await open(await this.#onDisk(path), READ_FLAGS);
		this.sftp.handle(id, this.#keep({ kind: 'file', file, reading: 0, isClosing: false }));
	}

	async #read(id: number, name: Buffer, position: number, length: number): Promise<void> {
		const handle = this.#file(name);
		const buffer = Buffer.allocUnsafe(Math.min(length, LONGEST_READ));
		handle.reading += 1;
		const { bytesRead } = await handle.file.read(buffer, 0, buffer.length, position).finally(() => {
			handle.reading -= 1;
			if (handle.isClosing) this.#closeFile(handle);
		});
		if (bytesRead === 0) this.sftp.status(id, STATUS_CODE.EOF);
		else this.sftp.data(id, buffer.subarray(0, bytesRead));
	}

	async #fstat(id: number, name: Buffer): Promise<void> {
		this.sftp.attrs(id, attributes(await this.#file(name).file.stat()));
	}

	async #opendir(id: number, path: string): Promise<void> {
		this.onListing?.(this.#virtual(path));
		const directory = await this.#onDisk(path);
		const names = await readdir(directory);
		const entries: FileEntry[] = [];
		for (const filename of names) {
			const stats = await lstat(join(directory, filename)).catch(() => undefined);
			if (stats !== undefined) entries.push({ filename, longname: filename, attrs: attributes(stats) });
		}
		this.sftp.handle(id, this.#keep({ kind: 'directory', entries }));
	}

	#readdir(id: number, name: Buffer): void {
		const handle = this.#handle(name);
		if (handle.kind !== 'directory') throw new Error('Not a directory');
		const some = handle.entries.splice(0, NAMES_IN_ONE_ANSWER);
		if (some.length === 0) this.sftp.status(id, STATUS_CODE.EOF);
		else this.sftp.name(id, some);
	}

	#close(id: number, name: Buffer): void {
		const handle = this.#handle(name);
		this.#handles.delete(name.readUInt32BE());
		if (handle.kind === 'file') this.#closeFile(handle);
		this.sftp.status(id, STATUS_CODE.OK);
	}

	/** Not while a read of it is under way: the descriptor could be another file's by then. */
	#closeFile(handle: Extract<OpenHandle, { kind: 'file' }>): void {
		handle.isClosing = true;
		if (handle.reading === 0) handle.file.close().catch(() => undefined);
	}
}

/** Decides about one attempt to log in. */
function authenticate(context: AuthContext, options: EmbeddedSftpOptions, keys: readonly ParsedKey[]): void {
	const method = options.passwordMethod ?? 'password';
	const refuse = (): void => context.reject(keys.length > 0 ? [method, 'publickey'] : [method]);
	const accept = (isRight: boolean): void => (isRight ? context.accept() : refuse());
	if (!sameText(context.username, options.username)) {
		refuse();
		return;
	}
	if (context.method === 'password' && method === 'password') {
		accept(sameText(context.password, options.password));
		return;
	}
	if (context.method === 'keyboard-interactive' && method === 'keyboard-interactive') {
		context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
			accept(answers.length === 1 && sameText(answers[0] ?? '', options.password));
		});
		return;
	}
	if (context.method === 'publickey') {
		const { key: shown, blob, signature, hashAlgo } = context;
		const type = shown.algo.startsWith('rsa-sha2-') ? 'ssh-rsa' : shown.algo;
		const key = keys.find((one) => one.type === type && one.getPublicSSH().equals(shown.data));
		// A client asks whether the key would do before it signs.
		const isProof = blob !== undefined && signature !== undefined;
		accept(key !== undefined && (!isProof || key.verify(blob, signature, hashAlgo) === true));
		return;
	}
	refuse();
}

function serve(connection: Connection, options: EmbeddedSftpOptions, root: string, keys: readonly ParsedKey[]): void {
	// Clients come and go; a broken one is no reason to stop.
	connection.on('error', () => undefined);
	connection.on('authentication', (context) => authenticate(context, options, keys));
	connection.on('ready', () => {
		connection.on('session', (acceptSession) => {
			const session = acceptSession();
			session.on('error', () => undefined);
			session.on('sftp', (acceptSftp) => {
				const sftp = new ReadOnlySession(acceptSftp(), root, options.onListing);
				connection.once('close', () => sftp.end());
			});
		});
	});
}

/**
 * An SFTP server in this process, on loopback, serving one directory read-only. For the demo and for tests.
 */
export async function startEmbeddedSftp(options: EmbeddedSftpOptions): Promise<EmbeddedSftp> {
	const root = await realpath(options.root);
	const hostKey = options.hostKey ?? sshKeyPair('ed25519').private;
	const keys = (options.publicKeys ?? []).map(parsedKey);
	const server = new Server({ hostKeys: [hostKey] }, (connection) => serve(connection, options, root, keys));
	const sockets = new Set<Socket>();
	// Our own listener, because ssh2's leaves Nagle's algorithm on and does not tell its sockets.
	const listener = createServer({ noDelay: true }, (socket) => {
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.once('close', () => sockets.delete(socket));
		server.injectSocket(socket);
	});
	await new Promise<void>((resolve, reject) => {
		listener.once('error', reject);
		listener.listen(options.port ?? 0, '127.0.0.1', resolve);
	});
	const address = listener.address();
	if (address === null || typeof address === 'string') throw new Error('The server has no port');
	const dropConnections = (): void => {
		for (const socket of sockets) socket.destroy();
	};
	const digest = createHash('sha256').update(parsedKey(hostKey).getPublicSSH()).digest('base64');
	return {
		host: '127.0.0.1',
		port: address.port,
		fingerprint: `SHA256:${digest.replace(/=+$/u, '')}`,
		connections: () => sockets.size,
		dropConnections,
		close: () =>
			new Promise((resolve) => {
				listener.close(() => resolve());
				dropConnections();
			}),
	};
}
