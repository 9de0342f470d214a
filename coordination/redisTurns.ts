import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { RedisLink } from './redisLink';
import { asOutage, RedisOutage } from './redisOutage';
import { NoTurn, ProcessTurns, type Turns } from './turns';

export interface TurnTimes {
	/** After which the turn of a process that died comes free. Milliseconds, as all of these. */
	readonly lock: number;
	readonly renewal: number;
	/** Between two askings while another process has the turn. */
	readonly asking: number;
	/** How long to ask. */
	readonly patience: number;
}

const TIMES: TurnTimes = { lock: 30_000, renewal: 5_000, asking: 50, patience: 300_000 };

/** Takes the lock, or renews one's own: also where Redis has lost it and nobody else took it since. */
const TAKE = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;

const GIVE_BACK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`;

/**
 * Turns of the runs in all processes of n8n: a lock in Redis with its owner's token, which runs out by itself and is renewed
 * while the work lasts. Within a process runs queue up as without Redis, so that each process asks once.
 *
 * A process that stands still for longer than the lock lasts loses it without knowing; what is done in a turn has to be safe
 * even then.
 */
export class RedisTurns implements Turns {
	readonly #link: RedisLink;

	readonly #times: TurnTimes;

	readonly #inProcess = new ProcessTurns();

	constructor(link: RedisLink, times: Partial<TurnTimes> = {}) {
		this.#link = link;
		this.#times = { ...TIMES, ...times };
	}

	async take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
		return await this.#inProcess.take(name, async () => {
			const keys = [this.#link.key(name, 'turn')];
			const token = randomUUID();
			await this.#acquire(keys, token);
			const take = async (): Promise<unknown> => await this.#ask(TAKE, keys, [token, String(this.#times.lock)]);
			const renewal = setInterval(() => void take().catch(() => undefined), this.#times.renewal).unref();
			return await work().finally(async () => {
				clearInterval(renewal);
				// Out of reach now, it runs out by itself.
				await this.#ask(GIVE_BACK, keys, [token]).catch(() => undefined);
			});
		});
	}

	async #acquire(keys: readonly string[], token: string): Promise<void> {
		const { lock, asking, patience } = this.#times;
		const deadline = Date.now() + patience;
		for (;;) {
			const outcome = await this.#ask(TAKE, keys, [token, String(lock)]).catch(asOutage);
			if (outcome === 1) return;
			const outage = outcome instanceof RedisOutage ? outcome : undefined;
			if (outage?.remedy !== undefined || Date.now() >= deadline) throw new NoTurn(outage?.reason, outage?.remedy);
			await pause(asking * (0.5 + Math.random()));
		}
	}

	async #ask(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
		return await this.#link.run(script, keys, args);
	}
}
