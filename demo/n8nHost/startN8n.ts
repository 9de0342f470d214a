import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bareEnvironment, startProgram } from './childProcess';
import { freePort, LOOPBACK } from './freePort';
import { N8nClient } from './n8nClient';
import { DEMO_RELEASE, nodeProgram, type N8nRelease } from './n8nRelease';

const START_MILLISECONDS = 180_000;
const POLL_MILLISECONDS = 150;
const LAST_LINES = 25;

export interface N8nOptions {
	/** n8n keeps `.n8n` below it: database, binary data, community packages. */
	readonly userFolder: string;
	/** Default: any that is free. */
	readonly port?: number;
	/** What n8n prints is written here. */
	readonly logFile: string;
	/** Default: the demo's. */
	readonly release?: N8nRelease;
	/** On top of the offline settings. */
	readonly env?: Readonly<Record<string, string>>;
}

export interface RunningN8n {
	/** The editor, such as `http://127.0.0.1:5678`. */
	readonly url: string;
	readonly client: N8nClient;
	/** Whether its process is still there. */
	isAlive(): boolean;
	/** Ends n8n and every process it started. */
	stop(): Promise<void>;
	/** Ends them with SIGKILL, so that n8n can do nothing about it. */
	kill(): Promise<void>;
}

/** An n8n that speaks to nobody but this machine: no telemetry, no version checks, no template or node lists. */
function offlineEnvironment(userFolder: string, port: number, runnerPort: number): Record<string, string> {
	return {
		N8N_USER_FOLDER: userFolder,
		N8N_LISTEN_ADDRESS: LOOPBACK,
		N8N_HOST: LOOPBACK,
		N8N_PORT: String(port),
		N8N_PROTOCOL: 'http',
		N8N_SECURE_COOKIE: 'false',
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: LOOPBACK,
		N8N_RUNNERS_BROKER_PORT: String(runnerPort),
		N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem',
		DB_TYPE: 'sqlite',
		N8N_COMMUNITY_PACKAGES_ENABLED: 'true',
		N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_DIAGNOSTICS_CONFIG_FRONTEND: '',
		N8N_DIAGNOSTICS_CONFIG_BACKEND: '',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
		EXTERNAL_FRONTEND_HOOKS_URLS: '',
		N8N_LOG_LEVEL: 'info',
		N8N_LOG_OUTPUT: 'console',
		GENERIC_TIMEZONE: 'America/Los_Angeles',
		NODE_ENV: 'production',
	};
}

async function lastLines(logFile: string): Promise<string> {
	const log = await readFile(logFile, 'utf8').catch(() => '');
	return log.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}

/** n8n answers on its port before its database is ready; it serves the settings only after. */
async function isReady(url: string): Promise<boolean> {
	return await fetch(`${url}/rest/settings`, { signal: AbortSignal.timeout(5_000) })
		.then(async (response) => response.ok && (await response.text()).includes('userManagement'))
		.catch(() => false);
}

/**
 * Starts a real n8n on the loopback address and waits until it can be used. Rejects with the last
 * lines of its log when it does not come up. It ends with `stop()`, and with this process.
 */
export async function startN8n(options: N8nOptions): Promise<RunningN8n> {
	const { userFolder, logFile, release = DEMO_RELEASE } = options;
	const port = options.port ?? (await freePort());
	const url = `http://${LOOPBACK}:${port}`;
	await mkdir(dirname(logFile), { recursive: true });
	await mkdir(userFolder, { recursive: true });
	const program = startProgram(
		nodeProgram(release),
		[join(release.directory, 'node_modules', 'n8n', 'bin', 'n8n'), 'start'],
		{
			cwd: userFolder,
			env: bareEnvironment({ ...offlineEnvironment(userFolder, port, await freePort()), ...options.env }),
			stdio: ['ignore', 'pipe', 'pipe'],
		},
	);
	const log = createWriteStream(logFile);
	// A full disk costs the log, not the run.
	log.once('error', () => {
		program.child.stdout?.unpipe(log).resume();
		program.child.stderr?.unpipe(log).resume();
	});
	program.child.stdout?.pipe(log, { end: false });
	program.child.stderr?.pipe(log, { end: false });
	void program.ended.then(() => log.end());

	let outcome: number | NodeJS.Signals | Error | undefined;
	void program.ended.then((how) => {
		outcome = how;
	});
	const deadline = Date.now() + START_MILLISECONDS;
	while (!(await isReady(url))) {
		if (outcome === undefined && Date.now() < deadline) {
			await pause(POLL_MILLISECONDS);
			continue;
		}
		const what = outcome === undefined ? `was not ready after ${START_MILLISECONDS / 1000} s` : `ended (${outcome})`;
		await program.stop();
		throw new Error(`n8n ${what}. The end of ${logFile}:\n${await lastLines(logFile)}`);
	}
	return {
		url,
		client: new N8nClient(url),
		isAlive: () => program.child.exitCode === null && program.child.signalCode === null,
		stop: () => program.stop(),
		kill: () => program.kill(),
	};
}
