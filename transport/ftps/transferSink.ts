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
 * Where the bytes of a transfer go. It counts them, gathers them into pieces, and holds the server back until each piece is taken.
 *
 * A piece is memory of its own, filled at once and forgotten soon. One that is filled little by little outlives V8's small
 * collections, and what does that is counted until a collection of the whole heap, which V8 begins after every 64 MB.
 */
export class TransferSink {
	readonly #gatherIn: Buffer;
	readonly #deliver: Deliver;
	readonly #onOverrun: () => Error;
	#room: number;
	#skip: number;
	#wanted: number;
	#received = 0;
	#gathered = 0;
	#failure: Error | undefined;

	constructor({ room, skip, wanted, gatherIn, deliver, onOverrun }: TransferSinkOptions) {
		this.#gatherIn = gatherIn;
		this.#deliver = deliver;
		this.#onOverrun = onOverrun;
		this.#room = room;
		this.#skip = skip;
		this.#wanted = wanted;
	}

	get received(): number {
		return this.#received;
	}

	/** Whether all that is wanted has come. */
	get hasEnough(): boolean {
		return this.#wanted === 0;
	}

	/** Whether as many bytes came as there was room for. */
	get isFull(): boolean {
		return this.#room === 0;
	}

	/** Set once more bytes came than there is room for. It takes none after that. */
	get failure(): Error | undefined {
		return this.#failure;
	}

	/** Takes bytes, as `Receive` says. */
	receive(bytes: Buffer, resume: () => void): boolean {
		if (this.#failure !== undefined) return false;
		this.#received += bytes.length;
		this.#room -= bytes.length;
		if (this.#room < 0) {
			this.#failure = this.#onOverrun();
			return false;
		}
		const wanted = bytes.subarray(this.#skip, this.#skip + this.#wanted);
		this.#skip -= Math.min(this.#skip, bytes.length);
		this.#wanted -= wanted.length;
		return this.#gather(wanted, resume);
	}

	/** Delivers what has been gathered. To be called at the end of the transfer, however it ended. */
	flush(): void {
		if (this.#gathered > 0) this.#deliver(this.#takePiece(), () => undefined);
	}

	#gather(bytes: Buffer, resume: () => void): boolean {
		let untaken = 0;
		let isWaiting = false;
		const taken = (): void => {
			untaken -= 1;
			if (isWaiting && untaken === 0) resume();
		};
		for (let from = 0; from < bytes.length; ) {
			const copied = bytes.copy(this.#gatherIn, this.#gathered, from);
			from += copied;
			this.#gathered += copied;
			if (this.#gathered < this.#gatherIn.length) break;
			untaken += 1;
			this.#deliver(this.#takePiece(), taken);
		}
		isWaiting = untaken > 0;
		return !isWaiting;
	}

	#takePiece(): Buffer {
		const piece = Buffer.from(this.#gatherIn.subarray(0, this.#gathered));
		this.#gathered = 0;
		return piece;
	}
}
