import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { CACHE_DIRECTORY, PROJECT_ROOT } from '../testbed/n8nHost/projectPaths';
import type * as Notes from '../recordings/indexNotes';
import type * as IndexReader from '../recordings/indexReader';
import type * as Zones from '../recordings/zoneClock';
import { makeIndex } from './indexFile';
import { median } from './resultTable';

const USAGE = `Reads an index file with the reader of this checkout and with that of another one, in processes of their own in turn.

  --other <directory>   the other checkout, with its node_modules
  --rows 100000
  --pairs 7`;

/** What one process prints: processor time of reading the file, in seconds, and its highest resident memory, in megabytes. */
interface Reading {
	readonly rows: number;
	readonly cpuSeconds: number;
	readonly megabytes: number;
}

async function readHere(checkout: string, path: string): Promise<Reading> {
	const moduleOf = async (name: string): Promise<unknown> => await import(join(checkout, 'recordings', `${name}.ts`));
	const { readIndex } = (await moduleOf('indexReader')) as typeof IndexReader;
	const { IndexNotes } = (await moduleOf('indexNotes')) as typeof Notes;
	const { ZoneClock } = (await moduleOf('zoneClock')) as typeof Zones;
	const format = { encoding: 'auto', dateOrder: 'auto', includeRawRow: false } as const;
	const source = { path: 'Index/I20261101_version2.csv', bytes: createReadStream(path) };
	const before = process.cpuUsage();
	let rows = 0;
	for await (const read of readIndex(source, new ZoneClock('America/Los_Angeles'), format, new IndexNotes()))
		if (read.row.recordingId !== null) rows += 1;
	const { user, system } = process.cpuUsage(before);
	return { rows, cpuSeconds: (user + system) / 1e6, megabytes: process.resourceUsage().maxRSS / 1_024 };
}

async function readThere(checkout: string, path: string): Promise<Reading> {
	const parts = ['--import', 'tsx', join(PROJECT_ROOT, 'bench/readingPair.ts'), '--checkout', checkout, '--file', path];
	const { stdout } = await promisify(execFile)(process.execPath, parts, { cwd: PROJECT_ROOT });
	return JSON.parse(stdout) as Reading;
}

async function compare(other: string, rows: number, pairs: number): Promise<void> {
	const { path } = await makeIndex({ rows, kept: 0 }, CACHE_DIRECTORY);
	const file = join(CACHE_DIRECTORY, path);
	const ratios: number[] = [];
	for (let pair = 0; pair < pairs; pair += 1) {
		const order = pair % 2 === 0 ? [PROJECT_ROOT, other] : [other, PROJECT_ROOT];
		const readings = new Map<string, Reading>();
		for (const checkout of order) readings.set(checkout, await readThere(checkout, file));
		const [ours, theirs] = [readings.get(PROJECT_ROOT), readings.get(other)];
		if (ours?.rows !== rows || theirs?.rows !== rows) throw new Error(`not ${rows} rows were read by both`);
		ratios.push(ours.cpuSeconds / theirs.cpuSeconds);
		const told = [ours, theirs].map((one) => `${one.cpuSeconds.toFixed(2)} s, ${one.megabytes.toFixed(0)} MB`);
		console.log(`this one ${told[0]}; the other ${told[1]}; ratio ${ratios.at(-1)?.toFixed(2)}`);
	}
	console.log(`${rows} rows: ${median(ratios)?.toFixed(2)} x the processor time, the median of ${pairs} pairs`);
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			other: { type: 'string' },
			rows: { type: 'string', default: '100000' },
			pairs: { type: 'string', default: '7' },
			checkout: { type: 'string' },
			file: { type: 'string' },
			help: { type: 'boolean' },
		},
	});
	const { checkout, file, other } = values;
	if (checkout !== undefined && file !== undefined) console.log(JSON.stringify(await readHere(checkout, file)));
	else if (values.help === true || other === undefined) console.log(USAGE);
	else await compare(resolve(other), Number(values.rows), Number(values.pairs));
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
