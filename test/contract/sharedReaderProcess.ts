import { coordinationFor } from '../../coordination/coordination';
import { Accounts } from '../../transport/accounts';
import { readAgainAndAgain, readAll, type ReadingRun, type RepeatedRun } from './sharedReader';

/**
 * Runs of a process of its own, as a worker of n8n's queue mode is; they are the argument, as JSON. Nothing beside them keeps it
 * alive, so that whatever a run waits for has to.
 */
const runs = JSON.parse(process.argv[2] ?? '[]') as Array<ReadingRun | RepeatedRun>;
const shared = coordinationFor(process.env, undefined);
const accounts = new Accounts();

void Promise.all(
	runs.map(async (run) =>
		'lasting' in run ? await readAgainAndAgain(run, shared, accounts) : await readAll(run, shared),
	),
).then((outcomes) => {
	console.log(JSON.stringify(outcomes));
});
