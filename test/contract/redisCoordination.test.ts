import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { NoConnection, type ConnectionRun } from '../../coordination/connectionRun';
import { Coordination } from '../../coordination/coordination';
import { RedisLink } from '../../coordination/redisLink';
import { redisSettings } from '../../coordination/redisSettings';
import { NoTurn } from '../../coordination/turns';
import { accountConnections } from '../../nodes/connection/accountConnections';
import { explain } from '../../nodes/run/nodeError';
import { startCountingProxy } from '../../testbed/servers/countingProxy';
import { startProcess, type RunningProcess } from '../../testbed/servers/process';
import { redisHere, startRedis, type RedisServer } from '../../testbed/servers/redis';
import { HELD_ACCOUNT, QUICK_TIMES, type LeaseHolding } from './leaseHolding';

const HOLDER = fileURLToPath(new URL('./leaseHolderProcess.ts', import.meta.url));
/** Must not show anywhere. */
const CANARIES = ['canary-of-redis', 'canary-wrong', 'canary-of-tenant'] as const;
const PATIENCE = 30_000;

const { skip, reason } = redisHere();

describe.skipIf(skip)(reason ?? 'what processes agree on in Redis', () => {
	let redis: RedisServer;
	const cleanups: Array<() => Promise<void> | void> = [];

	beforeEach(async () => {
		redis = await startRedis({ password: CANARIES[0] });
		cleanups.push(async () => await redis.close());
	});
	afterEach(async () => {
		for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
	});

	/** As another process sees it. */
	const another = (environment: Readonly<Record<string, string>> = redis.environment): Coordination => {
		const link = new RedisLink(redisSettings(environment));
		cleanups.push(() => link.close());
		return new Coordination(link, {
			ledger: QUICK_TIMES,
			turns: { lock: 1_000, renewal: 200, asking: 20, patience: 5_000 },
		});
	};
	const run = (limit: number, coordination = another()): ConnectionRun => coordination.desk(HELD_ACCOUNT).run(limit);
	const reasonOf = async (work: Promise<unknown>): Promise<string> =>
		await work.then(
			() => 'granted',
			(error: unknown) => (error instanceof NoConnection ? error.reason : String(error)),
		);
	const holder = (holding: Omit<LeaseHolding, 'times'>): RunningProcess => {
		const argument = JSON.stringify({ ...holding, times: QUICK_TIMES });
		const env = { ...process.env, ...redis.environment };
		const started = startProcess(process.execPath, ['--import', 'tsx', HOLDER, argument], { env });
		cleanups.push(async () => await started.kill());
		return started;
	};
	const until = async (process: RunningProcess, text: string): Promise<void> => {
		await expect.poll(() => process.output(), { timeout: PATIENCE, interval: 20 }).toContain(text);
	};
	/** Something to connect to that counts. */
	const counter = async () => {
		const sockets = new Set<Socket>();
		const server = createServer((socket) => sockets.add(socket.on('error', () => undefined).resume()));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const proxy = await startCountingProxy((server.address() as AddressInfo).port);
		cleanups.push(async () => {
			await proxy.close();
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		});
		return proxy;
	};
	const admin = async (command: string, ...args: string[]): Promise<void> => {
		const client = new Redis({ port: redis.port, password: CANARIES[0] });
		await client.call(command, ...args).finally(() => client.disconnect());
	};

	test('processes that come, go and are killed never have more connections than the limit, and the living get theirs', async () => {
		const { port, ...counted } = await counter();
		const limit = 3;
		const common = { limit, port, runs: 3, hold: 60 };
		const doomed = new Set([1, 2].map(() => holder({ ...common, rounds: 10_000 })));
		const living = [1, 2].map(() => holder({ ...common, rounds: 12 }));
		// A run that has been served comes before those who asked later, so that one of the doomed may keep the other waiting.
		const served = (): RunningProcess[] => [...doomed].filter((each) => each.output().includes('holds'));
		while (doomed.size > 0) {
			await expect.poll(served, { timeout: PATIENCE, interval: 20 }).not.toHaveLength(0);
			for (const each of served()) {
				await pause(200);
				await each.kill();
				doomed.delete(each);
			}
		}
		const late = holder({ ...common, rounds: 5 });
		for (const each of [...living, late]) await until(each, 'done');
		expect(counted.peakConnections()).toBeLessThanOrEqual(limit);
		expect(counted.peakConnections()).toBeGreaterThan(1);
	});

	test('a process without work ends by itself, although it has been connected to Redis', async () => {
		const { port } = await counter();
		const each = holder({ limit: 1, port, runs: 1, rounds: 1, hold: 1 });
		await until(each, 'ended: 0]');
	});

	test('what a killed process held comes free by itself', async () => {
		const { port } = await counter();
		const killed = holder({ limit: 2, port, runs: 1, rounds: 1, hold: 100_000_000 });
		await until(killed, 'holds 2');
		const waiting = run(2);
		expect(await reasonOf(waiting.first(300))).toBe('busy');
		await killed.kill();
		expect(await reasonOf(waiting.first(300))).toBe('busy');
		(await waiting.first(PATIENCE)).release();
	});

	test.each([
		[
			'restarted',
			async () => {
				await redis.kill();
				await pause(300);
				await redis.start();
			},
		],
		['emptied', async () => await admin('FLUSHALL')],
	])('when Redis is %s, those who hold connections keep them, and nobody gets one too many', async (_, lose) => {
		const holding = run(2);
		const leases = [await holding.first(PATIENCE), await holding.another()];
		expect(leases[1]).toBeDefined();
		const waiting = run(2).first(PATIENCE);
		let isGranted = false;
		void waiting.then(() => (isGranted = true));
		await lose();
		const newcomer = run(2);
		expect(await reasonOf(newcomer.first(4_000))).toBe('busy');
		expect(isGranted).toBe(false);
		leases[0]?.release();
		(await waiting).release();
		leases[1]?.release();
	});

	test('while Redis is away nobody gets a connection, those who wait go on waiting, and who gives up is told why', async () => {
		const holding = run(1);
		const lease = await holding.first(PATIENCE);
		const waiting = run(1).first(PATIENCE);
		await pause(100);
		await redis.kill();
		const impatient = run(1);
		const refusal = await impatient.first(700).catch((error: unknown) => error);
		expect(refusal).toMatchObject({ reason: 'unreachable', detail: 'ECONNREFUSED' });
		expect(await holding.another()).toBeUndefined();
		lease.release();
		await redis.start();
		(await waiting).release();
	});

	test('a refused password is said to be one, and neither it nor what the library knows shows', async () => {
		const wrong = { ...redis.environment, QUEUE_BULL_REDIS_PASSWORD: CANARIES[1] };
		const settings = {
			...HELD_ACCOUNT,
			protocol: 'ftpsImplicit',
			password: CANARIES[2],
			tenantDirectory: '',
			maxConnections: 4,
			allowUnauthorizedCerts: false,
		} as const;
		const share = accountConnections(settings, PATIENCE, another(wrong));
		const error: unknown = await share.first(new AbortController().signal).catch((cause: unknown) => cause);
		const { message, advice } = explain(error) ?? { message: '', advice: '' };
		expect(message).toBe(
			"No connection to files.example.com:990 was opened: n8n's Redis could not be asked whether one is free (WRONGPASS)",
		);
		expect(advice).toContain('QUEUE_BULL_REDIS_PASSWORD');
		expect(inspect(error, { depth: 9, showHidden: true }) + String((error as Error).stack)).not.toContain('canary');
	});

	test('a cluster of Redis will do', async () => {
		const cluster = await startRedis({
			directives: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
		});
		cleanups.push(async () => await cluster.close());
		const client = new Redis({ port: cluster.port });
		await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
		await expect.poll(async () => await client.cluster('INFO'), { timeout: PATIENCE }).toContain('cluster_state:ok');
		client.disconnect();
		const environment = { QUEUE_BULL_REDIS_CLUSTER_NODES: `127.0.0.1:${cluster.port}` };
		const [one, two] = [another(environment), another(environment)];
		const lease = await run(1, one).first(PATIENCE);
		expect(await reasonOf(run(1, two).first(300))).toBe('busy');
		lease.release();
		(await run(1, two).first(PATIENCE)).release();
		expect(await two.turns.take('workflow', async () => await Promise.resolve('done'))).toBe('done');
	});

	test('a turn is kept while its work lasts, however long, and comes free when its process is gone', async () => {
		const [one, two] = [another(), another()];
		const order: string[] = [];
		const long = one.turns.take('workflow', async () => {
			await pause(2_500);
			order.push('long');
		});
		await pause(100);
		await two.turns.take('workflow', async () => await Promise.resolve(order.push('next')));
		await long;
		expect(order).toEqual(['long', 'next']);
		// A lock that nobody renews is what a killed process leaves behind.
		await admin('SET', 'n8n:8x8-recordings:{workflow}:turn', 'somebody who died', 'PX', '800');
		await two.turns.take('workflow', async () => await Promise.resolve(order.push('after')));
		expect(order).toEqual(['long', 'next', 'after']);
	});

	test('who lost a turn does not end that of the next, and who never gets one is told so', async () => {
		const [one, two] = [another(), another()];
		await one.turns.take('workflow', async () => {
			await admin('SET', 'n8n:8x8-recordings:{workflow}:turn', 'the next', 'PX', '60000');
			await Promise.resolve();
		});
		const refusal = await two.turns
			.take('workflow', async () => await Promise.resolve())
			.catch((error: unknown) => error);
		expect(refusal).toBeInstanceOf(NoTurn);
		expect(refusal).toMatchObject({ detail: undefined });
		await redis.kill();
		const outage = await two.turns.take('other', async () => await Promise.resolve()).catch((error: unknown) => error);
		expect(outage).toMatchObject({ detail: 'ECONNREFUSED' });
	});
});
