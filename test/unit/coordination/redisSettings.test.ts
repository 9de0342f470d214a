import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { isQueueMode, redisSettings } from '../../../coordination/redisSettings';

const directory = mkdtempSync(join(tmpdir(), '8x8-secrets-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

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
			isTls: false,
			isDualStack: false,
			resolvesNames: true,
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
			isTls: true,
			isDualStack: true,
			resolvesNames: false,
			keyPrefix: 'blue',
		});
	});

	test('may stand in files, where the variable itself is not set', () => {
		const file = fileWith('from the file\n');
		expect(redisSettings({ QUEUE_BULL_REDIS_PASSWORD_FILE: file }).password).toBe('from the file');
		expect(redisSettings({ QUEUE_BULL_REDIS_HOST: 'said', QUEUE_BULL_REDIS_HOST_FILE: file }).node.host).toBe('said');
	});

	test.each(['', 'no number'])('a port of "%s" is no reason to look elsewhere', (port) => {
		expect(redisSettings({ QUEUE_BULL_REDIS_PORT: port }).node.port).toBe(port === '' ? 0 : 6379);
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
