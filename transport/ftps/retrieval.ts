import { FTPError, type FTPContext, type FTPResponse, type TaskResolver } from 'basic-ftp';
import type { Socket } from 'node:net';
import { finished } from 'node:stream';
import { TLSSocket } from 'node:tls';

import { isRefusal } from './ftpsFailure';
import { NO_FILES_TEXT } from './serverText';
import type { TransferSink } from './transferSink';

/** What a server gets to confirm the end of a transfer that was broken off. */
const CONFIRMATION_MILLISECONDS = 5_000;
/** How long TLS on the data connection of a listing may take to begin when the server has said already that it has sent all. */
const UNUSED_MILLISECONDS = 5_000;
/** As long, when it also said that there is nothing. */
const EMPTY_MILLISECONDS = 1_000;
/** What a connection ends with that the other side gives up: Node.js, errno. */
const RESETS: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);
/** "Service not available, closing control connection": RFC 959 section 4.2.2. */
const CLOSING = 421;

export interface RetrievalOptions {
	/** RETR with the path as the server knows it, or a listing. */
	readonly command: string;
	/** The byte to begin at. */
	readonly start: number;
	readonly sink: TransferSink;
	/** Hears that the server has answered the command, before the data connection is read. */
	readonly onAnswered: () => void;
	/** It is a listing: one of no names may come without anything on the data connection. */
	readonly isListing?: boolean | undefined;
	/** Ends the data connection when the sink has enough. Without it the file is fetched to its end. */
	readonly breakOff?: (() => void) | undefined;
	/** The control connection is given up after breaking off: this server has been found to say nothing more on it. */
	readonly isLast?: boolean | undefined;
}

/** Whether the handshake is done: `tls.TLSSocket.getProtocol`. */
function hasBegunTls(data: Socket): boolean {
	return data instanceof TLSSocket && !['unknown', null].includes(data.getProtocol());
}

function isReset(error: Error | undefined): boolean {
	return error !== undefined && 'code' in error && typeof error.code === 'string' && RESETS.has(error.code);
}

/**
 * Fetches a file or a listing over the data connection that `ftp` has. Of basic-ftp it uses the commands alone: the bytes come past the
 * streams, and a transfer may be broken off. ABOR is not sent for that: vsftpd does not hear it before it has sent the whole file.
 */
export class Retrieval {
	readonly #ftp: FTPContext;
	readonly #options: RetrievalOptions;
	#task: TaskResolver | undefined;
	#data: Socket | undefined;
	/** The sink has to be waited for. */
	#isHeld = false;
	#isBrokenOff = false;
	#hasAllData = false;
	/** The server's word that it has sent everything. */
	#confirmation: string | undefined;
	#isRestarting = false;
	#isRestartRefused = false;

	constructor(ftp: FTPContext, options: RetrievalOptions) {
		this.#ftp = ftp;
		this.#options = options;
	}

	/** Whether the server refused to begin anywhere but at the beginning, in whatever words. */
	get isRestartRefused(): boolean {
		return this.#isRestartRefused;
	}

	/** To be given what the data connection brings, as `Receive` says. */
	receive(bytes: Buffer, resume: () => void): boolean {
		if (this.#isBrokenOff) return false;
		const { sink, breakOff } = this.#options;
		const isRoom = sink.receive(bytes, () => {
			this.#isHeld = false;
			this.#watch(this.#ftp.timeout);
			resume();
		});
		if (sink.failure !== undefined) {
			this.#ftp.closeWithError(sink.failure);
			return false;
		}
		if (sink.hasEnough && breakOff !== undefined) {
			this.#breakOff(breakOff);
			return false;
		}
		if (!isRoom) {
			// Time counts only while the server is waited for.
			this.#isHeld = true;
			this.#watch(0);
		}
		return isRoom;
	}

	/**
	 * Resolves with the server's last word when the data connection has ended and the server has confirmed the transfer (226); after breaking off, when it
	 * has said its last word: 426 or 451, or 226 when everything was on its way already. A server that has none, or says that
	 * it goes, costs the control connection, which is then closed, and nothing else: the bytes are as good.
	 * Rejects with the server's refusal, and with what went wrong on the connections, as basic-ftp's transfers do.
	 */
	async run(): Promise<string> {
		const { command, start } = this.#options;
		this.#isRestarting = start > 0;
		await this.#ftp
			.handle(this.#isRestarting ? `REST ${start}` : command, (reply, task) => this.#hear(reply, task))
			.finally(() => {
				// The library takes all listeners off it.
				this.#ftp.dataSocket = undefined;
			});
		return this.#confirmation ?? '';
	}

	#hear(reply: FTPResponse | Error, task: TaskResolver): void {
		const isLast = reply instanceof Error || reply.code >= 200;
		if (this.#isBrokenOff && isLast) {
			if (reply instanceof FTPError && reply.code === CLOSING) this.#ftp.close();
			task.resolve(undefined);
		} else if (reply instanceof Error) {
			this.#isRestartRefused = this.#isRestarting && isRefusal(reply);
			task.reject(reply);
		} else if (reply.code === 350 && this.#isRestarting) {
			this.#isRestarting = false;
			this.#ftp.send(this.#options.command);
		} else if ((reply.code === 125 || reply.code === 150) && this.#task === undefined) {
			this.#begin(task);
		} else if (reply.code >= 300) {
			this.#ftp.closeWithError(new Error(`Unexpected reply to RETR: ${reply.message}`));
		} else if (reply.code >= 200) {
			this.#confirmation = reply.message;
			if (this.#task === undefined) this.#beginLate(task);
			if (this.#hasAllData) task.resolve(undefined);
		}
	}

	/**
	 * The server has not said that it begins, but that it is done. For an empty listing some do not use the data connection: on one that
	 * they use, TLS begins, and what comes may be late.
	 */
	#beginLate(task: TaskResolver): void {
		this.#begin(task);
		const data = this.#data;
		if (this.#options.isListing !== true || data === undefined) return;
		const isEmpty = NO_FILES_TEXT.test(this.#confirmation ?? '');
		const endUnused = (): void => {
			const isUnused = this.#options.sink.received === 0 && (isEmpty || !hasBegunTls(data));
			if (isUnused) task.resolve(undefined);
		};
		const timer = setTimeout(
			endUnused,
			isEmpty ? EMPTY_MILLISECONDS : Math.min(UNUSED_MILLISECONDS, this.#ftp.timeout / 2),
		);
		data.once('close', () => clearTimeout(timer));
	}

	#begin(task: TaskResolver): void {
		const ftp = this.#ftp;
		this.#options.onAnswered();
		const data = ftp.dataSocket;
		this.#task = task;
		if (data === undefined) return task.reject(new Error('The data connection is closed'));
		if (this.#isBrokenOff) return;
		this.#data = data;
		// The control connection is silent meanwhile.
		ftp.socket.setTimeout(0);
		data.once('timeout', () => ftp.closeWithError(new Error('Timeout (data socket)')));
		finished(data, { writable: false }, (error) => this.#end(task, error ?? undefined));
		if (this.#isHeld) return;
		this.#watch(ftp.timeout);
		data.resume();
	}

	/** The data connection has ended. */
	#end(task: TaskResolver, error: Error | undefined): void {
		if (this.#isBrokenOff) return;
		this.#watch(0);
		if (error !== undefined && !(isReset(error) && this.#mayEndSo())) return task.reject(error);
		this.#hasAllData = true;
		if (this.#confirmation !== undefined) task.resolve(undefined);
		else this.#ftp.socket.setTimeout(this.#ftp.timeout);
	}

	/** Some servers reset what they have sent all of. When every byte is here that only matters if the 226 does not come. */
	#mayEndSo(): boolean {
		const { isListing = false, sink } = this.#options;
		return isListing ? this.#confirmation !== undefined && sink.received === 0 : sink.isFull;
	}

	#breakOff(breakOff: () => void): void {
		this.#isBrokenOff = true;
		this.#watch(0);
		breakOff();
		if (this.#confirmation !== undefined) this.#task?.resolve(undefined);
		else
			this.#ftp.socket.setTimeout(
				this.#options.isLast === true ? 1 : Math.min(CONFIRMATION_MILLISECONDS, this.#ftp.timeout),
			);
	}

	/** How long the data connection may be silent, 0 for as long as it likes. */
	#watch(milliseconds: number): void {
		this.#data?.setTimeout(milliseconds);
	}
}
