import { createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

function listenOnce(port: number): Promise<number | undefined> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(undefined));
		server.listen(port, LOOPBACK, () => {
			const address = server.address();
			const found = typeof address === 'object' && address !== null ? address.port : undefined;
			server.close(() => resolve(found));
		});
	});
}

/** A loopback port that nothing listens on at this moment: the preferred one when it is free. */
export async function freePort(preferred?: number): Promise<number> {
	const port = (preferred === undefined ? undefined : await listenOnce(preferred)) ?? (await listenOnce(0));
	if (port === undefined) throw new Error(`No port is free on ${LOOPBACK}`);
	return port;
}
