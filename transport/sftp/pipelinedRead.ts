import { Readable } from 'node:stream';

import { onAbort, type Abortable } from '../onAbort';
import { TransportError } from '../transportError';
import { isRefusal } from './sftpError';

/** What a server says of an open file. */
export interface OpenFileState {
	/** Bytes; `undefined` when the server does not say. */
	readonly size: number | undefined;
	/** Modification time in seconds; `undefined` when the server does not say. */
	readonly modified?: number | undefined;
	readonly isDirectory: boolean;
}

/** How a server takes READs. */
export interface ReadPace {
	/** Bytes to ask for in one READ. */
	readonly chunkSize: number;
	/** One READ at a time, each where the last one ended. */
	readonly isInOrder: boolean;
}

/** Bytes, at least one and at most as many as asked for; or the end of the file; or a failure. */
export type ReadAnswer = { readonly data: Buffer } | { readonly isEnd: true } | { readonly error: TransportError };

export type StateAnswer = { readonly state: OpenFileState } | { readonly error: TransportError };

/** The part of an SFTP connection that a read needs. Every request is answered exactly once, whatever happens. */
export interface ReadChannel {
	readonly pace: ReadPace;
	/** Tells the pace that this server takes, to be kept by reads to come. */
	adapt(pace: ReadPace): void;
	/** Opens a file for reading. A handle that arrives after the promise was rejected is closed by the channel. */
	open(path: string, signal?: Abortable): Promise<Buffer>;
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
	/** Whether this failure shows that the connection died while it rested, before it was lent. Then it is lent no more. */
	diedResting(error: unknown): boolean;
	/** Why the file could not be opened, as far as the server tells. */
	explain(refusal: unknown): Promise<unknown>;
	/** Bytes of the file as its directory lists it, for a server that tells nothing of an open one. */
	listedSize(): Promise<number | undefined>;
}

export interface PipelinedReadOptions {
	/** Path below the tenant directory: what `open` gets, and what errors name. */
	readonly path: string;
	/** `host:port`, for errors. */
	readonly server: string;
	readonly start?: number | undefined;
	/** Whole size of the file in bytes, where it is known. */
	readonly size?: number | undefined;
	/** Bytes to read, all when absent. */
	readonly length?: number | undefined;
	readonly signal?: Abortable | undefined;
	/** Bytes asked for or held that the consumer has not taken yet, 2 MB by default: the SSH window of the library. */
	readonly budget?: number | undefined;
	readonly acquire: (signal: Abortable | undefined) => Promise<ReadLease>;
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
	/** Which opening of the file it belongs to. */
	readonly opening: number;
	outcome: 'waiting' | 'complete' | 'end' | TransportError;
}

const BUDGET = 2_097_152;
/** Asked for together with the size, when that is not known: enough for most recordings, little to ask in vain. */
const AHEAD_OF_SIZE = 524_288;
const HIGH_WATER_MARK = 65_536;
const SMALLEST_CHUNK = 1_024;
/** What a server without known limits takes; the first step down from larger READs. */
const MODEST_CHUNK = 31_744;
/** Times a file is opened again for refused READs while that brings not a byte. */
const MOST_REOPENINGS = 6;

/**
 * A file's bytes in order, from READs that are in flight together. ssh2's own streams keep one READ in flight, which
 * limits them to one chunk a round trip; SFTP lets a client ask for all of them at once.
 *
 * Two round trips are needed: OPEN, then FSTAT and every READ that the budget allows in one burst. Nothing is
 * delivered before FSTAT has answered, so a file that is not of the stated size fails before its first byte. New READs are
 * sent only as the consumer takes bytes: `asked - delivered <= budget` bounds memory, and is the back-pressure, because
 * the library has none of its own.
 *
 * Some servers refuse READs that are long, or not in order (ssh2-sftp-client issue 563), or all after the first few
 * (rclone issue 5232). The file is then opened again where it stopped and asked for more modestly, and so are later ones.
 */
export class PipelinedRead extends Readable {
	readonly #options: PipelinedReadOptions;

	readonly #slots: Slot[] = [];

	readonly #stopListening: () => void;

	/** The open file, from OPEN's answer until the handle is given back. */
	#file: OpenFile | undefined;

	#hasBegun = false;

	/** Where reading ends, once FSTAT has confirmed the size of the file. */
	#end: number | undefined;

	#pace: ReadPace | undefined;

	#opening = 0;

	/** What the first opening said of the file; every further one must say the same. */
	#state: OpenFileState | undefined;

	/** Where this opening began. */
	#openedAt = 0;

	/** Bytes asked for in the longest READ of this opening that was not refused. */
	#longestServed = 0;

	#reopenings = 0;

	/** Where a READ was refused; reading beyond it shows that the new pace is the right one. */
	#refusedAt: number | undefined;

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
		// A stream that its owner forgot must not end the whole process when it fails.
		this.on('error', () => undefined);
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
		this.#open();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#stopListening();
		this.#slots.length = 0;
		this.#giveBack();
		callback(error);
	}

	#open(): void {
		this.#begin().catch((error: unknown) => {
			this.destroy(error instanceof TransportError ? error : this.#failure('protocol', 'could not be opened'));
		});
	}

	async #begin(): Promise<void> {
		const { acquire, path, signal } = this.#options;
		const { channel, release, diedResting, explain, listedSize } = await acquire(signal);
		if (this.destroyed) {
			release();
			return;
		}
		const handle = await channel.open(path, signal).catch(async (error: unknown) => {
			const why = diedResting(error) ? undefined : await explain(error);
			release();
			if (why === undefined) return undefined;
			throw why;
		});
		// None of those that rested is left.
		if (handle === undefined) return await this.#begin();
		this.#file = { channel, handle, release, diedResting, explain, listedSize };
		if (this.destroyed) {
			this.#giveBack();
			return;
		}
		this.#pace ??= channel.pace;
		this.#opening += 1;
		this.#openedAt = this.#delivered;
		this.#longestServed = 0;
		const opening = this.#opening;
		channel.burst(() => {
			channel.fstat(handle, path, (answer) => {
				if (opening === this.#opening) this.#learnState(answer);
			});
			this.#ask();
		});
	}

	/** Opens the file again for a more modest reading after a refused READ; false when there is no point. */
	#reopen(refused: Slot, refusal: TransportError): boolean {
		const { chunkSize, isInOrder } = this.#currentPace;
		const hasProgressed = this.#delivered > this.#openedAt;
		this.#reopenings = hasProgressed ? 1 : this.#reopenings + 1;
		if (!isRefusal(refusal) || this.#reopenings > MOST_REOPENINGS) return false;
		if (!isInOrder && this.#longestServed >= refused.length) {
			this.#pace = { chunkSize, isInOrder: true };
		} else if (!hasProgressed) {
			const smaller = chunkSize > MODEST_CHUNK ? MODEST_CHUNK : Math.floor(chunkSize / 2);
			this.#pace = { chunkSize: Math.max(SMALLEST_CHUNK, smaller), isInOrder };
		}
		this.#giveBack();
		this.#slots.length = 0;
		this.#refusedAt = this.#delivered;
		this.#asked = this.#delivered;
		this.#end = undefined;
		this.#opening += 1;
		this.#open();
		return true;
	}

	/** Where the part that is asked for ends, when it is a part. */
	get #lastWanted(): number | undefined {
		const { start = 0, length } = this.#options;
		return length === undefined ? undefined : start + length;
	}

	get #currentPace(): ReadPace {
		return this.#pace ?? { chunkSize: SMALLEST_CHUNK, isInOrder: false };
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
		const told = answer.state.size;
		const size = told ?? stated;
		if (size === undefined) {
			this.#learnListedSize(this.#opening);
			return;
		}
		const before = this.#state;
		this.#state ??= answer.state;
		if (before !== undefined && (before.size !== answer.state.size || before.modified !== answer.state.modified)) {
			this.destroy(this.#failure('size-mismatch', 'changed on the server while it was being read'));
			return;
		}
		if (stated !== undefined && (told === undefined || (told === 0 && stated > 0))) {
			this.#confirm(stated);
			return;
		}
		if (stated !== undefined && stated !== size) {
			this.destroy(this.#failure('size-mismatch', `has ${size} bytes, not the ${stated} that were stated`));
			return;
		}
		this.#settleSize(size);
	}

	#learnListedSize(opening: number): void {
		const goOn = (outcome: number | Error | undefined): void => {
			if (this.destroyed || opening !== this.#opening) return;
			if (typeof outcome === 'number') this.#confirm(outcome);
			else this.destroy(outcome ?? this.#failure('protocol', 'has no size that the server would tell'));
		};
		this.#file?.listedSize().then(goOn, goOn);
	}

	#goOnWithoutState(error: TransportError): void {
		const stated = this.#options.size;
		const isRefused = error.code === 'protocol' || error.code === 'permission-denied';
		if (stated === undefined || !isRefused) this.destroy(error);
		else this.#confirm(stated);
	}

	/** Some servers do not tell the size of an open file: a stated one is then checked by asking for one byte after it. */
	#confirm(stated: number): void {
		const file = this.#file;
		if (file === undefined) return;
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
		const last = this.#lastWanted ?? size;
		if (last > size) {
			this.destroy(this.#failure('size-mismatch', `has ${size} bytes, fewer than the ${last} that are asked for`));
			return;
		}
		this.#end = last;
		this.#deliver();
	}

	/** Asks for as much as the budget allows, in whole chunks: a sliver now would stay a sliver in every window. */
	#ask(): void {
		const file = this.#file;
		if (file === undefined) return;
		const { start = 0, size: stated = this.#state?.size ?? start + AHEAD_OF_SIZE } = this.#options;
		const { chunkSize, isInOrder } = this.#currentPace;
		const budget = isInOrder ? chunkSize : (this.#options.budget ?? BUDGET);
		const end = this.#end ?? Math.min(stated, this.#lastWanted ?? stated);
		const nextLength = (): number => Math.min(chunkSize, budget, end - this.#asked);
		const hasRoom = (): boolean => this.#asked < end && this.#asked + nextLength() - this.#delivered <= budget;
		if (!hasRoom()) return;
		file.channel.burst(() => {
			while (hasRoom()) {
				const length = nextLength();
				const slot: Slot = {
					position: this.#asked,
					length,
					received: 0,
					pieces: [],
					opening: this.#opening,
					outcome: 'waiting',
				};
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
		if (this.destroyed || slot.opening !== this.#opening) return;
		if ('error' in answer) slot.outcome = answer.error;
		else if ('isEnd' in answer) slot.outcome = 'end';
		else if (answer.data.length > length)
			slot.outcome = this.#failure('protocol', 'came with more bytes than asked for');
		else {
			this.#longestServed = Math.max(this.#longestServed, length);
			this.#keep(slot, answer.data);
		}
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
		if (this.#end !== undefined && slot.position + slot.received >= this.#end) return;
		const { chunkSize, isInOrder } = this.#currentPace;
		if (this.#end !== undefined) {
			this.#pace = { chunkSize: Math.max(SMALLEST_CHUNK, Math.min(chunkSize, data.length)), isInOrder };
		}
		const file = this.#file;
		if (file !== undefined) file.channel.burst(() => this.#request(file, slot));
	}

	/** Hands over what is complete and in order, for as long as the consumer wants it; then asks for more. */
	#deliver(): void {
		if (this.#isDelivering || this.#end === undefined) return;
		this.#isDelivering = true;
		let hasMore = true;
		while (hasMore && this.#isWanted && this.#delivered < this.#end) hasMore = this.#deliverNext(this.#end);
		this.#isDelivering = false;
		// Without an end the file is being opened again.
		if (this.destroyed || this.#hasEnded || this.#end === undefined) return;
		if (this.#delivered < this.#end) {
			this.#ask();
			return;
		}
		this.#hasEnded = true;
		this.#slots.length = 0;
		this.#giveBack();
		this.push(null);
	}

	/** False when the next bytes are not here yet, or never will be. */
	#deliverNext(last: number): boolean {
		const slot = this.#slots[0];
		if (slot === undefined) return false;
		const expected = Math.min(slot.length, last - slot.position);
		if (slot.received < expected) {
			if (slot.outcome === 'end') {
				const end = slot.position + slot.received;
				this.destroy(this.#failure('size-mismatch', `ended after ${end} of ${last} bytes`));
			} else if (slot.outcome instanceof TransportError && !this.#reopen(slot, slot.outcome)) {
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
			if (this.#refusedAt !== undefined && this.#delivered > this.#refusedAt) {
				this.#refusedAt = undefined;
				this.#file?.channel.adapt(this.#currentPace);
			}
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
