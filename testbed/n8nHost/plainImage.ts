import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './childProcess';
import { assignments, NotUnderstood, readDockerfile, substituted, type Instruction } from './dockerfile';
import { nodeProgram, type N8nRelease } from './n8nRelease';

/** What `docker build` would have made, in a directory. */
export interface PlainImage {
	/** Stands for the image's `/`. */
	readonly root: string;
	/** What the image's containers find in their environment. */
	readonly env: Readonly<Record<string, string>>;
	/** The user that they run as. Here it is only told: everything runs as whoever runs this. */
	readonly user: string;
	/** What n8n's arguments are given to, with paths below `root`. */
	readonly entrypoint: readonly string[];
}

export interface BuildOptions {
	/** Holds `Dockerfile` and what it copies. */
	readonly context: string;
	/** Where the image is made; nothing may be there yet. */
	readonly root: string;
	/** `--build-arg`. */
	readonly args?: Readonly<Record<string, string>>;
	/** What stands in for `n8nio/n8n:<version>`: one of these. */
	readonly releases: readonly N8nRelease[];
}

interface Building {
	readonly root: string;
	readonly context: string;
	/** Directories of the image that the Dockerfile itself has made. A step may name no other path. */
	readonly made: readonly string[];
	readonly args: Readonly<Record<string, string>>;
	readonly env: Readonly<Record<string, string>>;
	readonly user: string;
	readonly workdir: string;
	readonly entrypoint: readonly string[];
}

const script = async (file: string, line: string): Promise<void> => {
	await writeFile(file, `#!/bin/sh\n${line}\n`);
	await chmod(file, 0o755);
};

/** The parts of n8n's own image that `deploy/` builds on: tini, its entry point, and the n8n behind that. */
async function layBase(root: string, release: N8nRelease): Promise<Readonly<Record<string, string>>> {
	const programs = join(root, 'usr', 'local', 'bin');
	await mkdir(programs, { recursive: true });
	// tini hands signals on to what comes after `--`, as does a shell that has become it.
	await script(join(programs, 'tini'), 'shift; exec "$@"');
	const entry = join(root, 'docker-entrypoint.sh');
	const n8n = join(release.directory, 'node_modules', 'n8n', 'bin', 'n8n');
	await script(entry, `exec '${nodeProgram(release)}' '${n8n}' "$@"`);
	return { PATH: `${programs}:${process.env['PATH'] ?? ''}`, N8N_ENTRYPOINT: entry };
}

/** A path of the image as it is here. */
function placed(path: string, { line }: Instruction, { root, made }: Building): string {
	if (!made.some((directory) => `${path}/`.startsWith(directory)))
		throw new NotUnderstood(line, `${path}, which the Dockerfile did not make`);
	return join(root, path);
}

/** Every absolute path of a text that a shell reads. */
const PATHS = /(?<=^|[\s"'=;&|(])\/[^\s"';&|)]*/g;

async function copy(instruction: Instruction, building: Building): Promise<Building> {
	const { line, text } = instruction;
	const words = substituted(text, line, { ...building.args, ...building.env }).split(/\s+/);
	const target = words.pop() ?? '';
	if (words.length === 0 || !/^\/.*\/$/.test(target))
		throw new NotUnderstood(line, 'COPY other than of files into an absolute directory that ends in /');
	const made = [...building.made, target];
	const directory = placed(target, instruction, { ...building, made });
	await mkdir(directory, { recursive: true });
	const there = await readdir(building.context, { withFileTypes: true });
	const files = there.filter((entry) => entry.isFile()).map(({ name }) => name);
	if (files.includes('.dockerignore')) throw new NotUnderstood(line, 'COPY beside a .dockerignore');
	for (const word of words) {
		const [head = '', tail, more] = word.split('*');
		if (more !== undefined) throw new NotUnderstood(line, `${word}, which has more than one star`);
		// As with Docker, a pattern may find nothing, and a name must be there.
		const found = files.filter((name) =>
			tail === undefined ? name === word : name.startsWith(head) && name.endsWith(tail),
		);
		if (found.length === 0 && tail === undefined) throw new NotUnderstood(line, `${word}, which is no file beside it`);
		for (const name of found) await copyFile(join(building.context, name), join(directory, name));
	}
	return { ...building, made };
}

async function run(instruction: Instruction, building: Building): Promise<Building> {
	const { line, text } = instruction;
	if (text.startsWith('[')) throw new NotUnderstood(line, 'RUN with a list');
	const command = text.replaceAll(PATHS, (path) => placed(path, instruction, building));
	await runProgram('sh', ['-c', command], {
		cwd: join(building.root, building.workdir),
		// Steps reach the npm registry the way that this machine is set up for.
		env: { ...process.env, ...building.args, ...building.env },
	});
	return building;
}

function entrypoint(instruction: Instruction, building: Building): Building {
	const list = /^\[\s*("[^"\\]*"(?:\s*,\s*"[^"\\]*")*)\s*\]$/.exec(instruction.text)?.[1];
	if (list === undefined) throw new NotUnderstood(instruction.line, 'ENTRYPOINT that is no list of texts');
	const words = [...list.matchAll(/"([^"]*)"/g)].map(([, word = '']) => word);
	const here = words.map((word) => (word.startsWith('/') ? placed(word, instruction, building) : word));
	return { ...building, entrypoint: here };
}

async function step(
	instruction: Instruction,
	building: Building,
	given: Readonly<Record<string, string>>,
): Promise<Building> {
	const { line, name, text } = instruction;
	const { root, args, env, made } = building;
	const value = (raw: string): string => substituted(raw, line, { ...args, ...env });
	switch (name) {
		case 'FROM':
			throw new NotUnderstood(line, 'a second FROM');
		case 'ARG':
			return { ...building, args: { ...args, ...declared(instruction, given, args) } };
		case 'ENV':
			return {
				...building,
				env: { ...env, ...Object.fromEntries(assignments(instruction).map(([key, raw]) => [key, value(raw)])) },
			};
		case 'USER':
			return { ...building, user: value(text) };
		case 'WORKDIR': {
			const workdir = value(text);
			if (!workdir.startsWith('/')) throw new NotUnderstood(line, 'WORKDIR with a relative path');
			await mkdir(join(root, workdir), { recursive: true });
			return { ...building, workdir, made: [...made, `${workdir.replace(/\/$/, '')}/`] };
		}
		case 'COPY':
			return await copy(instruction, building);
		case 'RUN':
			return await run(instruction, building);
		case 'ENTRYPOINT':
			return entrypoint(instruction, building);
	}
}

/** What an ARG stands for: what was given for it, else its default. */
function declared(
	{ line, text }: Instruction,
	given: Readonly<Record<string, string>>,
	known: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
	const [, name = '', standard] = /^(\w+)(?:=([^\s"'\\]*))?$/.exec(text) ?? [];
	if (name === '') throw new NotUnderstood(line, `ARG ${text}`);
	const value = given[name] ?? (standard === undefined ? undefined : substituted(standard, line, known));
	return value === undefined ? {} : { [name]: value };
}

/**
 * Does what `docker build` does with the Dockerfile of a context, step by step, in a directory: `COPY` copies, `RUN` runs,
 * each with the variables and at the place that the file says. n8n's own image cannot be pulled everywhere, so an installed
 * n8n stands in for it. What the file asks for and this does not do throws `NotUnderstood`, which names the line.
 */
export async function buildPlainImage({ context, root, args = {}, releases }: BuildOptions): Promise<PlainImage> {
	const instructions = readDockerfile(await readFile(join(context, 'Dockerfile'), 'utf8'));
	const known = instructions.filter(({ name }) => name === 'ARG').map(({ text }) => text.split('=')[0]);
	const unknown = Object.keys(args).filter((name) => !known.includes(name));
	if (unknown.length > 0) throw new Error(`The Dockerfile has no ARG ${unknown.join(', ')}`);
	const at = instructions.findIndex(({ name }) => name === 'FROM');
	const from = instructions[at];
	if (from === undefined) throw new Error('The Dockerfile has no FROM');
	let outer: Readonly<Record<string, string>> = {};
	for (const instruction of instructions.slice(0, at)) {
		if (instruction.name !== 'ARG') throw new NotUnderstood(instruction.line, `${instruction.name} before FROM`);
		outer = { ...outer, ...declared(instruction, args, outer) };
	}
	const image = substituted(from.text, from.line, outer);
	const release = releases.find(({ version }) => image === `n8nio/n8n:${version}`);
	if (release === undefined) throw new NotUnderstood(from.line, `the image ${image}, for which no n8n is installed`);
	let building: Building = {
		root,
		context,
		made: [],
		args: {},
		env: await layBase(root, release),
		user: 'node',
		workdir: '/',
		entrypoint: [],
	};
	for (const instruction of instructions.slice(at + 1)) building = await step(instruction, building, args);
	if (building.entrypoint.length === 0) throw new Error('The Dockerfile has no ENTRYPOINT');
	return { root, env: building.env, user: building.user, entrypoint: building.entrypoint };
}
