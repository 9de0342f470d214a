import { setTimeout as pause } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import type { Cluster, Redis, RedisOptions } from 'ioredis';

import { asOutage, NO_ANSWER, reasonOf, RedisOutage } from './redisOutage';
import type { RedisNode, RedisSettings, RedisTls } from './redisSettings';

const CONNECT_MILLISECONDS = 5_000;
const ANSWER_MILLISECONDS = 5_000;
/** A connection that nobody used for so long is ended: between two nightly runs none is needed. */
const IDLE_MILLISECONDS = 10_000;

type Library = typeof import('ioredis');

/**
 * One connection to n8n's Redis for the whole process: opened when it is needed, ended when nobody used it for a while.
 * It never keeps the process alive. What is asked while Redis is away fails at once, and the one who asked asks again.
 */
export class RedisLink {
	readonly #settings: RedisSettings;

	#client: Promise<Redis | Cluster> | undefined;

	#idle: NodeJS.Timeout | undefined;

	#running = 0;

	constructor(settings: RedisSettings) {
		this.#settings = settings;
	}

	/** The braces keep what belongs together on one node of a cluster (Redis cluster specification, "Hash tags"). */
	key(subject: string, part: string): string {
		return `${this.#settings.keyPrefix}:8x8-recordings:{${subject}}:${part}`;
	}

	/** Runs a Lua script. Rejects with a `RedisOutage` within seconds when Redis is away. */
	async run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
		clearTimeout(this.#idle);
		this.#running += 1;
		return await this.#connected()
			.then(async (client) => await client.eval(script, keys.length, ...keys, ...args))
			.catch(async (error: unknown) => await Promise.reject(asOutage(error)))
			.finally(() => {
				this.#running -= 1;
				if (this.#running === 0) this.#idle = setTimeout(() => this.close(), IDLE_MILLISECONDS).unref();
			});
	}

	/** Ends the connection; the next `run` opens another one. */
	close(): void {
		clearTimeout(this.#idle);
		this.#client?.then(
			(client) => client.disconnect(),
			() => undefined,
		);
		this.#client = undefined;
	}

	#connected(): Promise<Redis | Cluster> {
		if (this.#client !== undefined) return this.#client;
		const opening = this.#connect();
		const forget = (): void => {
			if (this.#client === opening) this.#client = undefined;
		};
		opening.then((client) => client.once('end', forget), forget);
		this.#client = opening;
		return opening;
	}

	/** One attempt. Whoever asks next makes another one: the library's own would keep the process alive while Redis is away. */
	async #connect(): Promise<Redis | Cluster> {
		// Loaded here and not before: without the queue mode there is no Redis.
		const library = await import('ioredis');
		const { node, clusterNodes } = this.#settings;
		if (clusterNodes.length === 0) return await connected(this.#alone(library, node));
		return await connected(this.#cluster(library)).catch(async (outage: unknown) => {
			// A cluster keeps to itself why no connection came about; one of its nodes does not.
			for (const each of clusterNodes)
				await connected(this.#alone(library, each)).then((client) => client.disconnect());
			return await Promise.reject(outage);
		});
	}

	#alone(library: Library, node: RedisNode): Redis {
		const client = new library.Redis({ ...node, ...this.#options() });
		return client.on('connect', () => client.stream.unref());
	}

	#cluster(library: Library): Cluster {
		const { clusterNodes, resolvesNames, slotsRefresh } = this.#settings;
		return new library.Cluster([...clusterNodes], {
			redisOptions: this.#options(),
			enableOfflineQueue: false,
			enableReadyCheck: false,
			lazyConnect: true,
			clusterRetryStrategy: () => null,
			slotsRefreshTimeout: slotsRefresh.timeout,
			slotsRefreshInterval: slotsRefresh.interval,
			...(resolvesNames ? {} : { dnsLookup: (address, answer) => answer(null, address) }),
		}).on('+node', (each: Redis) => each.on('connect', () => each.stream.unref()));
	}

	#options(): RedisOptions {
		const { username, password, database, tls, isDualStack, keepAliveDelay, leavesReplicas } = this.#settings;
		return {
			...(username === undefined ? {} : { username }),
			...(password === undefined ? {} : { password }),
			db: database,
			...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
			...(isDualStack ? { family: 0 } : {}),
			...(keepAliveDelay === undefined ? {} : { keepAlive: keepAliveDelay }),
			// What every Redis since 5 speaks, as n8n's own client does.
			protocol: 2,
			lazyConnect: true,
			enableReadyCheck: false,
			// A script that is repeated later would tell a state that is no longer true.
			enableOfflineQueue: false,
			autoResendUnfulfilledCommands: false,
			maxRetriesPerRequest: 0,
			retryStrategy: () => null,
			connectTimeout: CONNECT_MILLISECONDS,
			commandTimeout: ANSWER_MILLISECONDS,
			// A replica that was a primary a moment ago: the connection ends, and the next one may find the primary.
			reconnectOnError: (error) => leavesReplicas && error.message.includes('READONLY'),
		};
	}
}

/** Rejects with a `RedisOutage`. */
async function connected<Client extends Redis | Cluster>(client: Client): Promise<Client> {
	let trouble: string | undefined;
	// Without a listener an error would end the process.
	client.on('error', (error: unknown) => {
		trouble ??= reasonOf(error);
	});
	const late = pause(CONNECT_MILLISECONDS, 'late', { ref: false });
	const outcome = await Promise.race([client.connect(), late]).catch(reasonOf);
	if (outcome === undefined) return client;
	// Its own way to make sure keeps the process alive for two seconds.
	if (client.status !== 'end') client.disconnect();
	return await Promise.reject(new RedisOutage(trouble ?? (outcome === 'late' ? NO_ANSWER : outcome)));
}

/** What is not said is left out: Node.js then has its own way, also by NODE_TLS_REJECT_UNAUTHORIZED. */
function tlsOptions({ serverName, validatesCertificate }: RedisTls): ConnectionOptions {
	return {
		...(serverName === undefined ? {} : { servername: serverName }),
		...(validatesCertificate === undefined ? {} : { rejectUnauthorized: validatesCertificate }),
	};
}
