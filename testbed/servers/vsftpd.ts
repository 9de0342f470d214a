import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createServerCertificate, type ServerCertificate } from './serverCertificate';
import { freePort } from '../n8nHost/freePort';
import {
	realServer,
	startProcess,
	temporaryDirectory,
	waitForPort,
	type RealServer,
	type RunningProcess,
} from './process';
import type { FtpsServer } from './proftpd';

const START_MILLISECONDS = 10_000;

/** Debian's vsftpd and ProFTPD exclude each other as packages: test/setup/debian.sh unpacks vsftpd here. */
const UNPACKED = join(process.env['VSFTPD_DIRECTORY'] ?? '/opt/n8n-nodes-8x8-recordings/vsftpd', 'usr/sbin/vsftpd');
const VSFTPD = [UNPACKED, '/usr/sbin/vsftpd'].find((path) => existsSync(path));

/** Whether vsftpd can run here; test/setup/debian.sh unpacks it. */
export function vsftpdHere(): RealServer {
	return realServer('vsftpd', whatIsMissing());
}

function whatIsMissing(): string | undefined {
	if (VSFTPD === undefined) return 'vsftpd is not here (test/setup/debian.sh unpacks it)';
	if (process.getuid?.() !== 0) return 'it starts as root';
	return undefined;
}

/** Ids of the processes below one, the nearest first. */
async function descendantsOf(pid: number): Promise<number[]> {
	const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
	const children = text
		.split(' ')
		.filter((part) => part !== '')
		.map(Number);
	const below = await Promise.all(children.map(descendantsOf));
	return [...children, ...below.flat()];
}

/** Sessions are process groups of their own, which ending the server's group does not reach. */
async function endSessions(server: RunningProcess): Promise<void> {
	if (server.pid === undefined) return;
	for (const pid of await descendantsOf(server.pid)) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch (error) {
			// It ended by itself meanwhile.
			if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
		}
	}
}

export interface VsftpdOptions {
	readonly certificate?: ServerCertificate | undefined;
	/** Further lines of vsftpd.conf. */
	readonly directives?: readonly string[] | undefined;
}

/**
 * A real vsftpd: implicit TLS, strong ciphers, and data connections must resume the TLS session.
 * Its only user is the anonymous one, who needs the password from a list: so no system user and no PAM service is made.
 */
export async function startVsftpd(options: VsftpdOptions = {}): Promise<FtpsServer> {
	if (VSFTPD === undefined) throw new Error('vsftpd is not here');
	const directory = await temporaryDirectory('8x8-vsftpd');
	const password = 'Correct-Horse-9';
	const certificate = options.certificate ?? (await createServerCertificate());
	const port = await freePort();
	const at = (name: string): string => join(directory.path, name);
	const root = at('root');
	await chmod(directory.path, 0o755);
	await mkdir(root, { mode: 0o755 });
	await mkdir(at('empty'), { mode: 0o555 });
	await writeFile(at('certificate.pem'), `${certificate.key}\n${certificate.certificate}\n`, { mode: 0o600 });
	await writeFile(at('passwords'), `${password}\n`, { mode: 0o600 });
	const configuration = [
		'listen=YES',
		'listen_ipv6=NO',
		'listen_address=127.0.0.1',
		`listen_port=${port}`,
		'background=NO',
		'local_enable=NO',
		'anonymous_enable=YES',
		// A system user of every Debian whose home exists: vsftpd goes there first, then to anon_root.
		'ftp_username=daemon',
		`anon_root=${root}`,
		'anon_world_readable_only=NO',
		'secure_email_list_enable=YES',
		`email_password_file=${at('passwords')}`,
		'write_enable=NO',
		'pasv_address=127.0.0.1',
		'max_per_ip=20',
		'max_login_fails=3',
		'delay_failed_login=0',
		'xferlog_enable=NO',
		`secure_chroot_dir=${at('empty')}`,
		// Namespaces and seccomp filters are not to be had in every container.
		'isolate=NO',
		'isolate_network=NO',
		'seccomp_sandbox=NO',
		'ssl_enable=YES',
		'implicit_ssl=YES',
		'allow_anon_ssl=YES',
		'force_anon_data_ssl=YES',
		'force_anon_logins_ssl=YES',
		'require_ssl_reuse=YES',
		'ssl_ciphers=HIGH',
		`rsa_cert_file=${at('certificate.pem')}`,
		...(options.directives ?? []),
	];
	await writeFile(at('vsftpd.conf'), `${configuration.join('\n')}\n`);
	const server = startProcess(VSFTPD, [at('vsftpd.conf')]);
	const kill = async (): Promise<void> => {
		await endSessions(server);
		await server.stop();
	};
	const close = async (): Promise<void> => {
		await kill();
		await directory.remove();
	};
	await waitForPort(port, START_MILLISECONDS).catch(async (error: unknown) => {
		await close();
		throw new Error(`vsftpd does not start: ${String(error)}\n${server.output()}`);
	});
	return {
		port,
		username: 'anonymous',
		password,
		root,
		caCertificate: certificate.caCertificate,
		output: server.output,
		kill,
		close,
	};
}
