import { Readable } from 'node:stream';

import { Cancellation, onAbort, type Abortable } from './onAbort';
import type { ReadRange, RemoteEntry, RemoteStore, RequestOptions } from './remoteStore';
import { backOff, isTransient, withRetries } from './retry';
import type { RetryPolicy } from './retry';
import { TransportError } from './transportError';

/** How a read went, growing while it runs. */
export interface ReadReport {
	/** Times the file was opened. */
	attempts: number;
	/** Whether any of them went on where another had broken off. */
	resumed: boolean;
}

export interface ResumedRead {
	readonly stream: Readable;
	readonly report: ReadReport;
}

type Chunks = AsyncGenerator<Uint8Array, void, void>;

/** Bytes that renew the number of attempts: a server that gives one byte each time must not keep us for days. */
const PROGRESS_BYTES = 16_384;
/** Bytes asked for a second time when a read goes on, to be compared with those delivered. */
const OVERLAP_BYTES = 4_096;

/**
 * A store that tries again. Listings and stats are repeated; a read goes on at its offset on a new connection, inside the
 * same stream, so that its reader notices nothing. It does so only when size and modification time show the same file and
 * the last bytes delivered come again (servers have been seen to accept an offset and to send from the start).
 * Progress renews the number of attempts; failures that repeating cannot mend pass through at once, and so does a file
 * that has changed.
 */
export class ResumingStore implements RemoteStore {
	constructor(
		private readonly store: RemoteStore,
		private readonly policy: RetryPolicy,
	) {}

	async list(directory: string, options: RequestOptions = {}): Promise<RemoteEntry[]> {
		return await withRetries(async () => await this.store.list(directory, options), this.policy, options.signal);
	}

	async stat(path: string, options: RequestOptions = {}): Promise<RemoteEntry> {
		return await withRetries(async () => await this.store.stat(path, options), this.policy, options.signal);
	}

	read(path: string, range: ReadRange = {}): Readable {
		return this.readReported(path, range).stream;
	}

	/** As `read`, with a report of how it went. `known` is what a listing or stat said of the file; it is asked for without. */
	readReported(path: string, range: ReadRange = {}, known?: RemoteEntry): ResumedRead {
		const report: ReadReport = { attempts: 0, resumed: false };
		const stream = new ResumedStream((signal) => this.#chunks(path, { ...range, signal }, known, report), range.signal);
		return { stream, report };
	}

	async close(): Promise<void> {
		await this.store.close();
	}

	async *#chunks(path: string, range: ReadRange, known: RemoteEntry | undefined, report: ReadReport): Chunks {
		const { start = 0, length, signal } = range;
		let before = known ?? (await this.stat(path, { signal }));
		const size = range.size ?? (before.type === 'file' ? before.size : undefined);
		const delivered = new Delivered(path, start);
		let renewedAt = start;
		for (let failures = 0; ; ) {
			report.attempts += 1;
			const { resumeAt } = delivered;
			const left = length === undefined ? undefined : start + length - resumeAt;
			const source = this.store.read(path, { start: resumeAt, size, length: left, signal });
			const failure = yield* delivered.passOn(source);
			if (failure === undefined) return;

			const hasProgressed = delivered.offset - renewedAt >= PROGRESS_BYTES;
			failures = hasProgressed ? 1 : failures + 1;
			if (hasProgressed) renewedAt = delivered.offset;
			if (failures > this.policy.retries || !isTransient(failure) || delivered.hasOtherBytes) throw failure;
			this.policy.onRetry?.(failure);
			const isMismatch = failure instanceof TransportError && failure.code === 'size-mismatch';
			if (!isMismatch) await backOff(failures, this.policy, signal);
			if (!isMismatch && delivered.offset === start) continue;

			const now = await this.stat(path, { signal });
			if (!isSame(before, now) || !isSameNumber(size, now.size)) throw changed(path);
			before = { ...now, modifiedAt: now.modifiedAt ?? before.modifiedAt };
			// Nothing shows a change, so the server's word is worth another attempt, but not at once.
			if (isMismatch) await backOff(failures, this.policy, signal);
			report.resumed ||= delivered.offset > start;
		}
	}
}

/** What the reader has got so far. */
class Delivered {
	/** Next byte to deliver. */
	offset: number;

	/** Whether a second reading gave other bytes than the first. */
	hasOtherBytes = false;

	#tail = Buffer.alloc(0);

	constructor(
		private readonly path: string,
		start: number,
	) {
		this.offset = start;
	}

	/** Where the next reading begins: a little before, for comparison. */
	get resumeAt(): number {
		return this.offset - this.#tail.length;
	}

	/** Hands on what the reader does not have yet; gives back the failure that ended it, if one did. */
	async *passOn(source: Readable): AsyncGenerator<Uint8Array, unknown, void> {
		let known = this.#tail;
		try {
			for await (const chunk of source as AsyncIterable<Buffer>) {
				const again = chunk.subarray(0, known.length);
				if (!again.equals(known.subarray(0, again.length))) {
					this.hasOtherBytes = true;
					return changed(this.path);
				}
				known = known.subarray(again.length);
				const next = chunk.subarray(again.length);
				if (next.length === 0) continue;
				this.offset += next.length;
				this.#keepTail(next);
				yield next;
			}
			return undefined;
		} catch (error) {
			return error ?? new TransportError('protocol', 'The transfer ended without a reason');
		}
	}

	/** A copy, because the reader may do with its chunks what it likes. */
	#keepTail(chunk: Buffer): void {
		const rest = Math.max(0, OVERLAP_BYTES - chunk.length);
		const before = rest === 0 ? [] : [this.#tail.subarray(-rest)];
		this.#tail = Buffer.concat([...before, chunk.subarray(-OVERLAP_BYTES)]);
	}
}

/**
 * The chunks of a generator as a stream. `Readable.from` would let a destroyed stream wait for the next chunk before its
 * source is told to stop, for as long as a silent server takes to be given up.
 */
class ResumedStream extends Readable {
	readonly #chunks: Chunks;

	readonly #stop = new Cancellation();

	readonly #forgetSignal: () => void;

	constructor(open: (stop: Cancellation) => Chunks, signal: Abortable | undefined) {
		super();
		// A stream that its owner forgot must not end the whole process when it fails.
		this.on('error', () => undefined);
		this.#forgetSignal = onAbort(signal, () => this.#stop.abort());
		if (signal?.aborted === true) this.#stop.abort();
		this.#chunks = open(this.#stop);
	}

	override _read(): void {
		this.#chunks.next().then(
			({ done, value }) => {
				if (this.destroyed) return;
				this.push(done === true ? null : value);
			},
			(error: Error) => {
				this.destroy(error);
			},
		);
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#forgetSignal();
		// At the end there is nothing to stop.
		if (!this.readableEnded) this.#stop.abort();
		this.#chunks.return().catch(() => undefined);
		callback(error);
	}
}

function changed(path: string): TransportError {
	return new TransportError('size-mismatch', `${path} changed on the server while it was being read`, { path });
}

function isSameNumber(a: number | undefined, b: number | undefined): boolean {
	return a === undefined || b === undefined || a === b;
}

/** To the second: a listing and a single file may be answered with different precision. */
function secondsOf({ modifiedAt }: RemoteEntry): number | undefined {
	return modifiedAt === undefined ? undefined : Math.floor(modifiedAt.getTime() / 1000);
}

function isSame(a: RemoteEntry, b: RemoteEntry): boolean {
	return isSameNumber(a.size, b.size) && isSameNumber(secondsOf(a), secondsOf(b));
}
