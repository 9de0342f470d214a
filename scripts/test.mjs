import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, ensureDependencies, root, run, runTool, typeScript } from './prepare.mjs';

// Everything that must hold, in one run. The last line is the sum, for people and for CI.

const report = join(root, '.cache', 'test-report.json');
const failures = [];

/** Runs a step; one that fails is noted, and the next ones still run. */
function step(title, work) {
	console.log(`\n--- ${title}`);
	try {
		const exitCode = work() ?? 0;
		if (exitCode !== 0) failures.push(`${title} (exit code ${exitCode})`);
	} catch (error) {
		console.error(error.message);
		failures.push(title);
	}
}

function testTitles(results, statuses) {
	return results.flatMap((file) =>
		file.assertionResults
			.filter((test) => statuses.includes(test.status))
			.map((test) => `${relative(root, file.name)}: ${test.fullName}`),
	);
}

function runVitest() {
	mkdirSync(join(root, '.cache'), { recursive: true });
	rmSync(report, { force: true });
	const exitCode = runTool('vitest/vitest.mjs', [
		'run',
		'--reporter=default',
		'--reporter=json',
		`--outputFile.json=${report}`,
		...process.argv.slice(2),
	]);
	if (!existsSync(report)) throw new Error('The test runner wrote no report: it did not get to the end');
	const { testResults, numPassedTests } = JSON.parse(readFileSync(report, 'utf8'));
	const failed = testTitles(testResults, ['failed']);
	const brokenFiles = testResults
		.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
		.map((file) => `${relative(root, file.name)}: could not be run`);
	const skipped = testTitles(testResults, ['pending', 'skipped', 'todo', 'disabled']);
	return { exitCode, passed: numPassedTests, failed: [...failed, ...brokenFiles], skipped };
}

let tests = { passed: 0, failed: [], skipped: [] };
try {
	ensureDependencies();
	// Each n8n takes minutes and gigabytes: a person gets the one that most tests need, CI the oldest and the newest too.
	const installer =
		process.env.CI === 'true'
			? ['test', 'e2e', 'matrix', 'installSupported.ts']
			: ['testbed', 'n8nHost', 'installN8n.ts'];
	step('n8n for the end-to-end tests', () => run(process.execPath, typeScript(join(...installer))));
	step('Build', () => build());
	step('Lint', () => runTool('eslint/bin/eslint.js', ['.']));
	step('Types', () => runTool('typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.check.json']));
	step('Tests', () => {
		tests = runVitest();
		// An error outside every test fails the run although no test failed.
		const isExplained = tests.exitCode === 0 || tests.failed.length > 0;
		return isExplained ? 0 : tests.exitCode;
	});
} catch (error) {
	console.error(error.message);
	failures.push(error.message);
}

console.log('');
const all = [...failures, ...tests.failed];
if (tests.skipped.length > 0) {
	console.log(`Skipped:\n${tests.skipped.map((title) => `  ${title}`).join('\n')}`);
	if (process.env.REQUIRE_REAL_SERVERS === '1') all.push('REQUIRE_REAL_SERVERS=1 allows no skipped test');
}
if (all.length > 0) console.log(`Failed:\n${all.map((title) => `  ${title}`).join('\n')}`);
process.exitCode = all.length === 0 && tests.passed > 0 ? 0 : 1;
console.log(`${tests.passed} passed, ${all.length} failed, ${tests.skipped.length} skipped`);
