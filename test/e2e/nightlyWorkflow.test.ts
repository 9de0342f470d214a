import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_NODES } from '../../demo/exampleWorkflow';
import { itemsOf } from '../../testbed/n8nHost/executionResult';
import { runExample } from '../../demo/runExample';
import { startDemo, type DemoConnection, type RunningDemo } from '../../demo/startDemo';
import type { TenantCall } from '../../testbed/tenant/tenantCall';
import type { DemoProtocol } from '../../testbed/tenant/tenantCredential';

const PROTOCOLS: readonly DemoProtocol[] = ['ftpsImplicit', 'ftpsExplicit', 'sftp'];

/** The index row's fields of a call, as List Index has to give them. */
function indexRow(call: TenantCall): Record<string, unknown> {
	const { codec, channels, bytes, sha256, ...row } = call;
	expect([codec, channels, bytes, sha256]).not.toContain(undefined);
	return row;
}

describe('the nightly workflow in a real n8n', () => {
	let directory = '';
	let demo: RunningDemo;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
		demo = await startDemo({ directory, days: 3, protocols: PROTOCOLS });
	});

	afterAll(async () => {
		await demo?.stop();
		await rm(directory, { recursive: true, force: true });
	});

	const connection = (protocol: DemoProtocol): DemoConnection => {
		const found = demo.connections.find((candidate) => candidate.protocol === protocol);
		if (found === undefined) throw new Error(`The demo has no ${protocol} connection`);
		return found;
	};

	it('loads the nodes from the package that n8n installed', async () => {
		const types = await demo.n8n.client.nodeTypes();
		const ours = types.filter((type) => type.startsWith('n8n-nodes-8x8-recordings.'));
		for (const name of ['resolveTenantDay', 'listIndex', 'downloadRecording']) {
			expect(ours).toContain(`n8n-nodes-8x8-recordings.${name}`);
		}
	});

	it.each(PROTOCOLS)('delivers every kept recording of the last days byte for byte over %s', async (protocol) => {
		const run = await runExample(demo, connection(protocol));
		expect(run.problems).toEqual([]);
		expect(run.toKeep).toBeGreaterThan(0);
		expect(run.listed).toBeGreaterThan(run.kept);
		expect(run.equal).toBe(run.toKeep);

		const kept = itemsOf(run.execution, EXAMPLE_NODES.list);
		const downloads = itemsOf(run.execution, EXAMPLE_NODES.download);
		const byRecordingId = new Map(demo.tenant.calls.map((call) => [call.recordingId, call]));
		for (const [index, item] of downloads.entries()) {
			const call = byRecordingId.get(String(item.json['recordingId']));
			if (call === undefined) throw new Error(`The tenant has no ${String(item.json['recordingId'])}`);
			expect(kept[index]?.json).toMatchObject(indexRow(call));
			expect(item.json).toMatchObject(indexRow(call));
			expect(item.json['download']).toMatchObject({
				path: call.path,
				fileName: call.fileName,
				bytes: call.bytes,
				sha256: call.sha256,
				wav: { codec: call.codec, channels: call.channels, sampleRate: 8_000, durationSeconds: call.durationSeconds },
			});
			expect(item.pairedItem).toBe(index);
			expect(item.binary['data']).toMatchObject({ fileName: call.fileName, mimeType: 'audio/wav' });
		}

		const audioByRecordingId = new Map(demo.crm.calls().map((call) => [call.recordingId, call.id]));
		for (const item of downloads) {
			const recordingId = String(item.json['recordingId']);
			const served = await fetch(`${demo.crm.url}/recordings/${audioByRecordingId.get(recordingId)}.wav`);
			const original = await readFile(join(demo.tenant.root, recordingId));
			expect(Buffer.from(await served.arrayBuffer()).equals(original)).toBe(true);
		}
	});

	it('tells the CRM what the index knows about each call', () => {
		for (const delivered of demo.crm.calls()) {
			const call = demo.tenant.calls.find((candidate) => candidate.recordingId === delivered.recordingId);
			expect(delivered).toMatchObject({
				contactPhone: call?.customerPhone,
				callType: call?.callTypeLabel,
				agentName: call?.agentName,
				queueName: call?.queueName ?? '',
				wrapUpCode: call?.wrapUpCode ?? '',
				startTime: call?.startTime,
				durationSeconds: call?.durationSeconds,
				accountNumber: call?.accountNumber ?? '',
				transactionId: call?.transactionId,
				deliveries: PROTOCOLS.length,
			});
		}
	});

	it('delivers the other recordings when one is gone, and ends as failed with its name', async () => {
		const sftp = connection('sftp');
		const [gone, ...others] = itemsOf((await runExample(demo, sftp)).execution, EXAMPLE_NODES.list).map((item) =>
			String(item.json['recordingId']),
		);
		if (gone === undefined) throw new Error('The filter keeps nothing');
		const file = join(demo.tenant.root, gone);
		await rename(file, `${file}.aside`);
		try {
			const before = demo.crm.deliveries().length;
			const run = await runExample(demo, sftp);
			expect(run.execution.status).toBe('error');
			expect(run.execution.error?.message).toContain('At least 1 calls did not get into the CRM');
			expect(run.execution.error?.message).toContain(gone);
			const delivered = demo.crm.deliveries().slice(before);
			expect(delivered.map((delivery) => delivery.recordingId).sort()).toEqual(others.sort());
			expect(run.problems).toContain(`Not delivered as the tenant holds them: ${gone}`);
		} finally {
			await rename(`${file}.aside`, file);
		}
	});

	it('delivers in a second run only what the first could not, and nothing in a third', async () => {
		const sftp = connection('sftp');
		const name = 'three nights';
		const [gone] = itemsOf((await runExample(demo, sftp)).execution, EXAMPLE_NODES.list).map((item) =>
			String(item.json['recordingId']),
		);
		if (gone === undefined) throw new Error('The filter keeps nothing');
		const file = join(demo.tenant.root, gone);
		const delivered = async (): Promise<readonly string[]> => {
			const before = demo.crm.deliveries().length;
			await runExample(demo, sftp, name);
			return demo.crm
				.deliveries()
				.slice(before)
				.map(({ recordingId }) => recordingId);
		};
		await rename(file, `${file}.aside`);
		try {
			const first = await delivered();
			expect(first.length).toBeGreaterThan(1);
			expect(first).not.toContain(gone);
		} finally {
			await rename(`${file}.aside`, file);
		}
		expect(await delivered()).toEqual([gone]);
		expect(await delivered()).toEqual([]);
	});
});
