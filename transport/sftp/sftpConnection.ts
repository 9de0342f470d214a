import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';

import type { AccountConnection } from '../account/accountConnection';
import { onAbort, type Abortable } from '../onAbort';
import type { RecentNames } from '../recentNames';
import { joinTenantPath } from '../remotePath';
import type { RemoteEntry } from '../remoteStore';
import { secondsText } from '../secondsText';
import { TransportError } from '../transportError';
import { answersInOrder } from './inOrderServer';
import { HandleLimit, OpenSlots } from './openSlots';
import { PendingRequests } from './pendingRequests';
import type { OpenFileState, ReadAnswer, ReadChannel, ReadPace, StateAnswer } from './pipelinedRead';
import { isDeath, isEndOfFile, isPathRefusal, isRefusal, oneSafeLine, requestError, statusOf } from './sftpError';
import { LONGEST_READ, sendRead } from './readRequest';
import { widenReceiveWindow } from './receiveWindow';
import type { SshSession } from './sshSession';

/** Without limits@openssh.com ssh2 caps a READ at 31 952 bytes, and servers at 32 KB: 31 KiB fits both. */
const SAFE_CHUNK = 31_744;
/** Bytes of READs on the wire, queued beyond that: 20 MB/s on one connection across 200 ms. */
const MOST_IN_FLIGHT = 4_194_304;
/** On a line that keeps breaking: so little that every file gets some bytes before the next break. */
const LEAST_IN_FLIGHT = 131_072;
/** READs that share what may be on the wire. */
const LEAST_READS_IN_FLIGHT = 8;
/** Bytes that a connection brings without a break before more are put in flight again. */
const TRUST_BYTES = 16_777_216;
const GRACE_MILLISECONDS = 1_000;
/** Between two signs of life while nothing is asked for: a slow reader, a rest between two runs. Shorter ones kill busy links (ssh2 issue 474). */
const KEEP_ALIVE_MILLISECONDS = 15_000;
/** Turns that one file waits for on a server that limits open handles. */
const MOST_TURNS = 4;

type Answer<T> = (error: Error | undefined, value: T) => void;
type Opening = (channel: SFTPWrapper, answer: Answer<Buffer | undefined>) => void;
type Outcome<T> = { readonly value: T } | { readonly error: TransportError };

interface RequestContext {
	/** The path that errors name, below the tenant directory. */
	readonly path: string;
	/** What an answer that does not come in time is called. */
	readonly overdue: 'timeout' | 'stalled';
}

interface QueuedRead {
	readonly length: number;
	readonly send: () => void;
	readonly fail: (error: TransportError) => void;
}

/** What one connection found out about the server, true for all connections of the account. */
export class ServerManners {
	/** Open handles of all connections, where the server counts them for the account. */
	readonly slots = new OpenSlots();

	/** Where it counts them for each connection. */
	readonly connectionLimit = new HandleLimit();

	/** Whether several READDIRs may be in flight where the server is known to answer in order; not again after the first odd answer. */
	listsAhead = true;

	/** Whether paths that begin at the login directory were understood; `undefined` until one was. */
	takesRelativePaths: boolean | undefined;
	/** Requests under way that will show it. */
	readonly undecided = new Set<Promise<unknown>>();

	/** Where a login begins, asked for when a relative path was refused; `undefined` when the server does not tell. */
	loginDirectory: Promise<string | undefined> | undefined;

	pace: ReadPace = { chunkSize: Infinity, isInOrder: false };

	/** Bytes of READs that a connection may have on the wire. */
	mostInFlight = MOST_IN_FLIGHT;

	/** Bytes of one READ, which has to arrive between two breaks of the line. */
	get longestRead(): number {
		return Math.max(SAFE_CHUNK, this.mostInFlight / LEAST_READS_IN_FLIGHT);
	}

	#arrived = 0;

	/**
	 * Servers answer in order: with megabytes in flight, a file that begins to be read gets nothing before a connection
	 * that breaks every few megabytes breaks again, and would give up in the end.
	 */
	lostBytes(): void {
		this.#arrived = 0;
		this.mostInFlight = Math.max(LEAST_IN_FLIGHT, this.mostInFlight / 4);
	}

	arrived(bytes: number): void {
		this.#arrived += bytes;
		if (this.#arrived < TRUST_BYTES) return;
		this.#arrived = 0;
		this.mostInFlight = Math.min(MOST_IN_FLIGHT, this.mostInFlight * 2);
	}
}

/** Of the store that has a connection. */
interface Service {
	/** Milliseconds. */
	readonly stallTimeout: number;
	/** Listings of a moment ago. */
	readonly recent: RecentNames<RemoteEntry>;
}

interface ConnectionOptions extends Service {
	readonly manners: ServerManners;
	/** `host:port`, for errors. */
	readonly server: string;
	/** Where paths start. */
	readonly tenantDirectory: string;
	/** What must not show in an error, even when the server says it. */
	readonly secrets: readonly string[];
}

/**
 * READs carry as much as the server says it takes, up to what OpenSSH does. ssh2 keeps the announced length to
 * itself and splits longer READs one after the other, so it is looked up where it is; without it we stay safe.
 */
function chunkSizeOf(channel: SFTPWrapper): number {
	const hasLimits = typeof Reflect.get(channel, 'maxOpenHandles') === 'number';
	const longest: unknown = Reflect.get(channel, '_maxReadLen');
	if (!hasLimits || typeof longest !== 'number' || longest < 1) return SAFE_CHUNK;
	return Math.min(LONGEST_READ, longest);
}

/**
 * One logged-in connection and its SFTP channel. Paths are relative to the tenant directory. Every request is answered
 * exactly once: by the server, by its deadline, by the caller's signal, or by the connection's end. ssh2 drops the
 * callbacks of requests made on a closed channel (ssh2 issue 1490), so none is sent once the end was seen.
 */
export class SftpConnection implements ReadChannel, AccountConnection {
	readonly #chunkSize: number;

	readonly #session: SshSession;

	readonly #options: ConnectionOptions;

	#stallTimeout: number;

	#recent: RecentNames<RemoteEntry>;

	/** Whether it rested, and the server has not answered anything since. */
	#isUnproven = false;

	readonly #keepAlive: NodeJS.Timeout;

	readonly #pending: PendingRequests;

	readonly #socketClosed: Promise<void>;

	readonly #goneListeners = new Set<() => void>();

	readonly #slots: OpenSlots;

	/** By handle, in the order of their turns: each file sends one READ at a time, and the first of a file goes first. */
	#queuedReads = new Map<Buffer, QueuedRead[]>();

	/** Handles of which a READ was sent. */
	readonly #begun = new WeakSet<Buffer>();

	#bytesInFlight = 0;

	/** Why the connection is of no more use. */
	#end: TransportError | undefined;

	constructor(session: SshSession, options: ConnectionOptions) {
		this.#session = session;
		this.#options = options;
		this.#chunkSize = chunkSizeOf(session.channel);
		this.#slots = new OpenSlots(options.manners.connectionLimit);
		this.#stallTimeout = options.stallTimeout;
		this.#recent = options.recent;
		this.#keepAlive = setInterval(() => this.#ping(), KEEP_ALIVE_MILLISECONDS).unref();
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
		// Room for every READ on the wire, whatever is left of the library's own window.
		else widenReceiveWindow(channel, MOST_IN_FLIGHT);
	}

	get isUsable(): boolean {
		return this.#end === undefined;
	}

	/** Listings of a moment ago, of the store that has it. */
	get recent(): RecentNames<RemoteEntry> {
		return this.#recent;
	}

	get pace(): ReadPace {
		const { pace, longestRead } = this.#options.manners;
		return { chunkSize: Math.min(this.#chunkSize, pace.chunkSize, longestRead), isInOrder: pace.isInOrder };
	}

	/** Whether several READDIRs of a directory may be in flight. */
	get listsAhead(): boolean {
		return this.#options.manners.listsAhead && answersInOrder(this.#session.channel);
	}

	/** From now on one READDIR at a time. */
	listInTurn(): void {
		this.#options.manners.listsAhead = false;
	}

	adapt(pace: ReadPace): void {
		this.#options.manners.pace = pace;
	}

	/** Resolves when the socket is closed, which may be a while after the connection is of no more use. */
	get whenClosed(): Promise<void> {
		return this.#socketClosed;
	}

	diedResting(error: unknown): boolean {
		if (!this.#isUnproven || !isDeath(error)) return false;
		this.#lose('no longer answers');
		return true;
	}

	/** It is lent to another store after a rest. */
	serve({ stallTimeout, recent }: Service): void {
		this.#stallTimeout = stallTimeout;
		this.#recent = recent;
		this.#pending.allow(stallTimeout);
		this.#isUnproven = true;
	}

	keepAwake(isNeeded: boolean): void {
		const { socket } = this.#session;
		if (isNeeded) socket.ref();
		else socket.unref();
	}

	whenGone(listener: () => void): () => void {
		if (this.isUsable) this.#goneListeners.add(listener);
		else listener();
		return () => this.#goneListeners.delete(listener);
	}

	/** Ends the connection; requests still open fail with `reason`. Its socket is closed within about a second. */
	interrupt(reason: TransportError): void {
		if (!this.isUsable) return;
		const { client, socket } = this.#session;
		this.#finish(reason);
		// The library's end() can wait for ever for a server that does not close its side (ssh2-sftp-client issue 591), and
		// some servers answer it with a reset, which is as good (issue 589). So: ask, wait a little, then cut.
		client.end().catch(() => false);
		const timer = setTimeout(() => socket.destroy(), GRACE_MILLISECONDS);
		void this.#socketClosed.then(() => clearTimeout(timer));
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

	open(path: string, signal?: Abortable): Promise<Buffer> {
		return this.#at(path, signal, async (onServer) => {
			return await this.#openHandle(path, signal, (channel, answer) => channel.open(onServer, 'r', answer));
		});
	}

	opendir(path: string, signal?: Abortable): Promise<Buffer> {
		return this.#at(path, signal, async (onServer) => {
			return await this.#openHandle(path, signal, (channel, answer) => channel.opendir(onServer, answer));
		});
	}

	/**
	 * The next names of an open directory, `.` and `..` among them; `undefined` at its end. Whatever the refusal of an answer says, it is
	 * not that there is no such directory: servers that fail on one of its names say "No such file" (lonetwin/sftpserver issue 6).
	 */
	async readdir(handle: Buffer, path: string, signal?: Abortable): Promise<FileEntryWithStats[] | undefined> {
		return await this.#request<FileEntryWithStats[] | undefined>(
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
		).catch((error: unknown): never => {
			throw error instanceof TransportError && error.code === 'not-found' ? this.#unlisted(path, error) : error;
		});
	}

	/** What a path is called on the server, absolute where the server tells where a login begins, without a slash at its end but for `/`. */
	async pathOnServer(path: string, signal?: Abortable): Promise<string> {
		const relative = this.#onServer(path);
		if (relative.startsWith('/')) return relative;
		return absolutePath(await this.#home(signal), relative);
	}

	/** Attributes of a path, those of the target when it is a link. */
	stat(path: string, signal?: Abortable): Promise<Stats> {
		return this.#at(path, signal, async (onServer) => {
			const context = { path, overdue: 'timeout' } as const;
			return await this.#request<Stats>(context, (channel, answer) => channel.stat(onServer, answer), signal);
		});
	}

	/** Attributes of a path, those of the link itself when it is one. */
	lstat(path: string, signal?: Abortable): Promise<Stats> {
		return this.#at(path, signal, async (onServer) => {
			const context = { path, overdue: 'timeout' } as const;
			return await this.#request<Stats>(context, (channel, answer) => channel.lstat(onServer, answer), signal);
		});
	}

	/** The state of an open file. A server that refuses to tell it, or says that it is empty, is asked for that of its path. */
	fstat(handle: Buffer, path: string, answer: (answer: StateAnswer) => void): void {
		this.#send<Stats | undefined>(
			{ path, overdue: 'stalled' },
			(channel, passOn) => {
				channel.fstat(handle, (error, stats) => {
					if (error !== undefined && statusOf(error) !== undefined) passOn(undefined, undefined);
					else passOn(error, stats);
				});
			},
			(outcome) => {
				if ('error' in outcome) {
					answer(outcome);
					return;
				}
				const stats = outcome.value;
				if (stats?.size !== undefined && (stats.size > 0 || isDirectory(stats))) {
					answer({ state: stateOf(stats) });
					return;
				}
				this.stat(path).then(
					(ofPath) => answer({ state: stateOf(ofPath) }),
					() => answer(this.#end === undefined ? { state: stateOf(stats) } : { error: this.#end }),
				);
			},
		);
	}

	read(handle: Buffer, path: string, position: number, length: number, answer: (answer: ReadAnswer) => void): void {
		const send = (): void => {
			this.#bytesInFlight += length;
			this.#send<Buffer | undefined>(
				{ path, overdue: 'stalled' },
				(channel, passOn) => sendRead(channel, { handle, position, length }, passOn),
				(outcome) => {
					this.#bytesInFlight -= length;
					if ('value' in outcome) this.#options.manners.arrived(outcome.value?.length ?? 0);
					if ('error' in outcome) answer(outcome);
					else if (outcome.value === undefined) answer({ isEnd: true });
					else answer({ data: outcome.value });
					this.#sendQueuedReads();
				},
			);
		};
		if (!this.isUsable || (this.#queuedReads.size === 0 && this.#hasRoom(length))) {
			this.#begun.add(handle);
			send();
			return;
		}
		const queued = { length, send, fail: (error: TransportError): void => answer({ error }) };
		const queue = this.#queuedReads.get(handle);
		if (queue !== undefined) queue.push(queued);
		else if (this.#begun.has(handle)) this.#queuedReads.set(handle, [queued]);
		else this.#queuedReads = new Map([[handle, [queued]], ...this.#queuedReads]);
	}

	close(handle: Buffer): void {
		this.#queuedReads.delete(handle);
		this.#send<undefined>(
			{ path: '', overdue: 'timeout' },
			(channel, answer) => channel.close(handle, (error) => answer(error ?? undefined, undefined)),
			() => {
				this.#slots.closed();
				this.#options.manners.slots.closed();
			},
		);
	}

	/** Opens a file or directory; where the server allows only so many at once, in its turn. */
	async #openHandle(path: string, signal: Abortable | undefined, send: Opening): Promise<Buffer> {
		const slots = [this.#slots, this.#options.manners.slots];
		for (let tries = 0; ; tries += 1) {
			await this.#takeSlots(slots, path, signal);
			const before = slots.map(({ open }) => open);
			const outcome = await this.#request<Buffer | undefined>({ path, overdue: 'timeout' }, send, signal, (late) =>
				this.#closeLate(late),
			).then(
				(handle) => this.#checkedHandle(handle, path),
				(error: unknown) => error,
			);
			if (Buffer.isBuffer(outcome)) {
				for (const each of slots) each.opened(tries > 0);
				return outcome;
			}
			// One that was open when this was sent, or when it was answered, was open beside it.
			const isCrowded =
				tries < MOST_TURNS &&
				isRefusal(outcome) &&
				slots.some((each, index) => each.refused(Math.max(each.open, before[index] ?? 0)));
			for (const each of slots) each.give();
			if (!isCrowded) throw outcome;
		}
	}

	async #takeSlots(slots: readonly OpenSlots[], path: string, signal: Abortable | undefined): Promise<void> {
		for (const [index, each] of slots.entries()) {
			if (await each.take(signal)) continue;
			for (const taken of slots.slice(0, index)) taken.give();
			throw this.#aborted(path);
		}
	}

	/**
	 * Works on a path; on an absolute one where the server refuses those that begin at the login directory. The login directory
	 * itself proves nothing: such servers know it as `.` all the same.
	 */
	async #at<T>(path: string, signal: Abortable | undefined, work: (onServer: string) => Promise<T>): Promise<T> {
		const { manners } = this.#options;
		const relative = this.#onServer(path);
		if (relative.startsWith('/') || manners.takesRelativePaths === true) return await work(relative);
		if (manners.takesRelativePaths === false) return await work(absolutePath(await manners.loginDirectory, relative));
		const attempt = work(relative);
		manners.undecided.add(attempt);
		return await attempt
			.finally(() => manners.undecided.delete(attempt))
			.then(
				(result) => {
					if (relative !== '.') manners.takesRelativePaths = true;
					return result;
				},
				async (error: unknown) => await this.#atAbsolute(relative, error, signal, work),
			);
	}

	async #atAbsolute<T>(
		relative: string,
		refusal: unknown,
		signal: Abortable | undefined,
		work: (onServer: string) => Promise<T>,
	): Promise<T> {
		const { manners } = this.#options;
		if (!isPathRefusal(refusal) || !this.isUsable) throw refusal;
		// The others of the same moment may show that relative paths are taken: then the refusal is about the path.
		if (manners.undecided.size > 0) await Promise.any(manners.undecided).catch(() => undefined);
		const absolute = absolutePath(await this.#home(signal), relative);
		if (this.#options.manners.takesRelativePaths === true || absolute === relative) throw refusal;
		const result = await work(absolute).catch((second: unknown): never => {
			throw isPathRefusal(second) ? refusal : second;
		});
		manners.takesRelativePaths = false;
		return result;
	}

	/** Where a login begins, asked for once; `undefined` when the server does not tell. */
	async #home(signal: Abortable | undefined): Promise<string | undefined> {
		const { manners } = this.#options;
		manners.loginDirectory ??= this.#loginDirectory(signal);
		const home = await manners.loginDirectory;
		// The next one asks again, unless it was the server that did not tell.
		if (home === undefined && (!this.isUsable || signal?.aborted === true)) manners.loginDirectory = undefined;
		return home;
	}

	async #loginDirectory(signal: Abortable | undefined): Promise<string | undefined> {
		const context = { path: '', overdue: 'timeout' } as const;
		return await this.#request<string | undefined>(
			context,
			(channel, answer) => channel.realpath('.', answer),
			signal,
		).catch(() => undefined);
	}

	/** Silence ends the connection, as that after any request does. */
	#ping(): void {
		if (this.#pending.isEmpty) void this.#loginDirectory(undefined);
	}

	#unlisted(path: string, { server, detail = '' }: TransportError): TransportError {
		const message = `The names in ${path === '' ? 'the tenant directory' : `"${path}"`} were refused by the server: ${detail}.`;
		return new TransportError('protocol', message, { server, path, detail });
	}

	#aborted(path: string): TransportError {
		return new TransportError('aborted', `${subjectOf(path)} was stopped.`, { server: this.#options.server, path });
	}

	#onServer(path: string): string {
		const whole = joinTenantPath(this.#options.tenantDirectory, path);
		return whole === '' ? '.' : whole;
	}

	#hasRoom(length: number): boolean {
		return this.#bytesInFlight === 0 || this.#bytesInFlight + length <= this.#options.manners.mostInFlight;
	}

	#sendQueuedReads(): void {
		if (this.#queuedReads.size === 0 || !this.isUsable) return;
		this.burst(() => {
			for (const [handle, queue] of this.#queuedReads) {
				const next = queue[0];
				if (next !== undefined && !this.#hasRoom(next.length)) return;
				// To the end of the line: a Map is walked in the order of insertion, what is added meanwhile included.
				this.#queuedReads.delete(handle);
				queue.shift();
				if (queue.length > 0) this.#queuedReads.set(handle, queue);
				this.#begun.add(handle);
				next?.send();
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
		const { server } = this.#options;
		const stallTimeout = this.#stallTimeout;
		if (this.#end !== undefined) {
			process.nextTick(settle, { error: this.#end });
			return;
		}
		const isAwaited = this.#pending.begin((why) => {
			const what = `${subjectOf(path)} got no answer from ${server} for ${secondsText(stallTimeout)}.`;
			const silence = new TransportError(overdue, what, { server, path });
			settle({ error: why === 'ended' ? (this.#end ?? silence) : silence });
		});
		const answer: Answer<T> = (error, value) => {
			if (!error || statusOf(error) !== undefined) this.#isUnproven = false;
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
		signal: Abortable | undefined,
		late?: (value: T) => void,
	): Promise<T> {
		const { path } = context;
		return new Promise((resolve, reject) => {
			let isAborted = false;
			const abort = (): void => {
				isAborted = true;
				reject(this.#aborted(path));
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

	/** ssh2 hands over nothing at all when the server answers OPEN with a success that has no handle. */
	#checkedHandle(handle: Buffer | undefined, path: string): Buffer | TransportError {
		if (Buffer.isBuffer(handle)) return handle;
		const message = `${subjectOf(path)} was opened without a handle by ${this.#options.server}.`;
		return new TransportError('protocol', message, { server: this.#options.server, path });
	}

	/** A handle that nobody waits for any more; its slots were given back before. */
	#closeLate(handle: Buffer | undefined): void {
		if (!Buffer.isBuffer(handle) || !this.isUsable) return;
		this.#send<undefined>(
			{ path: '', overdue: 'timeout' },
			(channel, answer) => channel.close(handle, (error) => answer(error ?? undefined, undefined)),
			ignoreOutcome,
		);
	}

	#lose(what: string, cause?: unknown): void {
		if (!this.isUsable) return;
		const { server, secrets } = this.#options;
		const detail = cause instanceof Error ? oneSafeLine(cause.message, secrets) : undefined;
		const message = detail === undefined ? `${server} ${what}.` : `${server} ${what} (${detail}).`;
		this.#finish(new TransportError('connection-lost', message, { server, detail }));
		this.#session.socket.destroy();
	}

	#finish(reason: TransportError): void {
		if (!this.isUsable) return;
		this.#end = reason;
		clearInterval(this.#keepAlive);
		if (reason.code === 'connection-lost' && this.#bytesInFlight > 0) this.#options.manners.lostBytes();
		const queued = [...this.#queuedReads.values()].flat();
		this.#queuedReads.clear();
		this.#pending.end();
		for (const read of queued) read.fail(reason);
		const listeners = [...this.#goneListeners];
		this.#goneListeners.clear();
		for (const listener of listeners) listener();
	}
}

function isDirectory(stats: Stats | undefined): boolean {
	return stats?.mode !== undefined && stats.isDirectory();
}

function stateOf(stats: Stats | undefined): OpenFileState {
	return { size: stats?.size, modified: stats?.mtime, isDirectory: isDirectory(stats) };
}

/** The same path when no login directory is known. */
function absolutePath(loginDirectory: string | undefined, relative: string): string {
	if (loginDirectory?.startsWith('/') !== true) return relative;
	const home = loginDirectory.replace(/\/+$/u, '');
	return relative === '.' ? home || '/' : `${home}/${relative}`;
}

const ignoreOutcome = (): void => undefined;

function subjectOf(path: string): string {
	return path === '' ? 'The tenant directory' : `"${path}"`;
}
