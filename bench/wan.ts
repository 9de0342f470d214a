import { setMaxListeners } from 'node:events';
import { createServer, Socket, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { CongestionWindow, type SlowStart } from './congestionWindow';

/** A link as a person orders it. */
export interface Link {
	/** Milliseconds that a byte and its answer take, half of it each way. */
	readonly roundTrip: number;
	/** Megabits per second from the servers to the clients, over all connections together; absent = no limit. */
	readonly downlink?: number | undefined;
	/** Megabits per second from the clients to the servers, over all connections together; absent = no limit. */
	readonly uplink?: number | undefined;
	/** Connections begin slowly, each in both directions; absent = they have their whole window at once. */
	readonly slowStart?: SlowStart | undefined;
}

export interface Address {
	readonly host: string;
	readonly port: number;
}

/**
 * Bytes of one connection and direction that may be under way: what a receive window is to TCP. Linux grows it to 6 MB
 * (tcp_rmem), of which about two thirds hold data.
 */
const WINDOW = 4_194_304;

/** Below this, half of a round trip is less than a timer can keep, so that the way back takes all of it. */
const SMALLEST_HALF = 2;

/** A timer comes up to a millisecond late; what is due by then goes along. */
const TIMER_SLACK = 0.5;

/** What goes along without being any bytes: the end of a side, an acknowledgement. */
const NOTHING = Buffer.alloc(0);

/** Is called with what comes out at the other end: all that was sent at once, or one part of it after the other. */
type Arrive = (part: Buffer) => void;

interface Parcel {
	readonly chunk: Buffer;
	readonly arrive: Arrive;
}

/** Takes what one connection sends, in order. */
interface Carrier {
	carry(chunk: Buffer, arrive: Arrive): void;
}

/** One direction of the link, shared by all connections: first in, first out, at the link's own pace. */
class Lane implements Carrier {
	readonly #delay: number;

	readonly #bytesPerMillisecond: number;

	#parcels: Array<Parcel & { readonly dueAt: number }> = [];

	#timer: NodeJS.Timeout | undefined;

	/** When the last byte of what was taken so far has left. */
	#freeAt = 0;

	constructor(delay: number, megabits: number | undefined) {
		this.#delay = delay;
		this.#bytesPerMillisecond = megabits === undefined ? Infinity : (megabits * 1_000_000) / 8 / 1_000;
	}

	carry(chunk: Buffer, arrive: Arrive): void {
		this.#freeAt = Math.max(performance.now(), this.#freeAt) + chunk.length / this.#bytesPerMillisecond;
		this.#parcels.push({ chunk, arrive, dueAt: this.#freeAt + this.#delay });
		this.#wake();
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#parcels = [];
	}

	#wake(): void {
		const first = this.#parcels[0];
		if (first === undefined || this.#timer !== undefined) return;
		const left = first.dueAt - performance.now();
		this.#timer = setTimeout(() => this.#deliver(), Math.max(0, left));
	}

	#deliver(): void {
		this.#timer = undefined;
		const now = performance.now() + TIMER_SLACK;
		const later = this.#parcels.findIndex((parcel) => parcel.dueAt > now);
		const due = this.#parcels.splice(0, later === -1 ? this.#parcels.length : later);
		for (const { chunk, arrive } of due) arrive(chunk);
		this.#wake();
	}
}

/** A connection's own way onto a lane, which lets go of no more than TCP's window allows; acknowledgements come by the other lane. */
class SlowStartingCarrier implements Carrier {
	readonly #lane: Lane;

	readonly #wayBack: Lane;

	readonly #window: CongestionWindow;

	readonly #waiting: Parcel[] = [];

	constructor(lane: Lane, wayBack: Lane, window: CongestionWindow) {
		this.#lane = lane;
		this.#wayBack = wayBack;
		this.#window = window;
	}

	carry(chunk: Buffer, arrive: Arrive): void {
		this.#waiting.push({ chunk, arrive });
		this.#letGo();
	}

	#letGo(): void {
		for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
			const { chunk, arrive } = first;
			const now = performance.now();
			const part = chunk.subarray(0, this.#window.room(now));
			if (part.length === 0 && chunk.length > 0) return;
			this.#window.send(part.length, now);
			this.#lane.carry(part, (arrived) => {
				arrive(arrived);
				this.#wayBack.carry(NOTHING, () => this.#acknowledge(arrived.length));
			});
			if (part.length === chunk.length) this.#waiting.shift();
			else this.#waiting[0] = { chunk: chunk.subarray(part.length), arrive };
		}
	}

	#acknowledge(bytes: number): void {
		this.#window.acknowledge(bytes);
		this.#letGo();
	}
}

/** Carries what one socket receives to the other, and its end. A full window makes the sender wait. */
function carryOver(carrier: Carrier, from: Socket, to: Socket): void {
	let underWay = 0;
	from.on('data', (chunk: Buffer) => {
		underWay += chunk.length;
		if (underWay > WINDOW) from.pause();
		carrier.carry(chunk, (part) => {
			if (to.destroyed) {
				from.destroy();
				return;
			}
			// The callback comes when the kernel has it: a reader that does not read keeps the window full.
			to.write(part, () => {
				underWay -= part.length;
				if (underWay <= WINDOW) from.resume();
			});
		});
	});
	from.once('end', () => carrier.carry(NOTHING, () => to.end()));
	from.once('close', (hadError) => {
		carrier.carry(NOTHING, () => (hadError ? to.destroy() : to.end()));
	});
}

/**
 * A wide area network inside this process: listens on loopback addresses and passes on to others, with a round trip and a
 * shared bandwidth in between. It loses and reorders nothing. Opening a connection costs the round trip that TCP's
 * handshake costs; TCP's slow start is imitated when asked for. Without it clients are favoured that open a connection for each
 * file.
 */
export class Wan {
	readonly #roundTrip: number;

	readonly #slowStart: SlowStart | undefined;

	readonly #up: Lane;

	readonly #down: Lane;

	readonly #servers: Server[] = [];

	/** Connections that clients opened, by the port of the server that they were meant for. */
	readonly #opened = new Map<number, number>();

	readonly #sockets = new Set<Socket>();

	readonly #stop = new AbortController();

	constructor({ roundTrip, downlink, uplink, slowStart }: Link) {
		this.#roundTrip = roundTrip;
		this.#slowStart = slowStart;
		// Any number of connections may be opening when it closes.
		setMaxListeners(0, this.#stop.signal);
		const half = roundTrip / 2 >= SMALLEST_HALF ? roundTrip / 2 : 0;
		this.#up = new Lane(half, uplink);
		this.#down = new Lane(roundTrip - half, downlink);
	}

	/** Passes connections to `at` on to `target`. Port 0 takes any that is free; gives the one that it is. */
	async listen(at: Address, target: Address): Promise<number> {
		const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
			this.#opened.set(target.port, this.connectionsTo(target.port) + 1);
			this.#join(client, target).catch(() => client.destroy());
		});
		this.#servers.push(server);
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(at.port, at.host, resolve);
		});
		const address = server.address();
		return typeof address === 'object' && address !== null ? address.port : at.port;
	}

	/** Connections that clients have opened to a server's port so far. */
	connectionsTo(port: number): number {
		return this.#opened.get(port) ?? 0;
	}

	/** Ends every connection at once. */
	async close(): Promise<void> {
		this.#stop.abort();
		this.#up.stop();
		this.#down.stop();
		const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
		for (const socket of this.#sockets) socket.destroy();
		await Promise.all(closed);
	}

	/** As TCP's handshake: the client may send after a round trip; the server knows of it half a one later. */
	async #join(client: Socket, target: Address): Promise<void> {
		this.#keep(client);
		await pause(this.#roundTrip, undefined, { signal: this.#stop.signal });
		const server = new Socket({ allowHalfOpen: true });
		this.#keep(server);
		server.once('error', () => client.destroy());
		server.once('connect', () => carryOver(this.#carrier(this.#down, this.#up), server, client));
		this.#up.carry(NOTHING, () => {
			if (!server.destroyed) server.connect({ ...target, noDelay: true });
		});
		carryOver(this.#carrier(this.#up, this.#down), client, server);
		client.resume();
	}

	#carrier(lane: Lane, wayBack: Lane): Carrier {
		if (this.#slowStart === undefined) return lane;
		return new SlowStartingCarrier(lane, wayBack, new CongestionWindow(this.#roundTrip, this.#slowStart));
	}

	#keep(socket: Socket): void {
		this.#sockets.add(socket);
		socket.on('error', () => undefined);
		socket.once('close', () => this.#sockets.delete(socket));
		if (this.#stop.signal.aborted) socket.destroy();
	}
}
