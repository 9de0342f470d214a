import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureDependencies, root, tool, typeScript } from './prepare.mjs';
import { clock, timeTable } from './timeTable.mjs';

// Everything that must hold, in one run. The last line is the sum, for people and for CI.

const reports = join(root, '.cache', 'test-reports');
const filters = process.argv.slice(2);
const startedAt = performance.now();
const parts = [];
const failures = [];
const tests = { passed: 0, failed: [], skipped: [] };

/** Runs a program to its end. Others may run beside it, so each of its lines begins with whose it is. Gives its exit code. */
async function run(title, args, env) {
	const child = spawn(process.execPath, args, {
		cwd: root,
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...process.env, ...env },
	});
	for (const stream of [child.stdout, child.stderr])
		createInterface({ input: stream }).on('line', (line) => console.log(`${title} | ${line}`));
	return await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code) => resolve(code ?? 1));
	});
}

/** Runs a part and times it; one that fails is noted, and the next ones still run. `ended` gives the files that it ran. */
async function part(title, args, { ended = (exitCode) => mustBeZero(title, exitCode), env = {} } = {}) {
	const began = performance.now();
	let files = [];
	try {
		files = ended(await run(title, args, env));
	} catch (error) {
		console.error(error.message);
		failures.push(title);
	}
	const seconds = (performance.now() - began) / 1_000;
	console.log(`--- ${title} took ${clock(seconds).trim()}`);
	parts.push({ title, seconds, files });
}

function mustBeZero(title, exitCode) {
	if (exitCode !== 0) failures.push(`${title} (exit code ${exitCode})`);
	return [];
}

/** The tests of a project that vitest.config.mts knows. */
async function testPart(project) {
	const file = join(reports, `${project}.json`);
	rmSync(file, { force: true });
	const args = [
		tool('vitest/vitest.mjs'),
		'run',
		'--project',
		project,
		'--reporter=default',
		`--reporter=${join(root, 'scripts', 'summaryReporter.mjs')}`,
		// Who asks for some files gets them from the part that has them.
		...(filters.length > 0 ? ['--passWithNoTests', ...filters] : []),
	];
	const ended = (exitCode) => {
		if (!existsSync(file)) {
			if (exitCode === 0) return [];
			throw new Error(`${project}: the test runner wrote no report: it did not get to the end`);
		}
		const { passed, failed, skipped, files } = JSON.parse(readFileSync(file, 'utf8'));
		tests.passed += passed;
		tests.failed.push(...failed);
		tests.skipped.push(...skipped);
		if (failed.length === 0) mustBeZero(project, exitCode);
		return files;
	};
	await part(project, args, { ended, env: { TEST_SUMMARY: file } });
}

/** One thing after another. Each row of these is for one core; what waits more than it works comes on top. */
async function inTurn(...works) {
	for (const work of works) await work();
}

try {
	ensureDependencies();
	mkdirSync(reports, { recursive: true });
	// Each n8n takes minutes and gigabytes: a person gets the one that most tests need, CI the oldest and the newest too.
	const installer =
		process.env.CI === 'true'
			? join('test', 'e2e', 'matrix', 'installSupported.ts')
			: join('testbed', 'n8nHost', 'installN8n.ts');
	await Promise.all([
		part('n8n', typeScript(installer)),
		inTurn(
			() => part('build', [join('scripts', 'prepare.mjs')]),
			() => part('lint', [tool('eslint/bin/eslint.js'), '.']),
			() => part('types', [tool('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.check.json']),
			() => testPart('unit'),
			() => testPart('contract'),
			() => testPart('faults'),
		),
	]);
	await Promise.all([testPart('e2e'), testPart('triggers')]);
} catch (error) {
	console.error(error.message);
	failures.push(error.message);
}

// What came before this program started, where that is known.
const before = Number(process.env.SETUP_SECONDS ?? 0);
if (before > 0) parts.unshift({ title: 'setup', seconds: before });
console.log('\nHow long each part took; some ran side by side:');
for (const line of timeTable(parts)) console.log(line);
console.log(`${clock(before + (performance.now() - startedAt) / 1_000)}  all of it\n`);
const all = [...failures, ...tests.failed];
if (tests.skipped.length > 0) {
	console.log(`Skipped:\n${tests.skipped.map((title) => `  ${title}`).join('\n')}`);
	if (process.env.REQUIRE_REAL_SERVERS === '1') all.push('REQUIRE_REAL_SERVERS=1 allows no skipped test');
}
if (all.length > 0) console.log(`Failed:\n${all.map((title) => `  ${title}`).join('\n')}`);
process.exitCode = all.length === 0 && tests.passed > 0 ? 0 : 1;
console.log(`${tests.passed} passed, ${all.length} failed, ${tests.skipped.length} skipped`);
