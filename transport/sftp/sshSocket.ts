import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** Bytes taken from the system at once; Node.js's own streams take 64 KB. */
const READ_BYTES = 262_144;
/** ssh2 gives bytes to these ciphers as they come; it keeps pieces of them for chacha20-poly1305 (ssh2 1.17, lib/protocol/crypto.js). */
const COPIES_AT_ONCE = /^aes\d+-(?:gcm|ctr)/;

export interface SshSocketOptions {
	readonly host: string;
	readonly port: number;
	/** Milliseconds of silence before the system asks whether the other side is still there. */
	readonly keepAliveDelay: number;
}

/** A socket for ssh2, and how to tell it which cipher reads from it. */
export interface SshSocket {
	readonly socket: Socket;
	/** From here on what arrives is in this cipher. */
	encrypted(cipher: string): void;
}

/**
 * Connects with a socket that reads into one buffer over and over. As a stream it would allocate 64 KB outside of the heap
 * for each read, and n8n's garbage collector walks its whole heap for every 64 MB of that. Until the cipher is
 * known to take its bytes at once they are copied.
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
		encrypted: (cipher) => {
			isTakenAtOnce = COPIES_AT_ONCE.test(cipher);
		},
	};
}
