import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { bareEnvironment, startProgram } from '../testbed/n8nHost/childProcess';
import { verifyFiles, type Contestant, type Job } from './contestant';
import { cpuSecondsOfEndedChildren, watchPeakMemory, type Cost } from './processCost';

const KEPT_CHARACTERS = 2_000;
/** Files from this size on are worth fetching in pieces. */
const LARGE = 100_000_000;

/** Where a program lies, `undefined` when it is not installed. */
function whereIs(program: string): string | undefined {
	return (process.env['PATH'] ?? '')
		.split(delimiter)
		.map((directory) => join(directory, program))
		.find((path) => {
			try {
				accessSync(path, constants.X_OK);
				return true;
			} catch {
				return false;
			}
		});
}

export function programMissing(program: string): string | undefined {
	return whereIs(program) === undefined ? `${program} is not installed` : undefined;
}

/** First line of what a program says of itself, for the record of a measurement. */
export function versionOf(program: string, argument: string): string | undefined {
	const path = whereIs(program);
	if (path === undefined) return undefined;
	try {
		return execFileSync(path, [argument], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0];
	} catch {
		return 'installed, says no version';
	}
}

/** Runs a client in an empty home, measures it and its children, and counts what it fetched. */
async function runClient(program: string, args: readonly string[], job: Job): Promise<Cost> {
	const home = mkdtempSync(join(tmpdir(), '8x8-bench-home-'));
	const cpuBefore = cpuSecondsOfEndedChildren();
	const begun = performance.now();
	const client = startProgram(program, args, {
		env: bareEnvironment({ HOME: home }),
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const memory = watchPeakMemory(client.child.pid ?? 0);
	let said = '';
	const keep = (text: string): void => {
		said = `${said}${text}`.slice(-KEPT_CHARACTERS);
	};
	client.child.stdout?.setEncoding('utf8').on('data', keep);
	client.child.stderr?.setEncoding('utf8').on('data', keep);
	const stop = (): void => void client.stop();
	job.signal.addEventListener('abort', stop, { once: true });
	const outcome = await client.ended;
	const seconds = (performance.now() - begun) / 1_000;
	const peakMegabytes = memory.stop();
	job.signal.removeEventListener('abort', stop);
	rmSync(home, { recursive: true, force: true });
	job.signal.throwIfAborted();
	if (outcome !== 0) throw new Error(`${program} ended with ${String(outcome)}: ${said.trim()}`);
	await verifyFiles(job.destination, job.tree);
	return { seconds, cpuSeconds: cpuSecondsOfEndedChildren() - cpuBefore, peakMegabytes };
}

/** `ffmpeg` over all files of the tree where they lie, one after the other, each at the bitrate that our node takes. */
export const FFMPEG: Contestant = {
	name: 'ffmpeg',
	kind: 'converter',
	protocols: ['sftp', 'ftps'],
	missing: () => programMissing('ffmpeg'),
	async download({ tree, destination, signal }) {
		const cpuBefore = cpuSecondsOfEndedChildren();
		const begun = performance.now();
		for (const { name } of tree.files) {
			const [from, to] = [join(tree.directory, name), join(destination, `${name}.mp3`)];
			const args = ['-loglevel', 'error', '-threads', '1', '-i', from, '-c:a', 'libmp3lame', '-b:a', '48k', to];
			await promisify(execFile)('ffmpeg', args, { signal });
		}
		const seconds = (performance.now() - begun) / 1_000;
		return { seconds, cpuSeconds: cpuSecondsOfEndedChildren() - cpuBefore, peakMegabytes: undefined };
	},
};

type CommandLine = (job: Job) => readonly string[];

function peer(
	name: string,
	kind: 'peer default' | 'peer best',
	protocols: Contestant['protocols'],
	commandLine: CommandLine,
): Contestant {
	const program = name.split(' ')[0] ?? name;
	return {
		name,
		kind,
		protocols,
		missing: () => programMissing(program),
		download: (job) => runClient(program, commandLine(job), job),
	};
}

/** Options of `ssh` and `sftp`: our key and nobody's known hosts. */
const SSH_OPTIONS = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'].map(
	(option) => `-o${option}`,
);

const sftp =
	(...settings: readonly string[]): CommandLine =>
	({ endpoint, tree, destination }) => [
		...['-q', '-r', '-P', String(endpoint.port), '-i', endpoint.keyFile, ...SSH_OPTIONS, ...settings],
		`${endpoint.username}@${endpoint.host}:${tree.name}`,
		destination,
	];

/** What `lftp` is told before it fetches anything. */
export function lftpCommands({
	protocol,
	host,
	port,
	username,
	password,
	keyFile,
	caFile,
}: Job['endpoint']): readonly string[] {
	return [
		`set sftp:connect-program "ssh -a -x -i ${keyFile} ${SSH_OPTIONS.join(' ')}"`,
		`set ssl:ca-file ${caFile}`,
		'set cmd:fail-exit yes',
		protocol === 'sftp'
			? `open -u ${username},unused sftp://${host}:${port}`
			: `open -u ${username},${password} ftps://${host}:${port}`,
	];
}

const lftp =
	(parallel: number): CommandLine =>
	({ endpoint, tree, destination }) => {
		// Files of half a gigabyte: several connections to each, as its manual recommends.
		const pieces = parallel > 1 && tree.bytes / tree.files.length > LARGE ? ['--use-pget-n=4'] : [];
		const commands = [
			...lftpCommands(endpoint),
			`mirror ${['-P', parallel, ...pieces].join(' ')} ${tree.name} ${destination}`,
		];
		return ['--norc', '-c', commands.join('; ')];
	};

const rclone =
	(settings: Readonly<Record<'sftp' | 'ftps', readonly string[]>>): CommandLine =>
	({ endpoint, tree, destination }) => {
		const { protocol, host, port, username, password, keyFile } = endpoint;
		const remote =
			protocol === 'sftp'
				? ['--sftp-host', host, '--sftp-port', String(port), '--sftp-user', username, '--sftp-key-file', keyFile]
				: [
						...['--ftp-host', host, '--ftp-port', String(port), '--ftp-user', username],
						...['--ftp-pass', execFileSync('rclone', ['obscure', password], { encoding: 'utf8' }).trim()],
						...['--ftp-tls', '--ftp-no-check-certificate'],
					];
		return [
			...['copy', '--config', '', ...remote, ...settings[protocol]],
			`:${protocol === 'sftp' ? 'sftp' : 'ftp'}:${tree.name}`,
			destination,
		];
	};

/**
 * The clients that people script beside n8n, as they come and at the best settings that are known for them (rclone's own
 * page on SFTP, lftp's manual, and trying).
 */
export const PEERS: readonly Contestant[] = [
	peer('sftp', 'peer default', ['sftp'], sftp()),
	peer('sftp -B -R', 'peer best', ['sftp'], sftp('-B', '261120', '-R', '256')),
	peer('lftp', 'peer default', ['sftp', 'ftps'], lftp(1)),
	peer('lftp -P4', 'peer best', ['sftp', 'ftps'], lftp(4)),
	peer('lftp -P8', 'peer best', ['sftp', 'ftps'], lftp(8)),
	peer('lftp -P16', 'peer best', ['sftp', 'ftps'], lftp(16)),
	peer('rclone', 'peer default', ['sftp', 'ftps'], rclone({ sftp: [], ftps: [] })),
	peer(
		'rclone tuned',
		'peer best',
		['sftp', 'ftps'],
		rclone({
			sftp: [
				...['--transfers', '32', '--checkers', '32', '--sftp-chunk-size', '255k', '--sftp-disable-hashcheck'],
				...['--ignore-checksum', '--multi-thread-streams', '4'],
			],
			// Its connections share one TLS session; ProFTPD and vsftpd want each data connection to resume its own control
			// connection's (425 Operation not permitted), so that only one connection works, and as it comes it fails.
			ftps: ['--transfers', '1', '--checkers', '1', '--ftp-concurrency', '1'],
		}),
	),
];
