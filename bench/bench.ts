import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

import { CACHE_DIRECTORY, PROJECT_ROOT } from '../testbed/n8nHost/projectPaths';
import { temporaryDirectory } from '../testbed/servers/process';
import { readOptions, USAGE, type BenchOptions } from './benchOptions';
import { linkOf, type BenchSet } from './benchSet';
import type { Contestant } from './contestant';
import { indexTable, runIndexes, type IndexResult } from './indexRun';
import { contestantsInN8n } from './inN8n';
import { MeasuredN8n } from './measuredN8n';
import { MeasuredServers, serverMissing, type Protocol } from './measuredServers';
import { ourTransport } from './ourTransport';
import { FFMPEG, PEERS, versionOf } from './peers';
import { drawPictures } from './pictures';
import { besideFtpNode, transferTables } from './resultTable';
import { LFTP_SESSION, ourRounds, roundsTable, runRounds, type RoundsContestant, type RoundsResult } from './rounds';
import { runTransfers, type TransferResult } from './transferRun';
import { makeTree, TREES } from './tree';
import type { IndexPlan } from './indexFile';
import type { Link } from './wan';

const TREE_DIRECTORY = join(CACHE_DIRECTORY, 'bench', 'trees');
const RESULT_DIRECTORY = join(PROJECT_ROOT, 'bench', 'results');
const PICTURE_DIRECTORY = join(PROJECT_ROOT, 'docs', 'pictures');

/** A results file: by set, so that each can be measured again alone. */
interface Results {
	readonly machine: Readonly<Record<string, unknown>>;
	readonly sets: Readonly<Record<string, SetResults>>;
}

interface SetResults {
	readonly measuredAt: string;
	readonly transfers: readonly TransferResult[];
	readonly indexes: readonly IndexResult[];
	readonly rounds: readonly RoundsResult[];
}

function machine(): Record<string, unknown> {
	return {
		processor: cpus()[0]?.model,
		cores: cpus().length,
		gibibytes: Math.round(totalmem() / 2 ** 30),
		node: process.version,
		lftp: versionOf('lftp', '--version'),
		rclone: versionOf('rclone', 'version'),
		openssh: versionOf('ssh', '-V') ?? 'none',
	};
}

/** n8n, started by whoever needs it first and stopped at the end. */
function lazyN8n(say: (line: string) => void) {
	let starting: Promise<MeasuredN8n> | undefined;
	return {
		host: () => (starting ??= MeasuredN8n.start(say)),
		stop: async () => {
			const started = await starting?.catch(() => undefined);
			await started?.stop();
		},
	};
}

/** What another checkout has of a contestant is chosen with it. */
const isNamed = ({ name }: Named, names: readonly string[]): boolean =>
	names.some((one) => name === one || name.startsWith(`${one}@`));

type Named = Pick<Contestant, 'name' | 'missing'>;

function refuseUnknown(all: readonly Named[], names: readonly string[] = []): void {
	const unknown = names.filter((name) => !all.some((one) => one.name === name));
	if (unknown.length > 0) throw new RangeError(`There is no contestant "${unknown.join('", "')}"; --list names them`);
}

function chosen<T extends Named>(all: readonly T[], names: readonly string[] | undefined): T[] {
	return all.filter((one) => (names === undefined || isNamed(one, names)) && one.missing() === undefined);
}

interface SetRun {
	readonly set: BenchSet;
	readonly all: readonly Contestant[];
	readonly allOfRounds: readonly RoundsContestant[];
	readonly options: BenchOptions;
	readonly host: () => Promise<MeasuredN8n>;
	readonly say: (line: string) => void;
	/** What was measured of this set before and is not measured again. */
	readonly known: SetResults;
	/** Keeps what there is so far, so that an interruption loses no more than what runs. */
	readonly keep: (results: SetResults) => Promise<void>;
}

const isSameWay = (a: TransferResult | RoundsResult, link: Link, protocol: Protocol): boolean =>
	a.protocol === protocol && JSON.stringify(a.link) === JSON.stringify(link);

async function runSet({ set, all, allOfRounds, options, host, say, known, keep }: SetRun): Promise<SetResults> {
	const protocols = set.protocols.filter((protocol) => {
		const missing = serverMissing(protocol);
		if (missing !== undefined) say(`${protocol} is left out: ${missing}`);
		return missing === undefined;
	});
	refuseUnknown([...all, ...allOfRounds], set.contestants);
	const contestants = chosen(all, set.contestants);
	await mkdir(TREE_DIRECTORY, { recursive: true });
	// Indexes are read over SFTP, because n8n's own FTP node has no TLS.
	const served = set.indexes.length > 0 ? [...new Set<Protocol>([...protocols, 'sftp'])] : protocols;
	const servers = await MeasuredServers.start(TREE_DIRECTORY, served);
	// Beside the store of the n8n that is measured: all contestants write to one file system.
	const scratch = await temporaryDirectory('8x8-bench-scratch');
	const { repeat, limit } = set;
	const transfers = [...known.transfers];
	const rounds = [...known.rounds];
	const soFar = (indexes: readonly IndexResult[]): SetResults => ({
		measuredAt: new Date().toISOString(),
		transfers,
		indexes,
		rounds,
	});
	const measure = async (): Promise<SetResults> => {
		for (const name of set.trees) {
			const plan = TREES[name];
			if (plan === undefined) continue;
			say(`tree of ${plan.label}`);
			const tree = await makeTree(plan, TREE_DIRECTORY);
			for (const protocol of protocols) {
				const tooSlow = new Set<string>();
				for (const roundTrip of set.roundTrips.toSorted((a, b) => a - b)) {
					const link = linkOf(roundTrip, options.link);
					const before = known.transfers.filter((one) => one.tree === tree.name && isSameWay(one, link, protocol));
					const isLeft = ({ name }: Contestant): boolean =>
						!tooSlow.has(name) && !before.some(({ contestant }) => contestant === name);
					const results = await runTransfers({
						...{ servers, tree, link, protocol, repeat, limit, say, scratch: scratch.path },
						contestants: contestants.filter(isLeft),
					});
					for (const { contestant, stoppedAfter } of [...before, ...results]) {
						if (stoppedAfter !== undefined) tooSlow.add(contestant);
					}
					transfers.push(...results);
					await keep(soFar(known.indexes));
				}
			}
		}
		for (const plan of set.rounds === undefined ? [] : [set.rounds]) {
			for (const [protocol, roundTrip] of protocols.flatMap((one) => set.roundTrips.map((ms) => [one, ms] as const))) {
				const link = linkOf(roundTrip, options.link);
				const isLeft = ({ name }: RoundsContestant): boolean =>
					!known.rounds.some((one) => one.contestant === name && isSameWay(one, link, protocol));
				rounds.push(
					...(await runRounds({
						...{ servers, link, protocol, limit, say, root: TREE_DIRECTORY, scratch: scratch.path },
						plan,
						contestants: chosen(allOfRounds, set.contestants).filter(isLeft),
					})),
				);
				await keep(soFar(known.indexes));
			}
		}
		const isLeft = ({ rows, kept }: IndexPlan): boolean =>
			!known.indexes.some((one) => one.rows === rows && one.kept === kept);
		const left = set.indexes.filter(isLeft);
		const indexes =
			left.length === 0
				? []
				: await runIndexes({ ...{ host, servers, repeat, limit, say }, root: TREE_DIRECTORY, indexes: left });
		return soFar([...known.indexes, ...indexes]);
	};
	try {
		return await Promise.race([measure(), interrupted]);
	} finally {
		await servers.close();
		await scratch.remove();
	}
}

const NOTHING: SetResults = { measuredAt: '', transfers: [], indexes: [], rounds: [] };

/** The results file of a name: sets that are measured again replace themselves in it. */
class ResultsFile {
	readonly #path: string;

	constructor(name: string) {
		this.#path = join(RESULT_DIRECTORY, `${name}.json`);
	}

	async sets(): Promise<Results['sets']> {
		const text = await readFile(this.#path, 'utf8').catch(() => '{}');
		const before: Partial<Results> = JSON.parse(text);
		return before.sets ?? {};
	}

	/** What has been measured of a set; what failed is to be tried again. */
	async known(set: string): Promise<SetResults> {
		const before = { ...NOTHING, ...(await this.sets())[set] };
		const isMeasured = ({ failure, stoppedAfter }: TransferResult): boolean =>
			failure === undefined || stoppedAfter !== undefined;
		return {
			...before,
			transfers: before.transfers.filter(isMeasured),
			rounds: before.rounds.filter(({ failure }) => failure === undefined),
		};
	}

	/** Puts a set's results in place of what it said of that set before. */
	async record(set: string, results: SetResults): Promise<void> {
		const all: Results = { machine: machine(), sets: { ...(await this.sets()), [set]: results } };
		await mkdir(RESULT_DIRECTORY, { recursive: true });
		await writeFile(this.#path, `${JSON.stringify(all, null, '\t')}\n`);
	}
}

function list(all: readonly Contestant[], allOfRounds: readonly RoundsContestant[]): string {
	const ofRounds = allOfRounds.map((one) => ({ ...one, protocols: ['rounds'] }));
	return [...all, ...ofRounds]
		.map(
			({ name, kind, protocols, missing }) =>
				`${name.padEnd(22)}${kind.padEnd(14)}${(missing() ?? protocols.join(', ')).trim()}`,
		)
		.join('\n');
}

/** Ctrl-C ends the servers and n8n too: they are in process groups of their own and would outlive this one. */
const interrupted = new Promise<never>((_resolve, reject) => {
	for (const signal of ['SIGINT', 'SIGTERM'] as const)
		process.once(signal, () => reject(new Error(`Ended by ${signal}`)));
});

async function main(): Promise<void> {
	const options = readOptions(process.argv.slice(2));
	const begun = performance.now();
	const say = (line: string): void =>
		console.log(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(5)} s  ${line}`);
	const n8n = lazyN8n(say);
	const others = options.beside;
	const all = [
		...[undefined, ...others].flatMap((checkout) => ourTransport(checkout)),
		...contestantsInN8n(n8n.host),
		...PEERS,
		FFMPEG,
	];
	const roundsOf = (checkout?: string) => [ourRounds(checkout), ourRounds(checkout, 16)];
	const allOfRounds = [...[undefined, ...others].flatMap(roundsOf), LFTP_SESSION];
	if (options.help || options.list) {
		console.log(options.help ? USAGE : list(all, allOfRounds));
		return;
	}
	const file = new ResultsFile(options.name);
	try {
		for (const set of options.sets) {
			const known = options.resume ? await file.known(set.name) : NOTHING;
			const keep = (results: SetResults): Promise<void> => file.record(set.name, results);
			const results = await runSet({ set, all, allOfRounds, options, host: n8n.host, say, known, keep });
			await keep(results);
			if (results.transfers.length > 0) console.log(`\n${transferTables(results.transfers)}\n`);
			if (results.indexes.length > 0) console.log(`\n${indexTable(results.indexes)}\n`);
			if (results.rounds.length > 0) console.log(`\n${roundsTable(results.rounds)}\n`);
			const transfers = Object.values(await file.sets()).flatMap((one) => one.transfers);
			const beside = besideFtpNode(results.transfers);
			if (beside !== undefined) console.log(`${beside}\n`);
			if (!options.pictures) continue;
			for (const drawn of await drawPictures(transfers, PICTURE_DIRECTORY)) say(`drew docs/pictures/${drawn}`);
		}
		say(`written to bench/results/${options.name}.json`);
	} finally {
		await n8n.stop();
	}
}

interrupted.catch(() => undefined);
main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	// What is still under way after an interruption has nobody who waits for it.
	process.exit(1);
});
