import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, truncate, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { itemsOf, type ExecutionResult } from '../../testbed/n8nHost/executionResult';
import { freePort } from '../../testbed/n8nHost/freePort';
import type { CredentialTestResult } from '../../testbed/n8nHost/n8nClient';
import { startDemo, type DemoConnection, type RunningDemo } from '../../demo/startDemo';
import { CREDENTIAL_TYPE, type DemoProtocol } from '../../testbed/tenant/tenantCredential';
import { startCountingProxy } from '../../testbed/servers/countingProxy';
import { filesHolding } from './secretSearch';
import { START, testWorkflow, type TestedNode } from './testWorkflow';

type CredentialData = Readonly<Record<string, unknown>>;

const PROTOCOLS: readonly DemoProtocol[] = ['ftpsImplicit', 'sftp'];
const LIST: TestedNode = {
	type: 'listIndex',
	name: 'List',
	parameters: { readFrom: 'tenantDay', period: 'yesterday' },
};
const BIG_FILE_BYTES = 64 * 1024 ** 3;

interface StoredFiles {
	readonly files: readonly string[];
	readonly bytes: number;
}

/** The files below a directory and their bytes; none when there is no such directory. */
async function sizeOf(directory: string): Promise<StoredFiles> {
	const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
	const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	let bytes = 0;
	for (const file of files) bytes += (await stat(file)).size;
	return { files, bytes };
}

async function waitUntil(condition: () => Promise<boolean>, otherwise: string): Promise<void> {
	const deadline = Date.now() + 20_000;
	while (!(await condition())) {
		if (Date.now() > deadline) throw new Error(otherwise);
		await pause(50);
	}
}

describe('bad input in a real n8n', () => {
	const canary = `canary-${randomBytes(8).toString('hex')}`;
	let directory = '';
	let demo: RunningDemo;
	let closedPort = 0;
	let ran = 0;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
		demo = await startDemo({ directory, days: 2, protocols: PROTOCOLS, n8nEnv: { N8N_LOG_LEVEL: 'debug' } });
		closedPort = await freePort();
	});

	afterAll(async () => {
		await demo?.stop();
		await rm(directory, { recursive: true, force: true });
	});

	afterEach(async () => {
		expect(demo.n8n.isAlive()).toBe(true);
		expect(await filesHolding([canary, demo.password], demo.userFolder)).toEqual([]);
		expect(await filesHolding([canary, demo.password], join(directory, 'logs'))).toEqual([]);
	});

	function connection(protocol: DemoProtocol): DemoConnection {
		const found = demo.connections.find((candidate) => candidate.protocol === protocol);
		if (found === undefined) throw new Error(`The demo has no ${protocol} connection`);
		return found;
	}

	/** Runs a node with the connection's credential, some of its fields changed. */
	async function run(
		protocol: DemoProtocol,
		changes: CredentialData,
		node: TestedNode = LIST,
		items?: readonly CredentialData[],
	): Promise<ExecutionResult> {
		const name = `Case ${++ran}`;
		const data = { ...connection(protocol).data, ...changes };
		const credential = await demo.n8n.client.putCredential(name, CREDENTIAL_TYPE, data);
		const workflow = testWorkflow(`badInput${String(ran).padStart(8, '0')}`, { ...node, credential }, items);
		await demo.n8n.client.putWorkflow(workflow);
		return await demo.n8n.client.runWorkflow(workflow.id, START);
	}

	async function test(protocol: DemoProtocol, changes: CredentialData): Promise<CredentialTestResult> {
		const { credential, data } = connection(protocol);
		return await demo.n8n.client.testCredential(credential, { ...data, ...changes });
	}

	/** What a person reads; fails when the execution did not fail as an n8n node should. */
	function message(result: ExecutionResult): string {
		expect(result.status).toBe('error');
		expect(['NodeApiError', 'NodeOperationError']).toContain(result.error?.name);
		expect(result.error?.description ?? '').not.toBe('');
		expect(result.stored).not.toContain(canary);
		expect(result.stored).not.toContain(demo.password);
		return `${result.error?.message} ${result.error?.description}`;
	}

	describe.each(PROTOCOLS)('over %s', (protocol) => {
		it('a wrong password: says which setting to look at', async () => {
			expect(message(await run(protocol, { password: canary }))).toMatch(/password/i);
			const tested = await test(protocol, { password: canary });
			expect(tested.status).toBe('Error');
			expect(tested.message).toMatch(/password/i);
			expect(tested.message).not.toContain(canary);
		});

		it('an unreachable host: says where it tried to connect', async () => {
			const where = `127.0.0.1:${closedPort}`;
			expect(message(await run(protocol, { port: closedPort, password: canary }))).toContain(where);
			const tested = await test(protocol, { port: closedPort, password: canary });
			expect(tested).toMatchObject({ status: 'Error', message: expect.stringContaining(where) });
		});

		it('a tenant directory that is not there: names it', async () => {
			expect(message(await run(protocol, { tenantDirectory: 'nowhere' }))).toContain('nowhere');
			const tested = await test(protocol, { tenantDirectory: 'nowhere' });
			expect(tested).toMatchObject({ status: 'Error', message: expect.stringContaining('nowhere') });
		});

		it('a path that leaves the tenant directory: is refused by name', async () => {
			const file: TestedNode = {
				type: 'downloadRecording',
				name: 'Download',
				parameters: { download: 'file', path: '../../etc/passwd' },
			};
			expect(message(await run(protocol, {}, file))).toContain('../../etc/passwd');
			const directoryListing: TestedNode = {
				type: 'downloadRecording',
				name: 'Download',
				parameters: { download: 'directory', directory: 'S20260101/../..' },
			};
			expect(message(await run(protocol, {}, directoryListing))).toContain('S20260101/../..');
		});

		it('the credential test says what it found', async () => {
			const newest = demo.tenant.days.at(-1)?.replaceAll('-', '');
			expect(await test(protocol, {})).toEqual({
				status: 'OK',
				message: `Connected: index of ${demo.tenant.days.length} days, newest I${newest}.csv`,
			});
		});

		it('the error output takes the failed items one by one and the others go on', async () => {
			const [first, second] = demo.tenant.calls;
			const download: TestedNode = {
				type: 'downloadRecording',
				name: 'Download',
				parameters: { download: 'recording', directory: '={{ $json.directory }}', fileName: '={{ $json.fileName }}' },
				onError: 'continueErrorOutput',
			};
			const result = await run(protocol, {}, download, [
				{ directory: first?.directory, fileName: first?.fileName, note: 'good' },
				{ directory: first?.directory, fileName: 'R202001010000000001.wav', note: 'missing' },
				{ directory: '../..', fileName: 'passwd', note: 'illegal' },
				{ directory: second?.directory, fileName: second?.fileName, note: 'good too' },
			]);
			expect(result.status).toBe('success');
			const downloaded = itemsOf(result, 'Download', 0);
			expect(downloaded.map((item) => [item.json['note'], item.pairedItem])).toEqual([
				['good', 0],
				['good too', 3],
			]);
			expect(downloaded.map((item) => Reflect.get(Object(item.json['download']), 'sha256'))).toEqual([
				first?.sha256,
				second?.sha256,
			]);
			const failed = itemsOf(result, 'Download', 1);
			expect(failed.map((item) => [item.json['note'], item.pairedItem])).toEqual([
				['missing', 1],
				['illegal', 2],
			]);
			for (const item of failed) expect(String(item.json['error'])).not.toBe('');
		});

		it('stopping the execution stops the transfer, and nothing of the file is passed on', async () => {
			const path = 'S20200101/R202001010000000001.wav';
			const big = join(demo.tenant.root, path);
			await mkdir(dirname(big), { recursive: true });
			await writeFile(big, '');
			// Sparse: it takes no room here, and far longer to send than the test waits.
			await truncate(big, BIG_FILE_BYTES);
			const { data } = connection(protocol);
			const proxy = await startCountingProxy(Number(data['port']));
			try {
				const name = `Big file over ${protocol}`;
				const credential = await demo.n8n.client.putCredential(name, CREDENTIAL_TYPE, { ...data, port: proxy.port });
				const workflow = testWorkflow(`bigFile${protocol}`, {
					type: 'downloadRecording',
					name: 'Download',
					credential,
					parameters: {
						download: 'file',
						path,
						options: { maximumFileSize: BIG_FILE_BYTES / 1024 ** 2 + 1, verifyWav: false },
					},
				});
				await demo.n8n.client.putWorkflow(workflow);
				const executionId = await demo.n8n.client.startWorkflow(workflow.id, START);
				const stored = join(demo.userFolder, '.n8n', 'storage', 'workflows', workflow.id);
				await waitUntil(async () => (await sizeOf(stored)).bytes > 1_000_000, 'The transfer did not start');
				expect(proxy.openConnections()).toBeGreaterThan(0);
				await demo.n8n.client.stopExecution(executionId);
				const result = await demo.n8n.client.waitForExecution(executionId, 10_000);
				expect(result.status).toBe('canceled');
				await waitUntil(() => Promise.resolve(proxy.openConnections() === 0), 'A connection is left open');
				// n8n 2.8 leaves what it had written until it prunes the execution; without metadata nothing can refer to it.
				const afterwards = await sizeOf(stored);
				expect(afterwards.files.filter((file) => file.endsWith('.metadata'))).toEqual([]);
				await pause(500);
				expect(await sizeOf(stored)).toEqual(afterwards);
				await rm(stored, { recursive: true });
			} finally {
				await proxy.close();
				await rm(dirname(big), { recursive: true });
			}
		});
	});

	it('an unknown host key: shows the fingerprint, ready to paste', async () => {
		const fingerprint = String(connection('sftp').data['hostKeyFingerprints']);
		expect(message(await run('sftp', { hostKeyFingerprints: '', password: canary }))).toContain(fingerprint);
		const tested = await test('sftp', { hostKeyFingerprints: '', password: canary });
		expect(tested).toMatchObject({ status: 'Error', message: expect.stringContaining(fingerprint) });
	});

	it('a changed host key: is refused, also with another fingerprint pinned', async () => {
		const other = `SHA256:${randomBytes(32).toString('base64').replace(/=+$/, '')}`;
		expect(message(await run('sftp', { hostKeyFingerprints: other, password: canary }))).toMatch(/host key/i);
		const tested = await test('sftp', { hostKeyFingerprints: other, password: canary });
		expect(tested).toMatchObject({ status: 'Error', message: expect.stringMatching(/host key/i) });
	});

	it('an untrusted certificate: points to the CA certificate', async () => {
		expect(message(await run('ftpsImplicit', { caCertificate: '', password: canary }))).toMatch(/certificate/i);
		const tested = await test('ftpsImplicit', { caCertificate: '', password: canary });
		expect(tested).toMatchObject({ status: 'Error', message: expect.stringMatching(/certificate/i) });
	});
});
