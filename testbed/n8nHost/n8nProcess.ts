import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bareEnvironment, startProgram } from './childProcess';
import { freePort } from './freePort';
import { nodeProgram, type N8nRelease } from './n8nRelease';
import { offlineEnvironment } from './offlineEnvironment';
import type { PlainImage } from './plainImage';

const START_MILLISECONDS = 180_000;
const POLL_MILLISECONDS = 150;
const LAST_LINES = 25;

export interface N8nProcessOptions {
	/** n8n's command line after its name, such as `['start']`. */
	readonly command: readonly string[];
	/** n8n keeps `.n8n` below it. */
	readonly userFolder: string;
	/** What it prints is written here. */
	readonly logFile: string;
	readonly release: N8nRelease;
	/** Started as its containers would be, in place of `release`. */
	readonly image?: PlainImage | undefined;
	/** On top of the offline settings. */
	readonly env: Readonly<Record<string, string>>;
	/** Whether it can be used; asked until it says so. */
	readonly isReady: () => Promise<boolean>;
	/** What it prints when its start is over; it is not ready before. */
	readonly startedWith?: string;
}

export interface N8nProcess {
	/** `undefined` when it could not be started. */
	readonly pid: number | undefined;
	/** Whether its process is still there. */
	isAlive(): boolean;
	/** The end of what it printed. */
	lastLines(): Promise<string>;
	/** Ends it and every process it started; it is asked first, and lets running executions end. */
	stop(): Promise<void>;
	/** Ends them with SIGKILL, so that it can do nothing about it. */
	kill(): Promise<void>;
}

async function lastLines(logFile: string): Promise<string> {
	const log = await readFile(logFile, 'utf8').catch(() => '');
	return log.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}

/**
 * Starts one process of a real n8n and waits until it is ready. Rejects with the last lines of its log when it does not
 * come up. It ends with `stop()`, and with this process.
 */
export async function startN8nProcess(options: N8nProcessOptions): Promise<N8nProcess> {
	const { command, userFolder, logFile, release, image, env, isReady, startedWith = '' } = options;
	await mkdir(dirname(logFile), { recursive: true });
	await mkdir(userFolder, { recursive: true });
	const [file = '', ...args] = image?.entrypoint ?? [
		nodeProgram(release),
		join(release.directory, 'node_modules', 'n8n', 'bin', 'n8n'),
	];
	const program = startProgram(file, [...args, ...command], {
		cwd: userFolder,
		env: bareEnvironment({
			...offlineEnvironment(userFolder, await freePort()),
			// `~`, which is where n8n looks for everything in its own image, is the user folder here.
			...(image === undefined ? {} : { ...image.env, HOME: userFolder }),
			...env,
		}),
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const log = createWriteStream(logFile);
	// A full disk costs the log, not the run.
	log.once('error', () => {
		program.child.stdout?.unpipe(log).resume();
		program.child.stderr?.unpipe(log).resume();
	});
	program.child.stdout?.pipe(log, { end: false });
	program.child.stderr?.pipe(log, { end: false });
	void program.ended.then(() => log.end());

	let hasStarted = startedWith === '';
	let said = '';
	const listen = (chunk: Buffer): void => {
		said += chunk.toString('latin1');
		hasStarted ||= said.includes(startedWith);
		if (hasStarted) program.child.stdout?.off('data', listen);
	};
	program.child.stdout?.on('data', listen);

	let outcome: number | NodeJS.Signals | Error | undefined;
	void program.ended.then((how) => {
		outcome = how;
	});
	const deadline = Date.now() + START_MILLISECONDS;
	while (!hasStarted || !(await isReady())) {
		if (outcome === undefined && Date.now() < deadline) {
			await pause(POLL_MILLISECONDS);
			continue;
		}
		const what = outcome === undefined ? `was not ready after ${START_MILLISECONDS / 1000} s` : `ended (${outcome})`;
		await program.stop();
		throw new Error(`n8n ${command.join(' ')} ${what}. The end of ${logFile}:\n${await lastLines(logFile)}`);
	}
	return {
		pid: program.child.pid,
		lastLines: () => lastLines(logFile),
		isAlive: () => program.child.exitCode === null && program.child.signalCode === null,
		stop: () => program.stop(),
		kill: () => program.kill(),
	};
}
