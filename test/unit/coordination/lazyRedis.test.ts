import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const ROOT = new URL('../../..', import.meta.url);

/** Loads what the nodes load, takes and gives back a lease, and tells whether Redis's client was loaded for it. */
const PROGRAM = `
const { accountConnections } = require('./nodes/connection/accountConnections');
const settings = { protocol: 'sftp', host: '127.0.0.1', port: 22, username: 'tenant', maxConnections: 2 };
const share = accountConnections(settings, 100);
share.first(new AbortController().signal).then((lease) => lease.release(), () => undefined).then(() => {
	console.log(Object.keys(require.cache).some((path) => path.includes('/ioredis/')));
});
`;

const loadsRedis = (mode: string): string =>
	execFileSync(process.execPath, ['--import', 'tsx', '-e', PROGRAM], {
		cwd: ROOT,
		// Nothing listens on port 1.
		env: { ...process.env, EXECUTIONS_MODE: mode, QUEUE_BULL_REDIS_HOST: '127.0.0.1', QUEUE_BULL_REDIS_PORT: '1' },
		encoding: 'utf8',
		timeout: 10_000,
	}).trim();

test("Redis's client is loaded in queue mode, and never without it", () => {
	expect(['regular', 'queue'].map(loadsRedis)).toEqual(['false', 'true']);
});
