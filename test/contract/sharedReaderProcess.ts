import { coordinationFor } from '../../coordination/coordination';
import { readAll, type ReadingRun } from './sharedReader';

/** Runs of a process of its own, as a worker of n8n's queue mode is; they are the argument, as JSON. */
const runs = JSON.parse(process.argv[2] ?? '[]') as ReadingRun[];
const shared = coordinationFor(process.env, undefined);

void Promise.all(runs.map(async (run) => await readAll(run, shared))).then((counts) => {
	console.log(`right: ${counts.join(' ')}`);
});
