import { installN8n } from '../testbed/n8nHost/installN8n';
import { DEMO_DIRECTORY } from '../testbed/n8nHost/projectPaths';
import { resultTable } from './resultTable';
import { runExample, type ExampleRun } from './runExample';
import { startDemo, type RunningDemo } from './startDemo';

const TENANT_DAYS = 5;
const PREFERRED_PORTS = { n8n: 5688, crm: 5689 };

const say = (line: string): void => console.log(line);

/** Resolves with the first request to end. Later ones change nothing: stopping is under way. */
function askedToEnd(): Promise<void> {
	return new Promise((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
	});
}

async function showRuns(demo: RunningDemo): Promise<readonly ExampleRun[]> {
	const runs: ExampleRun[] = [];
	for (const connection of demo.connections) runs.push(await runExample(demo, connection));
	say(`\n${resultTable(runs)}\n`);
	for (const run of runs) for (const problem of run.problems) say(`${run.label}: ${problem}`);
	return runs;
}

function showAddresses(demo: RunningDemo, runs: readonly ExampleRun[]): void {
	const [first] = runs;
	say(`n8n editor   ${first?.editorUrl ?? demo.n8n.url}`);
	say(`  log in as  ${demo.owner.email}`);
	say(`  password   ${demo.owner.password}`);
	say(`CRM page     ${demo.crm.url}`);
	say('\nAll of it runs on this machine only. Press Ctrl-C to end it.');
}

/** Exit code of a demo that was ended before it had shown anything, as shells give for Ctrl-C. */
const INTERRUPTED = 130;

async function main(once: boolean): Promise<number> {
	const ended = askedToEnd();
	const starting = installN8n(say).then(() =>
		startDemo({
			directory: DEMO_DIRECTORY,
			days: TENANT_DAYS,
			protocols: ['ftpsImplicit', 'sftp'],
			preferredPorts: PREFERRED_PORTS,
			say,
		}),
	);
	const demo = await Promise.race([starting, ended]);
	// What is on its way up, npm or n8n, ends with this process.
	if (demo === undefined) return INTERRUPTED;
	try {
		const runs = await Promise.race([showRuns(demo), ended]);
		if (runs === undefined) return INTERRUPTED;
		const isComplete = runs.length > 0 && runs.every((run) => run.problems.length === 0);
		if (once) return isComplete ? 0 : 1;
		showAddresses(demo, runs);
		await ended;
		say('\nStopping ...');
		return 0;
	} finally {
		await demo.stop();
	}
}

main(process.argv.includes('--once')).then(
	(exitCode) => {
		// Not left to the event loop: a socket that lingers must not keep a finished demo.
		process.exit(exitCode);
	},
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exit(1);
	},
);
