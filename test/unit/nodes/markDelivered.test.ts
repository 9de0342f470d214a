import { NodeOperationError } from 'n8n-workflow';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { ListIndex } from '../../../nodes/ListIndex/ListIndex.node';
import { MarkDelivered } from '../../../nodes/MarkDelivered/MarkDelivered.node';
import { DETAILED_HEADER } from '../recordings/readText';
import { DeduplicationModel, keepMarksIn } from './markStore';
import { MemoryStore } from './memoryStore';
import { credential, runNode } from './runNode';
import type { NodeResult, NodeRun } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

const model = new DeduplicationModel();
const DIRECTORY = 'S20160606';
const stamps = ['20160606150000', '20160606160000', '20160606170000'];
const recordings = stamps.map((stamp) => `${DIRECTORY}/R${stamp}0001.wav`);
const [first = '', second = '', third = ''] = recordings;

function line(stamp: string, file = `R${stamp}0001.wav`): string {
	const utc = `06/06/2016 ${stamp.slice(8, 10)}:00:00`;
	return `Inbound,,,Agent One,4155550100,8005550199,,1,30,${file},${DIRECTORY},,${utc},,Inbound,Sales,77,,,,Sale`;
}

async function list(
	options: INodeParameters = { onlyUndelivered: true },
	more: Partial<NodeRun> = {},
): Promise<NodeResult> {
	const parameters: INodeParameters = { readFrom: 'tenantDay', period: 'date', date: '2016-06-06', options };
	return await runNode(new ListIndex(), { parameters, credential, ...more });
}

async function mark(
	items: INodeExecutionData[],
	parameters: INodeParameters = {},
	more: Partial<NodeRun> = {},
): Promise<NodeResult> {
	return await runNode(new MarkDelivered(), {
		parameters: { operation: 'mark', recordingId: '={{ $json.recordingId }}', ...parameters },
		items,
		...more,
	});
}

function ids({ output }: NodeResult): unknown[] {
	return output.map((item) => item.json['recordingId']);
}

const hintsOf = ({ hints }: NodeResult): string => hints.map(({ message }) => message).join('\n');

beforeAll(async () => {
	await keepMarksIn(model);
});

beforeEach(() => {
	model.rows.clear();
	store = new MemoryStore();
	store.put('Index/I20160606.csv', [DETAILED_HEADER, ...stamps.map((stamp) => line(stamp)), ''].join('\r\n'));
});

describe('Mark Delivered', () => {
	it('keeps what it marked out of Only Undelivered, and nothing else, in this and every later run', async () => {
		const found = await list();
		expect(ids(found)).toEqual(recordings);
		const marked = await mark(found.output.slice(0, 2));
		expect(marked.output).toEqual(found.output.slice(0, 2).map((item, i) => ({ ...item, pairedItem: { item: i } })));
		const next = await list();
		expect(ids(next)).toEqual([third]);
		expect(next.hints).toMatchObject([{ message: '2 of 3 calls left out: delivered before.', type: 'info' }]);
		expect(ids(await list({}))).toEqual(recordings);
		await mark(next.output);
		expect(ids(await list())).toEqual([]);
	});

	it('lets a recording come again that it is told to forget', async () => {
		await mark(recordings.map((recordingId) => ({ json: { recordingId } })));
		await mark([{ json: { recordingId: second } }], { operation: 'forget' });
		expect(ids(await list())).toEqual([second]);
	});

	it('marks and forgets in one run, where an expression says which', async () => {
		await mark([{ json: { recordingId: first } }]);
		await mark([{ json: { recordingId: first } }, { json: { recordingId: second } }], {
			operation: `={{ $json.recordingId === '${first}' ? 'forget' : 'mark' }}`,
		});
		expect(ids(await list())).toEqual([first, third]);
	});

	it('takes paths, lists and the recordings of a transaction', async () => {
		const [transaction] = (await list({ onlyUndelivered: true, groupBy: 'transaction' })).output;
		expect(transaction?.json['recordingCount']).toBe(3);
		await mark([transaction ?? { json: {} }]);
		expect(ids(await list())).toEqual([]);
		await mark([{ json: {} }], {
			operation: 'forget',
			recordingId: `={{ ${JSON.stringify([`recordings/acme/${first}`, third])} }}`,
		});
		expect(ids(await list())).toEqual([first, third]);
	});

	it('gives of a transaction only what was not delivered', async () => {
		await mark([{ json: { recordingId: second } }]);
		const [transaction] = (await list({ onlyUndelivered: true, groupBy: 'transaction' })).output;
		expect(transaction?.json['recordingCount']).toBe(2);
	});

	it("marks nothing that an earlier node failed with by n8n's own error, passes it on and says so", async () => {
		const error = new NodeOperationError(
			{ id: '1', name: 'CRM', type: 'crm', typeVersion: 1, position: [0, 0], parameters: {} },
			'The CRM said no',
		);
		const failed: INodeExecutionData[] = [
			{ json: { recordingId: first }, error },
			{ json: { error: 'The CRM said no' } },
			{ json: { error: 'The CRM said no', message: 'Try later' } },
		];
		const result = await mark([...failed, { json: { recordingId: second, error: null } }], {
			recordingId: `={{ $json.recordingId ?? '${first}' }}`,
		});
		expect(result.output.map(({ json }) => json)).toEqual([
			...failed.map(({ json }) => json),
			{ recordingId: second, error: null },
		]);
		expect(hintsOf(result)).toContain('3 of 4 items carry the error of an earlier node and were not marked');
		expect(ids(await list())).toEqual([first, third]);
	});

	it('takes a field named error beside others for what it is: an answer, not a failure', async () => {
		const result = await mark([
			{ json: { recordingId: first, error: 'none' } },
			{ json: { recordingId: second, error: { code: 0 }, message: 'stored' } },
		]);
		expect(hintsOf(result)).toBe('');
		expect(ids(await list())).toEqual([third]);
	});

	it('knows what a node of this package right in front of it failed with, which keeps its fields', async () => {
		const failed: INodeExecutionData = { json: { recordingId: first, error: 'It is cut short' } };
		const delivered: INodeExecutionData = { json: { recordingId: second } };
		const result = await mark([failed, delivered], {}, { after: 'n8n-nodes-8x8-recordings.downloadRecording' });
		expect(hintsOf(result)).toContain('1 of 2 items');
		expect(ids(await list())).toEqual([first, third]);
		await mark([failed], {}, { after: 'n8n-nodes-base.httpRequest' });
		expect(ids(await list())).toEqual([third]);
	});

	it('marks the named recordings of a transaction that has a nameless one', async () => {
		await mark([{ json: { recordings: [{ recordingId: first }, { recordingId: null }, {}, { recordingId: third }] } }]);
		expect(ids(await list())).toEqual([second]);
	});

	it.each([
		['commas', `${first}, ${third}`],
		['semicolons', `${first};${third};`],
		['bars', `${first} | ${third}`],
		['blanks', ` ${first}  ${third} `],
		['lines', `${first}\n${third}\r\n`],
		['a list written out', JSON.stringify([first, third])],
	])('takes several ids in one text, with %s between', async (_, recordingId) => {
		await mark([{ json: { recordingId } }]);
		expect(ids(await list())).toEqual([second]);
	});

	it('marks nothing of a text of which one part is no id, and names that part', async () => {
		await expect(mark([{ json: { recordingId: `${first}, R201606061700000001.wav` } }])).rejects.toMatchObject({
			message: "'R201606061700000001.wav' is not a recording's id",
			description: expect.stringContaining('Part several by commas'),
		});
		expect(ids(await list())).toEqual(recordings);
	});

	it.each([
		`/${first}`,
		`./${first}`,
		`/export/acme corp/${first}`,
		`D:\\rec\\${first.replace('/', '\\')}`,
		`"${first}"`,
		first.replace('S', 's'),
		first.replace('/', '/agents/'),
	])('knows a recording by %s', async (recordingId) => {
		await mark([{ json: { recordingId } }]);
		expect(ids(await list())).toEqual([second, third]);
		await mark([{ json: { recordingId } }], { operation: 'forget' });
		expect(ids(await list())).toEqual(recordings);
	});

	it('keeps marks under a delivery name that an expression makes a number of', async () => {
		const named = (deliveryName: unknown): INodeParameters => ({ deliveryName }) as INodeParameters;
		await mark([{ json: { recordingId: first } }], { options: named('={{ 7 }}') });
		await mark([{ json: { recordingId: second } }], { options: named('={{ null }}') });
		expect(ids(await list({ onlyUndelivered: true, ...named('={{ 7 }}') }))).toEqual([second, third]);
		expect(ids(await list({ onlyUndelivered: true, ...named(' 7 ') }))).toEqual([second, third]);
		expect(ids(await list({ onlyUndelivered: true, ...named('={{ null }}') }))).toEqual([first, third]);
		await expect(mark([{ json: { recordingId: first } }], { options: named('={{ ({ a: 1 }) }}') })).rejects.toThrow(
			`'Delivery Name' is a name, not {"a":1}`,
		);
	});

	it('reads marks as they were written before', async () => {
		await model.checkProcessedAndRecord(
			[`["8x8","mark","",${JSON.stringify(second)}]`],
			'workflow',
			{ workflow: { id: 'workflow-1' } },
			{ mode: 'entries' },
		);
		expect(ids(await list())).toEqual([first, third]);
	});

	it.each([
		[{ json: {} }, "'Recording ID' is empty", '8x8 List Index'],
		[
			{ json: { recordingId: 'R201606061500000001.wav' } },
			"'R201606061500000001.wav' is not a recording's id",
			'directory and file name',
		],
		[
			{ json: { recordings: [{ recordingId: null }] } },
			'The recording of this transaction has no id',
			'Leave such items out',
		],
		[{ json: { recordingId: 'N/A' } }, "'N/A' is not a recording's id", 'directory and file name'],
		[{ json: { recordingId: { a: 1 } } }, `'{"a":1}' is not a recording's id`, 'directory and file name'],
	])('names the item without an id, and marks all the others: %j', async (bad, message, advice) => {
		const items = [{ json: { recordingId: first } }, bad, { json: { recordingId: third } }];
		await expect(mark(items)).rejects.toMatchObject({
			message: expect.stringContaining(message),
			description: expect.stringContaining(advice),
			context: { itemIndex: 1 },
		});
		expect(ids(await list())).toEqual([second]);
		const { output } = await mark(items, {}, { onError: 'continueRegularOutput' });
		expect(output.map(({ json }) => json['error'] !== undefined)).toEqual([false, true, false]);
	});

	it('keeps several deliveries of one workflow apart', async () => {
		await mark([{ json: { recordingId: first } }], { options: { deliveryName: 'CRM' } });
		expect(ids(await list({ onlyUndelivered: true, deliveryName: 'CRM' }))).toEqual([second, third]);
		expect(ids(await list({ onlyUndelivered: true, deliveryName: 'Archive' }))).toEqual(recordings);
	});

	it('refuses to mix up two tenants', async () => {
		await mark((await list()).output);
		await expect(
			list({ onlyUndelivered: true }, { credential: { ...credential, username: 'umbrella' } }),
		).rejects.toThrow("deliveries of another tenant than 'umbrella'");
	});

	it('always gives a call that names no recording', async () => {
		store.put(
			'Index/I20160606.csv',
			[DETAILED_HEADER, line(stamps[0] ?? ''), line(stamps[1] ?? '', ''), ''].join('\r\n'),
		);
		await mark([{ json: { recordingId: first } }]);
		const result = await list();
		expect(ids(result)).toEqual([null]);
		expect(hintsOf(result)).toContain('1 call names no recording');
	});

	it('counts the limit after what was delivered is left out', async () => {
		await mark([{ json: { recordingId: first } }]);
		expect(ids(await list({ onlyUndelivered: true, limit: 1 }))).toEqual([second]);
	});

	it("says what to do when n8n's store cannot be used", async () => {
		const broken = vi.spyOn(model, 'checkProcessedAndRecord').mockRejectedValue(new Error('incompatible setting.'));
		for (const attempt of [mark([{ json: { recordingId: first } }]), list()]) {
			await expect(attempt).rejects.toMatchObject({
				message: "n8n's memory of what this workflow has delivered cannot be used: incompatible setting",
				description: expect.stringContaining('Remove Duplicates'),
			});
		}
		broken.mockRestore();
	});

	it('passes no item on as marked when it is not, also with Continue', async () => {
		const items = [{ json: { recordingId: first } }, { json: {} }, { json: { recordingId: second } }];
		const broken = vi.spyOn(model, 'checkProcessedAndRecord').mockRejectedValue(new Error('gone'));
		// What concerns all of them comes before what is wrong with one.
		await expect(mark(items)).rejects.toThrow("n8n's memory of what this workflow has delivered cannot be used: gone");
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			const { output } = await mark(items, {}, { onError });
			expect(output.map(({ json, pairedItem }) => [String(json['error']).split(':')[0], pairedItem])).toEqual([
				["n8n's memory of what this workflow has delivered cannot be used", { item: 0 }],
				[
					"'Recording ID' is empty. Fill it with the recordingId of 8x8 List Index. When a node in between replaces the item's fields, as HTTP Request does, take {{ $('8x8 List Index').item.json.recordingId }}.",
					{ item: 1 },
				],
				["n8n's memory of what this workflow has delivered cannot be used", { item: 2 }],
			]);
		}
		broken.mockRestore();
	});

	it('refuses an operation that there is not', async () => {
		await expect(mark([{ json: { recordingId: first } }], { operation: 'delete' })).rejects.toMatchObject({
			message: "'delete' is no value of 'Operation'",
			description: "Set 'Operation' to one of mark, forget.",
		});
	});
});
