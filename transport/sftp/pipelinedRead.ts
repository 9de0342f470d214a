import { Readable } from 'node:stream';

import { TransportError } from '../transportError';
import { onAbort } from './onAbort';

/** What a server says of an open file. */
export interface OpenFileState {
	/** Bytes; `undefined` when the server does not say. */
	readonly size: number | undefined;
	readonly isDirectory: boolean;
}

/** Bytes, at least one and at most as many as asked for; or the end of the file; or a failure. */
export type ReadAnswer = { readonly data: Buffer } | { readonly isEnd: true } | { readonly error: TransportError };

export type StateAnswer = { readonly state: OpenFileState } | { readonly error: TransportError };

/** The part of an SFTP connection that a read needs. Every request is answered exactly once, whatever happens. */
export interface ReadChannel {
	/** Bytes to ask for in one READ. */
	readonly chunkSize: number;
	/** Opens a file for reading. A handle that arrives after the promise was rejected is closed by the channel. */
	open(path: string, signal?: AbortSignal): Promise<Buffer>;
	fstat(handle: Buffer, path: string, answer: (answer: StateAnswer) => void): void;
	read(handle: Buffer, path: string, position: number, length: number, answer: (answer: ReadAnswer) => void): void;
	/** Gives the handle back. Not awaited; never fails. READs of it that were not sent yet are dropped, unanswered. */
	close(handle: Buffer): void;
	/** Runs `send`, and puts all that it sends on the wire together. */
	burst(send: () => void): void;
}

/** A connection lent for one file. */
export interface ReadLease {
	readonly channel: ReadChannel;
	release(): void;
}

export interface PipelinedReadOptions {
	/** Path below the tenant directory: what `open` gets, and what errors name. */
	readonly path: string;
	/** `host:port`, for errors. */
	readonly server: string;
	readonly start?: number | undefined;
	/** Whole size of the file in bytes, where it is known. */
	readonly size?: number | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Bytes asked for or held that the consumer has not taken yet, 2 MB by default: the SSH window of the library. */
	readonly budget?: number | undefined;
	readonly acquire: (signal: AbortSignal | undefined) => Promise<ReadLease>;
}

interface OpenFile extends ReadLease {
	readonly handle: Buffer;
}

/** One READ: `length` bytes from `position`, answered in one piece or, after short answers, several. */
interface Slot {
	readonly position: number;
	readonly length: number;
	received: number;
	readonly pieces: Buffer[];
	outcome: 'waiting' | 'complete' | 'end' | TransportError;
}

const BUDGET = 2_097_152;
/** Asked for together with the size, when that is not known: enough for most recordings, little to ask in vain. */
const AHEAD_OF_SIZE = 524_288;
const HIGH_WATER_MARK = 65_536;
const SMALLEST_CHUNK = 1_024;

/**
 * A file's bytes in order, from READs that are in flight together. ssh2's own streams keep one READ in flight, which
 * limits them to one chunk a round trip; SFTP lets a client ask for all of them at once.
 *
 * Two round trips are needed: OPEN, then FSTAT and every READ that the budget allows in one burst. Nothing is
 * delivered before FSTAT has answered, so a file that is not of the stated size fails before its first byte. New READs are
 * sent only as the consumer takes bytes: `asked - delivered <= budget` bounds memory, and is the back-pressure, because
 * the library has none of its own.
 */
export class PipelinedRead extends Readable {
	readonly #options: PipelinedReadOptions;

	readonly #slots: Slot[] = [];

	readonly #stopListening: () => void;

	/** The open file, from OPEN's answer until the handle is given back. */
	#file: OpenFile | undefined;

	#hasBegun = false;

	/** Whole size of the file, once FSTAT has confirmed it. */
	#size: number | undefined;

	#chunk = SMALLEST_CHUNK;

	/** Next byte to ask for. */
	#asked: number;

	/** Next byte to hand to the consumer. */
	#delivered: number;

	#isWanted = false;

	#isDelivering = false;

	#hasEnded = false;

	constructor(options: PipelinedReadOptions) {
		super({ highWaterMark: HIGH_WATER_MARK });
		this.#options = options;
		this.#asked = options.start ?? 0;
		this.#delivered = this.#asked;
		const abort = (): void => {
			this.destroy(this.#failure('aborted', 'was stopped'));
		};
		this.#stopListening = onAbort(options.signal, abort);
		if (options.signal?.aborted === true) abort();
	}

	override _read(): void {
		this.#isWanted = true;
		if (this.#hasBegun) {
			this.#deliver();
			return;
		}
		this.#hasBegun = true;
		this.#begin().catch((error: unknown) => {
			this.destroy(error instanceof TransportError ? error : this.#failure('protocol', 'could not be opened'));
		});
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#stopListening();
		this.#slots.length = 0;
		this.#giveBack();
		callback(error);
	}

	async #begin(): Promise<void> {
		const { acquire, path, signal } = this.#options;
		const { channel, release } = await acquire(signal);
		if (this.destroyed) {
			release();
			return;
		}
		const handle = await channel.open(path, signal).catch((error: unknown) => {
			release();
			throw error;
		});
		this.#file = { channel, handle, release };
		if (this.destroyed) {
			this.#giveBack();
			return;
		}
		this.#chunk = channel.chunkSize;
		channel.burst(() => {
			channel.fstat(handle, path, (answer) => this.#learnState(answer));
			this.#ask();
		});
	}

	/** Closes the handle and returns the connection; what is still in flight is answered and ignored. */
	#giveBack(): void {
		const file = this.#file;
		if (file === undefined) return;
		this.#file = undefined;
		file.channel.close(file.handle);
		file.release();
	}

	#learnState(answer: StateAnswer): void {
		if (this.destroyed) return;
		const stated = this.#options.size;
		if ('error' in answer) {
			this.#goOnWithoutState(answer.error);
			return;
		}
		if (answer.state.isDirectory) {
			this.destroy(this.#failure('not-a-file', 'is a directory'));
			return;
		}
		const size = answer.state.size ?? stated;
		if (size === undefined) {
			this.destroy(this.#failure('protocol', 'has no size that the server would tell'));
			return;
		}
		if (stated !== undefined && stated !== size) {
			this.destroy(this.#failure('size-mismatch', `has ${size} bytes, not the ${stated} that were stated`));
			return;
		}
		this.#settleSize(size);
	}

	/** Some servers refuse FSTAT: a stated size is then checked by asking for one byte after it. */
	#goOnWithoutState(error: TransportError): void {
		const stated = this.#options.size;
		const isRefusal = error.code === 'protocol' || error.code === 'permission-denied';
		const file = this.#file;
		if (stated === undefined || !isRefusal || file === undefined) {
			this.destroy(error);
			return;
		}
		const { channel, handle } = file;
		channel.burst(() => {
			channel.read(handle, this.#options.path, stated, 1, (answer) => {
				if (this.destroyed) return;
				if ('error' in answer) this.destroy(answer.error);
				else if ('isEnd' in answer) this.#settleSize(stated);
				else this.destroy(this.#failure('size-mismatch', `has more than the ${stated} bytes that were stated`));
			});
		});
	}

	#settleSize(size: number): void {
		if (this.#delivered > size) {
			this.destroy(this.#failure('size-mismatch', `has ${size} bytes, fewer than the ${this.#delivered} read before`));
			return;
		}
		this.#size = size;
		this.#deliver();
	}

	/** Asks for as much as the budget allows, in whole chunks: a sliver now would stay a sliver in every window. */
	#ask(): void {
		const file = this.#file;
		if (file === undefined) return;
		const { budget = BUDGET, start = 0, size: stated = start + AHEAD_OF_SIZE } = this.#options;
		const end = this.#size ?? stated;
		const nextLength = (): number => Math.min(this.#chunk, budget, end - this.#asked);
		const hasRoom = (): boolean => this.#asked < end && this.#asked + nextLength() - this.#delivered <= budget;
		if (!hasRoom()) return;
		file.channel.burst(() => {
			while (hasRoom()) {
				const length = nextLength();
				const slot: Slot = { position: this.#asked, length, received: 0, pieces: [], outcome: 'waiting' };
				this.#slots.push(slot);
				this.#asked += length;
				this.#request(file, slot);
			}
		});
	}

	#request({ channel, handle }: OpenFile, slot: Slot): void {
		const position = slot.position + slot.received;
		const length = slot.length - slot.received;
		channel.read(handle, this.#options.path, position, length, (answer) => this.#learnBytes(slot, length, answer));
	}

	#learnBytes(slot: Slot, length: number, answer: ReadAnswer): void {
		if (this.destroyed) return;
		if ('error' in answer) slot.outcome = answer.error;
		else if ('isEnd' in answer) slot.outcome = 'end';
		else if (answer.data.length > length)
			slot.outcome = this.#failure('protocol', 'came with more bytes than asked for');
		else this.#keep(slot, answer.data);
		this.#deliver();
	}

	/** Short answers are legal at any time (Windows servers cap at 100 KB): ask for the rest, and for less from now on. */
	#keep(slot: Slot, data: Buffer): void {
		slot.pieces.push(data);
		slot.received += data.length;
		if (slot.received === slot.length) {
			slot.outcome = 'complete';
			return;
		}
		if (this.#size !== undefined && slot.position + slot.received >= this.#size) return;
		if (this.#size !== undefined) this.#chunk = Math.max(SMALLEST_CHUNK, Math.min(this.#chunk, data.length));
		const file = this.#file;
		if (file !== undefined) file.channel.burst(() => this.#request(file, slot));
	}

	/** Hands over what is complete and in order, for as long as the consumer wants it; then asks for more. */
	#deliver(): void {
		if (this.#isDelivering || this.#size === undefined) return;
		this.#isDelivering = true;
		let hasMore = true;
		while (hasMore && this.#isWanted && this.#delivered < this.#size) hasMore = this.#deliverNext(this.#size);
		this.#isDelivering = false;
		if (this.destroyed || this.#hasEnded) return;
		if (this.#delivered < this.#size) {
			this.#ask();
			return;
		}
		this.#hasEnded = true;
		this.#slots.length = 0;
		this.#giveBack();
		this.push(null);
	}

	/** False when the next bytes are not here yet, or never will be. */
	#deliverNext(size: number): boolean {
		const slot = this.#slots[0];
		if (slot === undefined) return false;
		const expected = Math.min(slot.length, size - slot.position);
		if (slot.received < expected) {
			if (slot.outcome === 'end') {
				const end = slot.position + slot.received;
				this.destroy(this.#failure('size-mismatch', `ended after ${end} of ${size} bytes`));
			} else if (slot.outcome instanceof TransportError) {
				this.destroy(slot.outcome);
			}
			return false;
		}
		this.#slots.shift();
		let left = expected;
		for (const piece of slot.pieces) {
			const bytes = piece.length > left ? piece.subarray(0, left) : piece;
			left -= bytes.length;
			this.#delivered += bytes.length;
			// Before the push, because a consumer may ask for more from inside it.
			this.#isWanted = false;
			if (bytes.length > 0 && this.push(bytes)) this.#isWanted = true;
			if (this.destroyed) return false;
		}
		return true;
	}

	#failure(code: ConstructorParameters<typeof TransportError>[0], what: string): TransportError {
		const { path, server } = this.#options;
		return new TransportError(code, `"${path}" ${what}.`, { path, server });
	}
}
