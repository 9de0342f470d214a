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
	/** Stops passing anything on to clients once so many further bytes have passed; resolves when that is reached. */
	hold(afterBytes: number): Promise<void>;
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
	const open = new Map<Socket, Socket>();
	let peak = 0;
	let hold: Hold | undefined;
	const isHeld = (): boolean => hold !== undefined && hold.bytesLeft <= 0;
	const count = (bytes: number): void => {
		if (hold === undefined || isHeld()) return;
		hold.bytesLeft -= bytes;
		if (!isHeld()) return;
		for (const upstream of open.values()) upstream.pause();
		hold.reached();
	};
	const server = createServer((client) => {
		const upstream = connect({ host: LOOPBACK, port: target });
		open.set(client, upstream);
		peak = Math.max(peak, open.size);
		const end = (): void => {
			open.delete(client);
			client.destroy();
			upstream.destroy();
		};
		for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
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
		forgetPeak() {
			peak = open.size;
		},
		hold: (afterBytes) =>
			new Promise((resolve) => {
				hold = { bytesLeft: afterBytes, reached: resolve };
			}),
		release() {
			hold = undefined;
			for (const upstream of open.values()) upstream.resume();
		},
		async close() {
			for (const socket of open.keys()) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
