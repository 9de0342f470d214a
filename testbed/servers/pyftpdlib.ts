import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../n8nHost/freePort';
import { realServer, startProcess, temporaryDirectory, waitForPort, type RealServer } from './process';
import type { FtpsServer } from './proftpd';
import { createServerCertificate } from './serverCertificate';

const PYTHON = '/usr/bin/python3';
const MODULES = '/usr/lib/python3/dist-packages';
const START_MILLISECONDS = 10_000;

/** Whether Debian's pyftpdlib with TLS can run here; test/setup/debian.sh installs it. */
export function pyftpdlibHere(): RealServer {
	return realServer('pyftpdlib', whatIsMissing());
}

function whatIsMissing(): string | undefined {
	const missing = ['pyftpdlib', 'OpenSSL'].find((name) => !existsSync(join(MODULES, name)));
	return missing === undefined ? undefined : `python3's ${missing} is not installed (test/setup/debian.sh installs it)`;
}

const PROGRAM = `
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

port, root, certificate, username, password = sys.argv[1:]
authorizer = DummyAuthorizer()
authorizer.add_user(username, password, root, perm="elr")

class Handler(TLS_FTPHandler):
    pass

Handler.certfile = certificate
Handler.authorizer = authorizer
Handler.tls_control_required = True
Handler.tls_data_required = True
Handler.auth_failed_timeout = 0
FTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
`;

/** A real pyftpdlib with explicit TLS, which is all it has, and one user. */
export async function startPyftpdlib(): Promise<FtpsServer> {
	const directory = await temporaryDirectory('8x8-pyftpdlib');
	const username = 'tenant';
	const password = 'Correct-Horse-9';
	const certificate = await createServerCertificate();
	const port = await freePort();
	const at = (name: string): string => join(directory.path, name);
	const root = at('root');
	await chmod(directory.path, 0o755);
	await mkdir(root, { mode: 0o755 });
	await writeFile(at('certificate.pem'), `${certificate.key}\n${certificate.certificate}\n`, { mode: 0o600 });
	await writeFile(at('server.py'), PROGRAM);
	const server = startProcess(PYTHON, [
		at('server.py'),
		...[String(port), root, at('certificate.pem'), username, password],
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
		throw new Error(`pyftpdlib does not start: ${String(error)}\n${server.output()}`);
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
