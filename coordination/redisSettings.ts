import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface RedisNode {
	readonly host: string;
	readonly port: number;
}

/** The Redis of n8n's queue. */
export interface RedisSettings {
	readonly node: RedisNode;
	/** Nodes of a cluster; empty = no cluster. */
	readonly clusterNodes: readonly RedisNode[];
	readonly username: string | undefined;
	readonly password: string | undefined;
	readonly database: number;
	readonly isTls: boolean;
	readonly isDualStack: boolean;
	/** `NONE` hands names of cluster nodes to TLS as they are, as AWS ElastiCache needs it. */
	readonly resolvesNames: boolean;
	/** What the keys of this n8n begin with. */
	readonly keyPrefix: string;
}

/** As n8n reads it (`readEnv` in @n8n/config): the variable, or the file that its `_FILE` twin names. */
function valueOf(environment: Environment, name: string): string | undefined {
	const value = environment[name];
	if (value !== undefined) return unquoted(value);
	const path = environment[`${name}_FILE`];
	return path === undefined || path === '' ? undefined : unquoted(readFileSync(path, 'utf8'));
}

function unquoted(text: string): string {
	return text.trim().replace(/^(['"])(.*)\1$/su, '$2');
}

function isOn(value: string | undefined): boolean {
	return value !== undefined && ['true', '1'].includes(value.toLowerCase());
}

function numberOf(value: string | undefined, otherwise: number): number {
	const number = Number(value ?? Number.NaN);
	return Number.isNaN(number) ? otherwise : number;
}

function filled(value: string | undefined): string | undefined {
	return value === '' ? undefined : value;
}

/**
 * Whether this process is one of several that n8n's queue mode is made of. A worker is, even when nobody told it so: n8n
 * then sets its own configuration, and the variable stays empty.
 *
 * @param command what n8n was started as: `start`, `worker`, `webhook`
 */
export function isQueueMode(environment: Environment, command: string | undefined): boolean {
	return valueOf(environment, 'EXECUTIONS_MODE') === 'queue' || command === 'worker';
}

/** Names and defaults are those of `scaling-mode.config` and `redis.config` in @n8n/config, 1.123 to 2.41. */
export function redisSettings(environment: Environment): RedisSettings {
	const of = (name: string): string | undefined => valueOf(environment, name);
	const clusterNodes = (of('QUEUE_BULL_REDIS_CLUSTER_NODES') ?? '')
		.split(',')
		.map((pair) => pair.trim())
		.filter((pair) => pair !== '')
		.map((pair) => {
			const [host = '', port] = pair.split(':');
			return { host, port: numberOf(port, 6379) };
		});
	return {
		node: {
			host: filled(of('QUEUE_BULL_REDIS_HOST')) ?? 'localhost',
			port: numberOf(of('QUEUE_BULL_REDIS_PORT'), 6379),
		},
		clusterNodes,
		username: filled(of('QUEUE_BULL_REDIS_USERNAME')),
		password: filled(of('QUEUE_BULL_REDIS_PASSWORD')),
		database: numberOf(of('QUEUE_BULL_REDIS_DB'), 0),
		isTls: isOn(of('QUEUE_BULL_REDIS_TLS')),
		isDualStack: isOn(of('QUEUE_BULL_REDIS_DUALSTACK')),
		resolvesNames: of('QUEUE_BULL_REDIS_DNS_LOOKUP_STRATEGY') !== 'NONE',
		keyPrefix: filled(of('N8N_REDIS_KEY_PREFIX')) ?? 'n8n',
	};
}
