import { coordinationFor } from '../../coordination/coordination';
import { Accounts } from '../../transport/accounts';
import { readAgainAndAgain, readAll, type ReadingRun, type RepeatedRun } from './sharedReader';

/** Runs of a process of its own, as a worker of n8n's queue mode is; they are the argument, as JSON. */
const runs = JSON.parse(process.argv[2] ?? '[]') as Array<ReadingRun | RepeatedRun>;
const shared = coordinationFor(process.env, undefined);
const accounts = new Accounts();
/** In n8n it is its own server that keeps a worker running. */
const awake = setInterval(() => undefined, 1_000);

void Promise.all(
	runs.map(async (run) =>
		'rounds' in run ? await readAgainAndAgain(run, shared, accounts) : await readAll(run, shared),
	),
).then((counts) => {
	clearInterval(awake);
	console.log(`right: ${counts.join(' ')}`);
});
