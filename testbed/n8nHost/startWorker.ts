import { freePort, LOOPBACK } from './freePort';
import { startN8nProcess, type N8nProcess } from './n8nProcess';
import { DEMO_RELEASE, type N8nRelease } from './n8nRelease';
import type { PlainImage } from './plainImage';

export interface WorkerOptions {
	/** Its own one: community packages are looked for below it. */
	readonly userFolder: string;
	/** What it prints is written here. */
	readonly logFile: string;
	/** Executions that it runs at once. n8n's own default is 10. */
	readonly concurrency: number;
	/** Default: the demo's. */
	readonly release?: N8nRelease;
	/** Started from it in place of `release`; its nodes are put into the user folder then. */
	readonly image?: PlainImage | undefined;
	/** On top of the offline settings: those of queue mode, the same as main's. */
	readonly env: Readonly<Record<string, string>>;
}

/** Starts a worker of an n8n in queue mode and waits until it has its database and its queue. */
export async function startWorker(options: WorkerOptions): Promise<N8nProcess> {
	const { userFolder, logFile, concurrency, release = DEMO_RELEASE, image, env } = options;
	const port = await freePort();
	const readiness = `http://${LOOPBACK}:${port}/healthz/readiness`;
	return await startN8nProcess({
		command: ['worker', `--concurrency=${concurrency}`],
		userFolder,
		logFile,
		release,
		image,
		env: {
			QUEUE_HEALTH_CHECK_ACTIVE: 'true',
			QUEUE_HEALTH_CHECK_PORT: String(port),
			N8N_WORKER_SERVER_ADDRESS: LOOPBACK,
			...env,
		},
		isReady: async () =>
			await fetch(readiness, { signal: AbortSignal.timeout(5_000) }).then(
				(response) => response.ok,
				() => false,
			),
	});
}
