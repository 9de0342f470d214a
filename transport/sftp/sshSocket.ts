import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** Bytes taken from the system at once; Node.js's own streams take 64 KB. */
const READ_BYTES = 262_144;

export interface SshSocketOptions {
	readonly host: string;
	readonly port: number;
	/** Milliseconds of silence before the system asks whether the other side is still there. */
	readonly keepAliveDelay: number;
}

/** A socket for ssh2, and how to tell it who reads from it. */
export interface SshSocket {
	readonly socket: Socket;
	/** Whether whoever gets what arrives from here on copies it before the next read. Until told so, each gets memory of its own. */
	copiedAtOnce(isCopied: boolean): void;
}

/**
 * Connects with a socket that reads into one buffer over and over. As a stream it would allocate 64 KB outside of the heap
 * for each read, and n8n's garbage collector walks its whole heap for every 64 MB of that. Until it is known that its bytes
 * are taken at once they are copied: a recording would have wrong bytes otherwise, and a checksum over them.
 */
export function connectSshSocket({ host, port, keepAliveDelay }: SshSocketOptions): SshSocket {
	let isTakenAtOnce = false;
	const socket = connect({
		...{ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelay },
		onread: {
			buffer: Buffer.allocUnsafeSlow(READ_BYTES),
			callback: (length, buffer) => {
				const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length);
				socket.emit('data', isTakenAtOnce ? bytes : Buffer.from(bytes));
				return true;
			},
		},
	});
	return {
		socket,
		copiedAtOnce: (isCopied) => {
			isTakenAtOnce = isCopied;
		},
	};
}
