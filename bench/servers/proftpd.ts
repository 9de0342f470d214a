import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createServerCertificate } from '../../testbed/servers/serverCertificate';
import { startProcess, temporaryDirectory, waitForPort } from '../../testbed/servers/process';

const PROFTPD = '/usr/sbin/proftpd';
const MODULES = '/usr/lib/proftpd';
const START_MILLISECONDS = 10_000;
const NOBODY = 65_534;

export interface FtpsOptions {
	/** The login directory; the user `nobody` has to be able to read it. */
	readonly root: string;
	readonly port: number;
	/** Where data connections are listened for, both ends included. */
	readonly passivePorts: readonly [first: number, last: number];
	/** Addresses that the certificate is for. PASV announces the last one. */
	readonly addresses: readonly string[];
}

export interface MeasuredFtps {
	readonly username: string;
	readonly password: string;
	readonly caCertificate: string;
	output(): string;
	close(): Promise<void>;
}

/** Why ProFTPD with TLS cannot run here, `undefined` when it can. */
export function proftpdMissing(): string | undefined {
	if (!existsSync(PROFTPD)) return 'proftpd is not installed';
	if (!existsSync(join(MODULES, 'mod_tls.so'))) return 'proftpd-mod-crypto is not installed';
	return process.getuid?.() === 0 ? undefined : 'proftpd starts as root';
}

/**
 * ProFTPD with implicit TLS on 127.0.0.1 over a given directory and passive ports, so that a WAN can stand in front of
 * it. As by its default, data connections have to resume the control connection's TLS session. It admits as many
 * sessions as any contestant asks for.
 */
export async function startMeasuredFtps({ root, port, passivePorts, addresses }: FtpsOptions): Promise<MeasuredFtps> {
	const directory = await temporaryDirectory('8x8-bench-proftpd');
	const at = (name: string): string => join(directory.path, name);
	const certificate = await createServerCertificate({ ipAddresses: addresses });
	const username = 'tenant';
	const password = 'Measured-Only-1';
	await chmod(directory.path, 0o755);
	await writeFile(at('key.pem'), certificate.key, { mode: 0o600 });
	await writeFile(at('certificate.pem'), certificate.certificate);
	const { stdout } = await promisify(execFile)('openssl', ['passwd', '-6', password]);
	const user = `${username}:${stdout.trim()}:${NOBODY}:${NOBODY}::${root}:/bin/false\n`;
	await writeFile(at('users'), user, { mode: 0o600 });
	const configuration = [
		`ModulePath ${MODULES}`,
		'LoadModule mod_tls.c',
		'ServerName "recordings"',
		'ServerType standalone',
		'ServerIdent off',
		'DefaultAddress 127.0.0.1',
		// Without it the port is taken on every address, the WAN's too.
		'SocketBindTight on',
		`Port ${port}`,
		`PassivePorts ${passivePorts[0]} ${passivePorts[1]}`,
		`MasqueradeAddress ${addresses.at(-1) ?? '127.0.0.1'}`,
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
		'MaxInstances 200',
		'TimesGMT on',
		'TLSEngine on',
		'TLSRequired on',
		'TLSProtocol TLSv1.2 TLSv1.3',
		`TLSRSACertificateFile ${at('certificate.pem')}`,
		`TLSRSACertificateKeyFile ${at('key.pem')}`,
		'TLSOptions UseImplicitSSL',
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
	return { username, password, caCertificate: certificate.caCertificate, output: server.output, close };
}
