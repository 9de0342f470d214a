import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { runProgram } from '../n8nHost/childProcess';
import { freePort } from '../n8nHost/freePort';
import { realServer, startProcess, temporaryDirectory, waitForPort, type RealServer } from './process';

/** Debian keeps each major version's programs in a directory of its own, out of PATH. */
const INSTALLED = '/usr/lib/postgresql';
const SETPRIV = '/usr/bin/setpriv';
const START_MILLISECONDS = 20_000;
const POLL_MILLISECONDS = 50;
const USER = 'n8n';
const PASSWORD = 'Test-Only-5';
const DATABASE = 'n8n';

/** Speed for data that need not outlive the test; a crash of the machine may lose them. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_wal_size=256MB'];

function programs(): string | undefined {
	const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Number.isFinite) : [];
	const found = versions.toSorted((a, b) => b - a).map((version) => join(INSTALLED, String(version), 'bin'));
	return found.find((directory) => existsSync(join(directory, 'postgres')));
}

/** Whether PostgreSQL can run here; test/setup/debian.sh installs it. */
export function postgresHere(): RealServer {
	return realServer('PostgreSQL', postgresMissing());
}

/** Why it cannot run here, `undefined` when it can. */
export function postgresMissing(): string | undefined {
	if (programs() === undefined) return 'postgresql is not installed (test/setup/debian.sh installs it)';
	if (process.getuid?.() === 0 && !existsSync(SETPRIV))
		return 'setpriv is missing, and PostgreSQL refuses to run as root';
	return undefined;
}

export interface Postgres {
	readonly port: number;
	readonly user: string;
	readonly password: string;
	readonly database: string;
	/** What the server logged so far. */
	output(): string;
	close(): Promise<void>;
}

/** The user that PostgreSQL's package made, whom it runs as when the test is root; `undefined` = as whoever runs the test. */
function otherUser(): { readonly uid: number; readonly gid: number } | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const idOf = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
	return { uid: idOf('-u'), gid: idOf('-g') };
}

/** A real PostgreSQL on 127.0.0.1 with one empty database, in a directory of its own. */
export async function startPostgres(): Promise<Postgres> {
	const bin = programs();
	if (bin === undefined) throw new Error(postgresMissing());
	const directory = await temporaryDirectory('8x8-postgres');
	const at = (name: string): string => join(directory.path, name);
	const user = otherUser();
	const command = (program: string, args: readonly string[]): readonly [string, readonly string[]] =>
		user === undefined
			? [join(bin, program), args]
			: [SETPRIV, [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', join(bin, program), ...args]];
	const port = await freePort();
	await chmod(directory.path, 0o755);
	await mkdir(at('own'));
	await writeFile(at('password'), PASSWORD);
	for (const path of [at('own'), at('password')]) if (user !== undefined) await chown(path, user.uid, user.gid);
	const data = join(at('own'), 'data');
	await runProgram(
		...command('initdb', [
			...['--pgdata', data, '--username', USER, '--pwfile', at('password')],
			...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-sync', '--no-instructions'],
		]),
		{ cwd: at('own') },
	);
	const settings = [
		'listen_addresses=127.0.0.1',
		`port=${port}`,
		`unix_socket_directories=${at('own')}`,
		'max_connections=200',
		...FAST,
	];
	const [program, args] = command('postgres', ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]);
	const server = startProcess(program, args, { cwd: at('own') });
	const close = async (): Promise<void> => {
		await server.stop();
		await directory.remove();
	};
	const client = async (name: string, args: readonly string[]): Promise<void> => {
		const address = ['--host', '127.0.0.1', '--port', String(port), '--username', USER, '--dbname', 'postgres'];
		const env = { ...process.env, PGPASSWORD: PASSWORD };
		await runProgram(join(bin, name), [...address, ...args], { cwd: at('own'), env });
	};
	const createDatabase = async (): Promise<void> => {
		const deadline = Date.now() + START_MILLISECONDS;
		await waitForPort(port, START_MILLISECONDS);
		// It listens before it lets anybody in.
		const isReady = async (): Promise<boolean> =>
			await client('pg_isready', ['--quiet']).then(
				() => true,
				() => false,
			);
		while (!(await isReady()) && Date.now() < deadline) await pause(POLL_MILLISECONDS);
		await client('psql', ['--quiet', '--command', `CREATE DATABASE ${DATABASE}`]);
	};
	await createDatabase().catch(async (error: unknown) => {
		await close();
		throw new Error(`PostgreSQL does not start: ${String(error)}\n${server.output()}`);
	});
	return { port, user: USER, password: PASSWORD, database: DATABASE, output: server.output, close };
}
