import { accountKey, type Account } from './account';
import { ConnectionDesk } from './connectionDesk';
import type { LeaseLedger } from './leaseLedger';
import { MemoryLedger } from './memoryLedger';
import { RedisLedger, type LedgerTimes } from './redisLedger';
import { RedisLink } from './redisLink';
import { isQueueMode, redisSettings, type Environment } from './redisSettings';
import { ProcessRefusals, RedisRefusals, type RefusedLogins } from './refusedLogins';
import { RedisTurns, type TurnTimes } from './redisTurns';
import { ProcessTurns, type Turns } from './turns';

/** What the runs of this n8n agree on: connections to an account, logins that were refused, and turns. */
export class Coordination {
	readonly turns: Turns;

	readonly refusedLogins: RefusedLogins;

	readonly #ledgerOf: (account: string) => LeaseLedger;

	/** By account, for the life of the process: all its runs have to meet at one. */
	readonly #desks = new Map<string, ConnectionDesk>();

	/** @param link to the Redis that several processes share; without it there is this process only */
	constructor(link?: RedisLink, times: { readonly ledger?: LedgerTimes; readonly turns?: Partial<TurnTimes> } = {}) {
		this.turns = link === undefined ? new ProcessTurns() : new RedisTurns(link, times.turns);
		this.refusedLogins = link === undefined ? new ProcessRefusals() : new RedisRefusals(link);
		this.#ledgerOf =
			link === undefined ? () => new MemoryLedger() : (account) => new RedisLedger(link, account, times.ledger);
	}

	desk(account: Account): ConnectionDesk {
		const key = accountKey(account);
		const desk = this.#desks.get(key) ?? new ConnectionDesk(this.#ledgerOf(key));
		this.#desks.set(key, desk);
		return desk;
	}
}

/** @param command what n8n was started as */
export function coordinationFor(environment: Environment, command: string | undefined): Coordination {
	if (!isQueueMode(environment, command)) return new Coordination();
	return new Coordination(new RedisLink(redisSettings(environment)));
}

let own: Coordination | undefined;

/** That of this process. */
export function coordination(): Coordination {
	own ??= coordinationFor(process.env, process.argv[2]);
	return own;
}
