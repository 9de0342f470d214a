import type SftpClient from 'ssh2-sftp-client';

/**
 * The deciphers of ssh2 that copy every byte they are given before they return (ssh2 1.17, lib/protocol/crypto.js): those on
 * Node.js's own crypto. The ones on its native addon, named `…Binding`, decipher in place and hand out what they were given;
 * that for chacha20-poly1305 keeps pieces of a packet for the next call.
 */
const COPYING: ReadonlySet<string> = new Set(['AESGCMDecipherNative', 'GenericDecipherNative']);

/**
 * Whether what this connection reads is copied at once, so that the memory it was read into may be used again. Asked at the
 * decipher that is at work: which one that is depends on the cipher, and on whether ssh2's addon was built at its
 * installation. Anything that is not known gives false.
 */
export function copiesAtOnce(client: SftpClient): boolean {
	const decipher = ['client', '_protocol', '_decipher'].reduce<unknown>(memberOf, client);
	const constructor = memberOf(decipher, 'constructor');
	return typeof constructor === 'function' && COPYING.has(constructor.name);
}

function memberOf(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
