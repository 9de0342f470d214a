import { Readable } from 'node:stream';

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

/**
 * A store that tries again. Listings and stats are repeated; a read goes on at its offset on a new connection once size and
 * modification time show the same file, inside the same stream, so that its reader notices nothing. Progress renews
 * the number of attempts; failures that repeating cannot mend pass through at once.
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

	/** As `read`, with a report of how it went. `known` is what a listing or stat said of the file. */
	readReported(path: string, range: ReadRange = {}, known?: RemoteEntry): ResumedRead {
		const report: ReadReport = { attempts: 0, resumed: false };
		return { stream: Readable.from(this.#chunks(path, range, known, report), { objectMode: false }), report };
	}

	async close(): Promise<void> {
		await this.store.close();
	}

	async *#chunks(
		path: string,
		range: ReadRange,
		known: RemoteEntry | undefined,
		report: ReadReport,
	): AsyncGenerator<Uint8Array, void, void> {
		let before = known;
		let offset = range.start ?? 0;
		for (let failures = 0; ; ) {
			report.attempts += 1;
			const from = offset;
			const source = this.store.read(path, { ...range, start: offset });
			const failure = yield* passOn(source, (bytes) => {
				offset += bytes;
			});
			if (failure === undefined) return;

			failures = offset > from ? 1 : failures + 1;
			if (failures > this.policy.retries || !isTransient(failure)) throw failure;
			await backOff(failures, this.policy, range.signal);
			if (offset === (range.start ?? 0)) continue;

			const now = await this.stat(path, { signal: range.signal });
			if (before !== undefined && !isSame(before, now)) {
				throw new TransportError('size-mismatch', `${path} changed on the server while it was being read`, { path });
			}
			before = now;
			report.resumed = true;
		}
	}
}

/** Hands a stream's chunks on; gives back the failure that ended it, if one did. */
async function* passOn(source: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array, unknown, void> {
	try {
		for await (const chunk of source as AsyncIterable<Uint8Array>) {
			onBytes(chunk.length);
			yield chunk;
		}
		return undefined;
	} catch (error) {
		return error ?? new TransportError('protocol', 'The transfer ended without a reason');
	}
}

function isSame(a: RemoteEntry, b: RemoteEntry): boolean {
	if (a.size !== undefined && b.size !== undefined && a.size !== b.size) return false;
	return a.modifiedAt === undefined || b.modifiedAt === undefined || a.modifiedAt.getTime() === b.modifiedAt.getTime();
}
