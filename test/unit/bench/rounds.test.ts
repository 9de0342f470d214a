import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { linkOf } from '../../../bench/benchSet';
import type { Endpoint, Way } from '../../../bench/measuredServers';
import { runRounds, type RoundsResult } from '../../../bench/rounds';

const ENDPOINT: Endpoint = {
	...{ protocol: 'sftp', host: '127.0.0.1', port: 22, username: 'tenant', password: '' },
	...{ caCertificate: '', caFile: '', privateKey: '', keyFile: '', hostKey: '' },
};

let root = '';

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), '8x8-bench-rounds-'));
});

afterEach(async () => {
	await rm(root, { recursive: true, force: true });
});

/** Two rounds of a shell script that says when it is loaded; `second` stands before the second one. */
async function shellRounds(second: string): Promise<RoundsResult | undefined> {
	let logIns = 0;
	const way: Way = { endpoint: () => ENDPOINT, logIns: () => (logIns += 1), close: async () => undefined };
	const [result] = await runRounds({
		...{ root, scratch: root, link: linkOf(0), protocol: 'sftp', limit: 10, say: () => undefined },
		servers: { open: async () => way },
		plan: { rounds: 2, files: 2 },
		contestants: [
			{
				name: 'cp',
				kind: 'peer best',
				missing: () => undefined,
				program: (_endpoint, directories, destination) => {
					const copies = directories.map(
						(directory) => `cp ${join(root, directory)}/* ${join(destination, directory)}; sleep 0.1; echo fetched`,
					);
					const script = ['sleep 0.6; echo loaded', copies[0], second, copies[1]].join('\n');
					return { command: '/bin/sh', args: ['-c', script], environment: {}, saysWhenLoaded: true };
				},
			},
		],
	});
	return result;
}

describe('rounds', () => {
	it('are timed one by one, from the moment on that their program is loaded', async () => {
		const begun = performance.now();
		const result = await shellRounds('');
		const seconds = (performance.now() - begun) / 1_000;
		expect(result?.failure).toBeUndefined();
		expect(result?.seconds).toHaveLength(2);
		expect(result?.logIns).toHaveLength(2);
		// The 0.6 s in which it loads are nobody's.
		const [first = 0, second = 0] = result?.seconds ?? [];
		expect(Math.min(first, second)).toBeGreaterThan(0);
		expect(seconds - first - second).toBeGreaterThan(0.6);
	});

	it('count as failed unless every file of every round came whole', async () => {
		const broken = await shellRounds(`for file in ${root}/rounds-*/*-0/*; do echo more >> $file; break; done`);
		expect(broken?.failure).toMatch(/^2 files of 2 came, 1 of them missing or not whole/u);
	});

	it('that came to their end count when the program failed after them', async () => {
		const result = await shellRounds('echo refused >&2; exit 3');
		expect(result?.failure).toBe('ended with 3 after 1 rounds: refused');
		expect(result?.seconds).toHaveLength(1);
	});
});
