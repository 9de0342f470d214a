import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';

import { sshKeyPair, type SshKeyType } from './sshKeyPair';
import { freePort } from '../n8nHost/freePort';
import { startProcess, temporaryDirectory, waitForPort } from './process';

const SSHD = '/usr/sbin/sshd';
const START_MILLISECONDS = 10_000;

export interface OpenSshOptions {
	/** Directory on disk that is the login directory. */
	readonly root: string;
	/** Host keys to have, ed25519 alone by default. */
	readonly hostKeys?: readonly SshKeyType[] | undefined;
	/** Further lines for sshd_config. */
	readonly configuration?: readonly string[] | undefined;
}

export interface OpenSsh {
	readonly host: '127.0.0.1';
	readonly port: number;
	readonly username: string;
	/** Private key that may log in, OpenSSH format. */
	readonly privateKey: string;
	/** Public host keys, as in a `.pub` file. */
	readonly hostKeys: Readonly<Partial<Record<SshKeyType, string>>>;
	output(): string;
	close(): Promise<void>;
}

/** Why OpenSSH's server cannot run here, `undefined` when it can. */
export function available(): string | undefined {
	if (!existsSync(SSHD)) return 'openssh-server is not installed';
	return userInfo().uid === 0 ? undefined : 'sshd needs root to log in a user';
}

/**
 * Debian's sshd on a free loopback port, with keys and configuration of its own, for the user who runs the tests.
 * Login is by key, because a password would need a system user made for it.
 */
export async function startOpenSsh({
	root,
	hostKeys = ['ed25519'],
	configuration = [],
}: OpenSshOptions): Promise<OpenSsh> {
	const directory = await temporaryDirectory('8x8-sshd');
	// sshd's privilege separation directory; its service would make it.
	await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
	const port = await freePort();
	const user = sshKeyPair('ed25519');
	const authorizedKeys = join(directory.path, 'authorized_keys');
	await writeFile(authorizedKeys, `${user.public}\n`, { mode: 0o600 });
	const publicHostKeys: Partial<Record<SshKeyType, string>> = {};
	const hostKeyLines: string[] = [];
	for (const type of hostKeys) {
		const pair = sshKeyPair(type);
		const file = join(directory.path, `host_${type}`);
		await writeFile(file, `${pair.private}\n`, { mode: 0o600 });
		publicHostKeys[type] = pair.public;
		hostKeyLines.push(`HostKey ${file}`);
	}
	const file = join(directory.path, 'sshd_config');
	await writeFile(
		file,
		[
			`Port ${port}`,
			'ListenAddress 127.0.0.1',
			...hostKeyLines,
			`AuthorizedKeysFile ${authorizedKeys}`,
			`PidFile ${join(directory.path, 'sshd.pid')}`,
			'UsePAM no',
			'StrictModes no',
			'PermitRootLogin yes',
			'PasswordAuthentication yes',
			'KbdInteractiveAuthentication no',
			'LogLevel VERBOSE',
			`Subsystem sftp internal-sftp -d "${root}"`,
			...configuration,
			'',
		].join('\n'),
	);
	// From 9.8 on sshd turns away hosts that fail to log in, and the tests do so on purpose; older ones do not know the option.
	const noPenalties = ['-o', 'PerSourcePenalties=no'];
	const knowsPenalties = spawnSync(SSHD, ['-t', '-f', file, ...noPenalties]).status === 0;
	const server = startProcess(SSHD, ['-D', '-e', '-f', file, ...(knowsPenalties ? noPenalties : [])]);
	const close = async (): Promise<void> => {
		await server.stop();
		await directory.remove();
	};
	await waitForPort(port, START_MILLISECONDS).catch(async (error: unknown) => {
		await close();
		throw new Error(
			`sshd did not start: ${String(error)}\n${server.output()}\n${await readFile(file, 'utf8').catch(() => '')}`,
		);
	});
	return {
		host: '127.0.0.1',
		port,
		username: userInfo().username,
		privateKey: user.private,
		hostKeys: publicHostKeys,
		output: server.output,
		close,
	};
}
