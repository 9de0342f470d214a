import { describe, expect, it } from 'vitest';

import { PIECE_BYTES, TransferSink, type TransferSinkOptions } from '../../../transport/ftps/transferSink';

const RECORD = 16_384;

function sinkFor(
	bytes: number,
	changes: Partial<TransferSinkOptions> = {},
): { readonly sink: TransferSink; readonly pieces: Buffer[] } {
	const pieces: Buffer[] = [];
	const sink = new TransferSink({
		room: bytes,
		skip: 0,
		wanted: bytes,
		gatherIn: Buffer.alloc(PIECE_BYTES),
		deliver: (piece, taken) => {
			pieces.push(piece);
			taken();
		},
		onOverrun: () => new Error('too much'),
		...changes,
	});
	return { sink, pieces };
}

/** Has the sink take the bytes from memory that is used again at once, as TLS does. */
function receiveAll(sink: TransferSink, bytes: Buffer, step = RECORD): void {
	const memory = Buffer.alloc(step);
	for (let at = 0; at < bytes.length; at += step) {
		const length = bytes.copy(memory, 0, at, at + step);
		sink.receive(memory.subarray(0, length), () => undefined);
	}
	memory.fill(0xff);
}

const counting = (length: number): Buffer => Buffer.from(Uint32Array.from({ length: length / 4 }, (_, i) => i).buffer);

describe('TransferSink', () => {
	it.each([RECORD, 10_000, 4])('hands on 256 KB at once, and the rest at the end, of %i bytes at a time', (step) => {
		const bytes = counting(2 * PIECE_BYTES + 100_000);
		const { sink, pieces } = sinkFor(bytes.length);
		receiveAll(sink, bytes, step);
		expect(pieces.map(({ length }) => length)).toEqual([PIECE_BYTES, PIECE_BYTES]);
		sink.flush();
		sink.flush();
		expect(pieces.map(({ length }) => length)).toEqual([PIECE_BYTES, PIECE_BYTES, 100_000]);
		expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
		expect([sink.received, sink.hasEnough]).toEqual([bytes.length, true]);
	});

	it('takes more at once than a piece', () => {
		const bytes = counting(3 * PIECE_BYTES + 8);
		const { sink, pieces } = sinkFor(bytes.length);
		expect(sink.receive(bytes, () => undefined)).toBe(true);
		sink.flush();
		expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
	});

	it('delivers only what is wanted', () => {
		const bytes = counting(4 * RECORD);
		const { sink, pieces } = sinkFor(bytes.length, { skip: RECORD + 4, wanted: RECORD });
		receiveAll(sink, bytes);
		sink.flush();
		expect(Buffer.concat(pieces).equals(bytes.subarray(RECORD + 4, 2 * RECORD + 4))).toBe(true);
		expect(sink.hasEnough).toBe(true);
	});

	it('holds the server back until a piece is taken, and loses nothing that comes meanwhile', () => {
		const waiting: Array<() => void> = [];
		const pieces: Buffer[] = [];
		const bytes = counting(PIECE_BYTES + 3 * RECORD);
		const { sink } = sinkFor(bytes.length, {
			deliver: (piece, taken) => {
				pieces.push(piece);
				waiting.push(taken);
			},
		});
		let resumed = 0;
		const room: boolean[] = [];
		for (let at = 0; at < bytes.length; at += RECORD) {
			room.push(sink.receive(bytes.subarray(at, at + RECORD), () => (resumed += 1)));
		}
		const perPiece = PIECE_BYTES / RECORD;
		expect(room).toEqual([...Array(perPiece - 1).fill(true), false, true, true, true]);
		expect(resumed).toBe(0);
		waiting[0]?.();
		expect(resumed).toBe(1);
		sink.flush();
		expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
	});

	it('goes on only when all pieces of one chunk are taken', () => {
		const waiting: Array<() => void> = [];
		const { sink } = sinkFor(2 * PIECE_BYTES, { deliver: (_piece, taken) => waiting.push(taken) });
		let resumed = 0;
		expect(sink.receive(Buffer.alloc(2 * PIECE_BYTES), () => (resumed += 1))).toBe(false);
		const seen = waiting.map((taken) => {
			taken();
			return resumed;
		});
		expect(seen).toEqual([0, 1]);
	});

	it('fails when more bytes come than there is room for, and takes none after that', () => {
		const { sink, pieces } = sinkFor(RECORD);
		expect(sink.receive(Buffer.alloc(RECORD), () => undefined)).toBe(true);
		expect(sink.failure).toBeUndefined();
		expect(sink.receive(Buffer.alloc(1), () => undefined)).toBe(false);
		expect(sink.failure).toMatchObject({ message: 'too much' });
		expect(sink.receive(Buffer.alloc(1), () => undefined)).toBe(false);
		sink.flush();
		expect(Buffer.concat(pieces)).toHaveLength(RECORD);
	});
});
