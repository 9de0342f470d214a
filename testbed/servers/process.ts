import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LOOPBACK } from '../n8nHost/freePort';

const GRACE_MILLISECONDS = 2_000;
const OUTPUT_CHARACTERS = 20_000;

function accepts(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect({ host: LOOPBACK, port });
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}

/** Waits until something accepts connections on a loopback port; rejects after `milliseconds`. */
export async function waitForPort(port: number, milliseconds: number): Promise<void> {
	const deadline = Date.now() + milliseconds;
	while (!(await accepts(port))) {
		if (Date.now() > deadline) throw new Error(`Nothing listens on port ${port} after ${milliseconds} ms`);
		await pause(25);
	}
}

export interface RunningProcess {
	readonly pid: number | undefined;
	/** What it wrote so far, standard output and error together; the last 20 000 characters. */
	output(): string;
	/** SIGTERM, after 2 s SIGKILL; resolves when it and its process group are gone. May be called twice. */
	stop(): Promise<void>;
	/** SIGKILL at once; resolves when it and its process group are gone. */
	kill(): Promise<void>;
}

export interface ProcessOptions {
	readonly cwd?: string | undefined;
	readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Starts a program as the leader of its own process group, so that `stop` also ends the children a server forks.
 * A command that is missing or ends early shows in `output()`, and `waitForPort` then reports it.
 */
export function startProcess(command: string, args: readonly string[], options: ProcessOptions = {}): RunningProcess {
	let text = '';
	const keep = (chunk: string): void => {
		text = `${text}${chunk}`.slice(-OUTPUT_CHARACTERS);
	};
	const child = spawn(command, [...args], {
		cwd: options.cwd,
		env: options.env ?? process.env,
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: true,
	});
	child.stdout.setEncoding('utf8').on('data', keep);
	child.stderr.setEncoding('utf8').on('data', keep);
	const ended = new Promise<void>((resolve) => {
		child.once('error', (error) => {
			keep(`${error.message}\n`);
			resolve();
		});
		child.once('exit', (code, signal) => {
			keep(`[${command} ended: ${signal ?? code}]\n`);
			resolve();
		});
	});
	const signalGroup = (signal: NodeJS.Signals): void => {
		if (child.pid === undefined) return;
		try {
			process.kill(-child.pid, signal);
		} catch (error) {
			keep(`[${signal}: ${String(error)}]\n`);
		}
	};
	return {
		pid: child.pid,
		output: () => text,
		async stop() {
			signalGroup('SIGTERM');
			await Promise.race([ended, pause(GRACE_MILLISECONDS, undefined, { ref: false })]);
			signalGroup('SIGKILL');
			await ended;
		},
		async kill() {
			signalGroup('SIGKILL');
			await ended;
		},
	};
}

export interface TemporaryDirectory {
	readonly path: string;
	remove(): Promise<void>;
}

/** A new empty directory below the system's temporary one, for example `8x8-sshd-Xy12Ab`. */
export async function temporaryDirectory(prefix: string): Promise<TemporaryDirectory> {
	const path = await mkdtemp(join(tmpdir(), `${prefix}-`));
	return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface RealServer {
	readonly skip: boolean;
	/** Why it is skipped, fit for a test's title; `undefined` when the server is here. */
	readonly reason: string | undefined;
}

/**
 * Whether the tests against a real server can run here. `missing` says what is not installed, `undefined` = all there.
 * With REQUIRE_REAL_SERVERS=1 (CI) a missing server is a failure instead of a skip.
 */
export function realServer(name: string, missing: string | undefined): RealServer {
	if (missing === undefined) return { skip: false, reason: undefined };
	if (process.env['REQUIRE_REAL_SERVERS'] === '1') {
		throw new Error(`REQUIRE_REAL_SERVERS=1, but ${name} cannot run here: ${missing}`);
	}
	return { skip: true, reason: `${name} skipped: ${missing}` };
}
