import type { Socket } from 'node:net';
import type { AuthenticationType, ServerHostKeyAlgorithm, SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';

import { bareHost, type SftpSettings } from '../connectionSettings';
import { networkWords } from '../networkWords';
import { onAbort } from '../onAbort';
import { secondsText } from '../secondsText';
import { isForNow, NOT_NOW_ADVICE } from '../serverWords';
import { TransportError, type TransportErrorCode } from '../transportError';
import { Authentication, LoginMemory } from './authentication';
import { copiesAtOnce } from './decipher';
import { keyTypeOf, type HostKeyPolicy, type HostKeyVerdict } from './hostKey';
import { privateKeyError, restoredPrivateKey } from './privateKey';
import { oneSafeLine } from './sftpError';
import { connectSshSocket } from './sshSocket';

/** Milliseconds of silence before the system asks whether the other side is still there. */
const KEEP_ALIVE_DELAY = 15_000;
const CONNECT_TIMEOUT = 20_000;
/** A key that a server shows is one of these families; three attempts see them all. */
const MOST_HOST_KEYS = 3;
/** SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, RFC 4253, 11.1. */
const NO_MORE_AUTH_METHODS = 14;

/** A logged-in SSH connection with its SFTP channel. */
export interface SshSession {
	readonly client: SftpClient;
	readonly channel: SFTPWrapper;
	/** Our own: with `noDelay`, because ssh2 writes a packet in three pieces and Nagle's algorithm would hold two back. */
	readonly socket: Socket;
}

/** What was seen on the way, because the library's rejection keeps only a message. */
interface Progress {
	isConnected: boolean;
	wantsNewPassword: boolean;
	/** The server ended the connection in place of an answer to the login. */
	isLoginCut: boolean;
	verdict: HostKeyVerdict | undefined;
	shownKeyType: string;
	/** The first error the library emitted, with the stage it belongs to. */
	failure: { readonly message: string; readonly stage: unknown; readonly code: unknown } | undefined;
}

/** What sshd says when its MaxAuthTries is reached, and what ssh2 says for a disconnection of that kind without words. */
const CUT_LOGIN = /Too many authentication failures|^PROTOCOL_ERROR$/iu;

/** What servers say, or ssh2 for a disconnection of that kind without words, when they have no room for one more. */
const TOO_MANY =
	/\btoo many (?:open )?(?:connections|sessions|users|clients|log-?ins)\b|TOO_MANY_CONNECTIONS|resource shortage|MaxSessions|MaxStartups/iu;

const NEW_PASSWORD_ADVICE =
	'Log in once with another SFTP program and set a new password, or have its expiry taken off, then put it into the credential.';

const NO_HANDSHAKE_ADVICE =
	"Check 'Protocol' and 'Port' in the credential: SFTP usually listens on 22, and 8x8's own servers speak FTPS. If they are right, try again, or lower 'Max Connections'.";

const TEXT_ADVICE =
	'A start-up file of the account on the server (.bashrc, .profile) or its forced command prints something: it has to print nothing when no terminal is there.';

/**
 * The first letters of what came before the protocol: ssh2 takes four bytes for a length. Empty when they are beyond ASCII, on which it
 * stumbles; `undefined` when it was no text.
 */
function textBeforeProtocol(message: string): string | undefined {
	if (/^Cannot read properties of undefined/u.test(message)) return '';
	const length = /Packet length (\d+) exceeds/u.exec(message)?.[1];
	if (length === undefined) return undefined;
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(Number(length));
	const text = bytes.toString('latin1');
	return /^[\p{Cc} -~]{4}$/u.test(text) ? text : undefined;
}

const ignore = (): void => undefined;

function hasText(value: string | undefined): value is string {
	return value !== undefined && value !== '';
}

function invalid(setting: keyof SftpSettings, message: string): TransportError {
	return new TransportError('invalid-settings', message, { setting });
}

function settingsProblem(settings: SftpSettings): TransportError | undefined {
	if (settings.host.trim() === '') return invalid('host', 'No host is given.');
	const isPort = Number.isInteger(settings.port) && settings.port > 0 && settings.port < 65_536;
	if (!isPort) return invalid('port', 'The port must be a whole number from 1 to 65535.');
	if (!hasText(settings.password) && !hasText(settings.privateKey)) {
		return invalid('password', 'Give a password or a private key.');
	}
	return undefined;
}

/** What must not show in an error, even when the server says it. */
export function secretsOf(settings: SftpSettings): string[] {
	return [settings.password, settings.passphrase].filter(hasText);
}

/** One attempt to connect and log in; owns its socket until it succeeds. */
class Handshake {
	readonly #server: string;

	readonly #progress: Progress = {
		isConnected: false,
		wantsNewPassword: false,
		isLoginCut: false,
		verdict: undefined,
		shownKeyType: '',
		failure: undefined,
	};

	readonly #authentication: Authentication;

	#giveUp: (error: TransportError) => void = ignore;

	constructor(
		private readonly settings: SftpSettings,
		private readonly policy: HostKeyPolicy,
		logins: LoginMemory,
	) {
		this.#authentication = new Authentication(settings, logins, () => this.#refuseNewPassword());
		this.#server = `${settings.host}:${settings.port}`;
	}

	/** The type of key that was refused although another one of this server may be the configured one. */
	get keyTypeToAvoid(): string | undefined {
		const { verdict, shownKeyType } = this.#progress;
		return verdict?.isAccepted === false && verdict.canTryAnotherKey ? shownKeyType : undefined;
	}

	/** Whether another way to log in is left on a server that ended the connection with the first refusal. */
	get canLogInOtherwise(): boolean {
		return this.#progress.isLoginCut && this.#authentication.cut();
	}

	async run(algorithms: ServerHostKeyAlgorithm[], signal: AbortSignal): Promise<SshSession> {
		const { host, port, connectTimeout = CONNECT_TIMEOUT } = this.settings;
		const { socket, copiedAtOnce } = connectSshSocket({
			host: bareHost(host),
			port,
			keepAliveDelay: KEEP_ALIVE_DELAY,
		});
		socket.once('connect', () => {
			this.#progress.isConnected = true;
		});
		// For good: a late error without a listener would end the process.
		socket.on('error', ignore);
		const client = new SftpClient('8x8-recordings', { error: ignore, end: ignore, close: ignore });
		client.on('error', (error: unknown) => this.#note(error));
		// Again with each renewal of the keys.
		client.on('handshake', () => copiedAtOnce(copiesAtOnce(client)));
		client.on('ready', () => this.#authentication.accepted());
		client.on('change password', () => this.#refuseNewPassword());

		const givenUp = new Promise<never>((_resolve, reject) => {
			this.#giveUp = reject;
		});
		const giveUp = (error: TransportError): void => this.#giveUp(error);
		const abort = (): void => giveUp(this.#error('aborted', 'was stopped while connecting'));
		const timer = setTimeout(() => {
			giveUp(this.#error('timeout', `did not answer within ${secondsText(connectTimeout)} while connecting`));
		}, connectTimeout);
		const stopListening = onAbort(signal, abort);
		if (signal.aborted) abort();
		// The library is known to leave its promise open when the connection ends early (ssh2-sftp-client issue 109).
		socket.once('close', () => giveUp(this.#explain()));

		const loggedIn = client.connect(this.#config(socket, algorithms)).catch((error: unknown): never => {
			this.#note(error);
			throw this.#explain();
		});
		return await Promise.race([loggedIn, givenUp])
			.then((channel) => ({ client, channel, socket }))
			.catch(async (error: unknown): Promise<never> => {
				socket.destroy();
				// The server counts it until then.
				if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
				throw error;
			})
			.finally(() => {
				clearTimeout(timer);
				stopListening();
			});
	}

	#config(socket: Socket, algorithms: ServerHostKeyAlgorithm[]): SftpClient.ConnectOptions {
		const { settings } = this;
		return {
			sock: socket,
			username: settings.username,
			...(hasText(settings.password) ? { password: settings.password } : {}),
			...(hasText(settings.privateKey) ? { privateKey: restoredPrivateKey(settings.privateKey) } : {}),
			...(hasText(settings.passphrase) ? { passphrase: settings.passphrase } : {}),
			algorithms: { serverHostKey: algorithms },
			authHandler: (offered, isPartial, next) => {
				const method = this.#authentication.next(offered, isPartial);
				// ssh2 takes false for "no more", its types do not.
				next(method as AuthenticationType);
			},
			hostVerifier: (key: Buffer) => {
				this.#progress.verdict = this.policy.judge(key);
				this.#progress.shownKeyType = keyTypeOf(key);
				return this.#progress.verdict.isAccepted;
			},
			// The library's own pings would keep a process alive for a connection that rests.
			keepaliveInterval: 0,
			readyTimeout: settings.connectTimeout ?? CONNECT_TIMEOUT,
		};
	}

	/** At once: nobody is there to set one, and each new login would count as one more that failed. */
	#refuseNewPassword(): void {
		this.#progress.wantsNewPassword = true;
		this.#giveUp(this.#explain());
	}

	#note(error: unknown): void {
		if (!(error instanceof Error)) return;
		const stage = 'level' in error ? error.level : undefined;
		const code = 'code' in error ? error.code : undefined;
		if (this.#authentication.isAwaited && CUT_LOGIN.test(error.message)) this.#progress.isLoginCut = true;
		this.#progress.failure ??= { message: error.message, stage, code };
	}

	#error(code: TransportErrorCode, what: string, detail?: string, advice?: string): TransportError {
		return new TransportError(code, `${this.#server} ${what}.`, { server: this.#server, detail, advice });
	}

	/** Why the connection could not be made, from what was seen; in the order of certainty. */
	#explain(): TransportError {
		const { settings } = this;
		const { verdict, failure, isConnected, isLoginCut, wantsNewPassword } = this.#progress;
		if (verdict?.isAccepted === false) return verdict.error;
		const message = failure?.message ?? 'the connection ended';
		const detail = oneSafeLine(message, secretsOf(settings));
		const keyError = privateKeyError(message, hasText(settings.passphrase));
		if (keyError !== undefined) return keyError;
		if (wantsNewPassword) {
			return new TransportError(
				'login-failed',
				`${this.#server} wants a new password to be set before it lets anyone in.`,
				{
					server: this.#server,
					advice: NEW_PASSWORD_ADVICE,
				},
			);
		}
		if (TOO_MANY.test(detail)) return this.#error('busy', 'has too many sessions open', detail);
		if (isForNow(detail)) return this.#error('busy', `takes no logins for now: ${detail}`, detail, NOT_NOW_ADVICE);
		const isLogin = failure?.stage === 'client-authentication' || failure?.code === NO_MORE_AUTH_METHODS;
		if (isLogin || isLoginCut || this.#authentication.refusals > 0) {
			const what = hasText(settings.privateKey) ? 'user name, private key or password' : 'user name or password';
			return this.#error('login-failed', `refused the ${what}`, detail);
		}
		if (failure?.code === 'ETIMEDOUT' || failure?.stage === 'client-timeout') {
			return this.#error('timeout', 'did not answer in time while connecting', detail);
		}
		if (!isConnected) {
			const reason = networkWords(String(failure?.code)) ?? detail;
			return this.#error('unreachable', `cannot be reached: ${reason}`, detail);
		}
		const text = textBeforeProtocol(message);
		if (text !== undefined) {
			const start = oneSafeLine(text, secretsOf(settings));
			const example = start === '' ? '' : `, which starts with "${start}"`;
			const what = `${this.#server} sends text before the SFTP protocol begins${example}.`;
			return new TransportError('protocol', what, { server: this.#server, detail, advice: TEXT_ADVICE });
		}
		if (/before handshake/u.test(message)) {
			const what =
				'ended the connection before the SSH handshake: it has too many connections, or no SSH server is there';
			return this.#error('connection-lost', what, detail, NO_HANDSHAKE_ADVICE);
		}
		if (
			failure === undefined ||
			failure.stage === 'client-socket' ||
			/unexpected (?:end|close)|No response/iu.test(message)
		) {
			return this.#error('connection-lost', 'ended the connection while connecting', detail);
		}
		return this.#error('protocol', `could not agree on an SFTP session: ${detail}`, detail);
	}
}

/**
 * Connects, verifies the host key, logs in and opens the SFTP channel.
 *
 * A server has a host key of each type, but shows one. When the configured fingerprints do not tell their type and the
 * shown key is not among them, the other types are asked for before the key counts as changed.
 * @throws {TransportError} `invalid-settings`, `unreachable`, `timeout`, `host-key-unknown`, `host-key-changed`,
 * `login-failed`, `connection-lost`, `busy`, `protocol`, `aborted`.
 */
export async function openSshSession(
	settings: SftpSettings,
	policy: HostKeyPolicy,
	signal: AbortSignal,
	logins = new LoginMemory(),
): Promise<SshSession> {
	const problem = settingsProblem(settings);
	if (problem !== undefined) throw problem;
	const seen: string[] = [];
	let refusal: TransportError | undefined;
	for (;;) {
		const handshake = new Handshake(settings, policy, logins);
		const outcome = await handshake.run(policy.algorithms(seen), signal).catch(asFailure);
		if (!(outcome instanceof TransportError)) {
			policy.remember(seen);
			return outcome;
		}
		if (handshake.canLogInOtherwise) continue;
		// After a refused key, `protocol` is a server that has no key of another type.
		const isAboutKeys = outcome.code === 'host-key-changed' || outcome.code === 'protocol';
		refusal ??= outcome;
		const keyType = handshake.keyTypeToAvoid;
		if (keyType === undefined || seen.length + 1 >= MOST_HOST_KEYS) throw isAboutKeys ? refusal : outcome;
		seen.push(keyType);
	}
}

function asFailure(error: unknown): TransportError {
	if (error instanceof TransportError) return error;
	return new TransportError('protocol', 'The connection could not be made.');
}
