import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemsOf } from '../../testbed/n8nHost/executionResult';
import { startN8n, type RunningN8n } from '../../testbed/n8nHost/startN8n';
import { startDemo, type RunningDemo } from '../../demo/startDemo';
import type { DemoProtocol } from '../../testbed/tenant/tenantCredential';
import { START, testWorkflow } from './testWorkflow';

const PROTOCOLS: readonly DemoProtocol[] = ['ftpsImplicit', 'sftp'];
/** Sparse: it takes no room here, and far longer to send than the test waits. */
const BIG_FILE_BYTES = 64 * 1024 ** 3;

async function filesBelow(directory: string): Promise<string[]> {
	const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
	return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('n8n killed in the middle of a download', () => {
	let directory = '';
	let demo: RunningDemo;
	let restarted: RunningN8n | undefined;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
		demo = await startDemo({ directory, days: 2, protocols: PROTOCOLS });
	});

	afterAll(async () => {
		await restarted?.stop();
		await demo?.stop();
		await rm(directory, { recursive: true, force: true });
	});

	it.each(PROTOCOLS)(
		'attaches no half file to any item, and the next run delivers all of them, over %s',
		async (protocol) => {
			const n8n = restarted ?? demo.n8n;
			const { credential } = demo.connections.find((candidate) => candidate.protocol === protocol) ?? {};
			if (credential === undefined) throw new Error(`The demo has no ${protocol} connection`);
			const calls = demo.tenant.calls.slice(0, 5);
			const bigPath = 'S20200101/R202001010000000001.wav';
			const big = join(demo.tenant.root, bigPath);
			await mkdir(dirname(big), { recursive: true });
			await writeFile(big, '');
			await truncate(big, BIG_FILE_BYTES);

			const items = [
				...calls.slice(0, 2).map(({ directory: folder, fileName }) => ({ directory: folder, fileName })),
				{ directory: 'S20200101', fileName: 'R202001010000000001.wav' },
				...calls.slice(2).map(({ directory: folder, fileName }) => ({ directory: folder, fileName })),
			];
			const workflow = testWorkflow(
				`killed${protocol}`,
				{
					type: 'downloadRecording',
					name: 'Download',
					credential,
					parameters: {
						download: 'recording',
						directory: '={{ $json.directory }}',
						fileName: '={{ $json.fileName }}',
						options: { maximumFileSize: BIG_FILE_BYTES / 1024 ** 2 + 1, verifyWav: false },
					},
				},
				items,
			);
			await n8n.client.putWorkflow(workflow);
			const executionId = await n8n.client.startWorkflow(workflow.id, START);
			const storage = join(demo.userFolder, '.n8n', 'storage', 'workflows', workflow.id);
			const writing = async (): Promise<boolean> => {
				const sizes = await Promise.all(
					(await filesBelow(storage)).map(async (file) => (await stat(file).catch(() => undefined))?.size ?? 0),
				);
				return sizes.some((size) => size > 5_000_000);
			};
			const deadline = Date.now() + 30_000;
			while (!(await writing())) {
				if (Date.now() > deadline) throw new Error('The transfer did not start');
				await pause(50);
			}

			await n8n.kill();
			restarted = await startN8n({
				userFolder: demo.userFolder,
				logFile: join(directory, 'logs', `restarted-${protocol}.log`),
			});
			await restarted.client.logIn(demo.owner);
			const killed = await restarted.client.waitForExecution(executionId, 20_000);
			expect(killed.status).not.toBe('success');
			expect(itemsOf(killed, 'Download').filter((item) => Object.keys(item.binary).length > 0)).toEqual([]);
			// Without its metadata nothing can refer to what was written of the big file.
			const described = (await filesBelow(storage)).filter((file) => file.endsWith('.metadata'));
			for (const metadata of described) expect(await readFile(metadata, 'utf8')).not.toContain('R202001010000000001');

			// The call has ended in the meantime: its recording is an ordinary one.
			const first = calls[0];
			if (first === undefined) throw new Error('The tenant has no calls');
			await writeFile(big, await readFile(join(demo.tenant.root, first.path)));
			const again = await restarted.client.runWorkflow(workflow.id, START);
			expect(again.status).toBe('success');
			const expected = [calls[0], calls[1], first, ...calls.slice(2)].map((call) => call?.sha256);
			const downloaded = itemsOf(again, 'Download');
			expect(downloaded.map((item) => Reflect.get(Object(item.json['download']), 'sha256'))).toEqual(expected);
			for (const sha256 of expected) {
				const stored = await Promise.all(
					(await filesBelow(storage)).map(async (file) =>
						(await stat(file)).size < 10_000_000
							? createHash('sha256')
									.update(await readFile(file))
									.digest('hex')
							: '',
					),
				);
				expect(stored).toContain(sha256);
			}
			await rm(dirname(big), { recursive: true });
			await rm(storage, { recursive: true });
		},
	);
});
