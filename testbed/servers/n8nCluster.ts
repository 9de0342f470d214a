import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deployedImage } from '../n8nHost/deployedImage';
import type { Owner } from '../n8nHost/n8nClient';
import type { N8nProcess } from '../n8nHost/n8nProcess';
import { queueModeEnvironment } from '../n8nHost/queueMode';
import { startN8n, type RunningN8n } from '../n8nHost/startN8n';
import { startWorker } from '../n8nHost/startWorker';
import { startPostgres, type Postgres } from './postgres';
import { startRedis, type RedisServer } from './redis';

export interface ClusterOptions {
	/** Logs and user folders are kept here. */
	readonly directory: string;
	readonly workers: number;
	/** Executions that each worker runs at once. */
	readonly concurrency: number;
	/** For main and workers. */
	readonly env?: Readonly<Record<string, string>>;
}

/** A worker and where it logs to. */
export interface ClusterWorker extends N8nProcess {
	readonly logFile: string;
}

export interface N8nCluster {
	readonly owner: Owner;
	readonly main: RunningN8n;
	readonly postgres: Postgres;
	readonly redis: RedisServer;
	/** Those that were started, also the ones that have ended. */
	readonly workers: readonly ClusterWorker[];
	startWorker(concurrency?: number, env?: Readonly<Record<string, string>>): Promise<ClusterWorker>;
	/** Ends everything. May be called twice. */
	stop(): Promise<void>;
}

/**
 * An n8n in queue mode on this machine: PostgreSQL, Redis, main, and workers, each with a user folder of its own, started
 * from the image that deploy/Dockerfile describes, with the built package in it. Manual executions go to workers too.
 */
export async function startCluster(options: ClusterOptions): Promise<N8nCluster> {
	const { directory, concurrency, env = {} } = options;
	const closing: (() => Promise<void>)[] = [];
	const stop = async (): Promise<void> => {
		for (let close = closing.pop(); close !== undefined; close = closing.pop()) await close();
	};
	const start = async (): Promise<N8nCluster> => {
		const postgres = await startPostgres();
		closing.push(() => postgres.close());
		const redisPassword = randomBytes(16).toString('hex');
		// Jobs outlive a restart of Redis, as docs/scaling.md asks for.
		const redis = await startRedis({ password: redisPassword, directives: ['--appendonly', 'yes'] });
		closing.push(() => redis.close());
		const secretFile = async (name: string, secret: string): Promise<string> => {
			const file = join(directory, 'secrets', name);
			await mkdir(join(directory, 'secrets'), { recursive: true });
			await writeFile(file, secret, { mode: 0o600 });
			return file;
		};
		const settings = {
			...queueModeEnvironment({
				postgres: { ...postgres, passwordFile: await secretFile('postgres', postgres.password) },
				redis: { ...redis, passwordFile: await secretFile('redis', redisPassword) },
				encryptionKeyFile: await secretFile('encryption-key', randomBytes(16).toString('hex')),
			}),
			OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
			...env,
		};
		const image = await deployedImage(join(directory, 'image'));
		const place = (name: string): { readonly userFolder: string; readonly logFile: string } => ({
			userFolder: join(directory, name),
			logFile: join(directory, 'logs', `${name}.log`),
		});
		const main = await startN8n({ ...place('main'), image, env: settings });
		closing.push(() => main.stop());
		const owner = { email: 'owner@test.example.com', password: `Test-${randomBytes(9).toString('hex')}-1` };
		await main.client.logIn(owner);

		const workers: ClusterWorker[] = [];
		const addWorker: N8nCluster['startWorker'] = async (executions = concurrency, extra = {}) => {
			const here = place(`worker-${workers.length + 1}`);
			const started = await startWorker({ ...here, image, concurrency: executions, env: { ...settings, ...extra } });
			const worker = { ...started, logFile: here.logFile };
			workers.push(worker);
			closing.push(() => worker.stop());
			return worker;
		};
		for (let i = 0; i < options.workers; i += 1) await addWorker();
		return { owner, main, postgres, redis, workers, startWorker: addWorker, stop };
	};
	return await start().catch(async (error: unknown) => {
		await stop();
		throw error;
	});
}
