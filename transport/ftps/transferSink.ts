import { Writable } from 'node:stream';

/**
 * Bytes handed on at once. TLS brings 16 KB at a time (RFC 8446 section 5.1), a slow line less, and each piece that is handed
 * on goes from stream to stream and is written on its own.
 */
export const PIECE_BYTES = 262_144;

/** Takes a piece and calls `taken` when there is room for the next. */
export type Deliver = (piece: Buffer, taken: () => void) => void;

/** Takes bytes from memory that is used again at once. When it gives `false`, `resume` is called once there is room for more. */
export type Receive = (bytes: Buffer, resume: () => void) => boolean;

export interface TransferSinkOptions {
	/** Bytes that may come, more is an error. */
	readonly room: number;
	/** Bytes at the beginning that are not delivered. */
	readonly skip: number;
	/** Bytes after them that are delivered; the rest is dropped. */
	readonly wanted: number;
	/** `PIECE_BYTES` to gather a piece in. One transfer after the other may use them. */
	readonly gatherIn: Buffer;
	readonly deliver: Deliver;
	readonly onOverrun: () => Error;
}

/**
 * Where the bytes of a transfer go. Its end means nothing: basic-ftp ends it after a failed transfer too. It only
 * counts bytes, gathers them into pieces, and holds the server back until each piece is taken.
 *
 * A piece is memory of its own, filled at once and forgotten soon. One that is filled little by little outlives V8's small
 * collections, and what does that is counted until a collection of the whole heap, which V8 begins after every 64 MB.
 */
export class TransferSink extends Writable {
	readonly #gatherIn: Buffer;
	readonly #deliver: Deliver;
	readonly #onOverrun: () => Error;
	#room: number;
	#skip: number;
	#wanted: number;
	#received = 0;
	#gathered = 0;

	constructor({ room, skip, wanted, gatherIn, deliver, onOverrun }: TransferSinkOptions) {
		super({ decodeStrings: true });
		this.#gatherIn = gatherIn;
		this.#deliver = deliver;
		this.#onOverrun = onOverrun;
		this.#room = room;
		this.#skip = skip;
		this.#wanted = wanted;
		// A transfer that is broken off destroys it with an error that nobody needs to hear.
		this.on('error', () => undefined);
	}

	get received(): number {
		return this.#received;
	}

	/** Whether all that is wanted has come. */
	get hasEnough(): boolean {
		return this.#wanted === 0;
	}

	/** Takes bytes past the stream, as `Receive` says. */
	receive(bytes: Buffer, resume: () => void): boolean {
		if (this.destroyed) return false;
		let isWaiting = false;
		let isTaken = false;
		this.#take(bytes, (error) => {
			if (error instanceof Error) return void this.destroy(error);
			isTaken = true;
			if (isWaiting) resume();
		});
		isWaiting = true;
		return isTaken;
	}

	/** Delivers what has been gathered. To be called at the end of the transfer, however it ended. */
	flush(): void {
		if (this.#gathered > 0) this.#deliver(this.#takePiece(), () => undefined);
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#take(chunk, callback);
	}

	#take(chunk: Buffer, callback: (error?: Error | null) => void): void {
		this.#received += chunk.length;
		this.#room -= chunk.length;
		if (this.#room < 0) return callback(this.#onOverrun());
		const wanted = chunk.subarray(this.#skip, this.#skip + this.#wanted);
		this.#skip -= Math.min(this.#skip, chunk.length);
		this.#wanted -= wanted.length;
		const pieces = this.#gather(wanted);
		const last = pieces.pop();
		if (last === undefined) return callback();
		for (const piece of pieces) this.#deliver(piece, () => undefined);
		this.#deliver(last, callback);
	}

	/** The pieces that the bytes complete. */
	#gather(bytes: Buffer): Buffer[] {
		const pieces: Buffer[] = [];
		for (let from = 0; from < bytes.length; ) {
			const copied = bytes.copy(this.#gatherIn, this.#gathered, from);
			from += copied;
			this.#gathered += copied;
			if (this.#gathered === this.#gatherIn.length) pieces.push(this.#takePiece());
		}
		return pieces;
	}

	#takePiece(): Buffer {
		const piece = Buffer.from(this.#gatherIn.subarray(0, this.#gathered));
		this.#gathered = 0;
		return piece;
	}
}
