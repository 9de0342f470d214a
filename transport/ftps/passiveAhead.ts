import { FTPError, type FTPContext, type FTPResponse, type ResponseHandler, type TaskResolver } from 'basic-ftp';

import { extendedPassivePort } from './passivePort';
import type { Shortcut } from './shortcut';

/** A port that nobody connected to for longer is not trusted: servers and firewalls give them up. */
const FRESH_MILLISECONDS = 5_000;
/** How long the next command waits for the reply to EPSV at most: its time has begun a round trip before. */
const REPLY_MILLISECONDS = 5_000;

const ENTERING = 229;
const CLOSING = 421;
const NO_DATA_CONNECTION = 425;
/** The end of a transfer, which some servers tell twice (proftpd PR 2339). */
const TRANSFERRED = 226;
const TRANSFER = /^(?:RETR|LIST|MLSD)\b/u;
/** The answer to REST, on which the transfer is asked for. */
const GO_ON = 350;

function isTransferred(reply: Error | FTPResponse): boolean {
	return !(reply instanceof Error) && reply.code === TRANSFERRED;
}

function isFinal(reply: Error | FTPResponse): boolean {
	return reply instanceof Error || (reply.code >= 200 && reply.code < 300);
}

/**
 * The library notes the stack of each command, for a message that nobody gets to see. Where stacks are mapped to sources, as
 * in n8n, that is a third of what a command costs.
 */
function withoutStack<T>(work: () => T): T {
	const limit = Error.stackTraceLimit;
	Error.stackTraceLimit = 0;
	try {
		return work();
	} finally {
		Error.stackTraceLimit = limit;
	}
}

/**
 * Asks for the data connection of the next transfer (EPSV) as soon as the data of the last one has ended, without waiting
 * for its 226: servers send that when our end of the data connection is closed, a round trip later.
 *
 * So two replies are due at a time, where the library knows of one. This stands before the library's handlers and sorts:
 * servers that do one thing after the other send the reply to the transfer first. A refusal that comes before a 226 was of
 * EPSV (ProFTPD 1.3.8: `450 EPSV: data transfer in progress`, Pure-FTPd: 500); before a 229 it was of the transfer.
 */
export class PassiveAhead {
	readonly #ftp: FTPContext;
	readonly #shortcut: Shortcut;
	readonly #handle: FTPContext['handle'];
	/** A command of the library's is at work. */
	#isBusy = false;
	/** A reply to EPSV is due. */
	#isDue = false;
	#replied: Promise<void> = Promise.resolve();
	#setReplied: () => void = () => undefined;
	/** The reply to EPSV came before that to the transfer. Only when that has come, too, the server can do both. */
	#isUnproven = false;
	/** The transfer at work is on a port that was asked for early. */
	#isEarly = false;
	#prepared: { readonly reply: FTPResponse; readonly since: number } | undefined;

	constructor(ftp: FTPContext, shortcut: Shortcut) {
		this.#ftp = ftp;
		this.#shortcut = shortcut;
		const handle = ftp.handle.bind(ftp);
		this.#handle = (command, handler) => withoutStack(() => handle(command, handler));
		ftp.handle = (command, handler) => this.#watch(command, handler);
	}

	/** The data of a transfer has ended. */
	ask(): void {
		if (!this.#isBusy || this.#isDue || !this.#shortcut.begin()) return;
		this.#isDue = true;
		this.#replied = new Promise((resolve) => {
			this.#setReplied = resolve;
		});
		this.#ftp.send('EPSV');
	}

	/** Resolves when no reply is due but that to the next command. Rejects when it does not come. */
	async settle(): Promise<void> {
		if (!this.#isDue) return;
		let late: NodeJS.Timeout | undefined;
		const missed = new Promise<never>((_resolve, reject) => {
			late = setTimeout(
				() => reject(new Error('Connection closed here: no answer to EPSV')),
				Math.min(REPLY_MILLISECONDS, this.#ftp.timeout),
			);
		});
		await Promise.race([this.#replied, missed]).finally(() => clearTimeout(late));
	}

	/** The reply of a server that listens already. It serves once. */
	takeReply(): FTPResponse | undefined {
		const prepared = this.#prepared;
		this.#prepared = undefined;
		this.#isEarly = prepared !== undefined && performance.now() - prepared.since < FRESH_MILLISECONDS;
		return this.#isEarly ? prepared?.reply : undefined;
	}

	/** The port of a reply from `takeReply` was of no use. */
	portFailed(): void {
		this.#shortcut.refused();
	}

	#watch(command: string | undefined, handler: ResponseHandler): Promise<unknown> {
		let isAnswered = false;
		let held: FTPError | undefined;
		this.#isBusy = true;
		let isTransfer = command !== undefined && TRANSFER.test(command);
		return this.#handle(command, (reply, libraryTask) => {
			// Told twice, it is no answer to what was asked since.
			if (isTransferred(reply) && (isAnswered || !isTransfer)) return;
			if (!(reply instanceof Error) && reply.code === GO_ON) isTransfer = true;
			const task = this.#followedBy(libraryTask);
			const pass = (own: Error | FTPResponse): void => {
				isAnswered ||= isFinal(own);
				if (isAnswered) this.#prove(own);
				if (own instanceof FTPError && own.code === NO_DATA_CONNECTION && this.#isEarly) this.#shortcut.refused();
				handler(own, task);
			};
			if (!this.#isDue) return pass(reply);
			if (reply instanceof Error && !(reply instanceof FTPError)) {
				// The connection ends, so nothing follows the refusal that was held: it is the reason.
				return pass(held ?? reply);
			}
			const first = held;
			held = undefined;
			if (isAnswered || reply.code === ENTERING) {
				this.#take(reply, isAnswered || first !== undefined);
				if (first !== undefined) pass(first);
				return;
			}
			if (!(reply instanceof FTPError) || reply.code === CLOSING) {
				if (first !== undefined && isFinal(reply)) this.#take(first);
				else held = first;
				return pass(reply);
			}
			if (first === undefined) {
				held = reply;
				return;
			}
			this.#take(reply);
			pass(first);
		});
	}

	/** Goes on listening for the reply to EPSV when the library's own command is done. */
	#followedBy({ resolve, reject }: TaskResolver): TaskResolver {
		return {
			resolve: (value) => {
				resolve(value);
				this.#listen();
			},
			reject: (reason) => {
				reject(reason);
				this.#listen();
			},
		};
	}

	#listen(): void {
		if (!this.#isBusy) return;
		this.#isBusy = false;
		if (!this.#isDue) return;
		this.#handle(undefined, (reply, task) => {
			if (isTransferred(reply)) return;
			this.#take(reply);
			task.resolve(undefined);
		}).catch(() => undefined);
	}

	/** `own` is how the transfer ended during which EPSV was answered. */
	#prove(own: Error | FTPResponse): void {
		if (!this.#isUnproven) return;
		this.#isUnproven = false;
		if (own instanceof Error) this.#shortcut.failed();
		else this.#shortcut.worked();
	}

	#take(reply: Error | FTPResponse, isProven = true): void {
		this.#isDue = false;
		if (!(reply instanceof Error) && extendedPassivePort(reply.message) !== undefined) {
			this.#prepared = { reply, since: performance.now() };
			if (isProven) this.#shortcut.worked();
			else this.#isUnproven = true;
		} else if (reply instanceof FTPError) {
			this.#shortcut.refused();
		} else {
			this.#shortcut.failed();
		}
		this.#setReplied();
	}
}
