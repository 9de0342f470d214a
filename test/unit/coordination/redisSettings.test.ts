import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';

import { isQueueMode, redisSettings, type RedisSettings } from '../../../coordination/redisSettings';

const directory = mkdtempSync(join(tmpdir(), '8x8-secrets-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface N8nRedis {
	host: string;
	port: number;
	username: string;
	password: string;
	db: number;
	clusterNodes: string;
	tls: boolean;
	tlsConfig: { serverName: string; rejectUnauthorized: boolean };
	dualStack: boolean;
	dnsResolveStrategy: string;
	keepAlive: boolean;
	keepAliveDelay: number;
	slotsRefreshTimeout: number;
	slotsRefreshInterval: number;
	reconnectOnFailover: boolean;
}

const own = createRequire(import.meta.url);
const n8nConfig = own.resolve('@n8n/config');
const { GlobalConfig } = own(n8nConfig) as { GlobalConfig: unknown };
const { Container } = createRequire(n8nConfig)('@n8n/di') as {
	Container: { reset(): void; get(type: unknown): { queue: { bull: { redis: N8nRedis } } } };
};

/** What n8n's own configuration makes of variables, and its Redis client of that, `redis-client.service` in n8n 2.41. */
function asN8nReads(environment: Record<string, string>): object {
	const quiet = vi.spyOn(console, 'warn').mockReturnValue();
	for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
	Container.reset();
	const redis = Container.get(GlobalConfig).queue.bull.redis;
	vi.unstubAllEnvs();
	quiet.mockRestore();
	const { host, port, username, password, db, tls, tlsConfig, dualStack, keepAlive, keepAliveDelay } = redis;
	const clusterNodes = redis.clusterNodes.split(',').filter((pair) => pair.trim() !== '');
	return {
		...{ host, port, username, password, db, dualStack },
		// The library takes 6379 for a node without a port.
		clusterNodes: clusterNodes.map((pair) => {
			const [node, digits = ''] = pair.split(':');
			return { host: node, port: Number.parseInt(digits, 10) || 6379 };
		}),
		tls: tls ? { servername: tlsConfig.serverName, rejectUnauthorized: tlsConfig.rejectUnauthorized } : undefined,
		resolvesNames: redis.dnsResolveStrategy !== 'NONE',
		keepAlive: keepAlive ? keepAliveDelay : undefined,
		slotsRefresh: { timeout: redis.slotsRefreshTimeout, interval: redis.slotsRefreshInterval },
		reconnectOnFailover: redis.reconnectOnFailover,
	};
}

/** The same of what is read here. */
function asRead(settings: RedisSettings): object {
	const { tls, clusterNodes, slotsRefresh, resolvesNames } = settings;
	return {
		...settings.node,
		username: settings.username ?? '',
		password: settings.password ?? '',
		db: settings.database,
		dualStack: settings.isDualStack,
		clusterNodes,
		tls: tls && { servername: tls.serverName ?? '', rejectUnauthorized: tls.validatesCertificate ?? true },
		resolvesNames,
		keepAlive: settings.keepAliveDelay,
		slotsRefresh,
		reconnectOnFailover: settings.leavesReplicas,
	};
}

const fileWith = (text: string): string => {
	const path = join(directory, `secret-${Math.random()}`);
	writeFileSync(path, text);
	return path;
};

describe("the settings of n8n's Redis", () => {
	test("are n8n's own defaults when nothing is said", () => {
		expect(redisSettings({})).toEqual({
			node: { host: 'localhost', port: 6379 },
			clusterNodes: [],
			username: undefined,
			password: undefined,
			database: 0,
			tls: undefined,
			isDualStack: false,
			resolvesNames: true,
			keepAliveDelay: undefined,
			slotsRefresh: { timeout: 1_000, interval: 5_000 },
			leavesReplicas: true,
			keyPrefix: 'n8n',
		});
	});

	test("are n8n's variables", () => {
		const environment = {
			QUEUE_BULL_REDIS_HOST: 'redis.internal',
			QUEUE_BULL_REDIS_PORT: '6380',
			QUEUE_BULL_REDIS_USERNAME: 'n8n',
			QUEUE_BULL_REDIS_PASSWORD: '"with space "',
			QUEUE_BULL_REDIS_DB: '3',
			QUEUE_BULL_REDIS_TLS: 'True',
			QUEUE_BULL_REDIS_TLS_SERVERNAME: "'redis.example.com'",
			QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE: '0',
			QUEUE_BULL_REDIS_KEEP_ALIVE: 'true',
			QUEUE_BULL_REDIS_KEEP_ALIVE_DELAY: '700',
			QUEUE_BULL_REDIS_SLOT_REFRESH_TIMEOUT: '2000',
			QUEUE_BULL_REDIS_SLOT_REFRESH_INTERVAL: '9000',
			QUEUE_BULL_REDIS_RECONNECT_ON_FAILOVER: 'false',
			QUEUE_BULL_REDIS_DUALSTACK: '1',
			QUEUE_BULL_REDIS_DNS_LOOKUP_STRATEGY: 'NONE',
			QUEUE_BULL_REDIS_CLUSTER_NODES: 'a:7000, b:7001,c',
			N8N_REDIS_KEY_PREFIX: 'blue',
		};
		expect(redisSettings(environment)).toEqual({
			node: { host: 'redis.internal', port: 6380 },
			clusterNodes: [
				{ host: 'a', port: 7000 },
				{ host: 'b', port: 7001 },
				{ host: 'c', port: 6379 },
			],
			username: 'n8n',
			password: 'with space ',
			database: 3,
			tls: { serverName: 'redis.example.com', validatesCertificate: false },
			isDualStack: true,
			resolvesNames: false,
			keepAliveDelay: 700,
			slotsRefresh: { timeout: 2_000, interval: 9_000 },
			leavesReplicas: false,
			keyPrefix: 'blue',
		});
	});

	test('may stand in files, where the variable itself is not set', () => {
		const file = fileWith('from the file\n');
		expect(redisSettings({ QUEUE_BULL_REDIS_PASSWORD_FILE: file }).password).toBe('from the file');
		expect(redisSettings({ QUEUE_BULL_REDIS_HOST: 'said', QUEUE_BULL_REDIS_HOST_FILE: file }).node.host).toBe('said');
	});

	test.each(['', ' ', '""', 'no number'])('a port of <%s> is 6379', (port) => {
		expect(redisSettings({ QUEUE_BULL_REDIS_PORT: port }).node.port).toBe(6379);
		expect(redisSettings({ QUEUE_BULL_REDIS_PORT_FILE: fileWith(`${port}\n`) }).node.port).toBe(6379);
	});

	test('a certificate is left to Node.js as long as nothing is said of it', () => {
		const tls = { serverName: undefined, validatesCertificate: undefined };
		expect(redisSettings({ QUEUE_BULL_REDIS_TLS: '1', QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE: 'no' }).tls).toEqual(
			tls,
		);
		expect(redisSettings({ QUEUE_BULL_REDIS_TLS: '1', QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE: 'true' }).tls).toEqual(
			{ ...tls, validatesCertificate: true },
		);
	});

	describe.each([
		['HOST', ['redis', ' "quoted" ', "'it's'", '"']],
		['PORT', ['6380', ' 6380 ', '"6380"', '6e3', 'six', '0']],
		['DB', ['2', 'two', '0']],
		['USERNAME', ['', 'n8n', '" n8n "']],
		['PASSWORD', ['', ' blanks around ', '"quoted"', '"not at its end', '"two\nlines"']],
		['CLUSTER_NODES', ['', ' , ', 'a:7000,b:7001', 'a', 'a:', 'a:70x', '"a:7000,b"']],
		['TLS', ['', 'true', 'TRUE', '1', '0', 'yes', ' true', '"true"']],
		['TLS_SERVERNAME', ['', 'redis.example.com', '"redis.example.com"']],
		['TLS_VALIDATE_CERTIFICATE', ['', 'true', 'False', '0', 'no', ' false']],
		['DUALSTACK', ['true', '1', 'on']],
		['DNS_LOOKUP_STRATEGY', ['NONE', 'LOOKUP', 'none', '"NONE"']],
		['KEEP_ALIVE', ['true', 'false', 'on']],
		['KEEP_ALIVE_DELAY', ['1000', 'long']],
		['SLOT_REFRESH_TIMEOUT', ['3000', 'long']],
		['SLOT_REFRESH_INTERVAL', ['0', '3000']],
		['RECONNECT_ON_FAILOVER', ['', 'true', 'false', '0', 'no']],
	])('as n8n reads QUEUE_BULL_REDIS_%s', (variable, values) => {
		const name = `QUEUE_BULL_REDIS_${variable}`;
		// What hangs on a switch shows only when that is on.
		const others = { QUEUE_BULL_REDIS_TLS: 'true', QUEUE_BULL_REDIS_KEEP_ALIVE: 'true' };

		test.each(values)('<%s>', (value) => {
			const environment = { ...others, [name]: value };
			expect(asRead(redisSettings(environment))).toEqual(asN8nReads(environment));
		});

		test.each(values)('<%s> in a file', (value) => {
			const rest = Object.entries(others).filter(([other]) => other !== name);
			const environment = { ...Object.fromEntries(rest), [`${name}_FILE`]: fileWith(`${value}\n`) };
			expect(asRead(redisSettings(environment))).toEqual(asN8nReads(environment));
		});
	});
});

describe('the queue mode', () => {
	test.each([
		[{}, undefined, false],
		[{ EXECUTIONS_MODE: 'regular' }, 'start', false],
		[{ EXECUTIONS_MODE: 'queue' }, undefined, true],
		[{ EXECUTIONS_MODE: 'queue' }, 'start', true],
		[{ EXECUTIONS_MODE: '"queue"' }, 'webhook', true],
		// n8n sets it for a worker by itself, without the variable.
		[{}, 'worker', true],
	])('of %j started as %s is %s', (environment, command, is) => {
		expect(isQueueMode(environment, command)).toBe(is);
	});
});
