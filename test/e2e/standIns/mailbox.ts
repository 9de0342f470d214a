import { createServer, type Socket } from 'node:net';
import { LOOPBACK } from '../../../testbed/n8nHost/freePort';
import { mailMessage, type MailMessage } from './mailMessage';

export interface Mailbox {
	readonly port: number;
	/** In the order in which they came. */
	readonly messages: readonly MailMessage[];
	close(): Promise<void>;
}

/** As much of SMTP (RFC 5321) as a client needs to get rid of a message: no login, no TLS. */
function serve(socket: Socket, keep: (raw: string) => void): void {
	let pending = '';
	let isData = false;
	const reply = (line: string): void => void socket.write(`${line}\r\n`);
	const command = (line: string): void => {
		switch (line.slice(0, 4).toUpperCase()) {
			case 'EHLO':
			case 'HELO':
			case 'MAIL':
			case 'RCPT':
			case 'RSET':
			case 'NOOP':
				reply('250 OK');
				break;
			case 'DATA':
				isData = true;
				reply('354 Go on');
				break;
			case 'QUIT':
				socket.end('221 Bye\r\n');
				break;
			default:
				reply('502 Not here');
		}
	};
	socket.setEncoding('latin1');
	socket.on('error', () => socket.destroy());
	socket.on('data', (text) => {
		pending += String(text);
		for (;;) {
			const end = pending.indexOf(isData ? '\r\n.\r\n' : '\r\n');
			if (end < 0) return;
			const taken = pending.slice(0, end);
			pending = pending.slice(end + (isData ? 5 : 2));
			if (!isData) {
				command(taken);
				continue;
			}
			isData = false;
			keep(taken.replaceAll('\r\n..', '\r\n.'));
			reply('250 Kept');
		}
	});
	reply('220 Mailbox');
}

/** A mail server on loopback that takes every message for everybody and keeps it. */
export async function startMailbox(): Promise<Mailbox> {
	const messages: MailMessage[] = [];
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
		serve(socket, (raw) => messages.push(mailMessage(raw)));
	});
	const port = await new Promise<number>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, LOOPBACK, () => {
			const address = server.address();
			resolve(typeof address === 'object' && address !== null ? address.port : 0);
		});
	});
	return {
		port,
		messages,
		async close() {
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			});
		},
	};
}
