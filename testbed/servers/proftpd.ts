import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createServerCertificate, type ServerCertificate } from './serverCertificate';
import { freePort } from '../n8nHost/freePort';
import { realServer, startProcess, temporaryDirectory, waitForPort, type RealServer } from './process';

const PROFTPD = '/usr/sbin/proftpd';
const MODULES = '/usr/lib/proftpd';
const START_MILLISECONDS = 10_000;
const NOBODY = 65_534;

/** Whether ProFTPD with TLS can run here; test/setup/debian.sh installs it. */
export function proftpdHere(): RealServer {
	return realServer('ProFTPD', whatIsMissing());
}

function whatIsMissing(): string | undefined {
	if (!existsSync(PROFTPD)) return 'proftpd is not installed (test/setup/debian.sh installs it)';
	if (!existsSync(join(MODULES, 'mod_tls.so')))
		return 'proftpd-mod-crypto is not installed (test/setup/debian.sh installs it)';
	if (process.getuid?.() !== 0) return 'it starts as root';
	return undefined;
}

export interface FtpsServerOptions {
	readonly mode: 'implicit' | 'explicit';
	readonly tlsProtocol: 'TLSv1.2' | 'TLSv1.3';
	readonly username?: string | undefined;
	readonly password?: string | undefined;
	readonly certificate?: ServerCertificate | undefined;
	/** Further lines of proftpd.conf. */
	readonly directives?: readonly string[] | undefined;
}

/** A running FTPS server on 127.0.0.1. */
export interface FtpsServer {
	readonly port: number;
	readonly username: string;
	readonly password: string;
	/** The login directory on disk. */
	readonly root: string;
	readonly caCertificate: string;
	/** What the server logged so far. */
	output(): string;
	/** Ends it and every session at once, as a crash does; the files stay until `close`. */
	kill(): Promise<void>;
	close(): Promise<void>;
}

/**
 * A real ProFTPD: its own configuration, certificate and one virtual user. Its default is in force that a data
 * connection must resume the control connection's TLS session (no `NoSessionReuseRequired`).
 */
export async function startProftpd(options: FtpsServerOptions): Promise<FtpsServer> {
	const directory = await temporaryDirectory('8x8-proftpd');
	const username = options.username ?? 'tenant';
	const password = options.password ?? 'Correct-Horse-9';
	const certificate = options.certificate ?? (await createServerCertificate());
	const port = await freePort();
	const at = (name: string): string => join(directory.path, name);
	const root = at('root');
	await chmod(directory.path, 0o755);
	await mkdir(root);
	await writeFile(at('key.pem'), certificate.key, { mode: 0o600 });
	await writeFile(at('certificate.pem'), certificate.certificate);
	const { stdout } = await promisify(execFile)('openssl', ['passwd', '-6', password]);
	await writeFile(at('users'), `${username}:${stdout.trim()}:${NOBODY}:${NOBODY}::${root}:/bin/false\n`, {
		mode: 0o600,
	});
	const configuration = [
		`ModulePath ${MODULES}`,
		'LoadModule mod_tls.c',
		'ServerName "recordings"',
		'ServerType standalone',
		'ServerIdent off',
		'DefaultAddress 127.0.0.1',
		`Port ${port}`,
		'UseIPv6 off',
		'UseReverseDNS off',
		'User nobody',
		'Group nogroup',
		`PidFile ${at('pid')}`,
		`ScoreboardFile ${at('scoreboard')}`,
		'DelayEngine off',
		'WtmpLog off',
		'TransferLog none',
		`SystemLog ${at('system.log')}`,
		'AuthOrder mod_auth_file.c',
		`AuthUserFile ${at('users')}`,
		'RequireValidShell off',
		'DefaultRoot ~',
		'MaxInstances 40',
		'MaxLoginAttempts 3',
		'TLSEngine on',
		'TLSRequired on',
		`TLSProtocol ${options.tlsProtocol}`,
		`TLSRSACertificateFile ${at('certificate.pem')}`,
		`TLSRSACertificateKeyFile ${at('key.pem')}`,
		`TLSLog ${at('tls.log')}`,
		...(options.mode === 'implicit' ? ['TLSOptions UseImplicitSSL'] : []),
		...(options.directives ?? []),
	];
	await writeFile(at('proftpd.conf'), `${configuration.join('\n')}\n`);
	const server = startProcess(PROFTPD, ['--nodaemon', '--quiet', '--config', at('proftpd.conf')]);
	const close = async (): Promise<void> => {
		await server.stop();
		await directory.remove();
	};
	await waitForPort(port, START_MILLISECONDS).catch(async (error: unknown) => {
		await close();
		throw new Error(`ProFTPD does not start: ${String(error)}\n${server.output()}`);
	});
	return {
		port,
		username,
		password,
		root,
		caCertificate: certificate.caCertificate,
		output: server.output,
		kill: () => server.stop(),
		close,
	};
}
