import { connect, createServer, type Server, type Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';
const UNUSED_MILLISECONDS = 2_000;

/**
 * What happens to one connection, and when.
 *
 * - `reset`: RST to both sides; `cut`: a clean end (FIN) to both, as a crash of the server's process looks
 * - `halfClose`: the client sees the end, the server is not told, and nothing closes the rest
 * - `stall`: both sides stay open, and nothing moves any more, as when a network vanishes
 * - `refuse`: RST at once; `blackHole`: accepted, but never passed on
 */
export interface Fault {
	readonly kind: 'reset' | 'cut' | 'halfClose' | 'stall' | 'refuse' | 'blackHole';
	/** Bytes that still pass in `direction`, 0 by default. */
	readonly after?: number | undefined;
	/** Default `toClient`. */
	readonly direction?: 'toClient' | 'toServer' | undefined;
}

/** One connection as a plan sees it. */
export interface ProxiedConnection {
	/** From 1, counted for each kind. */
	readonly number: number;
	readonly kind: 'control' | 'data';
}

/** The fault of a connection; none when it returns `undefined`. */
export type FaultPlan = (connection: ProxiedConnection) => Fault | undefined;

export interface FaultProxyOptions {
	/** Port of the server on 127.0.0.1. */
	readonly port: number;
	readonly plan?: FaultPlan | undefined;
	/** Milliseconds that every byte takes, each way. */
	readonly delay?: number | undefined;
}

export interface FaultProxy {
	readonly host: '127.0.0.1';
	readonly port: number;
	/** Replaces the plan for the connections to come. */
	use(plan: FaultPlan | undefined): void;
	/** Connections accepted so far. */
	accepted(kind?: 'control' | 'data'): number;
	/** Bytes passed to clients so far. */
	passed(): number;
	/** Connections that a fault has ended or stopped. */
	faults(): number;
	/** Does this to every connection that is open now. */
	strike(kind: 'reset' | 'cut' | 'halfClose' | 'stall'): void;
	/** Passes one data connection on to this port; resolves with the port to connect to. For `announce` of an FTPS server. */
	forwardData(port: number): Promise<number>;
	/** Takes no further connections: they are refused by the system. */
	stopListening(): Promise<void>;
	close(): Promise<void>;
}

type Strike = (kind: Exclude<Fault['kind'], 'refuse' | 'blackHole'>) => void;

function listen(server: Server): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, LOOPBACK, () => {
			const address = server.address();
			resolve(typeof address === 'object' && address !== null ? address.port : 0);
		});
	});
}

/**
 * Sends RST. Not while a clean end is on its way: libuv refuses to reset then (`uv_tcp_close_reset` returns EINVAL during
 * a shutdown), and Node 20 would keep the descriptor for ever.
 */
function reset(socket: Socket): void {
	if (socket.writableEnded && !socket.writableFinished) socket.destroy();
	else socket.resetAndDestroy();
}

/** A TCP proxy on loopback that breaks connections on purpose. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
	const { delay = 0 } = options;
	const counts = { control: 0, data: 0 };
	const strikes = new Set<Strike>();
	const sockets = new Set<Socket>();
	const listeners = new Set<Server>();
	let plan = options.plan;
	let passed = 0;
	let faults = 0;

	const keep = (socket: Socket): Socket => {
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.once('close', () => sockets.delete(socket));
		return socket;
	};

	const accept = (kind: 'control' | 'data', port: number, incoming: Socket): void => {
		const near = keep(incoming);
		counts[kind] += 1;
		const fault = plan?.({ kind, number: counts[kind] });
		if (fault !== undefined) faults += fault.kind === 'refuse' || fault.kind === 'blackHole' ? 1 : 0;
		if (fault?.kind === 'refuse') return void reset(near);
		if (fault?.kind === 'blackHole') return void near.resume();
		const far = keep(connect({ host: LOOPBACK, port, noDelay: true, allowHalfOpen: true }));
		let isStruck = false;
		const strike: Strike = (how) => {
			if (isStruck) return;
			isStruck = true;
			faults += 1;
			strikes.delete(strike);
			if (how === 'reset') {
				reset(near);
				reset(far);
			} else if (how === 'cut') {
				near.end(() => near.destroy());
				far.destroy();
			} else if (how === 'halfClose') {
				near.end();
			}
		};
		strikes.add(strike);
		near.once('close', () => {
			strikes.delete(strike);
			if (!isStruck || fault?.kind !== 'halfClose') far.destroy();
		});
		far.once('close', () => {
			if (!isStruck) near.destroy();
		});

		const pump = (from: Socket, to: Socket, direction: 'toClient' | 'toServer'): void => {
			let left = fault !== undefined && (fault.direction ?? 'toClient') === direction ? (fault.after ?? 0) : Infinity;
			const pass = (chunk: Buffer): void => {
				if (isStruck || to.destroyed) return;
				const some = chunk.length > left ? chunk.subarray(0, left) : chunk;
				left -= some.length;
				if (direction === 'toClient') passed += some.length;
				const isLast = left <= 0;
				// The fault waits until what comes before it is on its way, or the client would never see those bytes.
				const hasRoom = some.length === 0 || to.write(some, () => (isLast ? strikeNow() : undefined));
				if (isLast && some.length === 0) strikeNow();
				if (hasRoom) return;
				from.pause();
				to.once('drain', () => from.resume());
			};
			const strikeNow = (): void => {
				if (fault !== undefined && fault.kind !== 'refuse' && fault.kind !== 'blackHole') strike(fault.kind);
			};
			if (left === 0) strikeNow();
			from.on('data', (chunk: Buffer) => (delay === 0 ? pass(chunk) : void setTimeout(pass, delay, chunk)));
			from.on('end', () => {
				const end = (): void => {
					if (!isStruck) to.end();
				};
				if (delay === 0) end();
				else setTimeout(end, delay);
			});
		};
		pump(near, far, 'toServer');
		pump(far, near, 'toClient');
	};

	const listener = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
		accept('control', options.port, socket),
	);
	const port = await listen(listener);
	const stop = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
	return {
		host: LOOPBACK,
		port,
		use: (next) => {
			plan = next;
		},
		accepted: (kind) => (kind === undefined ? counts.control + counts.data : counts[kind]),
		passed: () => passed,
		faults: () => faults,
		strike: (kind) => strikes.forEach((strike) => strike(kind)),
		async forwardData(target) {
			const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
				server.close();
				accept('data', target, socket);
			});
			listeners.add(server);
			server.once('close', () => listeners.delete(server));
			// A client that lost its control connection meanwhile never comes.
			setTimeout(() => server.close(), UNUSED_MILLISECONDS).unref();
			return await listen(server);
		},
		async stopListening() {
			const stopped = stop(listener);
			strikes.forEach((strike) => strike('reset'));
			await stopped;
		},
		async close() {
			const stopped = [listener, ...listeners].filter((server) => server.listening).map(stop);
			sockets.forEach((socket) => socket.destroy());
			await Promise.all(stopped);
		},
	};
}

/** A repeatable source of numbers from 0 up to 1 (mulberry32), so that a failing run can be run again by its seed. */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** Every connection is reset after a random number of bytes to the client; those of the n-th are the same for the same seed. */
export function randomResets(seed: number, from: number, to: number): FaultPlan {
	const random = seeded(seed);
	return () => ({ kind: 'reset', after: Math.floor(from + random() * (to - from)) });
}
