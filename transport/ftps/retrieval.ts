import { FTPError, type FTPContext, type FTPResponse, type TaskResolver } from 'basic-ftp';
import type { Socket } from 'node:net';
import { finished } from 'node:stream';

import type { TransferSink } from './transferSink';

/** What a server gets to confirm the end of a transfer that was broken off. */
const CONFIRMATION_MILLISECONDS = 5_000;
/** "Service not available, closing control connection": RFC 959 section 4.2.2. */
const CLOSING = 421;

export interface RetrievalOptions {
	/** As the server knows it. */
	readonly path: string;
	/** The byte to begin at. */
	readonly start: number;
	readonly sink: TransferSink;
	/** Ends the data connection when the sink has enough. Without it the file is fetched to its end. */
	readonly breakOff?: (() => void) | undefined;
}

/**
 * Fetches a file over the data connection that `ftp` has. Of basic-ftp it uses the commands alone: the bytes come past the
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
	#isConfirmed = false;

	constructor(ftp: FTPContext, options: RetrievalOptions) {
		this.#ftp = ftp;
		this.#options = options;
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
	 * Resolves when the data connection has ended and the server has confirmed the transfer (226); after breaking off, when it
	 * has said its last word: 426 or 451, or 226 when everything was on its way already. A server that has none, or says that
	 * it goes, costs the control connection, which is then closed, and nothing else: the bytes are as good.
	 * Rejects with the server's refusal, and with what went wrong on the connections, as basic-ftp's transfers do.
	 */
	async run(): Promise<void> {
		const { path, start } = this.#options;
		await this.#ftp
			.handle(start > 0 ? `REST ${start}` : `RETR ${path}`, (reply, task) => this.#hear(reply, task))
			.finally(() => {
				// The library takes all listeners off it.
				this.#ftp.dataSocket = undefined;
			});
	}

	#hear(reply: FTPResponse | Error, task: TaskResolver): void {
		const isLast = reply instanceof Error || reply.code >= 200;
		if (this.#isBrokenOff && isLast) {
			if (reply instanceof FTPError && reply.code === CLOSING) this.#ftp.close();
			task.resolve(undefined);
		} else if (reply instanceof Error) {
			task.reject(reply);
		} else if (reply.code === 350 && this.#task === undefined) {
			this.#ftp.send(`RETR ${this.#options.path}`);
		} else if ((reply.code === 125 || reply.code === 150) && this.#task === undefined) {
			this.#begin(task);
		} else if (reply.code >= 300) {
			this.#ftp.closeWithError(new Error(`Unexpected reply to RETR: ${reply.message}`));
		} else if (reply.code >= 200) {
			this.#isConfirmed = true;
			if (this.#hasAllData) task.resolve(undefined);
		}
	}

	#begin(task: TaskResolver): void {
		const ftp = this.#ftp;
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
		if (error !== undefined) return task.reject(error);
		this.#hasAllData = true;
		if (this.#isConfirmed) task.resolve(undefined);
		else this.#ftp.socket.setTimeout(this.#ftp.timeout);
	}

	#breakOff(breakOff: () => void): void {
		this.#isBrokenOff = true;
		this.#watch(0);
		breakOff();
		if (this.#isConfirmed) this.#task?.resolve(undefined);
		else this.#ftp.socket.setTimeout(Math.min(CONFIRMATION_MILLISECONDS, this.#ftp.timeout));
	}

	/** How long the data connection may be silent, 0 for as long as it likes. */
	#watch(milliseconds: number): void {
		this.#data?.setTimeout(milliseconds);
	}
}
