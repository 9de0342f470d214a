import { createServer, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { FileEntry, SFTPWrapper } from 'ssh2';

import { sshKeyPair } from './sshKeyPair';

const { Server, utils } = ssh2;
const { STATUS_CODE } = utils.sftp;

type RequestName = 'OPEN' | 'READ' | 'FSTAT' | 'STAT' | 'LSTAT' | 'OPENDIR' | 'READDIR' | 'REALPATH' | 'CLOSE';

/** A request before it is answered. */
export interface ScriptedRequest {
	readonly name: RequestName;
	/** Counted over the server's whole life, from 1. */
	readonly number: number;
	/** What a good server would do now. */
	answer(): void;
	status(code: number, message?: string): void;
	/** Breaks the connection. */
	drop(): void;
}

/** A handle given to a client. */
interface Handle {
	readonly path: string;
	/** Where the last READ ended. */
	next: number;
	isListed: boolean;
}

export interface ScriptedRead {
	/** Counted over the server's whole life, from 1. */
	readonly number: number;
	readonly path: string;
	readonly position: number;
	readonly length: number;
	/** Bytes of this handle that were asked for before. */
	readonly asked: number;
	/** Answers as a good server would. */
	answer(): void;
	data(bytes: Buffer): void;
	status(code: number, message?: string): void;
}

export interface ScriptedSftpOptions {
	readonly files: Readonly<Record<string, Buffer>>;
	/** Names of every directory, in place of those of `files`. */
	readonly names?: readonly string[] | undefined;
	/** Called for each READ; answers at once without it. */
	readonly onRead?: ((read: ScriptedRead) => void) | undefined;
	/** Refuses OPEN with this status, and these words. */
	readonly openStatus?: number | undefined;
	readonly openMessage?: string | undefined;
	/** Modification time in seconds, 0 without it. */
	readonly modified?: ((path: string) => number) | undefined;
	/** Handles that one connection, or all together, may have open; more are refused with this status. */
	readonly mostOpen?:
		| { readonly of: 'connection' | 'account'; readonly handles: number; readonly status: number }
		| undefined;
	/** Longer READs are refused. */
	readonly longestRead?: number | undefined;
	/** READs that do not begin where the last one ended are refused; the first may begin anywhere. */
	readonly isInOrder?: boolean | undefined;
	/** Sees every request first; true = it took care of it, or never will. */
	readonly intercept?: ((request: ScriptedRequest) => boolean) | undefined;
	/** Connections served at once; further ones are cut before the handshake. */
	readonly mostConnections?: number | undefined;
	/** Never answers the requests named here. */
	readonly silentOn?: ReadonlyArray<'OPEN' | 'FSTAT' | 'STAT' | 'READDIR' | 'CLOSE'> | undefined;
}

export interface ScriptedSftp {
	readonly host: '127.0.0.1';
	readonly port: number;
	/** Handles given and not closed. */
	openHandles(): number;
	/** Most handles that were open at once. */
	mostHandles(): number;
	/** Passwords that were tried. */
	logins(): number;
	/** READs that were asked for. */
	reads(): number;
	/** Connections open now. */
	connections(): number;
	/** Breaks every connection that is open now. */
	dropAll(): void;
	close(): Promise<void>;
}

function attributes(bytes: Buffer | undefined, mtime = 0): FileEntry['attrs'] {
	return {
		mode: bytes === undefined ? 0o040755 : 0o100644,
		uid: 0,
		gid: 0,
		size: bytes?.length ?? 0,
		atime: 0,
		mtime,
	};
}

/** An SFTP server that answers as a test wants: late, short, wrongly, or never. User `tenant`, password `right`. */
export async function startScriptedSftp(options: ScriptedSftpOptions): Promise<ScriptedSftp> {
	const handles = new Map<string, Handle>();
	const sockets = new Set<Socket>();
	let mostHandles = 0;
	let logins = 0;
	let reads = 0;
	let requests = 0;
	let lastHandle = 0;

	const serve = (sftp: SFTPWrapper, drop: () => void): void => {
		const own = new Set<string>();
		const isSilent = (request: string): boolean => (options.silentOn ?? []).some((one) => one === request);
		const stateOf = (path: string): FileEntry['attrs'] => attributes(options.files[path], options.modified?.(path));
		const give = (id: number, path: string): void => {
			const { mostOpen } = options;
			const open = mostOpen?.of === 'connection' ? own.size : handles.size;
			if (mostOpen !== undefined && open >= mostOpen.handles) return sftp.status(id, mostOpen.status);
			const name = `handle ${(lastHandle += 1)}`;
			handles.set(name, { path, next: -1, isListed: false });
			own.add(name);
			mostHandles = Math.max(mostHandles, handles.size);
			sftp.handle(id, Buffer.from(name));
		};
		const tell = (name: RequestName, id: number, answer: () => void): void => {
			const status = (code: number, message?: string): void => sftp.status(id, code, message);
			const request = { name, number: (requests += 1), answer, status, drop };
			if (isSilent(name) || options.intercept?.(request) === true) return;
			answer();
		};
		sftp.on('error', () => undefined);
		// As the end of a real server's session would.
		sftp.on('close', () => {
			for (const name of own) handles.delete(name);
		});
		sftp.on('OPEN', (id, path) => {
			tell('OPEN', id, () => {
				if (options.openStatus !== undefined) sftp.status(id, options.openStatus, options.openMessage);
				else if (options.files[path] === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
				else give(id, path);
			});
		});
		sftp.on('FSTAT', (id, handle) => {
			tell('FSTAT', id, () => sftp.attrs(id, stateOf(handles.get(String(handle))?.path ?? '')));
		});
		const tellState = (name: 'STAT' | 'LSTAT', id: number, path: string): void => {
			tell(name, id, () => {
				const isMissing = path !== '.' && options.files[path] === undefined;
				if (isMissing) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
				else sftp.attrs(id, stateOf(path));
			});
		};
		sftp.on('STAT', (id, path) => tellState('STAT', id, path));
		sftp.on('LSTAT', (id, path) => tellState('LSTAT', id, path));
		sftp.on('READ', (id, name, position, length) => {
			reads += 1;
			const handle = handles.get(String(name));
			const asked = handle?.next ?? 0;
			const answer = (): void => {
				const some = (options.files[handle?.path ?? ''] ?? Buffer.alloc(0)).subarray(position, position + length);
				if (some.length === 0) sftp.status(id, STATUS_CODE.EOF);
				else sftp.data(id, some);
			};
			if (handle !== undefined) {
				const isSkip = options.isInOrder === true && handle.next !== -1 && handle.next !== position;
				if (isSkip) return sftp.status(id, STATUS_CODE.FAILURE, 'Can not skip back in messages');
				handle.next = position + length;
			}
			if (length > (options.longestRead ?? Infinity)) return sftp.status(id, STATUS_CODE.FAILURE);
			tell('READ', id, () => {
				if (options.onRead === undefined) return answer();
				options.onRead({
					number: reads,
					path: handle?.path ?? '',
					position,
					length,
					asked: Math.max(0, asked),
					answer,
					data: (bytes) => sftp.data(id, bytes),
					status: (code, message) => sftp.status(id, code, message),
				});
			});
		});
		sftp.on('OPENDIR', (id) => tell('OPENDIR', id, () => give(id, '')));
		sftp.on('READDIR', (id, name) => {
			tell('READDIR', id, () => {
				const handle = handles.get(String(name));
				if (handle === undefined || handle.isListed) return sftp.status(id, STATUS_CODE.EOF);
				handle.isListed = true;
				const names = options.names ?? Object.keys(options.files);
				sftp.name(
					id,
					names.map((filename) => ({
						filename,
						longname: filename,
						attrs: attributes(options.files[filename] ?? Buffer.alloc(0), options.modified?.(filename)),
					})),
				);
			});
		});
		// It does not tell where a login begins.
		sftp.on('REALPATH', (id) => tell('REALPATH', id, () => sftp.status(id, STATUS_CODE.OP_UNSUPPORTED)));
		sftp.on('CLOSE', (id, handle) => {
			tell('CLOSE', id, () => {
				own.delete(String(handle));
				sftp.status(id, handles.delete(String(handle)) ? STATUS_CODE.OK : STATUS_CODE.FAILURE);
			});
		});
	};

	const server = new Server({ hostKeys: [sshKeyPair('ed25519').private] }, (connection) => {
		const drop = (): void => {
			connection.end();
		};
		connection.on('error', () => undefined);
		connection.on('authentication', (context) => {
			if (context.method !== 'password') {
				context.reject(['password']);
				return;
			}
			logins += 1;
			if (context.password === 'right') context.accept();
			else context.reject(['password']);
		});
		connection.on('session', (accept) => {
			accept().on('sftp', (acceptSftp) => serve(acceptSftp(), drop));
		});
	});
	const listener = createServer({ noDelay: true }, (socket) => {
		if (sockets.size >= (options.mostConnections ?? Infinity)) {
			socket.on('error', () => undefined).destroy();
			return;
		}
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
		openHandles: () => handles.size,
		mostHandles: () => mostHandles,
		logins: () => logins,
		reads: () => reads,
		connections: () => sockets.size,
		dropAll: () => sockets.forEach((socket) => socket.destroy()),
		close: () =>
			new Promise((resolve) => {
				listener.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
}
