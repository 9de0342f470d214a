import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 6379;

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
	/** `undefined` = without TLS. */
	readonly tls: RedisTls | undefined;
	readonly isDualStack: boolean;
	/** `NONE` hands names of cluster nodes to TLS as they are, as AWS ElastiCache needs it. */
	readonly resolvesNames: boolean;
	/** Milliseconds of silence after which TCP asks whether the other side is still there; `undefined` = the library's own. */
	readonly keepAliveDelay: number | undefined;
	/** Milliseconds, of a cluster's map of nodes. */
	readonly slotsRefresh: { readonly timeout: number; readonly interval: number };
	/** Whether a server that turns out to be a replica is left, so that the next connection may find the primary. */
	readonly leavesReplicas: boolean;
	/** What the keys of this n8n begin with. */
	readonly keyPrefix: string;
}

export interface RedisTls {
	/** The name that the certificate has to hold; `undefined` = that of the host. */
	readonly serverName: string | undefined;
	/** `undefined` = nothing is said, so what Node.js does by itself. */
	readonly validatesCertificate: boolean | undefined;
}

/** As n8n reads it (`readEnv` in @n8n/config): the variable, even an empty one, or the file that its `_FILE` twin names. */
function valueOf(environment: Environment, name: string): string | undefined {
	const value = environment[name];
	if (value !== undefined) return value;
	const path = environment[`${name}_FILE`];
	return path === undefined || path === '' ? undefined : readFileSync(path, 'utf8').trim();
}

/** Texts may stand in quotes; numbers and switches may not. */
function unquoted(text: string): string {
	return text.trim().replace(/^(['"])(.*)\1$/u, '$2');
}

/** n8n takes its default for a switch that it cannot read, one with blanks around it too. */
function switchOf(value: string | undefined): boolean | undefined {
	const text = value?.toLowerCase() ?? '';
	if (['true', '1'].includes(text)) return true;
	return ['false', '0'].includes(text) ? false : undefined;
}

/** An empty number is none since n8n 2.25; before, it was 0, a port at which no Redis is found. */
function numberOf(value: string | undefined, otherwise: number): number {
	if (value === undefined || unquoted(value).trim() === '') return otherwise;
	const number = Number(value);
	return Number.isNaN(number) ? otherwise : number;
}

function filled(value: string | undefined): string | undefined {
	return value === '' ? undefined : value;
}

function nodesOf(list: string): RedisNode[] {
	return list
		.split(',')
		.map((pair) => pair.trim())
		.filter((pair) => pair !== '')
		.map((pair) => {
			const [host = '', port = ''] = pair.split(':');
			// As n8n, which reads no further than the digits go, and leaves 0 to the library.
			return { host, port: Number.parseInt(port, 10) || DEFAULT_PORT };
		});
}

/**
 * Whether this process is one of several that n8n's queue mode is made of. A worker is, even when nobody told it so: n8n
 * then sets its own configuration, and the variable stays empty.
 *
 * @param command what n8n was started as: `start`, `worker`, `webhook`
 */
export function isQueueMode(environment: Environment, command: string | undefined): boolean {
	return unquoted(valueOf(environment, 'EXECUTIONS_MODE') ?? '') === 'queue' || command === 'worker';
}

/**
 * Names and defaults are those of `scaling-mode.config` and `redis.config` in @n8n/config, n8n 1.123 to 2.41; a variable that
 * came in between holds for all of them. Three have no part in this: QUEUE_BULL_REDIS_TIMEOUT_THRESHOLD ends n8n itself,
 * QUEUE_BULL_REDIS_KEEP_ALIVE_INTERVAL is handed to a library that does not know it, and QUEUE_BULL_PREFIX is that of the jobs.
 */
export function redisSettings(environment: Environment): RedisSettings {
	const raw = (name: string): string | undefined => valueOf(environment, `QUEUE_BULL_REDIS_${name}`);
	const text = (name: string): string => unquoted(raw(name) ?? '');
	const isOn = (name: string): boolean => switchOf(raw(name)) ?? false;
	const number = (name: string, otherwise: number): number => numberOf(raw(name), otherwise);
	return {
		node: { host: filled(text('HOST')) ?? 'localhost', port: number('PORT', DEFAULT_PORT) },
		clusterNodes: nodesOf(text('CLUSTER_NODES')),
		username: filled(text('USERNAME')),
		password: filled(text('PASSWORD')),
		database: number('DB', 0),
		tls: isOn('TLS')
			? {
					serverName: filled(text('TLS_SERVERNAME')),
					validatesCertificate: switchOf(raw('TLS_VALIDATE_CERTIFICATE')),
				}
			: undefined,
		isDualStack: isOn('DUALSTACK'),
		resolvesNames: text('DNS_LOOKUP_STRATEGY') !== 'NONE',
		keepAliveDelay: isOn('KEEP_ALIVE') ? number('KEEP_ALIVE_DELAY', 5_000) : undefined,
		slotsRefresh: {
			timeout: number('SLOT_REFRESH_TIMEOUT', 1_000),
			interval: number('SLOT_REFRESH_INTERVAL', 5_000),
		},
		leavesReplicas: switchOf(raw('RECONNECT_ON_FAILOVER')) ?? true,
		keyPrefix: unquoted(valueOf(environment, 'N8N_REDIS_KEY_PREFIX') ?? 'n8n'),
	};
}
