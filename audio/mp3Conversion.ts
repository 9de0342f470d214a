import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

import { infoFrame } from './infoFrame';
import type { Mp3Plan } from './mp3Plan';
import { startConversion } from './mp3Workers';
import type { WorkerConversion } from './mp3Workers';
import type { RecordedSound } from './recordedSound';

/** Pieces of sound that a worker has and has not answered yet. The stream waits with further ones. */
const MOST_UNANSWERED = 4;

/** What is to become of a recording, as far as its beginning tells. */
export interface ConversionStart {
	readonly sound: RecordedSound;
	readonly plan: Mp3Plan;
}

/**
 * Is asked after each piece, until it tells; `isEnd` when there is no further one.
 *
 * @returns `undefined` while the beginning does not tell
 * @throws when the recording cannot be converted
 */
export type FindStart = (isEnd: boolean) => ConversionStart | undefined;

/**
 * Takes a WAV and gives an MP3, both piece by piece. The work is done in a thread of its own; what is in between is bounded.
 * Whoever destroys the stream stops the work.
 */
export class Mp3Conversion extends Transform {
	/** Bytes of MP3 so far. */
	bytes = 0;

	/** Pieces that came before it was known where the sound begins. */
	readonly #early: Buffer[] = [];

	#start: ConversionStart | undefined;

	#worker: WorkerConversion | undefined;

	/** Where in the file the next piece begins. */
	#position = 0;

	#unanswered = 0;

	/** What waits until the worker has answered. */
	#goOn: (() => void) | undefined;

	#ended: TransformCallback | undefined;

	constructor(private readonly findStart: FindStart) {
		super();
	}

	/** What it becomes, from the moment on at which the beginning was seen. */
	get plan(): Mp3Plan | undefined {
		return this.#start?.plan;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
		if (this.#start !== undefined) {
			this.#pass(chunk, done);
			return;
		}
		// A copy: the chunk's memory may be used again.
		this.#early.push(Buffer.from(chunk));
		this.#begin(false, done);
	}

	override _flush(done: TransformCallback): void {
		this.#begin(true, (error) => {
			if (error) {
				done(error);
				return;
			}
			this.#ended = done;
			this.#worker?.send({ kind: 'end' });
		});
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#worker?.close();
		this.#worker = undefined;
		this.#early.length = 0;
		callback(error);
	}

	#begin(isEnd: boolean, done: TransformCallback): void {
		if (this.#start !== undefined) {
			done();
			return;
		}
		try {
			this.#start = this.findStart(isEnd);
		} catch (error) {
			done(error instanceof Error ? error : new Error('The recording was refused'));
			return;
		}
		if (this.#start === undefined) {
			done(isEnd ? new Error('The recording ended before its sound began') : null);
			return;
		}
		const { sound, plan } = this.#start;
		this.#worker = startConversion({
			onMp3: (bytes, isLast) => this.#take(bytes, isLast),
			onFailure: (error) => this.destroy(error),
		});
		this.#worker.send({ kind: 'begin', layout: sound, plan, sampleRate: sound.sampleRate });
		this.#give(infoFrame(plan));
		this.#pass(Buffer.concat(this.#early.splice(0)), done);
	}

	/** Hands the part of a piece that is sound to the worker. */
	#pass(chunk: Buffer, done: TransformCallback): void {
		const { from, bytes } = this.#start?.sound ?? { from: 0, bytes: 0 };
		const start = Math.max(0, from - this.#position);
		const end = Math.min(chunk.length, from + bytes - this.#position);
		this.#position += chunk.length;
		if (end <= start) {
			done();
			return;
		}
		// A copy of its own, which goes over to the worker: the chunk's memory may be used again. Not by `from()`: in n8n, where
		// something has touched the iterator of arrays, V8 walks the chunk byte by byte for it, 14 ms for 256 KB.
		this.#worker?.send({ kind: 'sound', bytes: new Uint8Array(chunk.subarray(start, end)) });
		this.#unanswered += 1;
		if (this.#unanswered < MOST_UNANSWERED) done();
		else this.#goOn = done;
	}

	#take(bytes: Uint8Array, isLast: boolean): void {
		this.#give(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
		if (isLast) {
			this.#ended?.();
			return;
		}
		this.#unanswered -= 1;
		const goOn = this.#goOn;
		this.#goOn = undefined;
		goOn?.();
	}

	#give(mp3: Buffer): void {
		if (mp3.length === 0) return;
		this.bytes += mp3.length;
		this.push(mp3);
	}
}
