import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './prepare.mjs';

/** Lines of an error that are repeated where only the end of a run is read. */
const LINES_OF_AN_ERROR = 12;

/**
 * A reporter of vitest that writes what scripts/test.mjs adds up: how many tests passed, which failed and why, which were
 * skipped, and how long each file took, as JSON into the file that TEST_SUMMARY names. vitest's own JSON leaves out why the
 * hook of a `describe` failed.
 */
export default class SummaryReporter {
	onTestRunEnd(modules, unhandledErrors) {
		const summaries = modules.map(summaryOf);
		const summary = {
			passed: summaries.reduce((sum, { passed }) => sum + passed, 0),
			failed: [
				...summaries.flatMap(({ failed }) => failed),
				...unhandledErrors.map((error) => withErrors('outside every test', [error])),
			],
			skipped: summaries.flatMap(({ skipped }) => skipped),
			files: summaries.map(({ name, seconds }) => ({ name, seconds })),
		};
		writeFileSync(process.env.TEST_SUMMARY, JSON.stringify(summary));
	}
}

function summaryOf(module) {
	const name = relative(root, module.moduleId);
	const tests = [...module.children.allTests()];
	const inState = (state) => tests.filter((test) => test.result().state === state);
	const titled = (part) => `${name}: ${part.fullName}`;
	// Errors of hooks are the suite's, those of imports the file's.
	const suites = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0);
	return {
		name,
		seconds: module.diagnostic().duration / 1_000,
		passed: inState('passed').length,
		failed: [
			...inState('failed').map((test) => withErrors(titled(test), test.result().errors)),
			...suites.map((suite) => withErrors(`${titled(suite)}: could not be run`, suite.errors())),
			...(module.errors().length > 0 ? [withErrors(`${name}: could not be run`, module.errors())] : []),
		],
		skipped: inState('skipped').map(titled),
	};
}

function withErrors(title, errors) {
	const lines = errors.flatMap(({ name, message, stacks = [] }) => [
		...`${name}: ${message}`.split('\n').slice(0, LINES_OF_AN_ERROR),
		...stacks.slice(0, 1).map(({ file, line }) => `at ${file}:${line}`),
	]);
	return [title, ...lines.map((line) => `    ${line}`)].join('\n');
}
