import { Readable } from 'node:stream';

import type { TransportError } from '../transportError';
import type { Deliver } from './transferSink';

/** Fetches a file: hands every chunk to `deliver` and resolves when the file is whole. Rejects with a `TransportError`. */
export type Transfer = (deliver: Deliver, signal: AbortSignal) => Promise<void>;

const BUFFERED_BYTES = 262_144;

/**
 * A file's bytes. The transfer starts with the first read, so that streams nobody reads hold no connection, and the
 * stream ends only when the transfer says that the file is whole. Destroying it stops the transfer.
 */
export class RemoteFileStream extends Readable {
	readonly #transfer: Transfer;
	readonly #stop = new AbortController();
	readonly #forgetSignal: () => void;
	#isStarted = false;
	#taken: (() => void) | undefined;

	constructor(transfer: Transfer, aborted: () => TransportError, signal?: AbortSignal) {
		super({ highWaterMark: BUFFERED_BYTES });
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
		if (!this.#isStarted) return this.#start();
		const taken = this.#taken;
		this.#taken = undefined;
		taken?.();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#forgetSignal();
		this.#stop.abort();
		callback(error);
	}

	#start(): void {
		this.#isStarted = true;
		const deliver: Deliver = (chunk, taken) => {
			if (this.push(chunk)) return taken();
			this.#taken = taken;
		};
		this.#transfer(deliver, this.#stop.signal).then(
			() => {
				if (!this.destroyed) this.push(null);
			},
			(error: Error) => {
				this.destroy(error);
			},
		);
	}
}
