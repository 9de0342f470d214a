import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';

import { Wan, type Link } from '../../../bench/wan';

const LOOPBACK = '127.0.0.1';
const closers: Array<() => Promise<void> | void> = [];

afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(serve: (socket: Socket) => void): Promise<number> {
	const sockets = new Set<Socket>();
	const server: Server = createServer({ noDelay: true }, (socket) => {
		sockets.add(socket);
		socket.on('error', () => undefined);
		serve(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
	closers.push(async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise<void>((resolve) => server.close(() => resolve()));
	});
	const address = server.address();
	return typeof address === 'object' && address !== null ? address.port : 0;
}

async function behind(link: Link, port: number): Promise<number> {
	const wan = new Wan(link);
	closers.push(() => wan.close());
	return await wan.listen({ host: LOOPBACK, port: 0 }, { host: LOOPBACK, port });
}

async function connected(port: number): Promise<Socket> {
	const socket = connect({ host: LOOPBACK, port, noDelay: true });
	socket.on('error', () => undefined);
	closers.push(() => {
		socket.destroy();
	});
	await new Promise<void>((resolve) => socket.once('connect', resolve));
	return socket;
}

/** Milliseconds of the quickest of so many: whatever else the machine does only adds to some. */
async function pings(socket: Socket, count: number): Promise<number> {
	const times: number[] = [];
	for (let i = 0; i < count; i += 1) {
		const sentAt = performance.now();
		const answer = new Promise<void>((resolve) => socket.once('data', () => resolve()));
		socket.write('ping');
		await answer;
		times.push(performance.now() - sentAt);
	}
	return Math.min(...times);
}

/** Bytes received until the server ends its side. */
async function receiveAll(socket: Socket): Promise<number> {
	let bytes = 0;
	socket.on('data', (chunk: Buffer) => {
		bytes += chunk.length;
	});
	await new Promise<void>((resolve) => socket.once('end', resolve));
	return bytes;
}

describe('the WAN', () => {
	it.each([2, 40])('adds a round trip of %d ms to a question and its answer', async (roundTrip) => {
		const port = await behind({ roundTrip }, await startServer((socket) => socket.pipe(socket)));
		const socket = await connected(port);
		await pings(socket, 1);
		const measured = await pings(socket, 9);
		expect(measured).toBeGreaterThan(roundTrip - 1);
		expect(measured).toBeLessThan(roundTrip + 8);
	});

	it('takes two round trips from connecting to the first byte of a server that speaks first', async () => {
		const port = await behind({ roundTrip: 60 }, await startServer((socket) => socket.write('hello')));
		const times: number[] = [];
		for (let i = 0; i < 5; i += 1) {
			const begun = performance.now();
			const socket = await connected(port);
			await new Promise<void>((resolve) => socket.once('data', () => resolve()));
			times.push(performance.now() - begun);
		}
		expect(Math.min(...times)).toBeGreaterThan(118);
		expect(Math.min(...times)).toBeLessThan(170);
	});

	it('shares its bandwidth between all connections', async () => {
		const each = 1_250_000;
		const port = await behind(
			{ roundTrip: 10, downlink: 80 },
			await startServer((socket) => socket.end(Buffer.alloc(each))),
		);
		const begun = performance.now();
		const received = await Promise.all([1, 2, 3, 4].map(async () => await receiveAll(await connected(port))));
		const seconds = (performance.now() - begun) / 1_000;
		expect(received).toEqual([each, each, each, each]);
		// 5 MB at 80 Mbit/s are 0.5 s, and the connection takes 20 ms.
		expect(seconds).toBeGreaterThan(0.5);
		expect(seconds).toBeLessThan(1);
	});

	it('takes five round trips to connect and to bring 200 kB with slow start, and fewer without', async () => {
		const roundTrip = 50;
		const bytes = 200_000;
		const server = await startServer((socket) => socket.once('data', () => socket.end(Buffer.alloc(bytes, 7))));
		const timed = async (slowStart: Link['slowStart']): Promise<number> => {
			const socket = await connected(await behind({ roundTrip, slowStart }, server));
			const begun = performance.now();
			const parts: Buffer[] = [];
			socket.on('data', (part: Buffer) => parts.push(part));
			socket.write('all');
			await new Promise<void>((resolve) => socket.once('end', resolve));
			const taken = performance.now() - begun;
			expect(Buffer.concat(parts).equals(Buffer.alloc(bytes, 7))).toBe(true);
			return taken;
		};
		const [slow, fast] = [await timed({ restartsAfterIdle: true }), await timed(undefined)];
		expect(slow).toBeGreaterThan(5 * roundTrip - 2);
		expect(fast).toBeLessThan(slow);
	});

	it('makes a sender wait for a reader that does not read', async () => {
		let taken = 0;
		const port = await behind(
			{ roundTrip: 2 },
			await startServer((socket) => {
				const chunk = Buffer.alloc(65_536);
				const send = (): void => {
					while (taken < 100_000_000 && socket.write(chunk)) taken += chunk.length;
				};
				socket.on('drain', send);
				send();
			}),
		);
		const socket = await connected(port);
		socket.pause();
		// Until nothing moves any more; a sender that waits for nobody ends at 100 MB.
		for (let before = -1; before !== taken; await pause(200)) before = taken;
		expect(taken).toBeGreaterThan(65_536);
		expect(taken).toBeLessThan(30_000_000);
	});

	it('passes the bytes and the end of each side on', async () => {
		const port = await behind(
			{ roundTrip: 4 },
			await startServer((socket) => {
				const parts: Buffer[] = [];
				socket.on('data', (part: Buffer) => parts.push(part));
				socket.once('end', () => socket.end(Buffer.concat(parts)));
			}),
		);
		const socket = await connected(port);
		const answer = receiveAll(socket);
		socket.end(Buffer.alloc(300_000, 7));
		expect(await answer).toBe(300_000);
	});
});
