import { connect, createServer, type Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';

export interface CountingProxy {
	/** What stands in for the server's own port. */
	readonly port: number;
	/** Connections that are open through it now. */
	openConnections(): number;
	/** The most that were open through it at once. */
	peakConnections(): number;
	/** All that were ever opened through it. */
	allConnections(): number;
	close(): Promise<void>;
}

/** Passes connections on to a port on this machine and counts them: what a client leaves open shows here. */
export async function startCountingProxy(target: number): Promise<CountingProxy> {
	const open = new Set<Socket>();
	const sockets = new Set<Socket>();
	let peak = 0;
	let all = 0;
	const server = createServer((client) => {
		const upstream = connect({ host: LOOPBACK, port: target });
		open.add(client);
		sockets.add(client);
		all += 1;
		peak = Math.max(peak, open.size);
		const end = (): void => {
			open.delete(client);
			sockets.delete(client);
			client.destroy();
			upstream.destroy();
		};
		for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
		// A client that has ended its side has closed; what the server still sends is passed on.
		client.on('end', () => open.delete(client));
		client.pipe(upstream).pipe(client);
	});
	const port = await new Promise<number>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, LOOPBACK, () => {
			const address = server.address();
			resolve(typeof address === 'object' && address !== null ? address.port : 0);
		});
	});
	return {
		port,
		openConnections: () => open.size,
		peakConnections: () => peak,
		allConnections: () => all,
		async close() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
