import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bareEnvironment, runProgram, startProgram } from '../../../testbed/n8nHost/childProcess';
import { executionResult, itemsOf } from '../../../testbed/n8nHost/executionResult';
import { freePort } from '../../../testbed/n8nHost/freePort';

const PROJECT = join(__dirname, '..', '..', '..');

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
		throw error;
	}
}

async function gone(pid: number): Promise<boolean> {
	for (let tries = 0; tries < 100 && isAlive(pid); tries++) await pause(50);
	return !isAlive(pid);
}

async function pidIn(file: string): Promise<number> {
	for (let tries = 0; tries < 200; tries++) {
		const text = await readFile(file, 'utf8').catch(() => '');
		if (text.endsWith('\n')) return Number(text);
		await pause(50);
	}
	throw new Error(`Nothing wrote ${file}`);
}

describe('a program that the demo starts', () => {
	let directory = '';
	/** A program that starts another one, names it in a file, and sleeps. */
	const family = (file: string): string =>
		`const { spawn } = require('node:child_process');
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
require('node:fs').writeFileSync(${JSON.stringify(file)}, child.pid + '\\n');
setInterval(() => {}, 1000);`;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-programs-'));
	});

	afterAll(() => rm(directory, { recursive: true, force: true }));

	it('is stopped with its children', async () => {
		const file = join(directory, 'stopped');
		const program = startProgram(process.execPath, ['-e', family(file)], { env: bareEnvironment(), stdio: 'ignore' });
		const child = await pidIn(file);
		await program.stop();
		expect(await program.ended).toBe('SIGTERM');
		expect(await gone(child)).toBe(true);
		await program.stop();
	});

	it.each(['SIGTERM', 'SIGINT'] as const)('ends with the process that started it on %s', async (signal) => {
		const file = join(directory, signal);
		const starter = join(directory, `${signal}.ts`);
		await writeFile(
			starter,
			`import { startProgram } from ${JSON.stringify(join(PROJECT, 'testbed', 'n8nHost', 'childProcess'))};
startProgram(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env: process.env, stdio: 'ignore' });
startProgram(process.execPath, ['-e', ${JSON.stringify(family(file))}], { env: process.env, stdio: 'ignore' });`,
		);
		const parent = spawn(process.execPath, ['--import', 'tsx', starter], { cwd: PROJECT, stdio: 'ignore' });
		const child = await pidIn(file);
		parent.kill(signal);
		expect(await gone(child)).toBe(true);
		expect(parent.pid === undefined || (await gone(parent.pid))).toBe(true);
	});

	it('fails with the end of what it said', async () => {
		const failing = runProgram(process.execPath, ['-e', 'console.error("no room"); process.exit(3)'], {
			cwd: directory,
		});
		await expect(failing).rejects.toThrow(/ended with 3\n.*no room/s);
		await expect(runProgram('no-such-program', [], { cwd: directory })).rejects.toThrow(/no-such-program/);
		expect(await runProgram(process.execPath, ['-e', 'console.log("fine")'], { cwd: directory })).toBe('fine\n');
	});

	it('sees none of the variables that would change n8n or send loopback traffic away', () => {
		process.env['N8N_PORT'] = '1';
		process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
		const environment = bareEnvironment({ N8N_HOST: '127.0.0.1' });
		delete process.env['N8N_PORT'];
		delete process.env['HTTP_PROXY'];
		expect(environment).not.toHaveProperty('N8N_PORT');
		expect(environment).not.toHaveProperty('HTTP_PROXY');
		expect(environment).toMatchObject({ N8N_HOST: '127.0.0.1', PATH: process.env['PATH'] });
	});
});

describe('freePort', () => {
	it('gives the preferred port when it is free and another one when it is taken', async () => {
		const port = await freePort();
		expect(await freePort(port)).toBe(port);
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
		expect(await freePort(port)).not.toBe(port);
		await new Promise((resolve) => server.close(resolve));
	});
});

describe('executionResult', () => {
	// As n8n stores it: every string inside is the index of the value that belongs there.
	const stored = JSON.stringify([
		{ resultData: '1' },
		{ runData: '2', error: '3' },
		{ List: '4' },
		{ name: '5', message: '6', description: null },
		['7'],
		'NodeApiError',
		'It broke',
		{ data: '8', executionTime: 12, hints: '9', error: '3' },
		{ main: '10' },
		['11'],
		['12', '13'],
		{ message: '14' },
		['15'],
		[],
		'2 rows without a file',
		{ json: '16', pairedItem: '17' },
		{ name: '18', parent: '15' },
		{ item: 3 },
		'5',
	]);

	it('reads items, hints and errors, also where values stand in a circle', () => {
		const result = executionResult('7', 'error', stored);
		expect(result.error).toEqual({ name: 'NodeApiError', message: 'It broke', description: undefined });
		expect(result.nodes.get('List')?.hints).toEqual(['2 rows without a file']);
		const [item] = itemsOf(result, 'List');
		expect(item?.json['name']).toBe('5');
		expect(item?.pairedItem).toBe(3);
		expect(itemsOf(result, 'List', 1)).toEqual([]);
	});

	it('says why a node has no items', () => {
		expect(() => itemsOf(executionResult('7', 'error', stored), 'Download')).toThrow(
			/"Download" did not run.*It broke/,
		);
	});
});
