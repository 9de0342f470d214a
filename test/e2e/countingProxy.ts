import { connect, createServer, type Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';

export interface CountingProxy {
	/** What stands in for the server's own port. */
	readonly port: number;
	/** Connections that are open through it now. */
	openConnections(): number;
	/** Most that were open at any moment since the start, or since the last `forgetPeak`. */
	peakConnections(): number;
	forgetPeak(): void;
	close(): Promise<void>;
}

/** Passes connections on to a port on this machine and counts them: what a client leaves open shows here. */
export async function startCountingProxy(target: number): Promise<CountingProxy> {
	const open = new Set<Socket>();
	let peak = 0;
	const server = createServer((client) => {
		const upstream = connect({ host: LOOPBACK, port: target });
		open.add(client);
		peak = Math.max(peak, open.size);
		const end = (): void => {
			open.delete(client);
			client.destroy();
			upstream.destroy();
		};
		for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
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
		forgetPeak() {
			peak = open.size;
		},
		async close() {
			for (const socket of open) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
