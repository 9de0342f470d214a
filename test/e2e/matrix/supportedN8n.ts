import { join } from 'node:path';
import { DEMO_RELEASE, type N8nRelease } from '../../../testbed/n8nHost/n8nRelease';
import { PROJECT_ROOT } from '../../../testbed/n8nHost/projectPaths';

/** Where n8n keeps binary data (N8N_DEFAULT_BINARY_DATA_MODE). It calls keeping it in memory `default`. */
export type BinaryMode = 'filesystem' | 'database' | 'default';

/** An n8n that the package is promised to work in, and what it has to be told to run here. */
export interface SupportedN8n {
	readonly release: N8nRelease;
	/** The modes that this n8n has. */
	readonly modes: readonly BinaryMode[];
	readonly env: Readonly<Record<string, string>>;
	/** It keeps a trigger's memory by the node's id, not by its name, and gives up on a poll that takes too long. */
	readonly isDurable?: boolean;
}

const folder = (name: string): string => join(PROJECT_ROOT, 'test', 'e2e', 'n8n', name);

/** The last n8n 1, which still gets corrections. */
export const OLDEST: SupportedN8n = {
	release: { version: '1.123.81', directory: folder('1.123'), cost: 'about 3 minutes and 1.8 GB' },
	modes: ['filesystem', 'database', 'default'],
	env: {
		// The other engine needs a module compiled for the machine.
		N8N_EXPRESSION_ENGINE: 'legacy',
		// n8n 1 readies only the modes named here, and without the chosen one keeps everything in memory.
		N8N_AVAILABLE_BINARY_DATA_MODES: 'filesystem,database',
	},
};

/** The newest n8n that runs on Node.js 20. */
export const NODE_20: SupportedN8n = {
	release: DEMO_RELEASE,
	modes: ['filesystem', 'database', 'default'],
	env: {},
};

/** The newest n8n when its lock file was written. It needs Node.js 24, which its folder brings. */
export const NEWEST: SupportedN8n = {
	release: { version: '2.41.1', directory: folder('2.41'), cost: 'about 4 minutes and 3 GB' },
	modes: ['filesystem', 'database', 'default'],
	// Its list of MCP servers comes from n8n's makers, and the other n8n know no such list.
	env: { N8N_DISABLED_MODULES: 'mcp-registry' },
};

/** Its durable scheduler, off here and on from n8n 2.45, with the shortest pauses that it has. */
export const NEWEST_DURABLE: SupportedN8n = {
	...NEWEST,
	isDurable: true,
	env: {
		...NEWEST.env,
		N8N_SCHEDULER_ENABLED: 'true',
		N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
		N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
		N8N_USE_WORKFLOW_PUBLICATION_SERVICE: 'true',
		N8N_SCHEDULER_MATERIALIZATION_INTERVAL: '1',
		N8N_SCHEDULER_EXECUTOR_INTERVAL: '1',
		N8N_SCHEDULER_POLL_TIMEOUT: '20',
	},
};

export const SUPPORTED: readonly SupportedN8n[] = [OLDEST, NODE_20, NEWEST];
