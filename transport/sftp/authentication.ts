import type { AuthenticationType, KeyboardInteractiveAuthMethod, Prompt } from 'ssh2';

import type { SftpSettings } from '../connectionSettings';

type Credentials = Pick<SftpSettings, 'username' | 'password' | 'privateKey'>;
type Method = 'publickey' | 'password' | 'keyboard-interactive';

/** A prompt for a password to be set, not for the one that is known. */
const NEW_PASSWORD = /\bnew (?:\w+ )?password|retype|re-?enter|password again/iu;
const USER_NAME = /user|log-?in|name|account/iu;
const PASSWORD = /pass|kennwort|secret/iu;
/** OpenSSH puts the account before what the server asks, as in "(tenant@files.example.com) Password:". */
const ACCOUNT = /^\([^)]*\)\s*/u;

/**
 * What one server's earlier logins taught. A server may end the connection with the first refusal (sshd's MaxAuthTries 1), and so
 * never says which ways it would take: the next connection asks for them first, and tries another way than those that were refused.
 */
export class LoginMemory {
	readonly refused = new Set<Method>();

	/** The one way that was enough, where one was. */
	accepted: Method | undefined;
}

/** The ways to log in that the settings allow, in the order to try; never `none` at first, which costs a round trip to be refused. */
export class Authentication {
	#refusals = 0;

	#current: Method | 'none' | undefined;

	#hasPart = false;

	readonly #left: Method[];

	readonly #credentials: Credentials;

	readonly #memory: LoginMemory;

	readonly #onNewPassword: () => void;

	/** `onNewPassword` is told when the server wants another password to be set. */
	constructor(credentials: Credentials, memory: LoginMemory, onNewPassword: () => void) {
		this.#credentials = credentials;
		this.#memory = memory;
		this.#onNewPassword = onNewPassword;
		const { privateKey = '', password = '' } = credentials;
		const methods: Method[] = [];
		if (privateKey !== '') methods.push('publickey');
		if (password !== '') methods.push('password', 'keyboard-interactive');
		const { accepted, refused } = memory;
		const untried = methods.filter((method) => !refused.has(method));
		this.#left = accepted === undefined ? untried : [accepted, ...methods.filter((method) => method !== accepted)];
	}

	/** Ways that this server refused. */
	get refusals(): number {
		return this.#refusals;
	}

	/** The server ended the connection in place of an answer. True when another way is left that it was not asked for. */
	cut(): boolean {
		const { refused } = this.#memory;
		if (this.#current === undefined || this.#current === 'none' || this.#hasPart) return false;
		this.#memory.accepted = undefined;
		this.#refusals += 1;
		refused.add(this.#current);
		return this.#left.length > 0;
	}

	/** Whether the server owes an answer to a login. */
	get isAwaited(): boolean {
		return this.#current !== undefined;
	}

	accepted(): void {
		const current = this.#current;
		if (current !== 'none' && !this.#hasPart) this.#memory.accepted = current;
		this.#current = undefined;
	}

	/** `offered` is null before the first attempt, then what the server would still take. */
	next(
		offered: readonly string[] | null,
		isPartial: boolean | null,
	): AuthenticationType | KeyboardInteractiveAuthMethod | false {
		if (isPartial === true) this.#hasPart = true;
		else if (this.#current !== undefined && this.#current !== 'none') this.#refusals += 1;
		if (this.#current === undefined && this.#memory.refused.size > 0 && this.#memory.accepted === undefined) {
			this.#current = 'none';
			return this.#current;
		}
		for (;;) {
			const method = this.#left.shift();
			if (method === undefined) {
				this.#current = undefined;
				return false;
			}
			if (offered !== null && !offered.includes(method)) continue;
			// A server that takes passwords has just refused this one: asking again would only count towards a lockout.
			const isAskedAgain = method === 'keyboard-interactive' && offered?.includes('password') === true;
			if (isAskedAgain && isPartial !== true) continue;
			this.#current = method;
			return method === 'keyboard-interactive' ? this.#keyboardInteractive() : method;
		}
	}

	#keyboardInteractive(): KeyboardInteractiveAuthMethod {
		return {
			type: 'keyboard-interactive',
			username: this.#credentials.username,
			prompt: (_name, _instructions, _language, prompts, finish) => {
				if (prompts.some(({ prompt }) => NEW_PASSWORD.test(prompt))) this.#onNewPassword();
				else finish(prompts.map((prompt) => this.#answerTo(prompt)));
			},
		};
	}

	/** Whether a prompt shows what is typed does not tell what is asked for: servers ask for passwords with echo as well. */
	#answerTo({ prompt, echo }: Prompt): string {
		const { username, password = '' } = this.#credentials;
		const words = prompt.replace(ACCOUNT, '').replaceAll(username, '');
		return echo === true && USER_NAME.test(words) && !PASSWORD.test(words) ? username : password;
	}
}
