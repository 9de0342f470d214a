import { Coordination } from '../../coordination/coordination';
import { RedisLink } from '../../coordination/redisLink';
import { redisSettings } from '../../coordination/redisSettings';
import { Accounts } from '../../transport/accounts';
import { QUICK_TIMES } from './leaseHolding';
import { readAll, type ReadingRun } from './sharedReader';

const LONGER_THAN_THE_TEST = 600_000;

/** A worker of the queue mode whose connections rest after the run that is its argument, as JSON. */
async function main(): Promise<void> {
	const run = JSON.parse(process.argv[2] ?? '{}') as ReadingRun;
	const shared = new Coordination(new RedisLink(redisSettings(process.env)), { ledger: QUICK_TIMES });
	const right = await readAll(run, shared, new Accounts(LONGER_THAN_THE_TEST));
	console.log(`at rest: ${right}`);
	// In n8n it is its own server that keeps a worker running.
	setInterval(() => undefined, 1_000);
}

void main();
