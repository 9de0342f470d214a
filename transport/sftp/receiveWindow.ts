import type { SFTPWrapper } from 'ssh2';

/**
 * Lets the server send `bytes` more on this channel than the library's own window (2 MB, refilled once half of it was used;
 * ssh2 1.17, lib/Channel.js). Across 80 ms that window alone holds a connection to about 12 MB/s, half of a 200 Mbit/s
 * link. The grant is made once and stays (RFC 4254, 5.2): the library refills its own part and never learns of ours.
 * What arrives stays bounded, since a server only answers what was asked for. Gives false, having done nothing, on a
 * version of the library whose inside is not as we know it.
 */
export function widenReceiveWindow(channel: SFTPWrapper, bytes: number): boolean {
	const protocol: unknown = Reflect.get(channel, '_protocol');
	const outgoing: unknown = Reflect.get(channel, 'outgoing');
	if (!isObject(protocol) || !isObject(outgoing)) return false;
	const grant: unknown = Reflect.get(protocol, 'channelWindowAdjust');
	const id: unknown = Reflect.get(outgoing, 'id');
	if (typeof grant !== 'function' || typeof id !== 'number') return false;
	Reflect.apply(grant, protocol, [id, bytes]);
	return true;
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}
