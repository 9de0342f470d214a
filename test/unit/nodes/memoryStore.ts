import { Readable } from 'node:stream';

import { onAbort, type Abortable } from '../../../transport/onAbort';
import type { ReadRange, RemoteEntry, RemoteStore, RequestOptions } from '../../../transport/remoteStore';
import { TransportError } from '../../../transport/transportError';

interface MemoryFile {
	readonly bytes: Buffer;
	/** What the server says of its size, when it lies. */
	readonly statedSize?: number;
}

/** A tenant in memory. It counts what is asked of it, and fails where a test says so. */
export class MemoryStore implements RemoteStore {
	readonly files = new Map<string, MemoryFile>();

	readonly requests: string[] = [];

	/** Failures to hand out, by request (`list Index`, `read S…/R….wav`), the first one first. */
	readonly failures = new Map<string, TransportError[]>();

	/** Reads that never send anything, until they are aborted. */
	readonly hanging = new Set<string>();

	openReads = 0;

	mostOpenReads = 0;

	closed = false;

	put(path: string, content: string | Buffer, statedSize?: number): this {
		this.files.set(path, { bytes: Buffer.from(content), ...(statedSize === undefined ? {} : { statedSize }) });
		return this;
	}

	async list(directory: string, options: RequestOptions = {}): Promise<RemoteEntry[]> {
		await this.#begin(`list ${directory}`, options.signal);
		const prefix = directory === '' ? '' : `${directory}/`;
		const names = new Map<string, RemoteEntry>();
		for (const path of this.files.keys()) {
			if (!path.startsWith(prefix)) continue;
			const [name = '', ...below] = path.slice(prefix.length).split('/');
			names.set(
				name,
				below.length === 0
					? this.#entry(path)
					: { name, path: prefix + name, type: 'directory', size: undefined, modifiedAt: undefined },
			);
		}
		if (names.size === 0 && directory !== '')
			throw new TransportError('not-found', `There is no ${directory} on the server`, { path: directory });
		return [...names.values()].reverse();
	}

	async stat(path: string, options: RequestOptions = {}): Promise<RemoteEntry> {
		await this.#begin(`stat ${path}`, options.signal);
		return this.#entry(path);
	}

	read(path: string, range: ReadRange = {}): Readable {
		return Readable.from(this.#chunks(path, range), { objectMode: false });
	}

	async close(): Promise<void> {
		this.closed = true;
	}

	async *#chunks(path: string, { start = 0, length, signal }: ReadRange): AsyncGenerator<Buffer, void, void> {
		await this.#begin(`read ${path}`, signal);
		this.openReads += 1;
		this.mostOpenReads = Math.max(this.mostOpenReads, this.openReads);
		try {
			if (this.hanging.has(path))
				await new Promise((_, reject) =>
					onAbort(signal, () => reject(new TransportError('aborted', 'The transfer was cancelled'))),
				);
			const bytes = this.#file(path).bytes.subarray(0, length === undefined ? undefined : start + length);
			if (length !== undefined && bytes.length < start + length)
				throw new TransportError('size-mismatch', `${path} ended after ${bytes.length} bytes`, { path });
			for (let at = start; at < bytes.length; at += 10_000) {
				yield bytes.subarray(at, at + 10_000);
				await new Promise((resolve) => setImmediate(resolve));
				const [failure] = this.failures.get(`read ${path} at ${at}`)?.splice(0, 1) ?? [];
				if (failure !== undefined) throw failure;
			}
		} finally {
			this.openReads -= 1;
		}
	}

	async #begin(request: string, signal: Abortable | undefined): Promise<void> {
		this.requests.push(request);
		await new Promise((resolve) => setImmediate(resolve));
		if (signal?.aborted === true) throw new TransportError('aborted', 'The transfer was cancelled');
		const [failure] = this.failures.get(request)?.splice(0, 1) ?? [];
		if (failure !== undefined) throw failure;
	}

	#file(path: string): MemoryFile {
		const file = this.files.get(path);
		if (file === undefined) throw new TransportError('not-found', `There is no ${path} on the server`, { path });
		return file;
	}

	#entry(path: string): RemoteEntry {
		const { bytes, statedSize } = this.#file(path);
		return {
			name: path.split('/').at(-1) ?? '',
			path,
			type: 'file',
			size: statedSize ?? bytes.length,
			modifiedAt: new Date(0),
		};
	}
}
