import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { RemoteFileStream, type Transfer } from '../../../transport/ftps/remoteFileStream';
import type { Deliver } from '../../../transport/ftps/transferSink';
import { TransportError } from '../../../transport/transportError';

const RECORD = 16_384;

const stopped = (): TransportError => new TransportError('aborted', 'stopped');
const streamOf = (transfer: Transfer): RemoteFileStream => new RemoteFileStream(transfer, stopped);

/** Resolves when there is room for the next. */
const given = (deliver: Deliver, chunk: Buffer): Promise<void> =>
	new Promise((resolve) => {
		deliver(chunk, resolve);
	});

async function piecesOf(stream: RemoteFileStream): Promise<Buffer[]> {
	const pieces: Buffer[] = [];
	for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
	return pieces;
}

/** Each is of its own number. */
const records = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.alloc(RECORD, i));

describe('RemoteFileStream', () => {
	it('hands on together what came in small pieces, in order', async () => {
		const sent = records(5);
		const pieces = await piecesOf(
			streamOf(async (deliver) => {
				for (const record of sent) {
					await given(deliver, record);
					await nextTurn();
				}
			}),
		);
		expect(pieces).toHaveLength(1);
		expect(pieces[0]?.equals(Buffer.concat(sent))).toBe(true);
	});

	it('hands on 256 KB at once', async () => {
		const sent = records(40);
		const pieces = await piecesOf(
			streamOf(async (deliver) => {
				for (const record of sent) await given(deliver, record);
			}),
		);
		expect(pieces.map(({ length }) => length / RECORD)).toEqual([16, 16, 8]);
		expect(Buffer.concat(pieces).equals(Buffer.concat(sent))).toBe(true);
	});

	it('holds the server back while its reader is busy', async () => {
		let delivered = 0;
		const stream = streamOf(async (deliver) => {
			for (const record of records(200)) {
				await given(deliver, record);
				delivered += 1;
			}
		});
		stream.read(0);
		for (let turn = 0; turn < 100; turn += 1) await nextTurn();
		expect(delivered).toBeLessThan(40);
		expect(Buffer.concat(await piecesOf(stream))).toHaveLength(200 * RECORD);
		expect(delivered).toBe(200);
	});

	it('gives its reader what came before a failure', async () => {
		const received: Buffer[] = [];
		const stream = streamOf(async (deliver) => {
			for (const record of records(3)) await given(deliver, record);
			throw new TransportError('connection-lost', 'The line broke');
		});
		const reading = (async () => {
			for await (const piece of stream as AsyncIterable<Buffer>) received.push(piece);
		})();
		await expect(reading).rejects.toMatchObject({ code: 'connection-lost' });
		expect(Buffer.concat(received)).toHaveLength(3 * RECORD);
	});

	it('stops the transfer when it is destroyed, and not when it has ended', async () => {
		const aborted: boolean[] = [];
		const transfer = (chunk: Buffer): Transfer => {
			const index = aborted.push(false) - 1;
			return async (deliver, signal) => {
				signal.addEventListener('abort', () => {
					aborted[index] = true;
				});
				await given(deliver, chunk);
				if (index === 1) await new Promise(() => undefined);
			};
		};
		const [ended, destroyed] = [streamOf(transfer(Buffer.alloc(10))), streamOf(transfer(Buffer.alloc(10)))];
		await piecesOf(ended);
		destroyed.read(0);
		await nextTurn();
		destroyed.destroy();
		await nextTurn();
		expect(aborted).toEqual([false, true]);
	});
});
