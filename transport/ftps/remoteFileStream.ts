import { Readable } from 'node:stream';

import type { TransportError } from '../transportError';
import type { Deliver } from './transferSink';

/** Fetches a file: hands every chunk to `deliver` and resolves when the file is whole. Rejects with a `TransportError`. */
export type Transfer = (deliver: Deliver, signal: AbortSignal) => Promise<void>;

/** Bytes handed on at once. */
const PIECE_BYTES = 262_144;

/**
 * A file's bytes. The transfer starts with the first read, so that streams nobody reads hold no connection, and the
 * stream ends only when the transfer says that the file is whole. Destroying it stops the transfer.
 *
 * TLS brings 16 KB at a time (RFC 8446 section 5.1), a slow line less, and each piece that is handed on goes from stream to
 * stream and is written on its own. So they are gathered.
 */
export class RemoteFileStream extends Readable {
	readonly #transfer: Transfer;
	readonly #stop = new AbortController();
	readonly #forgetSignal: () => void;
	#isStarted = false;
	#isWanted = true;
	#taken: (() => void) | undefined;
	#gathered: Buffer[] = [];
	#gatheredBytes = 0;

	constructor(transfer: Transfer, aborted: () => TransportError, signal?: AbortSignal) {
		super({ highWaterMark: PIECE_BYTES });
		this.#transfer = transfer;
		// A stream that its owner forgot must not end the whole process when it fails.
		this.on('error', () => undefined);
		const abort = (): void => {
			this.destroy(aborted());
		};
		this.#forgetSignal = () => signal?.removeEventListener('abort', abort);
		signal?.addEventListener('abort', abort, { once: true });
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
		// An ended transfer has nothing to stop, and the reason of an abort is costly to make.
		if (!this.readableEnded) this.#stop.abort();
		callback(error);
	}

	#start(): void {
		this.#isStarted = true;
		const deliver: Deliver = (chunk, taken) => {
			// Nobody takes more of a stream that was destroyed: its transfer is being stopped.
			if (this.destroyed) return;
			this.#gathered.push(chunk);
			this.#gatheredBytes += chunk.length;
			if (this.#gatheredBytes >= PIECE_BYTES) this.#handOn();
			if (this.#isWanted) return taken();
			this.#taken = taken;
		};
		this.#transfer(deliver, this.#stop.signal).then(
			() => {
				if (this.destroyed) return;
				this.#handOn();
				this.push(null);
			},
			(error: Error) => {
				if (this.#gathered.length === 0 || this.destroyed) return void this.destroy(error);
				// Its reader gets what came before: a line that breaks all the time is survived by going on from there.
				this.#handOn();
				setImmediate(() => this.destroy(error));
			},
		);
	}

	#handOn(): void {
		const [first, ...others] = this.#gathered;
		if (first === undefined) return;
		const piece = others.length === 0 ? first : Buffer.concat(this.#gathered, this.#gatheredBytes);
		this.#gathered = [];
		this.#gatheredBytes = 0;
		// Before the push, because a consumer may ask for more from inside it.
		this.#isWanted = false;
		if (this.push(piece)) this.#isWanted = true;
	}
}
