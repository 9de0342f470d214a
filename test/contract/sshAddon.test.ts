import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { realServer } from '../../testbed/servers/process';
import { addonObstacle, builtSshAddon } from '../../testbed/sshAddon/sshAddon';

const ROOT = join(__dirname, '..', '..');
const SUITES = ['sftp', 'sftpReading', 'sftpBytes'].map((name) => `test/contract/${name}.test.ts`);

const builder = realServer("ssh2's native ciphers", addonObstacle());

describe.skipIf(builder.skip)(builder.reason ?? 'ssh2 with its native ciphers', () => {
	it('passes the contract of the SFTP store, byte for byte', { timeout: 900_000 }, async () => {
		const addon = await builtSshAddon();
		const scratch = mkdtempSync(join(tmpdir(), '8x8-addon-'));
		const report = join(scratch, 'report.json');
		const options = `--require ${join(ROOT, 'testbed', 'sshAddon', 'useAddon.cjs')}`;
		const run = spawnSync(
			process.execPath,
			[
				join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
				'run',
				'--project',
				'contract',
				'--reporter=json',
				`--outputFile=${report}`,
				...SUITES,
			],
			{ cwd: ROOT, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: options, SSH_ADDON: addon } },
		);
		const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
		rmSync(scratch, { recursive: true, force: true });
		const failed = testResults.flatMap(({ assertionResults }) =>
			assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
		);
		expect(failed).toEqual([]);
		expect([run.status, numFailedTests]).toEqual([0, 0]);
		expect(numPassedTests).toBeGreaterThan(100);
	});
});

interface Report {
	readonly numPassedTests: number;
	readonly numFailedTests: number;
	readonly testResults: ReadonlyArray<{
		readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>;
	}>;
}
