import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { freePort } from '../n8nHost/freePort';
import { startProcess, temporaryDirectory, waitForPort } from './process';

const START_MILLISECONDS = 10_000;

/** A directory behind npm's node-sftp-server, whose answers come from callbacks: one name for each READDIR, and later. */
const PROGRAM = `
const { readdir, readFile, stat } = require('node:fs/promises');
const { join, posix } = require('node:path');
const [, , library, port, root, key, username, password] = process.argv;
const SftpServer = require(library);

const local = (path) => join(root, posix.resolve('/', path));
const attributes = (stats) => ({
	mode: stats.mode, uid: 0, gid: 0, size: stats.size, atime: stats.atimeMs / 1000, mtime: stats.mtimeMs / 1000,
});

const server = new SftpServer({ privateKeyFile: key });
server.on('error', (error) => console.error(error));
server.on('connect', (login) => {
	if (login.method !== 'password') return login.reject(['password'], false);
	if (login.username !== username || login.password !== password) return login.reject(['password'], false);
	login.accept((session) => {
		session.on('realpath', (path, answer) => answer(posix.resolve('/', path)));
		session.on('stat', async (path, kind, answer) => {
			const stats = await stat(local(path)).catch(() => undefined);
			if (stats === undefined) return answer.nofile();
			if (stats.isDirectory()) answer.is_directory();
			else answer.is_file();
			answer.permissions = stats.mode & 0o777;
			Object.assign(answer, attributes(stats), { mode: undefined });
			answer.file();
		});
		session.on('readdir', async (path, answer) => {
			const names = await readdir(local(path)).catch(() => undefined);
			if (names === undefined) return answer.nofile();
			answer.on('dir', async () => {
				const name = names.shift();
				if (name === undefined) return answer.end();
				answer.file(name, attributes(await stat(join(local(path), name))));
			});
		});
		session.on('readfile', async (path, stream) => stream.end(await readFile(local(path))));
	});
});
server.listen(Number(port));
`;

export interface NodeSftpServer {
	readonly host: '127.0.0.1';
	readonly port: number;
	readonly username: string;
	readonly password: string;
	/** What it shows, as a directory of this machine. */
	readonly root: string;
	output(): string;
	close(): Promise<void>;
}

/** Starts node-sftp-server 0.3.0, on ssh2 0.5, in a process of its own. It has no handle that is opened twice and no look-ahead. */
export async function startNodeSftpServer(): Promise<NodeSftpServer> {
	const directory = await temporaryDirectory('8x8-node-sftp-server');
	const at = (name: string): string => join(directory.path, name);
	const login = { username: 'tenant', password: 'Correct-Horse-9' };
	const port = await freePort();
	await mkdir(at('root'));
	// ssh2 0.5 reads no other format than this one.
	const pem = { type: 'pkcs1', format: 'pem' } as const;
	const { privateKey } = generateKeyPairSync('rsa', {
		modulusLength: 2048,
		privateKeyEncoding: pem,
		publicKeyEncoding: pem,
	});
	await writeFile(at('key'), privateKey, { mode: 0o600 });
	await writeFile(at('server.cjs'), PROGRAM);
	const library = createRequire(__filename).resolve('node-sftp-server');
	const server = startProcess(process.execPath, [
		...['--no-deprecation', at('server.cjs'), library, String(port)],
		...[at('root'), at('key'), login.username, login.password],
	]);
	const close = async (): Promise<void> => {
		await server.stop();
		await directory.remove();
	};
	await waitForPort(port, START_MILLISECONDS).catch(async (error: unknown) => {
		await close();
		throw new Error(`node-sftp-server does not start: ${String(error)}\n${server.output()}`);
	});
	return { host: '127.0.0.1', port, ...login, root: at('root'), output: server.output, close };
}
