import { Accounts } from '../../transport/accounts';

/** What n8n gets from whoever stops it; it ends by itself then, a while later. */
const SHUTDOWN = ['SIGTERM', 'SIGINT'] as const;

let own: Accounts | undefined;

/**
 * What this process keeps of its accounts between node runs. When n8n shuts down, what rests is closed, and nothing rests any
 * more. Only where n8n listens itself: a signal that nobody listens to ends a process, and has to go on doing so.
 */
export function processAccounts(): Accounts {
	if (own !== undefined) return own;
	const accounts = new Accounts();
	for (const signal of SHUTDOWN) {
		if (process.listenerCount(signal) > 0) process.once(signal, () => void accounts.retire());
	}
	own = accounts;
	return accounts;
}
