import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from '../n8nHost/freePort';
import { realServer, startProcess, temporaryDirectory, waitForPort, type RealServer } from './process';
import type { FtpsServer } from './proftpd';
import { createServerCertificate } from './serverCertificate';

const START_MILLISECONDS = 10_000;
const NOBODY = 65_534;

/** Debian's FTP servers exclude each other as packages: test/setup/debian.sh unpacks Pure-FTPd here. */
const UNPACKED = process.env['PUREFTPD_DIRECTORY'] ?? '/opt/n8n-nodes-8x8-recordings/pure-ftpd';
const PURE_FTPD = join(UNPACKED, 'usr/sbin/pure-ftpd');
const PURE_PW = join(UNPACKED, 'usr/bin/pure-pw');

/** Whether Pure-FTPd can run here; test/setup/debian.sh unpacks it. */
export function pureftpdHere(): RealServer {
	return realServer('Pure-FTPd', whatIsMissing());
}

function whatIsMissing(): string | undefined {
	if (!existsSync(PURE_FTPD)) return 'pure-ftpd is not here (test/setup/debian.sh unpacks it)';
	if (process.getuid?.() !== 0) return 'it starts as root';
	return undefined;
}

export interface PureftpdOptions {
	/** Names that a listing holds at most (`-L`). */
	readonly mostNames?: number | undefined;
}

/**
 * Writes the database with the one user, who is not known to the system. The password is hashed as glibc does it: what
 * pure-pw makes of one (Argon2) is tuned to take a second of every log-in.
 */
async function writeUser(database: string, username: string, password: string, root: string): Promise<void> {
	const run = promisify(execFile);
	const { stdout } = await run('openssl', ['passwd', '-6', password]);
	const passwords = `${database}.txt`;
	// Account, password, user and group id, name, home directory, and twelve fields that may be empty (pure-pw(8)).
	const fields = [username, stdout.trim(), NOBODY, NOBODY, '', `${root}/./`, ...Array<string>(12).fill('')];
	await writeFile(passwords, `${fields.join(':')}\n`, { mode: 0o600 });
	await run(PURE_PW, ['mkdb', database, '-f', passwords]);
}

/** A real Pure-FTPd: explicit TLS on both connections, and one user of its own. */
export async function startPureftpd({ mostNames }: PureftpdOptions = {}): Promise<FtpsServer> {
	const directory = await temporaryDirectory('8x8-pureftpd');
	const username = 'tenant';
	const password = 'Correct-Horse-9';
	const certificate = await createServerCertificate();
	const port = await freePort();
	const at = (name: string): string => join(directory.path, name);
	const root = at('root');
	await chmod(directory.path, 0o755);
	await mkdir(root, { mode: 0o755 });
	await chown(root, NOBODY, NOBODY);
	await writeFile(at('certificate.pem'), `${certificate.key}\n${certificate.certificate}\n`, { mode: 0o600 });
	await writeUser(at('users.pdb'), username, password, root);
	const server = startProcess(PURE_FTPD, [
		...['-S', `127.0.0.1,${port}`],
		...['-l', `puredb:${at('users.pdb')}`],
		...['-g', at('pid')],
		// TLS is demanded on both connections, from a file; nobody anonymous, no names looked up, small user ids allowed.
		...['-Y', '3', '-2', at('certificate.pem')],
		...['-E', '-H', '-u', '1', '-c', '50', '-C', '50', '-k', '99'],
		...(mostNames === undefined ? [] : ['-L', `${mostNames}:5`]),
	]);
	const kill = async (): Promise<void> => {
		await server.stop();
	};
	const close = async (): Promise<void> => {
		await kill();
		await directory.remove();
	};
	await waitForPort(port, START_MILLISECONDS).catch(async (error: unknown) => {
		await close();
		throw new Error(`Pure-FTPd does not start: ${String(error)}\n${server.output()}`);
	});
	return {
		port,
		username,
		password,
		root,
		caCertificate: certificate.caCertificate,
		output: server.output,
		kill,
		close,
	};
}
