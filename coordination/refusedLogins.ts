import type { RedisLink } from './redisLink';
import { RedisOutage } from './redisOutage';

/** Milliseconds for which a login that was refused is not tried again: servers lock accounts after a few attempts. */
export const REFUSED_FOR = 1_800_000;

/** Logins that a server has refused, by a digest of account and secret; so a changed secret is tried at once. */
export interface RefusedLogins {
	/** Until when the login is not to be tried, in milliseconds since the epoch; `undefined` when it may be. */
	until(login: string): Promise<number | undefined>;
	/** Gives the time until which it is not to be tried. */
	remember(login: string): Promise<number>;
	forget(login: string): Promise<void>;
}

/** Those that this process has met. */
export class ProcessRefusals implements RefusedLogins {
	/** When each was refused. */
	readonly #refused = new Map<string, number>();

	until(login: string): Promise<number | undefined> {
		const now = Date.now();
		// One of a time to come is of a clock that was set back since.
		for (const [known, at] of this.#refused) if (at > now || at + REFUSED_FOR <= now) this.#refused.delete(known);
		const at = this.#refused.get(login);
		return Promise.resolve(at === undefined ? undefined : at + REFUSED_FOR);
	}

	remember(login: string): Promise<number> {
		const at = Date.now();
		this.#refused.set(login, at);
		return Promise.resolve(at + REFUSED_FOR);
	}

	forget(login: string): Promise<void> {
		this.#refused.delete(login);
		return Promise.resolve();
	}
}

/** Milliseconds left by the clock of Redis, so that those of the machines do not matter. */
const LEFT = `
local clock = redis.call('TIME')
local stored = redis.call('GET', KEYS[1])
return stored and tonumber(stored) - (clock[1] * 1000 + math.floor(clock[2] / 1000)) or 0
`;

const REMEMBER = `
local clock = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[1]), 'PX', ARGV[1])
return 1
`;

const FORGET = `return redis.call('DEL', KEYS[1])`;

/** Those that any process of n8n has met. While Redis is away, those of this process count. */
export class RedisRefusals implements RefusedLogins {
	readonly #link: RedisLink;

	readonly #own = new ProcessRefusals();

	constructor(link: RedisLink) {
		this.#link = link;
	}

	async until(login: string): Promise<number | undefined> {
		const left = await this.#ask(LEFT, login);
		if (typeof left !== 'number') return await this.#own.until(login);
		if (left > 0) return Date.now() + left;
		// Another process may have let it be tried again.
		await this.#own.forget(login);
		return undefined;
	}

	async remember(login: string): Promise<number> {
		await this.#ask(REMEMBER, login, [String(REFUSED_FOR)]);
		return await this.#own.remember(login);
	}

	async forget(login: string): Promise<void> {
		await this.#ask(FORGET, login);
		await this.#own.forget(login);
	}

	/** `undefined` when Redis could not be asked: whoever needs it to go on says so. */
	async #ask(script: string, login: string, args: readonly string[] = []): Promise<unknown> {
		return await this.#link.run(script, [this.#link.key(login, 'refused')], args).catch((error: unknown) => {
			if (!(error instanceof RedisOutage)) throw error;
			return undefined;
		});
	}
}
