import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';

import { joinTenantPath } from '../remotePath';
import { TransportError } from '../transportError';
import { onAbort } from './onAbort';
import { PendingRequests } from './pendingRequests';
import type { ReadAnswer, ReadChannel, StateAnswer } from './pipelinedRead';
import { isBareFailure, isEndOfFile, oneSafeLine, requestError } from './sftpError';
import type { SshSession } from './sshSession';

/** Without limits@openssh.com ssh2 caps a READ at 31 952 bytes, and servers at 32 KB: 31 KiB fits both. */
const SAFE_CHUNK = 31_744;
const LARGE_CHUNK = 131_072;
/** Bytes of READs on the wire: more than the library's 2 MB window, so that it never runs dry; queued beyond that. */
const MOST_IN_FLIGHT = 4_194_304;
const GRACE_MILLISECONDS = 1_000;

type Answer<T> = (error: Error | undefined, value: T) => void;
type Outcome<T> = { readonly value: T } | { readonly error: TransportError };

interface RequestContext {
	/** The path that errors name, below the tenant directory. */
	readonly path: string;
	/** What an answer that does not come in time is called. */
	readonly overdue: 'timeout' | 'stalled';
}

interface QueuedRead {
	readonly handle: Buffer;
	readonly length: number;
	readonly send: () => void;
	readonly fail: (error: TransportError) => void;
}

interface ConnectionOptions {
	/** `host:port`, for errors. */
	readonly server: string;
	/** Where paths start. */
	readonly tenantDirectory: string;
	/** Milliseconds. */
	readonly stallTimeout: number;
	/** What must not show in an error, even when the server says it. */
	readonly secrets: readonly string[];
}

/**
 * READs carry as much as the server says it takes (OpenSSH: 261 120), up to 128 KiB. ssh2 keeps the announced length to
 * itself and splits longer READs one after the other, so it is looked up where it is; without it we stay safe.
 */
function chunkSizeOf(channel: SFTPWrapper): number {
	const hasLimits = typeof Reflect.get(channel, 'maxOpenHandles') === 'number';
	const longest: unknown = Reflect.get(channel, '_maxReadLen');
	if (!hasLimits || typeof longest !== 'number' || longest < 1) return SAFE_CHUNK;
	return Math.min(LARGE_CHUNK, longest);
}

/**
 * One logged-in connection and its SFTP channel. Paths are relative to the tenant directory. Every request is answered
 * exactly once: by the server, by its deadline, by the caller's signal, or by the connection's end. ssh2 drops the
 * callbacks of requests made on a closed channel (ssh2 issue 1490), so none is sent once the end was seen.
 */
export class SftpConnection implements ReadChannel {
	readonly chunkSize: number;

	readonly #session: SshSession;

	readonly #options: ConnectionOptions;

	readonly #pending: PendingRequests;

	readonly #socketClosed: Promise<void>;

	readonly #goneListeners: Array<() => void> = [];

	#queuedReads: QueuedRead[] = [];

	#bytesInFlight = 0;

	/** Why the connection is of no more use. */
	#end: TransportError | undefined;

	constructor(session: SshSession, options: ConnectionOptions) {
		this.#session = session;
		this.#options = options;
		this.chunkSize = chunkSizeOf(session.channel);
		this.#pending = new PendingRequests(options.stallTimeout, () => this.#lose('no longer answers'));
		const { channel, client, socket } = session;
		this.#socketClosed = new Promise((resolve) => {
			if (socket.closed) resolve();
			else socket.once('close', () => resolve());
		});
		for (const event of ['end', 'close'] as const) {
			socket.on(event, () => this.#lose('ended the connection'));
			channel.on(event, () => this.#lose('ended the SFTP session'));
		}
		// Permanent: an 'error' event without a listener ends the process.
		socket.on('error', (error) => this.#lose('broke the connection', error));
		channel.on('error', (error: Error) => this.#lose('broke the SFTP protocol', error));
		client.on('error', (error: unknown) => this.#lose('broke the connection', error));
		if (socket.destroyed) this.#lose('ended the connection');
	}

	get isOpen(): boolean {
		return this.#end === undefined;
	}

	/** Calls `listener` once, when the connection has ended for whatever reason. */
	whenGone(listener: () => void): void {
		if (this.isOpen) this.#goneListeners.push(listener);
		else listener();
	}

	/** Ends the connection; requests still open fail with `reason`. Resolves within about a second, never rejects. */
	async end(reason: TransportError): Promise<void> {
		const { client, socket } = this.#session;
		this.#finish(reason);
		// The library's end() can wait for ever for a server that does not close its side (ssh2-sftp-client issue 591), and
		// some servers answer it with a reset, which is as good (issue 589). So: ask, wait a little, then cut.
		client.end().catch(() => false);
		const timer = setTimeout(() => socket.destroy(), GRACE_MILLISECONDS);
		await this.#socketClosed;
		clearTimeout(timer);
	}

	burst(send: () => void): void {
		const { socket } = this.#session;
		socket.cork();
		try {
			send();
		} finally {
			// After this tick, so that what other files ask for in answer to the same packet travels along.
			process.nextTick(() => socket.uncork());
		}
	}

	async open(path: string, signal?: AbortSignal): Promise<Buffer> {
		const handle = await this.#request<Buffer | undefined>(
			{ path, overdue: 'timeout' },
			(channel, answer) => channel.open(this.#onServer(path), 'r', answer),
			signal,
			(late) => this.#closeLate(late),
		).catch(async (error: unknown): Promise<never> => {
			throw await this.#whyNotOpened(error, path, signal);
		});
		return this.#checkedHandle(handle, path);
	}

	async opendir(path: string, signal?: AbortSignal): Promise<Buffer> {
		const handle = await this.#request<Buffer | undefined>(
			{ path, overdue: 'timeout' },
			(channel, answer) => channel.opendir(this.#onServer(path), answer),
			signal,
			(late) => this.#closeLate(late),
		);
		return this.#checkedHandle(handle, path);
	}

	/** The next names of an open directory, `.` and `..` among them; `undefined` at its end. */
	readdir(handle: Buffer, path: string, signal?: AbortSignal): Promise<FileEntryWithStats[] | undefined> {
		return this.#request<FileEntryWithStats[] | undefined>(
			{ path, overdue: 'timeout' },
			(channel, answer) => {
				// ssh2's own filter fails on an answer without names; `full` turns it off. Its types do not know the option.
				const readdir = channel.readdir.bind(channel) as unknown as (
					handle: Buffer,
					options: { readonly full: boolean },
					answer: Answer<FileEntryWithStats[] | undefined>,
				) => void;
				readdir(handle, { full: true }, (error, names) => {
					if (error !== undefined && isEndOfFile(error)) answer(undefined, undefined);
					else answer(error, Array.isArray(names) ? names : undefined);
				});
			},
			signal,
		);
	}

	/** Attributes of a path, those of the target when it is a link. */
	stat(path: string, signal?: AbortSignal): Promise<Stats> {
		return this.#request<Stats>(
			{ path, overdue: 'timeout' },
			(channel, answer) => channel.stat(this.#onServer(path), answer),
			signal,
		);
	}

	/** Attributes of a path, those of the link itself when it is one. */
	lstat(path: string, signal?: AbortSignal): Promise<Stats> {
		return this.#request<Stats>(
			{ path, overdue: 'timeout' },
			(channel, answer) => channel.lstat(this.#onServer(path), answer),
			signal,
		);
	}

	fstat(handle: Buffer, path: string, answer: (answer: StateAnswer) => void): void {
		this.#send<Stats | undefined>(
			{ path, overdue: 'stalled' },
			(channel, passOn) => channel.fstat(handle, passOn),
			(outcome) => {
				if ('error' in outcome) {
					answer(outcome);
					return;
				}
				const stats = outcome.value;
				answer({ state: { size: stats?.size, isDirectory: stats?.mode !== undefined && stats.isDirectory() } });
			},
		);
	}

	read(handle: Buffer, path: string, position: number, length: number, answer: (answer: ReadAnswer) => void): void {
		const send = (): void => {
			this.#bytesInFlight += length;
			this.#send<Buffer | undefined>(
				{ path, overdue: 'stalled' },
				(channel, passOn) => {
					const target = Buffer.allocUnsafeSlow(length);
					channel.read(handle, target, 0, length, position, (error, count) => {
						passOn(error, count > 0 ? target.subarray(0, count) : undefined);
					});
				},
				(outcome) => {
					this.#bytesInFlight -= length;
					if ('error' in outcome) answer(outcome);
					else if (outcome.value === undefined) answer({ isEnd: true });
					else answer({ data: outcome.value });
					this.#sendQueuedReads();
				},
			);
		};
		if (this.isOpen && (this.#queuedReads.length > 0 || !this.#hasRoom(length))) {
			this.#queuedReads.push({ handle, length, send, fail: (error) => answer({ error }) });
			return;
		}
		send();
	}

	close(handle: Buffer): void {
		this.#queuedReads = this.#queuedReads.filter((read) => read.handle !== handle);
		this.#send<undefined>(
			{ path: '', overdue: 'timeout' },
			(channel, answer) => channel.close(handle, (error) => answer(error ?? undefined, undefined)),
			ignoreOutcome,
		);
	}

	#onServer(path: string): string {
		const whole = joinTenantPath(this.#options.tenantDirectory, path);
		return whole === '' ? '.' : whole;
	}

	#hasRoom(length: number): boolean {
		return this.#bytesInFlight === 0 || this.#bytesInFlight + length <= MOST_IN_FLIGHT;
	}

	#sendQueuedReads(): void {
		if (this.#queuedReads.length === 0 || !this.isOpen) return;
		this.burst(() => {
			for (let next = this.#queuedReads[0]; next !== undefined; next = this.#queuedReads[0]) {
				if (!this.#hasRoom(next.length)) return;
				this.#queuedReads.shift();
				next.send();
			}
		});
	}

	/** Sends one request, and calls `settle` once; `late` gets an answer that comes after its deadline. */
	#send<T>(
		context: RequestContext,
		send: (channel: SFTPWrapper, answer: Answer<T>) => void,
		settle: (outcome: Outcome<T>) => void,
		late?: (value: T) => void,
	): void {
		const { path, overdue } = context;
		const { server, stallTimeout } = this.#options;
		if (this.#end !== undefined) {
			process.nextTick(settle, { error: this.#end });
			return;
		}
		const isAwaited = this.#pending.begin((why) => {
			const what = `${subjectOf(path)} got no answer from ${server} for ${stallTimeout} ms.`;
			const silence = new TransportError(overdue, what, { server, path });
			settle({ error: why === 'ended' ? (this.#end ?? silence) : silence });
		});
		const answer: Answer<T> = (error, value) => {
			if (isAwaited()) settle(error ? { error: this.#explain(error, path) } : { value });
			else if (!error) late?.(value);
		};
		try {
			this.burst(() => send(this.#session.channel, answer));
		} catch (error) {
			this.#lose('could not be written to', error);
		}
	}

	#request<T>(
		context: RequestContext,
		send: (channel: SFTPWrapper, answer: Answer<T>) => void,
		signal: AbortSignal | undefined,
		late?: (value: T) => void,
	): Promise<T> {
		const { path } = context;
		return new Promise((resolve, reject) => {
			let isAborted = false;
			const abort = (): void => {
				isAborted = true;
				reject(
					new TransportError('aborted', `${subjectOf(path)} was stopped.`, { server: this.#options.server, path }),
				);
			};
			if (signal?.aborted === true) {
				abort();
				return;
			}
			const stopListening = onAbort(signal, abort);
			const settle = (outcome: Outcome<T>): void => {
				stopListening();
				if ('error' in outcome) reject(outcome.error);
				else if (isAborted) late?.(outcome.value);
				else resolve(outcome.value);
			};
			this.#send(context, send, settle, late);
		});
	}

	/** An error of ssh2; its "No response from server" means that the connection has just ended. */
	#explain(error: Error, path: string): TransportError {
		return this.#end ?? requestError(error, { ...this.#options, path });
	}

	/** A file that the server would not open may be a directory: most say no more than "Failure". */
	async #whyNotOpened(error: unknown, path: string, signal: AbortSignal | undefined): Promise<unknown> {
		if (!(error instanceof TransportError) || !isBareFailure(error)) return error;
		const stats = await this.stat(path, signal).catch(() => undefined);
		if (stats?.mode === undefined || !stats.isDirectory()) return error;
		return new TransportError('not-a-file', `${subjectOf(path)} is a directory.`, {
			server: this.#options.server,
			path,
		});
	}

	/** ssh2 hands over nothing at all when the server answers OPEN with a success that has no handle. */
	#checkedHandle(handle: Buffer | undefined, path: string): Buffer {
		if (Buffer.isBuffer(handle)) return handle;
		const message = `${subjectOf(path)} was opened without a handle by ${this.#options.server}.`;
		throw new TransportError('protocol', message, { server: this.#options.server, path });
	}

	#closeLate(handle: Buffer | undefined): void {
		if (Buffer.isBuffer(handle) && this.isOpen) this.close(handle);
	}

	#lose(what: string, cause?: unknown): void {
		if (!this.isOpen) return;
		const { server, secrets } = this.#options;
		const detail = cause instanceof Error ? oneSafeLine(cause.message, secrets) : undefined;
		const message = detail === undefined ? `${server} ${what}.` : `${server} ${what} (${detail}).`;
		this.#finish(new TransportError('connection-lost', message, { server, detail }));
		this.#session.socket.destroy();
	}

	#finish(reason: TransportError): void {
		if (!this.isOpen) return;
		this.#end = reason;
		const queued = this.#queuedReads.splice(0);
		this.#pending.end();
		for (const read of queued) read.fail(reason);
		for (const listener of this.#goneListeners.splice(0)) listener();
	}
}

const ignoreOutcome = (): void => undefined;

function subjectOf(path: string): string {
	return path === '' ? 'The tenant directory' : `"${path}"`;
}
