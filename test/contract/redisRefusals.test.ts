import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { Coordination } from '../../coordination/coordination';
import { LEDGER_TIMES } from '../../coordination/redisLedger';
import { RedisLink } from '../../coordination/redisLink';
import { redisSettings } from '../../coordination/redisSettings';
import { startProcess, temporaryDirectory, type RunningProcess } from '../../testbed/servers/process';
import { redisHere, startRedis, type RedisOptions, type RedisServer } from '../../testbed/servers/redis';
import { createServerCertificate, type ServerCertificate } from '../../testbed/servers/serverCertificate';
import { HELD_ACCOUNT } from './leaseHolding';

const HOLDER = fileURLToPath(new URL('./leaseHolderProcess.ts', import.meta.url));
/** As long as a run really waits: what takes it is not refused at once. */
const PATIENCE = 1_800_000;
const AT_ONCE = 10_000;
const TIMES = { ...LEDGER_TIMES, quietAfterLoss: 100 };
const NAME = 'redis.example.com';

type Variables = Readonly<Record<string, string>>;

const { skip, reason } = redisHere();

describe.skipIf(skip)(reason ?? "n8n's Redis, and what waiting for it cannot mend", () => {
	let certificate: ServerCertificate;
	let caFile: string;
	const lasting: Array<() => Promise<void>> = [];
	const cleanups: Array<() => Promise<void> | void> = [];

	beforeAll(async () => {
		certificate = await createServerCertificate({ dnsNames: [NAME], ipAddresses: [] });
		const directory = await temporaryDirectory('8x8-redis-ca');
		lasting.push(directory.remove);
		caFile = join(directory.path, 'ca.pem');
		writeFileSync(caFile, certificate.caCertificate);
	});
	afterAll(async () => {
		for (const cleanup of lasting) await cleanup();
	});
	afterEach(async () => {
		for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
	});

	const started = async (options: RedisOptions): Promise<RedisServer> => {
		const redis = await startRedis(options);
		cleanups.push(async () => await redis.close());
		return redis;
	};
	const coordinationOf = (environment: Variables): Coordination => {
		const link = new RedisLink(redisSettings(environment));
		cleanups.push(() => link.close());
		return new Coordination(link, { ledger: TIMES, turns: { patience: PATIENCE } });
	};
	const firstOf = async (environment: Variables): Promise<unknown> =>
		await coordinationOf(environment)
			.desk(HELD_ACCOUNT)
			.run(1)
			.first(PATIENCE)
			.then(
				(lease) => lease.release(),
				(error: unknown) => error,
			);
	const turnOf = async (environment: Variables): Promise<unknown> =>
		await coordinationOf(environment)
			.turns.take('workflow', async () => await Promise.resolve())
			.catch((error: unknown) => error);
	/** A process of its own, since Node.js reads NODE_EXTRA_CA_CERTS when it starts. */
	const asking = (environment: Variables): RunningProcess => {
		const argument = JSON.stringify({
			times: TIMES,
			limit: 1,
			port: redisPort(environment),
			runs: 1,
			rounds: 1,
			hold: 1,
		});
		const env = { ...process.env, ...environment, NODE_EXTRA_CA_CERTS: caFile };
		const each = startProcess(process.execPath, ['--import', 'tsx', HOLDER, argument], { env });
		cleanups.push(async () => await each.kill());
		return each;
	};
	/** Something to connect to; what is said there is of no matter. */
	const redisPort = (environment: Variables): number => Number(environment['QUEUE_BULL_REDIS_PORT']);
	const admin = async (redis: RedisServer, command: string, ...args: string[]): Promise<void> => {
		const client = new Redis({ port: redis.port });
		await client.call(command, ...args).finally(() => client.disconnect());
	};

	describe('a wrong password', () => {
		const cases: ReadonlyArray<readonly [string, Variables, string]> = [
			['is refused', { QUEUE_BULL_REDIS_PASSWORD: 'wrong' }, 'WRONGPASS'],
			['is missing', { QUEUE_BULL_REDIS_PASSWORD: '' }, 'NOAUTH'],
			['belongs to nobody', { QUEUE_BULL_REDIS_USERNAME: 'nobody' }, 'WRONGPASS'],
		];
		test.each(cases)(
			'that %s is told at once',
			async (_, wrong, detail) => {
				const redis = await started({ password: 'right' });
				const environment = { ...redis.environment, ...wrong };
				const told = { detail, remedy: expect.stringContaining('QUEUE_BULL_REDIS_PASSWORD') as unknown };
				expect(await firstOf(environment)).toMatchObject({ reason: 'unreachable', ...told });
				expect(await turnOf(environment)).toMatchObject(told);
				const { QUEUE_BULL_REDIS_HOST: host, QUEUE_BULL_REDIS_PORT: port, ...others } = environment;
				const cluster = { ...others, QUEUE_BULL_REDIS_CLUSTER_NODES: `${host}:${port}` };
				expect(await firstOf(cluster)).toMatchObject({ reason: 'unreachable', ...told });
			},
			AT_ONCE,
		);
	});

	test(
		'a user without leave for the scripts is told at once',
		async () => {
			const redis = await started({});
			await admin(redis, 'ACL', 'SETUSER', 'narrow', 'on', '>secret', '~bull:*', '+@all');
			const environment = {
				...redis.environment,
				QUEUE_BULL_REDIS_USERNAME: 'narrow',
				QUEUE_BULL_REDIS_PASSWORD: 'secret',
			};
			expect(await firstOf(environment)).toMatchObject({ reason: 'unreachable', detail: 'NOPERM' });
		},
		AT_ONCE,
	);

	test('one node of a cluster, named as if it were alone, is told at once', async () => {
		const redis = await started({ directives: ['--cluster-enabled', 'yes'] });
		await admin(redis, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
		await admin(redis, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
		const other = await started({ directives: ['--cluster-enabled', 'yes'] });
		await admin(redis, 'CLUSTER', 'MEET', '127.0.0.1', String(other.port));
		const client = new Redis({ port: other.port });
		cleanups.push(() => client.disconnect());
		await expect.poll(async () => await client.cluster('INFO'), { timeout: 15_000 }).toContain('cluster_state:ok');
		const told = { detail: 'MOVED', remedy: expect.stringContaining('QUEUE_BULL_REDIS_CLUSTER_NODES') as unknown };
		expect(await firstOf(other.environment)).toMatchObject(told);
	});

	test(
		'a certificate of a CA that is not trusted is told at once, also by a cluster',
		async () => {
			const redis = await started({ certificate });
			const told = {
				reason: 'unreachable',
				detail: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
				remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS') as unknown,
			};
			expect(await firstOf(redis.environment)).toMatchObject(told);
			const cluster = { QUEUE_BULL_REDIS_TLS: '1', QUEUE_BULL_REDIS_CLUSTER_NODES: `127.0.0.1:${redis.port}` };
			expect(await firstOf(cluster)).toMatchObject(told);
		},
		AT_ONCE,
	);

	test('a certificate for another name is told at once', async () => {
		const redis = await started({ certificate });
		const each = asking(redis.environment);
		await expect.poll(() => each.output(), { timeout: AT_ONCE }).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
		expect(each.output()).toContain('QUEUE_BULL_REDIS_TLS_SERVERNAME');
	});

	test('the name that the certificate has to hold may be given', async () => {
		const redis = await started({ certificate });
		const each = asking({ ...redis.environment, QUEUE_BULL_REDIS_TLS_SERVERNAME: NAME });
		await expect.poll(() => each.output(), { timeout: AT_ONCE }).toContain('holds 1');
	});

	test('a certificate that n8n was told not to validate is taken', async () => {
		const redis = await started({ certificate, password: 'right' });
		const environment = { ...redis.environment, QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE: 'false' };
		expect(await firstOf(environment)).toBeUndefined();
		expect(await turnOf(environment)).toBeUndefined();
	});

	test('a Redis that is not there yet is waited for', async () => {
		const redis = await started({});
		await redis.stop();
		const waiting = firstOf(redis.environment);
		const patience = new Promise((resolve) => setTimeout(resolve, 1_500, 'still waiting'));
		expect(await Promise.race([waiting, patience])).toBe('still waiting');
		await redis.start();
		expect(await waiting).toBeUndefined();
	});
});
