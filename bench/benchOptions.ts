import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { FULL, QUICK, STANDARD, type BenchSet, type LinkOptions } from './benchSet';
import type { Protocol } from './measuredServers';
import type { RoundsPlan } from './rounds';
import { TREES } from './tree';

export const USAGE = `npm run bench -- [options]

  (nothing)                the standard sets, about half an hour: tables, JSON and the pictures of docs/performance.md
  --full                   more of everything: some hours
  --quick                  one short set: a few minutes, no pictures
  --set NAMES              of the standard sets only: ${STANDARD.map(({ name }) => name).join(', ')};
                           with --full: ${FULL.map(({ name }) => name).join(', ')}
  --resume                 leave out what the results file has of these sets already

  or a set of your own; what is left out is the quick set's:
  --trees NAMES            ${Object.keys(TREES).join(', ')}
  --round-trips MS         0 is the loopback itself, without anything in between
  --protocols NAMES        sftp, ftps
  --contestants NAMES      see --list
  --indexes ROWSxKEPT      indexes to list, such as 100000x1000
  --rounds ROUNDSxFILES    node runs one after the other, such as 10x50
  --repeat N
  --limit SECONDS          after which a download is stopped

  --megabits N             of the link, each way; default 1000 up to 5 ms, 200 beyond
  --slow-start             every connection begins with ten segments and doubles what it has under way each round trip, as
                           TCP does, and begins anew after a pause
  --keep-windows           with it: windows stay open over pauses (Linux with tcp_slow_start_after_idle=0)
  --beside DIRECTORIES     other checkouts with a dist/: their "transport", "node runs" and both with "-16" take turns with
                           ours, named after the directory (transport@old)
  --name NAME              of bench/results/NAME.json; sets measured again replace themselves there
  --no-pictures            leave docs/pictures as it is
  --list                   the contestants, and what is missing for them here

  TMPDIR is where all of them, n8n included, put what they download. TMPDIR=/dev/shm leaves the disk out: an ext4 without
  a journal looks through the inodes freed in the last minutes for each file that is made, so that a run is slower for
  files that the one before it left and that were removed (fs/ext4/ialloc.c of Linux, recently_deleted).
`;

export interface BenchOptions {
	readonly sets: readonly BenchSet[];
	readonly name: string;
	readonly link: LinkOptions;
	/** Other checkouts. */
	readonly beside: readonly string[];
	readonly pictures: boolean;
	readonly resume: boolean;
	readonly list: boolean;
	readonly help: boolean;
}

const namesIn = (list: string): string[] =>
	list
		.split(',')
		.map((name) => name.trim())
		.filter((name) => name !== '');

function numbersIn(list: string, option: string): number[] {
	return namesIn(list).map((text) => {
		const number = Number(text);
		if (!Number.isFinite(number) || number < 0) throw new RangeError(`--${option} takes numbers, not "${text}"`);
		return number;
	});
}

function oneNumber(text: string | undefined, option: string): number | undefined {
	return text === undefined ? undefined : numbersIn(text, option)[0];
}

function chosen<T extends { readonly name: string }>(all: readonly T[], names: readonly string[], option: string): T[] {
	return names.map((name) => {
		const found = all.find((one) => one.name === name);
		if (found === undefined)
			throw new RangeError(`--${option}: "${name}" is none of ${all.map((one) => one.name).join(', ')}`);
		return found;
	});
}

function protocolsIn(list: string): Protocol[] {
	return namesIn(list).map((name) => {
		if (name !== 'sftp' && name !== 'ftps') throw new RangeError(`--protocols: "${name}" is neither sftp nor ftps`);
		return name;
	});
}

function roundsIn(text: string): RoundsPlan {
	const [rounds = 0, files = 0] = numbersIn(text.replace('x', ','), 'rounds');
	if (rounds < 1 || files < 1) throw new RangeError(`--rounds takes ROUNDSxFILES, not "${text}"`);
	return { rounds, files };
}

/** @throws {RangeError} for what cannot be read; a `TypeError` of Node's own for options that do not exist. */
export function readOptions(args: readonly string[]): BenchOptions {
	const { values } = parseArgs({
		args: [...args],
		options: {
			quick: { type: 'boolean' },
			full: { type: 'boolean' },
			set: { type: 'string' },
			resume: { type: 'boolean' },
			trees: { type: 'string' },
			'round-trips': { type: 'string' },
			protocols: { type: 'string' },
			contestants: { type: 'string' },
			indexes: { type: 'string' },
			rounds: { type: 'string' },
			'slow-start': { type: 'boolean' },
			'keep-windows': { type: 'boolean' },
			beside: { type: 'string' },
			repeat: { type: 'string' },
			limit: { type: 'string' },
			megabits: { type: 'string' },
			name: { type: 'string' },
			'no-pictures': { type: 'boolean' },
			list: { type: 'boolean' },
			help: { type: 'boolean' },
		},
	});
	const { trees, 'round-trips': roundTrips, protocols, contestants, indexes, rounds, repeat, limit } = values;
	const own = [trees, roundTrips, protocols, contestants, indexes, rounds].some((value) => value !== undefined);
	if (values['keep-windows'] === true && values['slow-start'] !== true)
		throw new RangeError('--keep-windows goes with --slow-start');
	const slowStart = values['slow-start'] === true ? { restartsAfterIdle: values['keep-windows'] !== true } : undefined;
	const plan = values.full === true ? 'full' : own || values.quick === true ? 'quick' : 'standard';
	const all = { full: FULL, quick: QUICK, standard: STANDARD }[plan];
	const base = values.set === undefined ? all : chosen(all, namesIn(values.set), 'set');
	const sets = base.map(
		(set): BenchSet => ({
			name: own ? `custom ${set.name}` : set.name,
			trees:
				trees === undefined
					? indexes === undefined && rounds === undefined
						? set.trees
						: []
					: chosen(Object.values(TREES), namesIn(trees), 'trees').map(({ name }) => name),
			roundTrips: roundTrips === undefined ? set.roundTrips : numbersIn(roundTrips, 'round-trips'),
			protocols: protocols === undefined ? set.protocols : protocolsIn(protocols),
			contestants:
				contestants !== undefined ? namesIn(contestants) : rounds === undefined ? set.contestants : undefined,
			repeat: oneNumber(repeat, 'repeat') ?? set.repeat,
			limit: oneNumber(limit, 'limit') ?? set.limit,
			indexes:
				indexes === undefined
					? own
						? []
						: set.indexes
					: namesIn(indexes).map((text) => {
							const [rows = 0, kept = 0] = numbersIn(text.replace('x', ','), 'indexes');
							return { rows, kept };
						}),
			rounds: rounds === undefined ? (own ? undefined : set.rounds) : roundsIn(rounds),
		}),
	);
	// What is measured otherwise must not take the place of what the pictures show.
	const isUsual = !own && slowStart === undefined && values.beside === undefined;
	return {
		sets,
		name: values.name ?? (isUsual ? plan : 'custom'),
		link: { megabits: oneNumber(values.megabits, 'megabits'), slowStart },
		beside: namesIn(values.beside ?? '').map((directory) => resolve(directory)),
		pictures: values['no-pictures'] !== true && plan !== 'quick' && isUsual,
		resume: values.resume === true,
		list: values.list === true,
		help: values.help === true,
	};
}
