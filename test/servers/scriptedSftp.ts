import { createServer, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { FileEntry, SFTPWrapper } from 'ssh2';

import { sshKeyPair } from '../../demo/servers/sshKeyPair';

const { Server, utils } = ssh2;
const { STATUS_CODE } = utils.sftp;

export interface ScriptedRead {
	/** Counted over the server's whole life, from 1. */
	readonly number: number;
	readonly path: string;
	readonly position: number;
	readonly length: number;
	/** Answers as a good server would. */
	answer(): void;
	data(bytes: Buffer): void;
	status(code: number): void;
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
	/** Never answers the requests named here. */
	readonly silentOn?: ReadonlyArray<'OPEN' | 'FSTAT' | 'STAT' | 'READDIR' | 'CLOSE'> | undefined;
}

export interface ScriptedSftp {
	readonly host: '127.0.0.1';
	readonly port: number;
	/** Handles given and not closed. */
	openHandles(): number;
	/** Passwords that were tried. */
	logins(): number;
	close(): Promise<void>;
}

function attributes(bytes: Buffer | undefined): FileEntry['attrs'] {
	return {
		mode: bytes === undefined ? 0o040755 : 0o100644,
		uid: 0,
		gid: 0,
		size: bytes?.length ?? 0,
		atime: 0,
		mtime: 0,
	};
}

/** An SFTP server that answers as a test wants: late, short, wrongly, or never. User `tenant`, password `right`. */
export async function startScriptedSftp(options: ScriptedSftpOptions): Promise<ScriptedSftp> {
	const handles = new Map<string, string>();
	const sockets = new Set<Socket>();
	let logins = 0;
	let reads = 0;
	let lastHandle = 0;

	const serve = (sftp: SFTPWrapper): void => {
		const isSilent = (request: string): boolean => (options.silentOn ?? []).some((one) => one === request);
		const give = (id: number, path: string): void => {
			const name = `handle ${(lastHandle += 1)}`;
			handles.set(name, path);
			sftp.handle(id, Buffer.from(name));
		};
		sftp.on('error', () => undefined);
		// As the end of a real server's session would.
		sftp.on('close', () => handles.clear());
		sftp.on('OPEN', (id, path) => {
			if (isSilent('OPEN')) return;
			if (options.openStatus !== undefined) sftp.status(id, options.openStatus, options.openMessage);
			else if (options.files[path] === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
			else give(id, path);
		});
		sftp.on('FSTAT', (id, handle) => {
			if (!isSilent('FSTAT')) sftp.attrs(id, attributes(options.files[handles.get(String(handle)) ?? '']));
		});
		const tellState = (id: number, path: string): void => {
			if (!isSilent('STAT')) sftp.attrs(id, attributes(options.files[path]));
		};
		sftp.on('STAT', tellState);
		sftp.on('LSTAT', tellState);
		sftp.on('READ', (id, handle, position, length) => {
			const path = handles.get(String(handle)) ?? '';
			const some = (options.files[path] ?? Buffer.alloc(0)).subarray(position, position + length);
			const answer = (): void => {
				if (some.length === 0) sftp.status(id, STATUS_CODE.EOF);
				else sftp.data(id, some);
			};
			if (options.onRead === undefined) {
				answer();
				return;
			}
			options.onRead({
				number: (reads += 1),
				path,
				position,
				length,
				answer,
				data: (bytes) => sftp.data(id, bytes),
				status: (code) => sftp.status(id, code),
			});
		});
		sftp.on('OPENDIR', (id) => give(id, ''));
		sftp.on('READDIR', (id, handle) => {
			if (isSilent('READDIR')) return;
			if (handles.get(String(handle)) !== '') {
				sftp.status(id, STATUS_CODE.EOF);
				return;
			}
			handles.set(String(handle), 'listed');
			const names = options.names ?? Object.keys(options.files);
			sftp.name(
				id,
				names.map((filename) => ({
					filename,
					longname: filename,
					attrs: attributes(options.files[filename] ?? Buffer.alloc(0)),
				})),
			);
		});
		sftp.on('CLOSE', (id, handle) => {
			if (isSilent('CLOSE')) return;
			sftp.status(id, handles.delete(String(handle)) ? STATUS_CODE.OK : STATUS_CODE.FAILURE);
		});
	};

	const server = new Server({ hostKeys: [sshKeyPair('ed25519').private] }, (connection) => {
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
			accept().on('sftp', (acceptSftp) => serve(acceptSftp()));
		});
	});
	const listener = createServer({ noDelay: true }, (socket) => {
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
		logins: () => logins,
		close: () =>
			new Promise((resolve) => {
				listener.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
}
