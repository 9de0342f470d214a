import { createServer, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Attributes, Connection, FileEntry, Session, SFTPWrapper } from 'ssh2';

import { sshKeyPair } from './sshKeyPair';

const { Server, utils } = ssh2;
const { STATUS_CODE } = utils.sftp;

const FOLDER = 0o040755;
const FILE = 0o100644;

export interface OddSftpOptions {
	/** By path, below the login directory. */
	readonly files: Readonly<Record<string, Buffer>>;
	/** Takes the password `right` without it. */
	readonly authenticate?: ((context: AuthContext, connection: Connection) => void) | undefined;
	/** Private keys, one ed25519 key without it. */
	readonly hostKeys?: readonly string[] | undefined;
	/** The server's name in its first line. */
	readonly ident?: string | undefined;
	/** Extensions of the protocol that its first answer names. */
	readonly extensions?: readonly string[] | undefined;
	/** Takes handlers off the session and puts odd ones in their place. */
	readonly change?: ((sftp: SFTPWrapper, tree: OddTree) => void) | undefined;
	/** In place of all of SFTP. */
	readonly session?: ((session: Session) => void) | undefined;
	/** The only way in which paths are taken. */
	readonly paths?: 'relative' | 'absolute' | undefined;
}

export interface OddTree {
	/** Names of the directory behind a handle, as a server of the usual kind would list them. */
	entries(handle: Buffer): FileEntry[];
	/** What a handle was opened for. */
	pathOf(handle: Buffer): string;
	attributes(path: string): Attributes | undefined;
}

export interface OddSftp {
	readonly host: '127.0.0.1';
	readonly port: number;
	/** TCP connections that were made so far. */
	connections(): number;
	close(): Promise<void>;
}

/** Where a login begins. */
const HOME = '/home/tenant';

/** A small SFTP server, of which a test replaces the parts that are odd in the field. User `tenant`, password `right`. */
export async function startOddSftp(options: OddSftpOptions): Promise<OddSftp> {
	const sockets = new Set<Socket>();
	let connections = 0;
	const hostKeys = [...(options.hostKeys ?? [sshKeyPair('ed25519').private])];
	const ident = options.ident === undefined ? {} : { ident: options.ident };
	const server = new Server({ hostKeys, ...ident }, (connection) => {
		connection.on('error', () => undefined);
		connection.on('authentication', (context) => {
			if (options.authenticate !== undefined) options.authenticate(context, connection);
			else if (context.method === 'password' && context.password === 'right') context.accept();
			else context.reject(['password']);
		});
		connection.on('session', (accept) => {
			const session = accept();
			if (options.session !== undefined) options.session(session);
			else {
				session.on('sftp', (acceptSftp) => {
					const sftp = acceptSftp();
					if (options.extensions !== undefined) nameExtensions(sftp, options.extensions);
					serve(sftp, options);
				});
			}
		});
	});
	const listener = createServer({ noDelay: true }, (socket) => {
		connections += 1;
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.once('close', () => sockets.delete(socket));
		server.injectSocket(socket);
	});
	await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
	const address = listener.address();
	return {
		host: '127.0.0.1',
		port: typeof address === 'object' && address !== null ? address.port : 0,
		connections: () => connections,
		close: () =>
			new Promise((resolve) => {
				listener.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
}

/** SSH_FXP_VERSION and SSH_FXP_STATUS (draft-ietf-secsh-filexfer-02, 3). */
const VERSION = 2;
const STATUS = 101;

/** Refuses a request with any number, also one that ssh2's server does not know. */
export function refuse(sftp: SFTPWrapper, id: number, status: number, words: string): void {
	const head = Buffer.alloc(13);
	head[4] = STATUS;
	head.writeUInt32BE(id, 5);
	head.writeUInt32BE(status, 9);
	const packet = Buffer.concat([head, text(words), text('en')]);
	packet.writeUInt32BE(packet.length - 4, 0);
	const protocol = Reflect.get(sftp, '_protocol') as { channelData: (channel: number, data: Buffer) => void };
	protocol.channelData((Reflect.get(sftp, 'outgoing') as { id: number }).id, packet);
}

/** ssh2's server has no extensions to name, so they are put into its first answer on the way out. */
function nameExtensions(sftp: SFTPWrapper, extensions: readonly string[]): void {
	const protocol = Reflect.get(sftp, '_protocol') as { channelData: (channel: number, data: Buffer) => void };
	const send = protocol.channelData.bind(protocol);
	protocol.channelData = (channel, data) => {
		protocol.channelData = send;
		if (data[4] !== VERSION) throw new Error('ssh2 does not begin with its version any more');
		const pairs = extensions.flatMap((name) => [text(name), text('1')]);
		const packet = Buffer.concat([data, ...pairs]);
		packet.writeUInt32BE(packet.length - 4, 0);
		send(channel, packet);
	};
}

function text(value: string): Buffer {
	const length = Buffer.alloc(4);
	length.writeUInt32BE(Buffer.byteLength(value));
	return Buffer.concat([length, Buffer.from(value)]);
}

function serve(sftp: SFTPWrapper, { files, change, paths }: OddSftpOptions): void {
	const handles = new Map<string, { readonly path: string; isListed: boolean }>();
	let last = 0;
	const local = (path: string): string => {
		const isAbsolute = path.startsWith('/');
		if (path !== '.' && (isAbsolute ? paths === 'relative' : paths === 'absolute')) return 'refused';
		const below = isAbsolute ? path.slice(HOME.length + 1) : path;
		return below === '.' ? '' : below;
	};
	const isFolder = (path: string): boolean =>
		path === '' || Object.keys(files).some((file) => file.startsWith(`${path}/`));
	const attributes = (path: string): Attributes | undefined => {
		const size = files[path]?.length;
		if (size === undefined && !isFolder(path)) return undefined;
		return { mode: size === undefined ? FOLDER : FILE, uid: 0, gid: 0, size: size ?? 0, atime: 0, mtime: 1_000 };
	};
	const pathOf = (handle: Buffer): string => handles.get(String(handle))?.path ?? 'refused';
	const entries = (handle: Buffer): FileEntry[] => {
		const prefix = pathOf(handle) === '' ? '' : `${pathOf(handle)}/`;
		const below = Object.keys(files).filter((file) => file.startsWith(prefix));
		const names = new Set(below.map((file) => file.slice(prefix.length).split('/')[0] ?? ''));
		return [...names].map((filename) => {
			const attrs = attributes(prefix + filename) ?? { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };
			const letter = attrs.mode === FOLDER ? 'd' : '-';
			return { filename, longname: `${letter}rw-r--r-- 1 t t ${attrs.size} Jun 7 01:30 ${filename}`, attrs };
		});
	};
	const open = (id: number, path: string): void => {
		const name = `handle ${(last += 1)}`;
		handles.set(name, { path, isListed: false });
		sftp.handle(id, Buffer.from(name));
	};
	const tell = (id: number, path: string): void => {
		const attrs = attributes(path);
		if (attrs === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
		else sftp.attrs(id, attrs);
	};
	sftp.on('error', () => undefined);
	sftp.on('OPEN', (id, path) => {
		if (files[local(path)] === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
		else open(id, local(path));
	});
	sftp.on('OPENDIR', (id, path) => {
		if (isFolder(local(path))) open(id, local(path));
		else sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
	});
	sftp.on('STAT', (id, path) => tell(id, local(path)));
	sftp.on('LSTAT', (id, path) => tell(id, local(path)));
	sftp.on('FSTAT', (id, handle) => tell(id, pathOf(handle)));
	sftp.on('REALPATH', (id) => sftp.name(id, [{ filename: HOME, longname: HOME, attrs: {} as Attributes }]));
	sftp.on('CLOSE', (id, handle) => {
		handles.delete(String(handle));
		sftp.status(id, STATUS_CODE.OK);
	});
	sftp.on('READ', (id, handle, position, length) => {
		const some = (files[pathOf(handle)] ?? Buffer.alloc(0)).subarray(position, position + length);
		if (some.length === 0) sftp.status(id, STATUS_CODE.EOF);
		else sftp.data(id, some);
	});
	sftp.on('READDIR', (id, name) => {
		const handle = handles.get(String(name));
		if (handle === undefined || handle.isListed) return sftp.status(id, STATUS_CODE.EOF);
		handle.isListed = true;
		sftp.name(id, entries(name));
	});
	change?.(sftp, { entries, pathOf, attributes: (path) => attributes(local(path)) });
}
