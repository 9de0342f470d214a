import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { RemoteFileStream, type Transfer } from '../../../transport/ftps/remoteFileStream';
import { PIECE_BYTES, type Deliver } from '../../../transport/ftps/transferSink';
import { TransportError } from '../../../transport/transportError';

const stopped = (): TransportError => new TransportError('aborted', 'stopped');
const streamOf = (transfer: Transfer): RemoteFileStream => new RemoteFileStream(transfer, stopped);

/** Resolves when there is room for the next. */
const given = (deliver: Deliver, piece: Buffer): Promise<void> =>
	new Promise((resolve) => {
		deliver(piece, resolve);
	});

async function readAll(stream: RemoteFileStream): Promise<Buffer[]> {
	const read: Buffer[] = [];
	for await (const piece of stream as AsyncIterable<Buffer>) read.push(piece);
	return read;
}

/** Each is of its own number. */
const pieces = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.alloc(PIECE_BYTES, i));

describe('RemoteFileStream', () => {
	it('holds the server back while its reader is busy', async () => {
		let delivered = 0;
		const stream = streamOf(async (deliver) => {
			for (const piece of pieces(20)) {
				await given(deliver, piece);
				delivered += 1;
			}
		});
		stream.read(0);
		for (let turn = 0; turn < 100; turn += 1) await nextTurn();
		expect(delivered).toBeLessThan(3);
		expect(Buffer.concat(await readAll(stream)).equals(Buffer.concat(pieces(20)))).toBe(true);
		expect(delivered).toBe(20);
	});

	it('takes what is delivered while it holds the server back', async () => {
		const stream = streamOf(async (deliver) => {
			for (const piece of pieces(5)) deliver(piece, () => undefined);
		});
		expect(Buffer.concat(await readAll(stream)).equals(Buffer.concat(pieces(5)))).toBe(true);
	});

	it('gives its reader what came before a failure', async () => {
		const received: Buffer[] = [];
		const stream = streamOf(async (deliver) => {
			for (const piece of pieces(3)) await given(deliver, piece);
			throw new TransportError('connection-lost', 'The line broke');
		});
		const reading = (async () => {
			for await (const piece of stream as AsyncIterable<Buffer>) received.push(piece);
		})();
		await expect(reading).rejects.toMatchObject({ code: 'connection-lost' });
		expect(Buffer.concat(received)).toHaveLength(3 * PIECE_BYTES);
	});

	it('stops the transfer when it is destroyed, and not when it has ended', async () => {
		const aborted: boolean[] = [];
		const transfer = (chunk: Buffer): Transfer => {
			const index = aborted.push(false) - 1;
			return async (deliver, stop) => {
				stop.listen(() => {
					aborted[index] = true;
				});
				await given(deliver, chunk);
				if (index === 1) await new Promise(() => undefined);
			};
		};
		const [ended, destroyed] = [streamOf(transfer(Buffer.alloc(10))), streamOf(transfer(Buffer.alloc(10)))];
		await readAll(ended);
		destroyed.read(0);
		await nextTurn();
		destroyed.destroy();
		await nextTurn();
		expect(aborted).toEqual([false, true]);
	});
});
