import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../n8nHost/freePort';
import {
	realServer,
	startProcess,
	temporaryDirectory,
	waitForPort,
	type RealServer,
	type RunningProcess,
} from './process';
import type { ServerCertificate } from './serverCertificate';

const REDIS = '/usr/bin/redis-server';
const START_MILLISECONDS = 10_000;

/** Whether Redis can run here; test/setup/debian.sh installs it. */
export function redisHere(): RealServer {
	return realServer(
		'Redis',
		existsSync(REDIS) ? undefined : 'redis-server is not installed (test/setup/debian.sh installs it)',
	);
}

export interface RedisOptions {
	readonly password?: string | undefined;
	/** TLS only, with this certificate. */
	readonly certificate?: ServerCertificate | undefined;
	/** Further lines of redis.conf as arguments, such as `['--save', '1', '1']`. */
	readonly directives?: readonly string[] | undefined;
}

export interface RedisServer {
	readonly port: number;
	readonly password: string | undefined;
	/** The variables by which n8n finds it. */
	readonly environment: Readonly<Record<string, string>>;
	output(): string;
	/** Ends it as its service would. Starting it again forgets everything, unless a directive saves it. */
	stop(): Promise<void>;
	/** SIGKILL. */
	kill(): Promise<void>;
	/** Starts it again on the same port. */
	start(): Promise<void>;
	close(): Promise<void>;
}

/** A real redis-server on loopback, in a temporary directory, that keeps nothing on disk. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
	const { password, certificate, directives = [] } = options;
	const directory = await temporaryDirectory('8x8-redis');
	const port = await freePort();
	const args = [
		...['--bind', '127.0.0.1', '--dir', directory.path],
		...(certificate === undefined ? ['--port', String(port)] : await tlsDirectives(port, certificate, directory.path)),
		...['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--logfile', ''],
		...['--pidfile', join(directory.path, 'redis.pid')],
		...(password === undefined ? [] : ['--requirepass', password]),
		...directives,
	];
	let server: RunningProcess | undefined;
	const start = async (): Promise<void> => {
		const started = startProcess(REDIS, args);
		server = started;
		await waitForPort(port, START_MILLISECONDS).catch(async (error: unknown) => {
			await started.stop();
			throw new Error(`Redis does not start: ${String(error)}\n${started.output()}`);
		});
	};
	const stop = async (): Promise<void> => {
		await server?.stop();
		server = undefined;
	};
	await start();
	return {
		port,
		password,
		environment: {
			QUEUE_BULL_REDIS_HOST: '127.0.0.1',
			QUEUE_BULL_REDIS_PORT: String(port),
			...(certificate === undefined ? {} : { QUEUE_BULL_REDIS_TLS: 'true' }),
			...(password === undefined ? {} : { QUEUE_BULL_REDIS_PASSWORD: password }),
		},
		output: () => server?.output() ?? '',
		stop,
		async kill() {
			await server?.kill();
			server = undefined;
		},
		start,
		async close() {
			await stop();
			await directory.remove();
		},
	};
}

async function tlsDirectives(port: number, certificate: ServerCertificate, directory: string): Promise<string[]> {
	const [key, cert] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
	await writeFile(key, certificate.key, { mode: 0o600 });
	await writeFile(cert, certificate.certificate);
	return [
		...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
		...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert],
	];
}
