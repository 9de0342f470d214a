import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { FromWorker, ToWorker } from './conversionMessage';

/** Milliseconds without a conversion after which a worker ends. */
const IDLE = 15_000;

/** Compiled like this file; run from their sources, workers need what runs TypeScript. */
const SUFFIX = extname(__filename);
const SOURCE_LOADER = SUFFIX === '.ts' ? ['--require', 'tsx/cjs'] : [];

/** What a conversion does with the answers of its worker. */
export interface ConversionListener {
	/** MP3 for one piece of sound, or for the end. */
	readonly onMp3: (bytes: Uint8Array, isLast: boolean) => void;
	readonly onFailure: (error: Error) => void;
}

/** A thread that converts, several recordings by turns. */
class Mp3Worker {
	readonly #worker = new Worker(join(__dirname, `mp3Worker${SUFFIX}`), { execArgv: SOURCE_LOADER });

	readonly #listeners = new Map<number, ConversionListener>();

	#idle: NodeJS.Timeout | undefined;

	#last = 0;

	/** @param onGone is called when the thread takes no more work */
	constructor(private readonly onGone: () => void) {
		this.#worker.on('message', (message: FromWorker) => this.#take(message));
		this.#worker.once('error', (error) => this.#fail(error));
		this.#worker.once('exit', () => this.#fail(new Error('the thread that converts has ended')));
	}

	/** Conversions under way. */
	get load(): number {
		return this.#listeners.size;
	}

	add(listener: ConversionListener): number {
		this.#last += 1;
		this.#listeners.set(this.#last, listener);
		clearTimeout(this.#idle);
		// Work under way keeps the process from ending, an idle thread does not.
		this.#worker.ref();
		return this.#last;
	}

	send(message: ToWorker): void {
		const transfers = message.kind === 'sound' ? [message.bytes.buffer as ArrayBuffer] : [];
		this.#worker.postMessage(message, transfers);
	}

	remove(id: number): void {
		if (!this.#listeners.delete(id) || this.#listeners.size > 0) return;
		this.#worker.unref();
		this.#idle = setTimeout(() => this.#end(), IDLE).unref();
	}

	#take(message: FromWorker): void {
		const listener = this.#listeners.get(message.id);
		if (message.kind === 'mp3') listener?.onMp3(message.bytes, message.isLast);
		else listener?.onFailure(new Error(message.reason));
	}

	#fail(error: Error): void {
		this.onGone();
		const listeners = [...this.#listeners.values()];
		this.#listeners.clear();
		for (const listener of listeners) listener.onFailure(error);
	}

	#end(): void {
		this.onGone();
		void this.#worker.terminate();
	}
}

/** One conversion's way to its worker. */
export interface WorkerConversion {
	send(message: DistributiveOmit<ToWorker, 'id'>): void;
	/** Stops it, or lets go of it when it has ended. */
	close(): void;
}

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

/** As many threads as the machine has cores beside n8n's own; each begins with its first conversion. */
const MOST = Math.max(1, availableParallelism() - 1);
const workers = new Set<Mp3Worker>();

/** Begins a conversion on the worker that has the least to do. */
export function startConversion(listener: ConversionListener): WorkerConversion {
	const worker = leastLoaded();
	const id = worker.add(listener);
	return {
		send: (message) => worker.send({ ...message, id } as ToWorker),
		close: () => {
			worker.send({ id, kind: 'stop' });
			worker.remove(id);
		},
	};
}

function leastLoaded(): Mp3Worker {
	const idle = [...workers].find(({ load }) => load === 0);
	if (idle !== undefined) return idle;
	if (workers.size < MOST) {
		const worker: Mp3Worker = new Mp3Worker(() => workers.delete(worker));
		workers.add(worker);
		return worker;
	}
	return [...workers].reduce((least, worker) => (worker.load < least.load ? worker : least));
}
