import { FTPError, type FTPContext, type FTPResponse } from 'basic-ftp';
import type { Readable } from 'node:stream';

import type { TransferSink } from './transferSink';

/** What a server gets to confirm the end of a transfer that was broken off. */
const CONFIRMATION_MILLISECONDS = 5_000;
/** "Service not available, closing control connection": RFC 959 section 4.2.2. */
const CLOSING = 421;

export interface PartialTransfer {
	/** As the server knows it. */
	readonly path: string;
	readonly start: number;
	readonly sink: TransferSink;
	readonly breakOff: () => void;
}

function taken(sink: TransferSink, chunk: Buffer): Promise<void> {
	return new Promise((resolve, reject) => {
		sink.write(chunk, (error) => {
			if (error instanceof Error) reject(error);
			else resolve();
		});
	});
}

/**
 * Fetches a file into `sink` from byte `start` on, over the data connection that `ftp` has. When the sink has enough,
 * `breakOff` has to end the data connection, and the server's last word on the transfer is awaited: 426 or 451, or 226 when
 * everything was on its way already. ABOR is not sent: vsftpd does not hear it before it has sent the whole file.
 *
 * Resolves when the sink has enough or the file has ended. A server that has no last word to say, or says that it goes,
 * costs the control connection, which is then closed, and nothing else: the bytes are as good. Rejects as basic-ftp's transfers do.
 */
export function retrievePart(ftp: FTPContext, { path, start, sink, breakOff }: PartialTransfer): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	let hasBegun = false;
	let hasAllData = false;
	let isConfirmed = false;
	const closeAfter = (milliseconds: number): void => {
		timer = setTimeout(() => ftp.closeWithError(new Error('Timeout (data socket)')), milliseconds);
	};
	const receive = async (data: Readable): Promise<void> => {
		// The control connection is silent meanwhile. Time counts only while the server is waited for, not the reader.
		ftp.socket.setTimeout(0);
		closeAfter(ftp.timeout);
		for await (const chunk of data as AsyncIterable<Buffer>) {
			clearTimeout(timer);
			await taken(sink, chunk);
			if (sink.hasEnough) {
				breakOff();
				break;
			}
			closeAfter(ftp.timeout);
		}
		clearTimeout(timer);
		hasAllData = true;
		closeAfter(sink.hasEnough ? Math.min(CONFIRMATION_MILLISECONDS, ftp.timeout) : ftp.timeout);
	};
	const answer = ftp.handle(start > 0 ? `REST ${start}` : `RETR ${path}`, (reply: FTPResponse | Error, task) => {
		const isLastWord = hasAllData && sink.hasEnough && (reply instanceof Error || reply.code >= 200);
		if (isLastWord) {
			if (reply instanceof FTPError && reply.code === CLOSING) ftp.close();
			task.resolve(undefined);
		} else if (reply instanceof Error) {
			task.reject(reply);
		} else if (reply.code === 350 && !hasBegun) {
			ftp.send(`RETR ${path}`);
		} else if ((reply.code === 125 || reply.code === 150) && !hasBegun && ftp.dataSocket !== undefined) {
			hasBegun = true;
			receive(ftp.dataSocket).then(
				() => {
					if (isConfirmed) task.resolve(undefined);
				},
				(error: unknown) => task.reject(error instanceof Error ? error : new Error('The transfer broke off')),
			);
		} else if (reply.code >= 300) {
			ftp.closeWithError(new Error(`Unexpected reply to RETR: ${reply.message}`));
		} else if (reply.code >= 200) {
			isConfirmed = true;
			if (hasAllData) task.resolve(undefined);
		}
	}) as Promise<void>;
	return answer.finally(() => {
		clearTimeout(timer);
		ftp.dataSocket = undefined;
	});
}
