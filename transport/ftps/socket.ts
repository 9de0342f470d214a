import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

import { onAbort } from '../onAbort';

const KEEP_ALIVE_MILLISECONDS = 30_000;

/** Sockets report errors even after nobody waits for them any more; without a listener that ends the process. */
export function ignoreLateErrors(socket: Socket): void {
	socket.on('error', () => undefined);
}

/** Destroys the socket when the signal aborts, until the returned function is called. */
function destroyOnAbort(socket: Socket, signal: AbortSignal): () => void {
	const destroy = (): void => {
		socket.destroy(new Error('Connection closed here'));
	};
	if (signal.aborted) destroy();
	return onAbort(signal, destroy);
}

export interface Connecting {
	/** Aborting ends the attempt; once it is open the caller has to end the connection. */
	readonly signal: AbortSignal;
	/** Milliseconds for the attempt, 0 = the caller keeps the time. */
	readonly timeout: number;
}

export interface TcpOptions extends Connecting {
	readonly host: string;
	readonly port: number;
}

/** Resolves when the TCP connection of a socket that connects is open, and has it kept alive. Rejects with the socket's error. */
export function whenConnected(socket: Socket, { signal, timeout }: Connecting): Promise<void> {
	return new Promise((resolve, reject) => {
		ignoreLateErrors(socket);
		const stopWatching = destroyOnAbort(socket, signal);
		const late = (): void => {
			socket.destroy(new Error('Timeout when trying to open data connection'));
		};
		socket.setTimeout(timeout, late);
		socket.once('close', stopWatching);
		socket.once('error', reject);
		socket.once('connect', () => {
			stopWatching();
			socket.setTimeout(0);
			socket.removeListener('timeout', late);
			socket.removeListener('close', stopWatching);
			socket.removeListener('error', reject);
			// A transfer may wait long for its reader, and firewalls forget silent connections.
			socket.setNoDelay(true);
			socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
			resolve();
		});
	});
}

/** Opens a TCP connection. Rejects with the socket's error. */
export async function openTcp({ host, port, ...connecting }: TcpOptions): Promise<Socket> {
	const socket = connectTcp({ host, port });
	await whenConnected(socket, connecting);
	return socket;
}

/** Why a TLS handshake failed. */
export class TlsHandshakeFailure extends Error {
	constructor(
		/** What the socket reported. */
		readonly reason: unknown,
		/** `SHA256:AB:CD:…` of the certificate, when the server got as far as showing one. */
		readonly fingerprint: string | undefined,
	) {
		super('The TLS handshake failed');
	}
}

/** Starts TLS on an open socket; resolves when the certificate is verified. Rejects with a `TlsHandshakeFailure`. */
export function startTls(socket: Socket, options: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
	return new Promise((resolve, reject) => {
		const secured = connectTls({ ...options, socket });
		let fingerprint: string | undefined;
		// `secure` comes before Node judges the certificate and, when it is bad, forgets it.
		secured.prependListener('secure', () => {
			const { fingerprint256 } = secured.getPeerCertificate();
			fingerprint = fingerprint256 === undefined ? undefined : `SHA256:${fingerprint256}`;
		});
		const stopWatching = destroyOnAbort(secured, signal);
		const fail = (error: unknown): void => {
			stopWatching();
			socket.destroy();
			reject(new TlsHandshakeFailure(error, fingerprint));
		};
		const end = (): void => fail(new Error('Connection closed during the TLS handshake'));
		ignoreLateErrors(secured);
		secured.once('error', fail);
		secured.once('close', end);
		secured.once('secureConnect', () => {
			stopWatching();
			secured.removeListener('error', fail);
			secured.removeListener('close', end);
			resolve(secured);
		});
	});
}
