import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/**
 * Below the ports that systems give to outgoing connections (Linux from 32768, see ip-sysctl's ip_local_port_range; others from
 * 49152, RFC 6335): a program takes seconds before it listens, and meanwhile no connection may be given its port.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const MOST_TRIES = 100;

function isFree(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
	});
}

/** A loopback port that nothing listens on at this moment: the preferred one when it is free, else one drawn at random. */
export async function freePort(preferred?: number): Promise<number> {
	if (preferred !== undefined && (await isFree(preferred))) return preferred;
	for (let tries = 0; tries < MOST_TRIES; tries += 1) {
		const port = randomInt(FIRST_PORT, LAST_PORT);
		if (await isFree(port)) return port;
	}
	throw new Error(`${MOST_TRIES} ports of ${LOOPBACK} between ${FIRST_PORT} and ${LAST_PORT} are all in use`);
}
