import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

/** What a client reaches through the link in place of the server's own 127.0.0.1, on the same ports. */
export const FAR_HOST = '127.0.0.2';
const NEAR_HOST = '127.0.0.1';

/** Nothing more is on its way when nothing came for so many milliseconds. */
const QUIET = 40;
/** How long an answer may take to begin; some messages get none. */
const LATE = 400;

type Lane = Parcel[];

interface Parcel {
	/** An end of a connection is not waited for by anybody. */
	readonly isCounted: boolean;
	readonly arrive: () => void;
}

/**
 * A link between a client and the servers of this machine on which time passes in whole round trips: all that the client
 * has to say travels together, and so does all that the servers answer. It tells how many round trips something takes, whatever the
 * machine's speed. Opening a connection takes one, as TCP's handshake does. Bandwidth and slow start are not imitated.
 */
export class RoundTrips {
	/** Round trips that took place so far. */
	count = 0;

	/** Bytes that servers sent so far. */
	received = 0;

	readonly #servers: Server[] = [];

	readonly #sockets = new Set<Socket>();

	readonly #up: Lane = [];

	readonly #down: Lane = [];

	#events = 0;

	#isClosed = false;

	readonly #running = this.#run();

	/** Passes connections to `FAR_HOST` on to the same port of this machine. */
	async listen(port: number): Promise<void> {
		const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
			this.#join(client, port);
		});
		this.#servers.push(server);
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(port, FAR_HOST, resolve);
		});
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		for (const socket of this.#sockets) socket.destroy();
		await Promise.all([this.#running, ...this.#servers.map((server) => new Promise((done) => server.close(done)))]);
	}

	#join(client: Socket, port: number): void {
		const server = connect({ host: NEAR_HOST, port, noDelay: true, allowHalfOpen: true });
		server.pause();
		for (const socket of [client, server]) {
			this.#sockets.add(socket);
			socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
		}
		this.#carry(client, server, this.#up);
		this.#carry(server, client, this.#down);
		server.on('data', (chunk: Buffer) => {
			this.received += chunk.length;
		});
		this.#send(this.#up, true, () => {
			server.resume();
			this.#send(this.#down, true, () => client.resume());
		});
	}

	#send(lane: Lane, isCounted: boolean, arrive: () => void): void {
		this.#events += 1;
		lane.push({ isCounted, arrive });
	}

	#carry(from: Socket, to: Socket, lane: Lane): void {
		from.on('data', (chunk: Buffer) => {
			this.#send(lane, true, () => to.write(chunk));
		});
		from.once('end', () => this.#send(lane, false, () => to.end()));
		from.once('close', () => this.#send(lane, false, () => to.destroy()));
	}

	async #run(): Promise<void> {
		while (!this.#isClosed) {
			await this.#quiet();
			const up = this.#up.splice(0);
			if (up.some(({ isCounted }) => isCounted)) this.count += 1;
			for (const { arrive } of up) arrive();
			const late = performance.now() + LATE;
			while (up.length > 0 && this.#down.length === 0 && performance.now() < late && !this.#isClosed) await pause(5);
			await this.#quiet();
			for (const { arrive } of this.#down.splice(0)) arrive();
		}
	}

	async #quiet(): Promise<void> {
		for (let before = -1; before !== this.#events && !this.#isClosed; ) {
			before = this.#events;
			await pause(QUIET);
			// After a busy spell the timer comes before what has arrived meanwhile.
			for (let turns = 0; turns < 3; turns += 1) await nextTurn();
		}
	}
}
