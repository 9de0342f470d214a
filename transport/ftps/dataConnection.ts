import type { FTPContext, FTPResponse } from 'basic-ftp';
import { isIP, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { connect as connectTls, TLSSocket, type ConnectionOptions } from 'node:tls';

import { onAbort } from '../onAbort';
import { isRefusal } from './ftpsFailure';
import type { PassiveAhead } from './passiveAhead';
import type { ServerHabits } from './serverHabits';
import { openTcp, whenConnected, type TcpOptions } from './socket';
import type { Receive } from './transferSink';

/** `229 Entering Extended Passive Mode (|||6446|)`; IBM i writes `!` for `|`. RFC 2428 section 3. */
const EXTENDED_PORT = /[|!]{3}(\d{1,5})[|!]/u;
/** `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)`. RFC 959 section 4.1.2. */
const PASSIVE_PORT = /(?<![\d,])\d{1,3},\d{1,3},\d{1,3},\d{1,3},(\d{1,3}),(\d{1,3})/u;
const HIGHEST_PORT = 65_535;
/** What TLS brings at once: RFC 8446 section 5.1. */
const RECORD_BYTES = 16_384;
const EVENTS = ['error', 'close'] as const;

interface WithSession {
	setSession(session: Buffer): void;
}
/**
 * tls.connect() sets its option `session` twice, which takes a quarter of a millisecond each, since a session holds the server's
 * certificate (lib/_tls_wrap.js, Node.js 20 to 24). The method that it calls is there for all, but not documented.
 */
const KNOWS_SESSIONS = 'setSession' in TLSSocket.prototype;

/** What a data connection is for. */
export interface DataUse {
	/** Takes the bytes that come; without it they are read from the library's data socket. */
	readonly receive?: Receive;
	/** `reset` may be called. */
	readonly mayReset?: boolean;
}

export interface DataConnectionOptions extends DataUse {
	/** Aborting gives up an attempt to connect. */
	readonly signal: AbortSignal;
	/** Hears what goes wrong on the data connection. */
	readonly onError: (error: Error) => void;
	/** Hears that the server answered the request for this data connection. */
	readonly onAnswer: () => void;
	/** Knows whether the server listens already, and hears when this data connection has ended. */
	readonly ahead: PassiveAhead;
	readonly habits: ServerHabits;
}

function legalPort(port: number): number | undefined {
	return port > 0 && port <= HIGHEST_PORT ? port : undefined;
}

/** The port in a reply to EPSV. */
export function extendedPassivePort(reply: string): number | undefined {
	return legalPort(Number(EXTENDED_PORT.exec(reply)?.[1] ?? 0));
}

/** The port in a reply to PASV; the address in it is never used. */
export function passivePort(reply: string): number | undefined {
	const match = PASSIVE_PORT.exec(reply);
	return legalPort(Number(match?.[1] ?? 0) * 256 + Number(match?.[2] ?? 0));
}

/**
 * Hands the socket to the library, but not its errors. The library would end the control connection at once, while the
 * reason is still on its way there: ProFTPD resets the data connection and then says "550 No such file or directory".
 * Once the transfer runs the library hears of errors as the reader of the socket. The handshake ends by then.
 */
function attachDataSocket(ftp: FTPContext, socket: TLSSocket, onError: (error: Error) => void): void {
	const own = EVENTS.map((event) => [event, new Set(socket.listeners(event))] as const);
	ftp.dataSocket = socket;
	for (const [event, known] of own) {
		for (const listener of socket.listeners(event).filter((one) => !known.has(one))) {
			socket.removeListener(event, listener as (...args: unknown[]) => void);
		}
	}
	socket.on('error', onError);
}

/** Gives on what came, and holds the server back for as long as there is no room for more. */
function pass(bytes: Buffer, socket: Socket, receive: Receive): boolean {
	const isRoom = receive(bytes, () => {
		socket.resume();
	});
	// Otherwise resume() has nothing to do.
	if (!isRoom) socket.pause();
	return isRoom;
}

/** TLS over a TCP connection that is open. */
function secureOver(
	tcp: Socket,
	options: ConnectionOptions,
	session: Buffer | undefined,
	receive: Receive | undefined,
): TLSSocket {
	const secured = connectTls({ ...options, ...(session === undefined ? {} : { session }), socket: tcp });
	if (receive !== undefined) secured.on('data', (bytes: Buffer) => pass(bytes, secured, receive));
	return secured;
}

/** The server named a port on which it does not listen, or none. */
class NoSuchPort extends Error {
	constructor(readonly reason: unknown) {
		super('No data connection on the port of the server');
	}
}

/** What an attempt came to that may have been refused for the way of asking. */
function isUselessPort(error: unknown): boolean {
	if (!(error instanceof Error) || !('code' in error)) return false;
	return error.code === 'ECONNREFUSED' || error.code === 'EHOSTUNREACH';
}

/** Opens data connections: EPSV, and PASV on servers with which EPSV does not work. One for each control connection. */
export class DataConnector {
	#tcp: Socket | undefined;
	/** Begins TLS on a data connection that waits for the answer to its command. */
	#begin: (() => void) | undefined;
	#isSecured = false;
	#current: Socket | undefined;
	readonly #incoming = Buffer.allocUnsafeSlow(RECORD_BYTES);

	/** Resolves with the reply when the library's context has its data socket. */
	async open(ftp: FTPContext, options: DataConnectionOptions): Promise<FTPResponse> {
		this.#isSecured = false;
		this.#begin = undefined;
		const early = options.ahead.takeReply();
		if (early === undefined) return await this.#enter(ftp, options);
		return await this.#connectAhead(ftp, early, options).catch(async () => {
			options.ahead.portFailed();
			return await this.#enter(ftp, options);
		});
	}

	/**
	 * Ends the data connection in the middle of a transfer, by RST alone. After a FIN the server's next write would fail with EPIPE
	 * (Linux' tcp_reset in CLOSE_WAIT), for which ProFTPD's mod_tls ends the whole session; ECONNRESET it takes for an abort.
	 */
	reset(): void {
		this.#tcp?.resetAndDestroy();
	}

	/** The server has answered the command that the data connection is for. */
	commandAnswered(): void {
		this.#begin?.();
		this.#begin = undefined;
	}

	/** Ends a data connection whose command was refused. */
	dropUnused(): void {
		if (this.#begin === undefined) return;
		this.#begin = undefined;
		this.#tcp?.destroy();
	}

	/** Whether the last data connection got as far as TLS. */
	get isSecured(): boolean {
		return this.#isSecured;
	}

	/** Resolves when no data connection is open. */
	async whenClosed(): Promise<void> {
		const socket = this.#current;
		if (socket === undefined || socket.closed) return;
		await new Promise((resolve) => socket.once('close', resolve));
	}

	async #connect(
		ftp: FTPContext,
		reply: FTPResponse,
		portOf: (reply: string) => number | undefined,
		options: DataConnectionOptions,
	): Promise<FTPResponse> {
		const port = portOf(reply.message);
		if (port === undefined) {
			return await Promise.reject(new NoSuchPort(new Error(`No port in the reply "${reply.message}"`)));
		}
		await this.#connectTo(ftp, port, options).catch((error: unknown) =>
			Promise.reject(isUselessPort(error) ? new NoSuchPort(error) : error),
		);
		return reply;
	}

	/**
	 * Connects to the host of the control connection, whatever address the server names: behind NAT that is a private one, and
	 * a foreign one would let a server point us at a third machine (the FTP bounce attack, RFC 2577 section 3). curl does the
	 * same since 7.74; basic-ftp 6 refuses the transfer instead.
	 * It resumes the control connection's TLS session, as vsftpd, ProFTPD and FileZilla Server demand.
	 */
	async #connectTo(ftp: FTPContext, port: number, options: DataConnectionOptions): Promise<void> {
		const control = ftp.socket;
		if (control.remoteAddress === undefined || !(control instanceof TLSSocket)) {
			return await Promise.reject(new Error('The control connection is closed'));
		}
		const { signal, onError, mayReset = false, habits } = options;
		const where = { host: control.remoteAddress, port, signal, timeout: ftp.timeout };
		// A TLS 1.3 ticket serves once: the newest one is used, and each connection brings the next (basic-ftp PR 277).
		const session = ftp.tlsSessionStore ?? control.getSession();
		if (habits.needsCommandFirst) return await this.#connectWaiting(ftp, session, where, options);
		const secured = mayReset
			? await this.#connectResettable(ftp.tlsOptions, session, where, options.receive)
			: await this.#connectReceiving(ftp.tlsOptions, session, where, options.receive);
		if (signal.aborted) {
			secured.destroy();
			return await Promise.reject(new Error('The control connection is closed'));
		}
		this.#attach(ftp, secured, onError);
	}

	#attach(ftp: FTPContext, secured: TLSSocket, onError: (error: Error) => void): void {
		this.#current = secured;
		secured.once('secureConnect', () => {
			this.#isSecured = true;
		});
		secured.on('session', (next: Buffer) => {
			ftp.tlsSessionStore = next;
		});
		attachDataSocket(ftp, secured, onError);
	}

	/** Leaves TLS to `commandAnswered`. */
	async #connectWaiting(
		ftp: FTPContext,
		session: Buffer | undefined,
		where: TcpOptions,
		{ signal, onError, receive }: DataConnectionOptions,
	): Promise<void> {
		const { tlsOptions } = ftp;
		const tcp = await openTcp(where);
		this.#tcp = tcp;
		this.#current = tcp;
		const forgetSignal = onAbort(signal, () => tcp.destroy());
		tcp.once('close', forgetSignal);
		if (signal.aborted) tcp.destroy();
		this.#begin = () => this.#attach(ftp, secureOver(tcp, tlsOptions, session, receive), onError);
	}

	/** Over a TCP connection of its own, because Node.js resets no other. */
	async #connectResettable(
		options: ConnectionOptions,
		session: Buffer | undefined,
		where: TcpOptions,
		receive: Receive | undefined,
	): Promise<TLSSocket> {
		const tcp = await openTcp(where);
		this.#tcp = tcp;
		return secureOver(tcp, options, session, receive);
	}

	/**
	 * Has TLS decrypt into one buffer over and over, which Node.js does only where it opens the TCP connection itself. Otherwise
	 * it takes 16 KB anew for each record, and V8 collects garbage the more often.
	 */
	async #connectReceiving(
		options: ConnectionOptions,
		session: Buffer | undefined,
		where: TcpOptions,
		receive: Receive | undefined,
	): Promise<TLSSocket> {
		const buffer = this.#incoming;
		// Node.js documents `onread` for tls.connect(), its types forget it.
		const reading: Pick<TcpSocketConnectOpts, 'onread'> =
			receive === undefined
				? {}
				: { onread: { buffer, callback: (length) => pass(buffer.subarray(0, length), secured, receive) } };
		const secured: TLSSocket & Partial<WithSession> = connectTls({
			// What is added behind a spread at the beginning gets a hidden class of its own each time (V8's CloneObjectIC).
			port: where.port,
			// The host stays that of the certificate and of the session, see tlsOptions().
			lookup: (_host, { all }, found) => {
				const family = isIP(where.host);
				if (all === true) found(null, [{ address: where.host, family }]);
				else found(null, where.host, family);
			},
			...options,
			...reading,
			...(session === undefined || KNOWS_SESSIONS ? {} : { session }),
		});
		if (session !== undefined) secured.setSession?.(session);
		await whenConnected(secured, where);
		return secured;
	}

	/** A connection at whose end the next one may be asked for. */
	async #connectAhead(ftp: FTPContext, reply: FTPResponse, options: DataConnectionOptions): Promise<FTPResponse> {
		await this.#connect(ftp, reply, extendedPassivePort, options);
		ftp.dataSocket?.once('end', () => options.ahead.ask());
		return reply;
	}

	async #enter(ftp: FTPContext, options: DataConnectionOptions): Promise<FTPResponse> {
		const { habits } = options;
		if (habits.needsPasv) return await this.#enterClassic(ftp, options).catch(reasonOf);
		return await this.#enterExtended(ftp, options).catch(async (error: unknown) => {
			if (!(error instanceof NoSuchPort) && !isRefusal(error)) return await Promise.reject(error);
			const reply = await this.#enterClassic(ftp, options).catch((next: unknown) =>
				// What knows neither is told by what it said first.
				reasonOf(isRefusal(next) ? error : next),
			);
			habits.needsPasv = true;
			return reply;
		});
	}

	async #enterExtended(ftp: FTPContext, options: DataConnectionOptions): Promise<FTPResponse> {
		const reply = await ftp.request('EPSV');
		options.onAnswer();
		return await this.#connectAhead(ftp, reply, options);
	}

	async #enterClassic(ftp: FTPContext, options: DataConnectionOptions): Promise<FTPResponse> {
		const reply = await ftp.request('PASV');
		options.onAnswer();
		return await this.#connect(ftp, reply, passivePort, options);
	}
}

function reasonOf(error: unknown): Promise<never> {
	return Promise.reject(error instanceof NoSuchPort ? error.reason : error);
}
