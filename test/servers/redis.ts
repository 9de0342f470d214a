import { existsSync } from 'node:fs';

import { freePort, realServer, startProcess, temporaryDirectory, waitForPort, type RealServer } from './process';

const REDIS = '/usr/bin/redis-server';
const START_MILLISECONDS = 10_000;

/** Whether Redis can run here; test/setup/debian.sh installs it. */
export function redisHere(): RealServer {
	return realServer(
		'Redis',
		existsSync(REDIS) ? undefined : 'redis-server is not installed (test/setup/debian.sh installs it)',
	);
}

export interface Redis {
	readonly port: number;
	output(): string;
	/** Ends it at once and starts it again on the same port with what it had written down. */
	restart(): Promise<void>;
	close(): Promise<void>;
}

/** A real Redis on 127.0.0.1 that writes everything down, as docs/scaling.md asks for. */
export async function startRedis(): Promise<Redis> {
	const directory = await temporaryDirectory('8x8-redis');
	const port = await freePort();
	const args = [
		'--port',
		String(port),
		'--bind',
		'127.0.0.1',
		'--dir',
		directory.path,
		'--appendonly',
		'yes',
		'--save',
		'',
	];
	let server = startProcess(REDIS, args);
	await waitForPort(port, START_MILLISECONDS);
	return {
		port,
		output: () => server.output(),
		async restart() {
			await server.stop();
			server = startProcess(REDIS, args);
			await waitForPort(port, START_MILLISECONDS);
		},
		async close() {
			await server.stop();
			await directory.remove();
		},
	};
}
