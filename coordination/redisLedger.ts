import type { LeaseLedger, LedgerAnswer, LedgerEntry } from './leaseLedger';
import type { RedisLink } from './redisLink';

/** Milliseconds. They are counted by the clock of Redis, so that those of the machines do not matter. */
export interface LedgerTimes {
	/** After which the lease of a process that died comes free. */
	readonly lease: number;
	/** After which somebody who waits and is not heard of any more loses the place. */
	readonly place: number;
	/** Between two settlings of a process that holds leases. With the next one less than a second: nobody is to wait longer than a file and that. */
	readonly holding: number;
	/** Between two settlings of a process that waits, or that holds leases which rest. */
	readonly waiting: number;
	/** How long it is known that a further connection was asked for in vain: until each process has settled once. */
	readonly short: number;
	/** No grants after Redis was emptied: all who hold leases have told it again by then. */
	readonly quietAfterLoss: number;
	/** No grants after Redis was restarted: they also had to connect again. */
	readonly quietAfterRestart: number;
	/** How long Redis remembers that it knew the account. */
	readonly memory: number;
}

export const LEDGER_TIMES: LedgerTimes = {
	lease: 30_000,
	place: 5_000,
	holding: 700,
	waiting: 200,
	short: 1_200,
	quietAfterLoss: 2_500,
	quietAfterRestart: 5_000,
	memory: 30 * 86_400_000,
};

/**
 * Settles one process's entry, in one step. KEYS: leases by when they run out, the queue by arrival, who waits by when they
 * are given up, what is known of the server, and further leases that were asked for in vain by when that is forgotten. A Redis that was restarted or emptied shows by its run id, which changes
 * with each start, or by having lost it; some services forbid INFO, then only the loss shows.
 */
const SETTLE = `
local held, queue, alive, server, short = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local entry, times = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(number) return string.format('%.0f', number) end
local function leave(id)
	redis.call('ZREM', queue, id)
	redis.call('ZREM', alive, id)
end
local function hold(id) redis.call('ZADD', held, whole(now + times.lease), id) end

for _, id in ipairs(entry.gone) do
	redis.call('ZREM', held, id)
	leave(id)
end
redis.call('ZREMRANGEBYSCORE', held, '-inf', whole(now))
for _, id in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', whole(now))) do leave(id) end
for _, id in ipairs(entry.held) do hold(id) end

local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
local known = redis.call('HGET', server, 'run')
if known ~= run then
	local quiet = known and times.quietAfterRestart or times.quietAfterLoss
	redis.call('HSET', server, 'run', run, 'opensAt', whole(now + quiet))
end
local isOpen = now >= tonumber(redis.call('HGET', server, 'opensAt'))

local granted, arrivals, limits = {}, {}, {}
local function grant(id)
	leave(id)
	hold(id)
	table.insert(granted, id)
end
for _, each in ipairs(entry.first) do
	if redis.call('ZSCORE', held, each.id) then
		grant(each.id)
	else
		local since = each.since > 0 and whole(each.since) or redis.call('ZSCORE', queue, each.id) or whole(now)
		redis.call('ZADD', queue, since, each.id)
		redis.call('ZADD', alive, whole(now + times.place), each.id)
		limits[each.id] = each.limit
		table.insert(arrivals, each.id)
		table.insert(arrivals, since)
	end
end
local count = redis.call('ZCARD', held)
if isOpen then
	local ahead = 0
	for _, id in ipairs(redis.call('ZRANGE', queue, 0, -1)) do
		if limits[id] and count + ahead < limits[id] then
			grant(id)
			count = count + 1
		else
			ahead = ahead + 1
		end
	end
end
local waiting = redis.call('ZCARD', queue)
for _, each in ipairs(entry.further) do
	if redis.call('ZSCORE', held, each.id) or (isOpen and waiting == 0 and count < each.limit) then
		grant(each.id)
		count = redis.call('ZCARD', held)
	elseif isOpen then
		redis.call('ZADD', short, whole(now + times.short), each.id)
	end
end
redis.call('ZREMRANGEBYSCORE', short, '-inf', whole(now))
redis.call('PEXPIRE', held, times.lease)
redis.call('PEXPIRE', queue, times.lease)
redis.call('PEXPIRE', alive, times.lease)
redis.call('PEXPIRE', short, times.short)
redis.call('PEXPIRE', server, times.memory)
return { waiting, count, granted, arrivals, redis.call('ZCARD', short) }
`;

/** The leases of an account in the Redis that all processes of n8n share. */
export class RedisLedger implements LeaseLedger {
	readonly pace: { readonly waiting: number; readonly holding: number };

	readonly #keys: readonly string[];

	readonly #times: LedgerTimes;

	readonly #link: RedisLink;

	constructor(link: RedisLink, account: string, times: LedgerTimes = LEDGER_TIMES) {
		this.#link = link;
		this.#times = times;
		this.pace = { waiting: times.waiting, holding: times.holding };
		this.#keys = ['held', 'queue', 'alive', 'server', 'short'].map((part) => link.key(account, part));
	}

	async settle(entry: LedgerEntry): Promise<LedgerAnswer> {
		const args = [JSON.stringify(entry), JSON.stringify(this.#times)];
		const answer = await this.#link.run(SETTLE, this.#keys, args);
		const [waiting, held, granted, arrivals, short] = answer as [number, number, string[], string[], number];
		const since = new Map<string, number>();
		for (let at = 0; at + 1 < arrivals.length; at += 2) since.set(arrivals[at] ?? '', Number(arrivals[at + 1]));
		return { waiting, held, short, granted: new Set(granted), since };
	}
}
