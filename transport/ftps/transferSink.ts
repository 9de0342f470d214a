import { Writable } from 'node:stream';

/** Takes a chunk and calls `taken` when there is room for the next. */
export type Deliver = (chunk: Buffer, taken: () => void) => void;

export interface TransferSinkOptions {
	/** Bytes that may come, more is an error. */
	readonly room: number;
	/** Bytes at the beginning that are not delivered. */
	readonly skip: number;
	/** Bytes after them that are delivered; the rest is dropped. */
	readonly wanted: number;
	readonly deliver: Deliver;
	readonly onOverrun: () => Error;
}

/**
 * Where the bytes of a transfer go. Its end means nothing: basic-ftp ends it after a failed transfer too. It only
 * counts bytes, and holds the server back until each chunk is taken.
 */
export class TransferSink extends Writable {
	readonly #deliver: Deliver;
	readonly #onOverrun: () => Error;
	#room: number;
	#skip: number;
	#wanted: number;
	#received = 0;

	constructor({ room, skip, wanted, deliver, onOverrun }: TransferSinkOptions) {
		super({ decodeStrings: true });
		this.#room = room;
		this.#skip = skip;
		this.#wanted = wanted;
		this.#deliver = deliver;
		this.#onOverrun = onOverrun;
		// A transfer that is broken off destroys it with an error that nobody needs to hear.
		this.on('error', () => undefined);
	}

	get received(): number {
		return this.#received;
	}

	/** Whether all that is wanted has been delivered. */
	get hasEnough(): boolean {
		return this.#wanted === 0;
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#received += chunk.length;
		this.#room -= chunk.length;
		if (this.#room < 0) return callback(this.#onOverrun());
		const wanted = chunk.subarray(this.#skip, this.#skip + this.#wanted);
		this.#skip -= Math.min(this.#skip, chunk.length);
		this.#wanted -= wanted.length;
		if (wanted.length === 0) return callback();
		this.#deliver(wanted, callback);
	}
}
