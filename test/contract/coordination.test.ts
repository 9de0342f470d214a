import { afterAll, beforeAll, describe } from 'vitest';

import { Coordination } from '../../coordination/coordination';
import { RedisLink } from '../../coordination/redisLink';
import { redisSettings } from '../../coordination/redisSettings';
import { redisHere, startRedis, type RedisServer } from '../../testbed/servers/redis';
import { coordinationContract } from './coordinationContract';

coordinationContract('within a process', async () => {
	return await Promise.resolve({ processes: [new Coordination()], close: async () => await Promise.resolve() });
});

const { skip, reason } = redisHere();

describe.skipIf(skip)(reason ?? 'Redis', () => {
	let redis: RedisServer;
	beforeAll(async () => {
		redis = await startRedis();
	});
	afterAll(async () => {
		await redis.close();
	});

	coordinationContract('in Redis', async () => {
		const links = [1, 2].map(() => new RedisLink(redisSettings(redis.environment)));
		return await Promise.resolve({
			processes: links.map((link) => new Coordination(link)),
			close: async () => {
				for (const link of links) link.close();
				await Promise.resolve();
			},
		});
	});
});
