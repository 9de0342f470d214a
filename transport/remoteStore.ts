import type { Readable } from 'node:stream';

import type { Abortable } from './onAbort';

export type RemoteEntryType = 'file' | 'directory' | 'other';

/** One name on the server. */
export interface RemoteEntry {
	/** Last part of the path. */
	readonly name: string;
	/** Path below the tenant directory, `/` between parts, no leading slash. */
	readonly path: string;
	readonly type: RemoteEntryType;
	/** Bytes, as the server states it. `undefined` when the server does not say. */
	readonly size: number | undefined;
	/** Modification time as the server states it (to the second at best), `undefined` when it does not say. */
	readonly modifiedAt: Date | undefined;
}

/** Lines of a listing that cannot be read: names may be among them that nobody gets to see. */
export interface UnreadableLines {
	readonly directory: string;
	readonly lines: number;
	/** One of them, without secrets. */
	readonly example: string;
}

export interface StoreListener {
	/** Told of each listing that has such lines. */
	readonly onUnreadable?: (found: UnreadableLines) => void;
}

export interface RequestOptions {
	/** Aborting rejects the request with a `TransportError` of code `aborted`. */
	readonly signal?: Abortable | undefined;
}

export interface ReadRange extends RequestOptions {
	/** First byte to read, 0 when absent. */
	readonly start?: number | undefined;
	/**
	 * The file's whole size in bytes when a listing or stat already told it. It lets the store ask for every byte at
	 * once; a stream that ends before (or would run past) it fails with `size-mismatch`. Without it the store asks.
	 */
	readonly size?: number | undefined;
	/**
	 * Bytes to read from `start` on, all when absent. The stream ends after exactly so many, and little more is transferred; a
	 * file that does not hold them all fails with `size-mismatch`, and so does one that is not of the stated `size`.
	 */
	readonly length?: number | undefined;
}

/**
 * What every protocol gives: names and bytes. Paths are relative to the tenant directory and pass `legalRemotePath`
 * before anything is sent. Every rejection and stream error is a `TransportError`.
 */
export interface RemoteStore {
	/** Entries of a directory, without `.` and `..`, in no particular order. `''` is the tenant directory itself. */
	list(directory: string, options?: RequestOptions): Promise<RemoteEntry[]>;
	/** One entry; `not-found` when there is none. */
	stat(path: string, options?: RequestOptions): Promise<RemoteEntry>;
	/**
	 * The file's bytes in order. Memory is bounded and a slow reader slows the server down; destroying the stream or
	 * aborting the signal stops the transfer.
	 */
	read(path: string, range?: ReadRange): Readable;
	/** Ends every connection; resolves when they are closed. Never rejects and never hangs; requests still open fail with `closed`. */
	close(): Promise<void>;
}
