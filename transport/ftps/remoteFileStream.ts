import { Readable } from 'node:stream';

import { Cancellation, onAbort, type Abortable } from '../onAbort';
import type { TransportError } from '../transportError';
import { PIECE_BYTES, type Deliver } from './transferSink';

/** Fetches a file: hands every piece to `deliver` and resolves when the file is whole. Rejects with a `TransportError`. */
export type Transfer = (deliver: Deliver, stop: Cancellation) => Promise<void>;

/**
 * A file's bytes. The transfer starts with the first read, so that streams nobody reads hold no connection, and the
 * stream ends only when the transfer says that the file is whole. Destroying it stops the transfer.
 */
export class RemoteFileStream extends Readable {
	readonly #transfer: Transfer;
	readonly #stop = new Cancellation();
	readonly #forgetSignal: () => void;
	#isStarted = false;
	#isWanted = true;
	#taken: (() => void) | undefined;

	constructor(transfer: Transfer, aborted: () => TransportError, signal?: Abortable) {
		super({ highWaterMark: PIECE_BYTES });
		this.#transfer = transfer;
		// A stream that its owner forgot must not end the whole process when it fails.
		this.on('error', () => undefined);
		const abort = (): void => {
			this.destroy(aborted());
		};
		this.#forgetSignal = onAbort(signal, abort);
		if (signal?.aborted === true) abort();
	}

	override _read(): void {
		this.#isWanted = true;
		if (!this.#isStarted) return this.#start();
		const taken = this.#taken;
		this.#taken = undefined;
		taken?.();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#forgetSignal();
		// An ended transfer has nothing to stop.
		if (!this.readableEnded) this.#stop.abort();
		callback(error);
	}

	#start(): void {
		this.#isStarted = true;
		const deliver: Deliver = (piece, taken) => {
			// Nobody takes more of a stream that was destroyed: its transfer is being stopped.
			if (this.destroyed) return;
			// Before the push, because a consumer may ask for more from inside it.
			this.#isWanted = false;
			if (this.push(piece)) this.#isWanted = true;
			if (this.#isWanted) return taken();
			this.#taken = taken;
		};
		this.#transfer(deliver, this.#stop).then(
			() => {
				if (!this.destroyed) this.push(null);
			},
			(error: Error) => {
				// Its reader gets what came before: a line that breaks all the time is survived by going on from there.
				if (this.readableLength === 0) this.destroy(error);
				else setImmediate(() => this.destroy(error));
			},
		);
	}
}
