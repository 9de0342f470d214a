import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext, createServer as createTlsServer, TLSSocket } from 'node:tls';

import { createServerCertificate, type ServerCertificate } from '../../../testbed/servers/serverCertificate';
import type { FtpsSettings } from '../../../transport/connectionSettings';

const LOOPBACK = '127.0.0.1';
const TOGETHER_MILLISECONDS = 20;

export interface Session {
	/** Which log-in this is, from 1. */
	readonly number: number;
	/** Sends lines as they are; CRLF is added. */
	send(line: string): void;
	/** Listens for a data connection; resolves with the port. */
	listen(): Promise<number>;
	/** The data connection that the client opened last. */
	data(): Promise<Socket>;
	/** For example `TLSv1.3`; empty before TLS. */
	tlsVersion(): string;
	/** Ends the data connection by a reset. */
	reset(): void;
	/** Breaks the control connection without a word. */
	destroy(): void;
}

/** Answers a command itself, or returns `undefined` for what the server does by default. `silent` = never answered. */
export type Script = (
	command: string,
	argument: string,
	session: Session,
) => string | undefined | Promise<string | undefined>;

export interface ScriptedServerOptions {
	readonly mode: 'implicit' | 'explicit';
	readonly files?: Readonly<Record<string, Buffer>> | undefined;
	readonly script?: Script | undefined;
	/** Default `220 ready`; `silent` = none. */
	readonly greeting?: ((connection: number) => string) | undefined;
	/** FEAT lines, default none: SIZE and LIST only. */
	readonly features?: readonly string[] | undefined;
	readonly certificate?: ServerCertificate | undefined;
	/** Shown on data connections, default `certificate`. */
	readonly dataCertificate?: ServerCertificate | undefined;
	/** The port to announce for a data connection in place of the one that listens: that of a proxy before it. */
	readonly announce?: ((port: number) => Promise<number>) | undefined;
	/**
	 * What becomes of commands that come while one is at work: they wait for their turn (default), are answered at once,
	 * are lost, or are answered before those that came earlier.
	 */
	readonly busy?: 'queue' | 'answer' | 'lose' | 'overtake' | undefined;
	/** The address to listen on, default 127.0.0.1. */
	readonly host?: string | undefined;
	/** Resets data connections on which the client says something before their command has come, as pyftpdlib 1.5.7. */
	readonly tlsAfterCommand?: boolean | undefined;
	/** Every reply comes in two TLS records: so many characters of it, and the rest. */
	readonly splitAt?: number | undefined;
	/** Connections served at once; further ones are cut before the handshake. */
	readonly mostConnections?: number | undefined;
}

export interface ScriptedServer {
	readonly settings: FtpsSettings;
	/** Every line that clients sent, in order. */
	readonly received: readonly string[];
	/** Open control connections. */
	connections(): number;
	/** Breaks every control connection that is open now. */
	dropAll(): void;
	close(): Promise<void>;
}

let shared: Promise<ServerCertificate> | undefined;

/** Made once for all tests of a file: a key takes its time. */
export function sharedCertificate(): Promise<ServerCertificate> {
	shared ??= createServerCertificate();
	return shared;
}

/** An FTPS server whose every answer a test can replace: for what real servers cannot be made to do on demand. */
export async function startScriptedServer(options: ScriptedServerOptions): Promise<ScriptedServer> {
	const { host = LOOPBACK } = options;
	const certificate = options.certificate ?? (await sharedCertificate());
	const pemOf = ({ key, certificate: cert }: ServerCertificate): { key: string; cert: string } => ({ key, cert });
	const pem = pemOf(certificate);
	const dataPem = pemOf(options.dataCertificate ?? certificate);
	const secureContext = createSecureContext(pem);
	const received: string[] = [];
	const sockets = new Set<Socket>();
	const servers = new Set<Server>();
	let count = 0;

	const serve = (first: Socket): void => {
		count += 1;
		let control = first;
		let dataSocket: Promise<Socket> | undefined;
		let dataTcp: Socket | undefined;
		let beginTls: () => void = () => undefined;
		let restart = 0;
		let unused: Server | undefined;
		sockets.add(first);
		first.once('close', () => {
			sockets.delete(first);
			unused?.close();
		});
		first.on('error', () => undefined);

		let sent = Promise.resolve();
		const sendText = (text: string): void => {
			const { splitAt } = options;
			if (splitAt === undefined) return void control.write(text);
			sent = sent.then(async () => {
				await new Promise((resolve) => control.write(text.slice(0, splitAt), resolve));
				control.write(text.slice(splitAt));
			});
		};
		const session: Session = {
			number: count,
			send: (line) => sendText(`${line}\r\n`),
			listen: () => passive(),
			data: () => dataSocket ?? Promise.reject(new Error('No data connection')),
			tlsVersion: () => (control instanceof TLSSocket ? (control.getProtocol() ?? '') : ''),
			destroy: () => first.destroy(),
			reset: () => dataTcp?.resetAndDestroy(),
		};
		const passive = async (): Promise<number> => {
			const secure = createTlsServer(dataPem);
			const listener = options.tlsAfterCommand === true ? createServer() : secure;
			listener.maxConnections = 1;
			listener.on('connection', (tcp: Socket) => {
				dataTcp = tcp;
				tcp.on('error', () => undefined);
				if (listener === secure) return;
				tcp.once('readable', () => tcp.resetAndDestroy());
				beginTls = () => {
					tcp.removeAllListeners('readable');
					if (!tcp.destroyed) secure.emit('connection', tcp);
				};
			});
			servers.add(listener);
			unused?.close();
			unused = listener;
			listener.once('close', () => servers.delete(listener));
			secure.on('tlsClientError', () => undefined);
			dataSocket = new Promise((resolve) => {
				secure.once('secureConnection', (socket: TLSSocket) => {
					socket.on('error', () => undefined);
					listener.close();
					resolve(socket);
				});
			});
			listener.listen(0, host);
			await once(listener, 'listening');
			const { port } = listener.address() as AddressInfo;
			return (await options.announce?.(port)) ?? port;
		};
		const transfer = async (bytes: Buffer | string): Promise<string> => {
			session.send('150 here it comes');
			const socket = await session.data();
			socket.end(bytes);
			return '226 done';
		};
		const answer = async (command: string, argument: string): Promise<string | undefined> => {
			const file = options.files?.[argument];
			switch (command) {
				case 'USER':
					return '331 password?';
				case 'PASS':
					return '230 welcome';
				case 'FEAT':
					return ['211-Features', ...(options.features ?? []).map((line) => ` ${line}`), '211 End'].join('\r\n');
				case 'PWD':
					return '257 "/" is where you are';
				case 'CWD':
					return '250 there you are';
				case 'EPSV':
					return `229 Entering Extended Passive Mode (|||${await passive()}|)`;
				case 'SIZE':
					return file === undefined ? '550 No such file' : `213 ${file.length}`;
				case 'REST':
					restart = Number(argument);
					return '350 go on';
				case 'RETR': {
					const from = restart;
					restart = 0;
					return file === undefined ? '550 No such file' : await transfer(file.subarray(from));
				}
				case 'LIST':
				case 'MLSD':
					return await transfer('');
				case 'AUTH':
					return '234 go ahead';
				default:
					return '200 fine';
			}
		};
		const handle = async (line: string): Promise<void> => {
			received.push(line);
			const [command = '', ...rest] = line.split(' ');
			const argument = rest.join(' ');
			if (command === 'RETR' || command === 'LIST') {
				// Time for what has come before it.
				if (options.tlsAfterCommand === true) await pause(2 * TOGETHER_MILLISECONDS);
				beginTls();
			}
			const scripted = await options.script?.(command, argument, session);
			const reply = scripted ?? (await answer(command, argument));
			if (command === 'RETR') restart = 0;
			if (reply !== undefined && reply !== 'silent') session.send(reply);
			if (command === 'AUTH' && reply?.startsWith('234') === true) {
				first.removeAllListeners('data');
				control = new TLSSocket(first, { isServer: true, secureContext });
				control.on('error', () => undefined);
				listen();
			}
		};
		let last: Promise<void> = Promise.resolve();
		let waiting: string[] = [];
		const take = (line: string): void => {
			if (options.busy === 'answer') return void handle(line);
			waiting.push(line);
			if (waiting.length > 1 && options.busy !== undefined && options.busy !== 'queue') return;
			last = last.then(async () => {
				// What was sent together is here by then.
				if (options.busy === 'lose' || options.busy === 'overtake') await pause(TOGETHER_MILLISECONDS);
				const lines = options.busy === 'overtake' ? waiting.toReversed() : waiting.slice(0, 1);
				waiting = options.busy === 'queue' || options.busy === undefined ? waiting.slice(1) : [];
				for (const one of lines) await handle(one);
			});
		};
		const listen = (): void => {
			let text = '';
			control.on('data', (chunk: Buffer) => {
				text += chunk.toString();
				const lines = text.split('\r\n');
				text = lines.pop() ?? '';
				for (const line of lines) take(line);
			});
		};
		listen();
		const greeting = options.greeting?.(count) ?? '220 ready';
		if (greeting !== 'silent') session.send(greeting);
	};

	const server = options.mode === 'implicit' ? createTlsServer(pem, serve) : createServer(serve);
	if (options.mostConnections !== undefined) server.maxConnections = options.mostConnections;
	server.on('tlsClientError', () => undefined);
	server.listen(0, host);
	await once(server, 'listening');
	return {
		received,
		settings: {
			protocol: options.mode === 'implicit' ? 'ftpsImplicit' : 'ftpsExplicit',
			host,
			port: (server.address() as AddressInfo).port,
			username: 'tenant-name',
			password: 'Canary-4711',
			caCertificate: certificate.caCertificate,
			allowUnauthorizedCerts: false,
			tenantDirectory: '',
			maxConnections: 2,
			connectTimeout: 5_000,
			stallTimeout: 5_000,
		},
		connections: () => sockets.size,
		dropAll: () => sockets.forEach((socket) => socket.destroy()),
		async close() {
			sockets.forEach((socket) => socket.destroy());
			for (const listener of servers) listener.close();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
