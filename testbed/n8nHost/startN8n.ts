import { freePort, LOOPBACK } from './freePort';
import { N8nClient } from './n8nClient';
import { startN8nProcess, type N8nProcess } from './n8nProcess';
import { DEMO_RELEASE, type N8nRelease } from './n8nRelease';
import type { PlainImage } from './plainImage';

export interface N8nOptions {
	/** n8n keeps `.n8n` below it: database, binary data, community packages. */
	readonly userFolder: string;
	/** Default: any that is free. */
	readonly port?: number;
	/** What n8n prints is written here. */
	readonly logFile: string;
	/** Default: the demo's. */
	readonly release?: N8nRelease;
	/** Started from it in place of `release`; its nodes are put into the user folder then. */
	readonly image?: PlainImage | undefined;
	/** On top of the offline settings. */
	readonly env?: Readonly<Record<string, string>>;
}

export interface RunningN8n extends N8nProcess {
	/** The editor, such as `http://127.0.0.1:5678`. */
	readonly url: string;
	readonly client: N8nClient;
}

/** n8n answers on its port before its database is ready; it serves the settings only after. */
async function isReady(url: string): Promise<boolean> {
	return await fetch(`${url}/rest/settings`, { signal: AbortSignal.timeout(5_000) })
		.then(async (response) => response.ok && (await response.text()).includes('userManagement'))
		.catch(() => false);
}

/**
 * n8n's start.js prints this last, long after it answers. Before, it looks for executions that waited since it was last on, and
 * runs one that begins in that moment a second time, under the same id (1.123 to 2.41).
 */
const STARTED = 'Editor is now accessible via';

/** Attempts to start on a port that was free a moment before. */
const MOST_PORTS = 3;

/**
 * Starts a real n8n on the loopback address and waits until it can be used. Rejects with the last
 * lines of its log when it does not come up. It ends with `stop()`, and with this process.
 */
export async function startN8n(options: N8nOptions): Promise<RunningN8n> {
	if (options.port !== undefined) return await startAt(options, options.port);
	for (let attempt = 1; ; attempt++) {
		const outcome = await startAt(options, await freePort()).catch((error: unknown) => {
			// Any connection of this machine may have been given the port in between.
			if (attempt < MOST_PORTS && String(error).includes('is already in use')) return undefined;
			throw error;
		});
		if (outcome !== undefined) return outcome;
	}
}

async function startAt(options: N8nOptions, port: number): Promise<RunningN8n> {
	const { userFolder, logFile, release = DEMO_RELEASE, image, env = {} } = options;
	const url = `http://${LOOPBACK}:${port}`;
	const n8n = await startN8nProcess({
		command: ['start'],
		userFolder,
		logFile,
		release,
		image,
		env: { N8N_PORT: String(port), ...env },
		isReady: () => isReady(url),
		startedWith: STARTED,
	});
	return { ...n8n, url, client: new N8nClient(url) };
}
