import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

const GRACE_MILLISECONDS = 10_000;
const KEPT_CHARACTERS = 4_000;
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Variables that a program needs to run here at all. The rest of a person's environment is none of its business. */
const PASSED_ON = [
	'PATH',
	'HOME',
	'USER',
	'LANG',
	'LC_ALL',
	'TMPDIR',
	'TERM',
	'SystemRoot',
	'APPDATA',
	'TEMP',
] as const;

/** The bare environment with `extra` on top: an `N8N_*` or proxy variable of the caller cannot change what is shown. */
export function bareEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
	const passedOn = PASSED_ON.flatMap((name) => {
		const value = process.env[name];
		return value === undefined ? [] : [[name, value] as const];
	});
	return { ...Object.fromEntries(passedOn), ...extra };
}

function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
	if (child.pid === undefined) return;
	if (process.platform === 'win32') {
		child.kill(signal);
		return;
	}
	try {
		process.kill(-child.pid, signal);
	} catch (error) {
		// ESRCH: the whole group is gone already, which is what was asked for.
		if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
	}
}

const running = new Set<ChildProcess>();

function endAll(): void {
	for (const child of running) signalTree(child, 'SIGKILL');
}

/** Ends what runs when nobody else handles the signal, and then this process by the same signal. */
function endWithSignal(signal: NodeJS.Signals): void {
	// Another handler stops things in order and then exits, which comes back here as 'exit'.
	if (process.listenerCount(signal) > 1) return;
	endAll();
	process.off(signal, endWithSignal);
	process.kill(process.pid, signal);
}

function watchThisProcess(): void {
	process.on('exit', endAll);
	for (const signal of ENDING_SIGNALS) process.on(signal, endWithSignal);
}

function unwatchThisProcess(): void {
	process.off('exit', endAll);
	for (const signal of ENDING_SIGNALS) process.off(signal, endWithSignal);
}

export interface ProgramTree {
	readonly child: ChildProcess;
	/** Resolves when the program has ended, with its exit code or the signal that ended it. Never rejects. */
	readonly ended: Promise<number | NodeJS.Signals | Error>;
	/** Ends the program and every process it started: asks first, after 10 s insists. May be called twice. */
	stop(): Promise<void>;
	/** Ends them all at once, without asking: what a power cut does. */
	kill(): Promise<void>;
}

export interface ProgramOptions {
	readonly cwd?: string;
	readonly env: NodeJS.ProcessEnv;
	readonly stdio: StdioOptions;
}

/**
 * Starts a program as the head of its own process group, so that it and its children can be ended together. They also
 * end with this process: when it exits, throws, or is asked to end and nobody else handles that.
 */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions): ProgramTree {
	const child = spawn(command, [...args], { ...options, detached: process.platform !== 'win32' });
	if (running.size === 0) watchThisProcess();
	running.add(child);
	const ended = new Promise<number | NodeJS.Signals | Error>((resolve) => {
		child.once('error', resolve);
		child.once('exit', (code, signal) => resolve(signal ?? code ?? 0));
	}).then((outcome) => {
		// Children that outlive the program are not left behind.
		signalTree(child, 'SIGKILL');
		running.delete(child);
		if (running.size === 0) unwatchThisProcess();
		return outcome;
	});
	return {
		child,
		ended,
		async stop() {
			if (child.exitCode !== null || child.signalCode !== null) return;
			signalTree(child, 'SIGTERM');
			await Promise.race([ended, pause(GRACE_MILLISECONDS, undefined, { ref: false })]);
			if (child.exitCode === null && child.signalCode === null) signalTree(child, 'SIGKILL');
			await ended;
		},
		async kill() {
			signalTree(child, 'SIGKILL');
			await ended;
		},
	};
}

/** Runs a program to its end and gives its standard output. Rejects with the end of what it said when it fails. */
export async function runProgram(
	command: string,
	args: readonly string[],
	options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
	const program = startProgram(command, args, {
		cwd: options.cwd,
		env: options.env ?? process.env,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let output = '';
	let said = '';
	program.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		output += text;
		said = `${said}${text}`.slice(-KEPT_CHARACTERS);
	});
	program.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		said = `${said}${text}`.slice(-KEPT_CHARACTERS);
	});
	// Its pipes may hold more when it has ended; 'close' comes once they are read out.
	const closed = new Promise<void>((resolve) => program.child.once('close', () => resolve()));
	const outcome = await program.ended;
	if (!(outcome instanceof Error)) await closed;
	if (outcome === 0) return output;
	const reason = outcome instanceof Error ? outcome.message : `it ended with ${outcome}`;
	throw new Error(`${command} ${args.join(' ')} (in ${options.cwd}) failed: ${reason}\n${said}`);
}

/** npm's command line: the npm that started this program where there is one, which also works without a shell. */
export async function runNpm(args: readonly string[], cwd: string): Promise<string> {
	const npm = process.env['npm_execpath'];
	return npm?.endsWith('.js') === true
		? await runProgram(process.execPath, [npm, ...args], { cwd })
		: await runProgram('npm', args, { cwd });
}
