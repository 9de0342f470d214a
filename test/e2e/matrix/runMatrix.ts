import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../../testbed/n8nHost/childProcess';
import { nodeProgram } from '../../../testbed/n8nHost/n8nRelease';
import { PROJECT_ROOT } from '../../../testbed/n8nHost/projectPaths';
import { installSupported } from './installSupported';
import { mainJob, type MainJob } from './mainJob';
import { matrixTable, withMatrix, type MatrixRow } from './matrixTable';
import { SUPPORTED, type BinaryMode, type SupportedN8n } from './supportedN8n';

const DOCUMENTS = ['README.md', join('docs', 'compatibility.md')];

const say = (line: string): void => console.log(line);

async function matrixRow(supported: SupportedN8n): Promise<MatrixRow> {
	const { release, modes } = supported;
	const program = nodeProgram(release);
	const node = (await runProgram(program, ['--version'], { cwd: PROJECT_ROOT })).trim().replace(/^v/, '');
	const jobs = new Map<BinaryMode, MainJob>();
	for (const mode of modes) {
		const job = await mainJob(supported, mode);
		jobs.set(mode, job);
		const what = job.problems.length === 0 ? `${job.delivered} recordings delivered` : job.problems.join('; ');
		say(`n8n ${release.version}, Node.js ${node}, ${mode}: ${what} (${job.seconds.toFixed(0)} s)`);
	}
	return { n8n: release.version, node, jobs };
}

/** Puts the table into the documents that have a place for it. */
async function publish(table: string): Promise<void> {
	for (const name of DOCUMENTS) {
		const file = join(PROJECT_ROOT, name);
		const document = existsSync(file) ? withMatrix(await readFile(file, 'utf8'), table) : undefined;
		if (document === undefined) {
			say(`${name} has no place for the table`);
			continue;
		}
		await writeFile(file, document);
		say(`${name} has the table`);
	}
}

async function main(): Promise<void> {
	await installSupported(say);
	const rows: MatrixRow[] = [];
	for (const supported of SUPPORTED) rows.push(await matrixRow(supported));
	const manifest: { readonly version: string } = JSON.parse(await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8'));
	const table = matrixTable(rows, manifest.version, new Date().toISOString().slice(0, 10));
	say(`\n${table}\n`);
	// What failed is for whoever runs this, not for the documents.
	const isGreen = rows.every(({ jobs }) => [...jobs.values()].every((job) => job.problems.length === 0));
	if (isGreen) await publish(table);
	else process.exitCode = 1;
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
