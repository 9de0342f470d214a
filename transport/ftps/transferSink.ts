import { Writable } from 'node:stream';

/** Takes a chunk and calls `taken` when there is room for the next. */
export type Deliver = (chunk: Buffer, taken: () => void) => void;

/**
 * Where basic-ftp writes a file. Its end means nothing: the library ends it after a failed transfer too. It only
 * counts bytes, and holds the server back until each chunk is taken.
 */
export class TransferSink extends Writable {
	readonly #deliver: Deliver;
	readonly #onOverrun: () => Error;
	#room: number;
	#skip: number;
	#received = 0;

	/** `expected` is the number of bytes that may come, more is an error; the first `skip` of them are not delivered. */
	constructor(expected: number, deliver: Deliver, onOverrun: () => Error, skip = 0) {
		super({ decodeStrings: true });
		this.#room = expected;
		this.#skip = skip;
		this.#deliver = deliver;
		this.#onOverrun = onOverrun;
		// A transfer that is broken off destroys it with an error that nobody needs to hear.
		this.on('error', () => undefined);
	}

	get received(): number {
		return this.#received;
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#received += chunk.length;
		this.#room -= chunk.length;
		if (this.#room < 0) return callback(this.#onOverrun());
		const wanted = chunk.subarray(this.#skip);
		this.#skip -= chunk.length - wanted.length;
		if (wanted.length === 0) return callback();
		this.#deliver(wanted, callback);
	}
}
