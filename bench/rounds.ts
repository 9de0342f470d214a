import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { bareEnvironment, startProgram } from '../testbed/n8nHost/childProcess';
import { PROJECT_ROOT } from '../testbed/n8nHost/projectPaths';
import { verifyFiles, type Contestant } from './contestant';
import { ourCredential } from './inN8n';
import type { Endpoint, MeasuredServers, Protocol } from './measuredServers';
import { besideName, distMissing } from './ourTransport';
import { lftpCommands, programMissing } from './peers';
import { linkText, median, textTable } from './resultTable';
import type { RoundOrder } from './roundRun';
import { makeTree, roundPlans, type Tree } from './tree';
import type { Link } from './wan';

/** So many node runs one after the other, with so many files of 16 kB each. */
export interface RoundsPlan {
	readonly rounds: number;
	readonly files: number;
}

/** The rounds of one contestant over one link, as they stand in the results. */
export interface RoundsResult extends RoundsPlan {
	readonly link: Link;
	readonly protocol: Protocol;
	readonly contestant: string;
	readonly kind: Contestant['kind'];
	/** Of each round that came to its end. */
	readonly seconds: readonly number[];
	/** Connections opened to log in, in each of them. */
	readonly logIns: readonly number[];
	/** Why there are not as many as were planned: it failed, or the time was up. */
	readonly failure?: string;
}

interface Program {
	readonly command: string;
	readonly args: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
	/** Whether its first line says that it is loaded, and the clock starts with that: in n8n it is. */
	readonly saysWhenLoaded: boolean;
}

/** A program that fetches directory after directory and writes a line after each. */
export interface RoundsContestant extends Pick<Contestant, 'name' | 'kind' | 'missing'> {
	program(endpoint: Endpoint, directories: readonly string[], destination: string): Program;
}

/**
 * Ours as node runs go: each opens the tenant's server and closes it, in a process that goes on.
 *
 * @param checkout whose `dist/` it is
 * @param maxConnections of the credential, 0 = automatic
 */
export function ourRounds(checkout = PROJECT_ROOT, maxConnections = 0): RoundsContestant {
	return {
		name: besideName(maxConnections === 0 ? 'node runs' : `node runs -${maxConnections}`, checkout),
		kind: 'ours',
		missing: () => distMissing(checkout),
		program(endpoint, directories, destination) {
			const credential = ourCredential(endpoint, maxConnections);
			const order: RoundOrder = { checkout, credential, directories, destination };
			return {
				command: process.execPath,
				args: ['--import', 'tsx', join(PROJECT_ROOT, 'bench', 'roundRun.ts')],
				environment: { ROUND_ORDER: JSON.stringify(order) },
				saysWhenLoaded: true,
			};
		},
	};
}

/** Connections that `lftp` gets: as many as ours has by itself. */
const LFTP_CONNECTIONS = { sftp: 4, ftps: 8 } as const;

/** `lftp` with one session, which keeps its connections from one round to the next. */
export const LFTP_SESSION: RoundsContestant = {
	name: 'lftp, one session',
	kind: 'peer best',
	missing: () => programMissing('lftp'),
	program(endpoint, directories, destination) {
		const rounds = directories.flatMap((directory) => [
			`mirror -P ${LFTP_CONNECTIONS[endpoint.protocol]} ${directory} ${join(destination, directory)}`,
			'echo fetched',
		]);
		return {
			command: 'lftp',
			args: ['--norc', '-c', [...lftpCommands(endpoint), ...rounds].join('; ')],
			environment: {},
			saysWhenLoaded: false,
		};
	},
};

export interface RoundsRun {
	readonly servers: Pick<MeasuredServers, 'open'>;
	/** Directory that the servers show; the rounds' directories are made in it. */
	readonly root: string;
	readonly plan: RoundsPlan;
	readonly link: Link;
	readonly protocol: Protocol;
	readonly contestants: readonly RoundsContestant[];
	/** Seconds after which a contestant is stopped. */
	readonly limit: number;
	/** A directory for what comes while it is counted. */
	readonly scratch: string;
	readonly say: (line: string) => void;
}

async function runContestant(
	contestant: RoundsContestant,
	trees: readonly Tree[],
	run: RoundsRun,
): Promise<RoundsResult> {
	const { servers, plan, link, protocol, limit } = run;
	const destination = await mkdtemp(join(run.scratch, 'rounds-'));
	for (const { name } of trees) await mkdir(join(destination, name));
	const home = await mkdtemp(join(run.scratch, 'home-'));
	const way = await servers.open(link);
	const directories = trees.map(({ name }) => name);
	const { command, args, environment, saysWhenLoaded } = contestant.program(
		way.endpoint(protocol),
		directories,
		destination,
	);
	const seconds: number[] = [];
	const logIns: number[] = [];
	let roundBegun = performance.now();
	let logInsBefore = 0;
	let isLoaded = !saysWhenLoaded;
	const { child, ended, stop } = startProgram(command, args, {
		cwd: PROJECT_ROOT,
		env: bareEnvironment({ HOME: home, ...environment }),
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const takeLine = (): void => {
		const now = performance.now();
		if (isLoaded) {
			seconds.push((now - roundBegun) / 1_000);
			logIns.push(way.logIns(protocol) - logInsBefore);
		}
		isLoaded = true;
		roundBegun = now;
		logInsBefore = way.logIns(protocol);
	};
	child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		for (const character of text) if (character === '\n') takeLine();
	});
	let said = '';
	child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		said = `${said}${text}`.slice(-2_000);
	});
	const timer = setTimeout(() => void stop(), limit * 1_000);
	const base = { ...plan, link, protocol, contestant: contestant.name, kind: contestant.kind, seconds, logIns };
	try {
		const outcome = await ended;
		if (seconds.length < trees.length)
			return { ...base, failure: `ended with ${String(outcome)} after ${seconds.length} rounds: ${said.trim()}` };
		for (const tree of trees) await verifyFiles(join(destination, tree.name), tree);
		return base;
	} catch (error) {
		return { ...base, failure: error instanceof Error ? error.message : String(error) };
	} finally {
		clearTimeout(timer);
		await way.close();
		for (const directory of [destination, home]) await rm(directory, { recursive: true, force: true });
	}
}

/** The rounds of each contestant in turn, over a link of its own. */
export async function runRounds(run: RoundsRun): Promise<RoundsResult[]> {
	const trees: Tree[] = [];
	for (const plan of roundPlans(run.plan.rounds, run.plan.files)) trees.push(await makeTree(plan, run.root));
	const results: RoundsResult[] = [];
	for (const contestant of run.contestants) {
		const result = await runContestant(contestant, trees, run);
		results.push(result);
		const told = result.seconds.map((seconds) => seconds.toFixed(2)).join(' ');
		run.say(`rounds, ${run.protocol}, ${run.link.roundTrip} ms: ${contestant.name}: ${result.failure ?? told}`);
	}
	return results;
}

const digits = (value: number | undefined): string => value?.toFixed(2) ?? '';

/** A line for each contestant and link: its first round, and the median of the later ones, which may have what the first has left. */
export function roundsTable(results: readonly RoundsResult[]): string {
	const rows = results.map(({ protocol, link, contestant, rounds, seconds, logIns }) => [
		`${protocol}, ${link.roundTrip} ms, ${linkText(link)}: ${contestant}`,
		digits(seconds[0]),
		String(logIns[0] ?? ''),
		digits(median(seconds.slice(1))),
		String(median(logIns.slice(1)) ?? ''),
		seconds.length === rounds ? '' : `only ${seconds.length} rounds`,
	]);
	return textTable(['', 'first, s', 'log-ins', 'later, s', 'log-ins', ''], rows);
}
