import type { Socket } from 'node:net';

/** What the library takes of a reply at most, in characters. More is given on to be refused. */
const LONGEST_REPLY = 65_536;

/**
 * Has those who listen to a control connection hear whole lines only. basic-ftp 6 takes what a TLS record brings for whole: of a
 * line that comes in two it loses one part or takes half a line for all of it, and half of `213 482044` is another size.
 * To be called when they listen already; where nobody does, nothing changes.
 */
export function passWholeLines(socket: Socket): void {
	const listeners = socket.listeners('data');
	if (listeners.length === 0) return;
	socket.removeAllListeners('data');
	let held = '';
	socket.on('data', (chunk: string | Buffer) => {
		held += chunk.toString();
		const end = held.length > LONGEST_REPLY ? held.length : held.lastIndexOf('\n') + 1;
		if (end === 0) return;
		const lines = held.slice(0, end);
		held = held.slice(end);
		for (const listener of listeners) listener.call(socket, lines);
	});
}
