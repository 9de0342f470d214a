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
	/** Stops passing anything on to clients once so many further bytes have passed; resolves when that is reached. */
	hold(afterBytes: number): Promise<void>;
	/** Ends every connection that is open now. */
	cut(): void;
	/** Passes nothing on any more over so many of the connections that are open now, those opened last first, and ends none. */
	goSilent(most?: number): void;
	/** Goes on after `hold`. */
	release(): void;
	close(): Promise<void>;
}

/** Where the proxy stops: after how many bytes to clients, and who waits for that. */
interface Hold {
	bytesLeft: number;
	readonly reached: () => void;
}

/** Passes connections on to a port on this machine and counts them: what a client leaves open shows here. */
export async function startCountingProxy(target: number): Promise<CountingProxy> {
	const open = new Set<Socket>();
	/** Each client's socket with the one to the server. */
	const sockets = new Map<Socket, Socket>();
	let peak = 0;
	let all = 0;
	let hold: Hold | undefined;
	const isHeld = (): boolean => hold !== undefined && hold.bytesLeft <= 0;
	const count = (bytes: number): void => {
		if (hold === undefined || isHeld()) return;
		hold.bytesLeft -= bytes;
		if (!isHeld()) return;
		for (const upstream of sockets.values()) upstream.pause();
		hold.reached();
	};
	const server = createServer((client) => {
		const upstream = connect({ host: LOOPBACK, port: target });
		open.add(client);
		sockets.set(client, upstream);
		all += 1;
		// A connection can be accepted before the end of one that ended earlier is read, which is so at the latest two turns later.
		setImmediate(() => setImmediate(() => (peak = Math.max(peak, open.size))));
		const end = (): void => {
			open.delete(client);
			sockets.delete(client);
			client.destroy();
			upstream.destroy();
		};
		for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
		// A client that has ended its side has closed; what the server still sends is passed on.
		client.on('end', () => open.delete(client));
		client.pipe(upstream);
		upstream.on('data', (chunk: Buffer) => {
			if (!client.write(chunk)) upstream.pause();
			count(chunk.length);
		});
		upstream.once('end', () => client.end());
		client.on('drain', () => {
			if (!isHeld()) upstream.resume();
		});
		if (isHeld()) upstream.pause();
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
		hold: (afterBytes) =>
			new Promise((resolve) => {
				hold = { bytesLeft: afterBytes, reached: resolve };
			}),
		cut() {
			for (const socket of sockets.keys()) socket.destroy();
		},
		goSilent(most = Infinity) {
			for (const [client, upstream] of [...sockets].reverse().slice(0, most)) {
				client.unpipe(upstream).resume();
				upstream.removeAllListeners('data').resume();
			}
		},
		release() {
			hold = undefined;
			for (const upstream of sockets.values()) upstream.resume();
		},
		async close() {
			for (const socket of sockets.keys()) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
