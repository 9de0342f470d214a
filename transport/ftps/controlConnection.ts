import { Client, FTPError, type FTPResponse } from 'basic-ftp';
import type { Socket } from 'node:net';

import { bareHost, type FtpsSettings } from '../connectionSettings';
import { onAbort } from '../onAbort';
import { secondsText } from '../secondsText';
import { TransportError, type TransportErrorFields } from '../transportError';
import { BurstFailure, sendTogether, type Answer } from './commandBurst';
import type { PooledConnection } from './controlConnectionPool';
import { DataConnector, type DataUse } from './dataConnection';
import {
	ftpsError,
	ftpsFailure,
	isAmbiguousRefusal,
	isCleanRefusal,
	isRefusal,
	isTlsFailure,
	type FtpsPhase,
} from './ftpsFailure';
import type { ListedName } from './listedName';
import { PassiveAhead } from './passiveAhead';
import { Retrieval, type RetrievalOptions } from './retrieval';
import type { RecentNames } from '../recentNames';
import type { ServerHabits } from './serverHabits';
import { setUpSession, type ServerTraits } from './sessionSetup';
import type { Shortcut } from './shortcut';
import { ignoreLateErrors, openTcp, startTls, TlsHandshakeFailure } from './socket';
import { tlsOptions, type TlsTrust } from './tlsTrust';
import { PIECE_BYTES, TransferSink, type Receive } from './transferSink';
import { passWholeLines } from './wholeLines';

export const CONNECT_MILLISECONDS = 20_000;
export const STALL_MILLISECONDS = 30_000;
const NO_TIMEOUT = 0;
/** How long the server may take to end its side after a goodbye. */
const GOODBYE_MILLISECONDS = 1_000;

/** A listing longer than this is no tenant's directory but a server that never says the end. */
const LONGEST_LISTING = 268_435_456;

/** What is quicker than one command at a time, for as long as the server takes it. One for each account. */
export interface Shortcuts {
	/** The commands behind the log-in, sent together. */
	readonly burst: Shortcut;
	/** The next data connection, asked for before the end of the last transfer is confirmed. */
	readonly ahead: Shortcut;
}

/** A path as the server knows it, and as the caller named it. */
export interface Target {
	readonly absolute: string;
	readonly path: string;
}

/**
 * The target for a path below the tenant directory; `below` is what `joinTenantPath` made of it, relative to the login
 * directory unless it starts with a slash. Absolute paths, because listing changes the working directory.
 */
export function targetOn(connection: { readonly traits: ServerTraits }, below: string, path: string): Target {
	if (below.startsWith('/')) return { absolute: below, path };
	const { loginDirectory } = connection.traits;
	const absolute = loginDirectory === '/' || below === '' ? `${loginDirectory}${below}` : `${loginDirectory}/${below}`;
	return { absolute, path };
}

/**
 * Gives on to `receive` until it is to be forgotten. Node.js holds what a socket refers to until V8 collects its whole heap, and
 * V8 holds with a function all that the functions made beside it use: so this one is made apart. No byte that comes late gets
 * into the next retrieval either.
 */
function forgettable(receive: Receive): { readonly receive: Receive; readonly forget: () => void } {
	let current: Receive | undefined = receive;
	return {
		receive: (bytes, resume) => current?.(bytes, resume) ?? false,
		forget: () => {
			current = undefined;
		},
	};
}

/** The server said no and the connection is as good as before. */
export interface Refusal {
	readonly reply: number;
	readonly failure: TransportError;
	/** It is about the path, but does not tell whether there is such a path. */
	readonly isAmbiguous: boolean;
}

export type Reply = { readonly message: string; readonly refusal?: undefined } | { readonly refusal: Refusal };

/** The text of a listing and the server's word that this is all; or why there is none. */
export type ListingReply =
	| { readonly text: string; readonly message: string; readonly refusal?: undefined }
	| { readonly refusal: Refusal };

export interface ConnectionPlan {
	readonly settings: FtpsSettings;
	readonly trust: TlsTrust;
	readonly shortcuts: Shortcuts;
	readonly recent: RecentNames<ListedName>;
	readonly habits: ServerHabits;
	/** What an earlier connection of the same account already asked. */
	readonly traits?: ServerTraits | undefined;
}

const LATE_IN: Readonly<Record<FtpsPhase, string>> = {
	connect: 'no answer to the connection attempt',
	tls: 'the TLS handshake did not end',
	greeting: 'no greeting',
	auth: 'no answer to AUTH TLS',
	login: 'no answer to the login',
	request: 'no answer to a request',
	data: 'no data connection',
	transfer: 'no data',
};

/** One logged-in FTPS session. It does one thing at a time. */
export class ControlConnection implements PooledConnection {
	readonly #settings: FtpsSettings;
	readonly #trust: TlsTrust;
	readonly #client = new Client(NO_TIMEOUT);
	readonly #dataConnector = new DataConnector();
	readonly #burst: Shortcut;
	/** Of the server, the same for all connections. */
	readonly habits: ServerHabits;
	readonly #ahead: PassiveAhead;
	/** Aborts with the connection: what is still being opened for it is given up. */
	readonly #life = new AbortController();
	#tcp: Socket | undefined;
	#noteClosed: () => void = () => undefined;
	readonly #socketClosed = new Promise<void>((resolve) => {
		this.#noteClosed = resolve;
	});
	#phase: FtpsPhase = 'connect';
	#hasAnswered = false;
	/** Where transfers gather their pieces, one after the other. */
	readonly gatherIn = Buffer.allocUnsafeSlow(PIECE_BYTES);
	/** Of the retrieval that began last. */
	#sink: TransferSink | undefined;
	/** What went wrong on the current data connection. */
	#dataError: Error | undefined;
	#interruption: TransportError | undefined;
	#rejectStep: ((reason: TransportError) => void) | undefined;
	#traits: ServerTraits = { hasMachineListing: false, loginDirectory: '/' };
	/** Of the store that has it. */
	#recent: RecentNames<ListedName>;
	readonly #goneListeners = new Set<() => void>();

	private constructor({ settings, trust, shortcuts, habits, recent }: ConnectionPlan) {
		this.#recent = recent;
		this.#settings = settings;
		this.#trust = trust;
		this.#burst = shortcuts.burst;
		this.habits = habits;
		this.#ahead = new PassiveAhead(this.#client.ftp, shortcuts.ahead);
		void this.#socketClosed.then(() => this.#tellGone());
	}

	/**
	 * Connects and logs in within `connectTimeout`. Rejects with a `TransportError`; the password is sent only when the
	 * connection is encrypted and the server's certificate verified.
	 */
	static async open(plan: ConnectionPlan, signal: AbortSignal): Promise<ControlConnection> {
		const connection = new ControlConnection(plan);
		const milliseconds = plan.settings.connectTimeout ?? CONNECT_MILLISECONDS;
		const stop = (): void => connection.interrupt(ftpsError('closed', connection.#context(undefined)));
		const late = setTimeout(() => connection.#giveUpConnecting(milliseconds), milliseconds);
		const forgetSignal = onAbort(signal, stop);
		if (signal.aborted) stop();
		return await connection
			.#step(undefined, () => connection.#logIn(plan.traits))
			.then(() => connection)
			.catch(async (error: unknown) => {
				// The server counts it until then.
				await connection.whenClosed;
				return await Promise.reject(error);
			})
			.finally(() => {
				clearTimeout(late);
				forgetSignal();
			});
	}

	/** Resolves when the sockets are closed, which may be a while after `interrupt`. */
	get whenClosed(): Promise<void> {
		return this.#socketClosed.then(() => this.#dataConnector.whenClosed());
	}

	get traits(): ServerTraits {
		return this.#traits;
	}

	get isUsable(): boolean {
		return this.#interruption === undefined && !this.#client.closed;
	}

	get hasAnswered(): boolean {
		return this.#hasAnswered || (this.#sink?.received ?? 0) > 0;
	}

	/** Listings of a moment ago, of the store that has it. */
	get recent(): RecentNames<ListedName> {
		return this.#recent;
	}

	/** It is lent to another store after a rest. */
	serve(
		{ stallTimeout = STALL_MILLISECONDS }: Pick<FtpsSettings, 'stallTimeout'>,
		recent: RecentNames<ListedName>,
	): void {
		this.#recent = recent;
		const context: { timeout: number } = this.#client.ftp;
		context.timeout = stallTimeout;
	}

	keepAwake(isNeeded: boolean): void {
		for (const socket of [this.#tcp, this.#client.ftp.socket]) {
			if (isNeeded) socket?.ref();
			else socket?.unref();
		}
	}

	whenGone(listener: () => void): () => void {
		if (this.isUsable) this.#goneListeners.add(listener);
		else listener();
		return () => this.#goneListeners.delete(listener);
	}

	#tellGone(): void {
		const listeners = [...this.#goneListeners];
		this.#goneListeners.clear();
		for (const listener of listeners) listener();
	}

	beginTask(): void {
		this.#hasAnswered = false;
		this.#sink = undefined;
	}

	interrupt(reason: TransportError): void {
		if (this.#interruption !== undefined) return;
		this.#interruption = reason;
		this.#life.abort();
		if (this.#rejectStep === undefined && !this.#client.closed) this.#sayGoodbye();
		else this.#client.close();
		this.#awaitClosing();
		this.#rejectStep?.(reason);
		this.#tellGone();
	}

	/** To be called anew whenever the library may have taken all listeners off the socket. */
	#awaitClosing(): void {
		if (this.#tcp === undefined || this.#tcp.closed) this.#noteClosed();
		else this.#tcp.once('close', this.#noteClosed);
	}

	/**
	 * Leaves the server to end an idle connection: when the socket closes, the server has closed it, too, and no longer
	 * counts it. The library destroys the socket when the server has.
	 */
	#sayGoodbye(): void {
		const { ftp } = this.#client;
		ftp.send('QUIT');
		ftp.socket.end();
		const timer = setTimeout(() => this.#client.close(), GOODBYE_MILLISECONDS).unref();
		void this.#socketClosed.then(() => clearTimeout(timer));
	}

	/** `host:port`, and the path when it is about one: what an error of this connection names. */
	error(
		code: TransportError['code'],
		path: string | undefined,
		detail?: string,
		fields: TransportErrorFields = {},
	): TransportError {
		return ftpsError(code, this.#context(path), detail, fields);
	}

	/** Sends one command; resolves with the reply, also when it is a refusal that leaves the connection usable. */
	request(command: string, path?: string): Promise<Reply> {
		this.#phase = 'request';
		return this.#orRefusal(path, async () => {
			const reply = await this.#client.send(command);
			this.#hasAnswered = true;
			return { message: reply.message };
		});
	}

	/** Whether the server is known to take commands that are sent together. */
	get takesCommandsTogether(): boolean {
		return this.#burst.isProven;
	}

	/**
	 * As `request`, several in one round trip; resolves with the replies, in order.
	 *
	 * @param areInOrder whether the replies can be those to the commands; when not, the connection ends, and further ones are asked in turn
	 */
	async requestTogether(
		commands: readonly string[],
		path: string,
		areInOrder: (replies: readonly Reply[]) => boolean,
	): Promise<readonly Reply[]> {
		this.#phase = 'request';
		return await this.#step(path, async () => {
			const { ftp } = this.#client;
			const answers: Answer[] = [];
			// A server that says nothing at all has the time that a single command has: the library's, which ends first.
			await sendTogether(ftp, commands, 2 * ftp.timeout, answers).catch((error: unknown) => {
				if (answers.length > 0) this.#burst.refused();
				return Promise.reject(error);
			});
			this.#hasAnswered = true;
			const replies: Reply[] = [];
			for (const answer of answers) {
				if (!(answer instanceof FTPError)) replies.push({ message: answer.message });
				else if (isCleanRefusal(answer)) replies.push(this.#refusal(answer, path));
				else return await Promise.reject(answer);
			}
			if (areInOrder(replies)) return replies;
			this.#burst.refused();
			return await Promise.reject(new BurstFailure('the answers to several commands were mixed up'));
		});
	}

	/** Lists the working directory by MLSD or LIST. */
	async listing(command: string, path: string): Promise<ListingReply> {
		const pieces: Buffer[] = [];
		const sink = new TransferSink({
			room: LONGEST_LISTING,
			skip: 0,
			wanted: LONGEST_LISTING,
			gatherIn: this.gatherIn,
			deliver: (piece, taken) => {
				pieces.push(piece);
				taken();
			},
			onOverrun: () => this.error('protocol', path, 'its listing of this directory does not end'),
		});
		const reply = await this.#retrieve({ command, start: 0, sink, isListing: true }, path);
		if (reply.refusal !== undefined) return reply;
		return { text: Buffer.concat(pieces).toString(), message: reply.message };
	}

	/**
	 * Fetches a file from byte `start` on into the sink. Resolves when the server confirmed the end of the transfer
	 * (226) and the data connection ended; whether the bytes are all there is for the caller to count.
	 */
	async retrieve(target: Target, start: number, sink: TransferSink): Promise<Refusal | undefined> {
		const reply = await this.#retrieve({ command: `RETR ${target.absolute}`, start, sink }, target.path);
		return reply.refusal;
	}

	/**
	 * As `retrieve`, but breaks off when the sink has enough. The connection may be of no more use after it, and is not waited
	 * for where it `isLast` of it.
	 */
	async retrievePart(target: Target, start: number, sink: TransferSink, isLast: boolean): Promise<Refusal | undefined> {
		const breakOff = (): void => this.#dataConnector.reset();
		const command = `RETR ${target.absolute}`;
		const reply = await this.#retrieve({ command, start, sink, breakOff, isLast }, target.path);
		return reply.refusal;
	}

	/** Whether the next answer is the one to the next command. Never rejects; the connection may be of no more use after it. */
	isInStep(): Promise<boolean> {
		return this.request('NOOP').then(
			(reply) => reply.refusal === undefined && reply.message.startsWith('200'),
			() => false,
		);
	}

	async #retrieve(options: Omit<RetrievalOptions, 'onAnswered'>, path: string): Promise<Reply> {
		const { sink, breakOff } = options;
		const onAnswered = (): void => this.#dataConnector.commandAnswered();
		const retrieval = new Retrieval(this.#client.ftp, { ...options, onAnswered });
		const { receive, forget } = forgettable((bytes, resume) => retrieval.receive(bytes, resume));
		this.#sink = sink;
		const fetching = this.#orRefusal(
			path,
			async () => {
				await this.#openDataConnection({ receive, mayReset: breakOff !== undefined });
				return { message: await retrieval.run() };
			},
			(error) => retrieval.isRestartRefused || (isCleanRefusal(error) && sink.received === 0),
		);
		return await fetching.finally(() => {
			forget();
			this.#dataConnector.dropUnused();
			sink.flush();
		});
	}

	#context(path: string | undefined, fingerprint?: string) {
		const { host, port, protocol, username, password } = this.#settings;
		const secrets = { username, password };
		return { server: `${host}:${port}`, mode: protocol, secrets, phase: this.#phase, path, fingerprint };
	}

	/** Runs one step of work. An interruption settles it at once, whatever the library is waiting for. */
	#step<T>(path: string | undefined, work: () => Promise<T>): Promise<T> {
		if (this.#interruption !== undefined) return Promise.reject(this.#interruption);
		this.#dataError = undefined;
		return new Promise<T>((resolve, reject) => {
			this.#rejectStep = reject;
			const ready = this.#ahead.settle();
			ready.then(work).then(resolve, (error: unknown) => reject(this.#broken(error, path)));
		}).finally(() => {
			this.#rejectStep = undefined;
		});
	}

	#orRefusal(
		path: string | undefined,
		work: () => Promise<Reply>,
		leavesOpen: (error: unknown) => boolean = isCleanRefusal,
	): Promise<Reply> {
		return this.#step(path, () =>
			work().catch((error: unknown): Reply | Promise<never> => {
				if (!isRefusal(error) || !leavesOpen(error)) return Promise.reject(error);
				this.#hasAnswered = true;
				return this.#refusal(error, path);
			}),
		);
	}

	#refusal(error: FTPError, path: string | undefined): Reply {
		const failure = ftpsFailure(error, this.#context(path));
		return { refusal: { reply: error.code, failure, isAmbiguous: isAmbiguousRefusal(error, path) } };
	}

	/** After anything but a clean refusal it is unknown what the server sends next, so the connection ends here. */
	#broken(error: unknown, path: string | undefined): TransportError {
		if (this.#interruption !== undefined) return this.#interruption;
		this.#learnFromReset();
		const handshake = error instanceof TlsHandshakeFailure ? error : undefined;
		const cause = handshake?.reason ?? (isTlsFailure(this.#dataError) ? this.#dataError : error);
		const failure = ftpsFailure(cause, this.#context(path, handshake?.fingerprint));
		this.interrupt(failure);
		return failure;
	}

	/** A data connection that is reset before TLS had its turn may have begun with it too early. */
	#learnFromReset(): void {
		const code = this.#dataError !== undefined && 'code' in this.#dataError ? this.#dataError.code : undefined;
		if (code === 'ECONNRESET' && !this.#dataConnector.isSecured) this.habits.needsCommandFirst = true;
	}

	#giveUpConnecting(milliseconds: number): void {
		const hint =
			this.#phase === 'greeting' && this.#settings.protocol === 'ftpsExplicit'
				? '; it may be an implicit FTPS port (usually 990)'
				: '';
		const detail = `${LATE_IN[this.#phase]} within ${secondsText(milliseconds)}${hint}`;
		this.interrupt(ftpsError('timeout', this.#context(undefined), detail));
	}

	async #logIn(known: ServerTraits | undefined): Promise<void> {
		const { host, port, protocol } = this.#settings;
		const tcp = await openTcp({ host: bareHost(host), port, signal: this.#life.signal, timeout: NO_TIMEOUT });
		this.#tcp = tcp;
		if (protocol === 'ftpsImplicit') await this.#encrypt(tcp);
		else await this.#attach(tcp);
		await this.#greet();
		if (protocol === 'ftpsExplicit') {
			await this.#askForTls();
			await this.#encrypt(tcp);
		}
		const since = performance.now();
		await this.#authenticate();
		const passwordMilliseconds = performance.now() - since;
		this.#phase = 'request';
		this.#traits = await setUpSession(this.#client, { known, burst: this.#burst, slowest: passwordMilliseconds });
		// The library has one timeout for everything; logging in has its own, so the client starts with none.
		const context: { timeout: number } = this.#client.ftp;
		context.timeout = this.#settings.stallTimeout ?? STALL_MILLISECONDS;
	}

	async #encrypt(tcp: Socket): Promise<void> {
		this.#phase = 'tls';
		const { ftp } = this.#client;
		const secured = await startTls(tcp, tlsOptions(this.#settings, this.#trust), this.#life.signal);
		await this.#attach(secured);
		this.#trust.learnGroup(secured);
		ftp.tlsOptions = tlsOptions(this.#settings, this.#trust);
		ignoreLateErrors(tcp);
		this.#awaitClosing();
	}

	/**
	 * Gives the library its control socket. That resets its context, takes the listeners off the socket it replaces, and
	 * would bring a client back to life that was closed meanwhile.
	 */
	async #attach(socket: Socket): Promise<void> {
		if (this.#life.signal.aborted) {
			socket.destroy();
			return await Promise.reject(new Error('Connection closed here'));
		}
		this.#client.ftp.socket = socket;
		passWholeLines(socket);
	}

	async #greet(): Promise<void> {
		this.#phase = 'greeting';
		await this.#client.ftp.handle(undefined, (reply, task) => {
			if (reply instanceof Error) return task.reject(reply);
			if (reply.code < 200 || reply.code >= 300) return task.reject(new FTPError(reply));
			task.resolve(reply);
		});
	}

	/** RFC 4217 section 4: 234 means go ahead. Anything else, and the login would go over an open line. */
	async #askForTls(): Promise<void> {
		this.#phase = 'auth';
		const reply = await this.#client.send('AUTH TLS');
		if (reply.code !== 234) await Promise.reject(new FTPError(reply));
	}

	async #authenticate(): Promise<void> {
		this.#phase = 'login';
		const { username, password } = this.#settings;
		if (!this.#client.ftp.hasTLS) await Promise.reject(ftpsError('tls-refused', this.#context(undefined)));
		if (/[^\x20-\x7e]/u.test(username + password)) await this.#client.sendIgnoringError('OPTS UTF8 ON');
		await this.#client.login(username, password);
	}

	async #openDataConnection(use: DataUse): Promise<FTPResponse> {
		this.#phase = 'data';
		const reply = await this.#dataConnector.open(this.#client.ftp, {
			signal: this.#life.signal,
			ahead: this.#ahead,
			habits: this.habits,
			...use,
			onAnswer: () => {
				this.#hasAnswered = true;
			},
			onError: (error) => {
				this.#dataError ??= error;
			},
		});
		this.#phase = 'transfer';
		return reply;
	}
}
