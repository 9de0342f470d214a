import type { IDataObject, INodeExecutionData, INodeParameters, INodeType } from 'n8n-workflow';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { ListIndex } from '../../../nodes/ListIndex/ListIndex.node';
import { MarkDelivered } from '../../../nodes/MarkDelivered/MarkDelivered.node';
import { ReconcileDay } from '../../../nodes/ReconcileDay/ReconcileDay.node';
import { RecordingTrigger } from '../../../nodes/RecordingTrigger/RecordingTrigger.node';
import { DETAILED_HEADER } from '../recordings/readText';
import { GrowingTenant } from './growingTenant';
import { DeduplicationModel, keepMarksIn } from './markStore';
import { PollingHost } from './runPoll';
import { credential, runNode } from './runNode';
import type { NodeResult, NodeRun } from './runNode';
import { serveFrom } from './servedStore';

let tenant = new GrowingTenant();
serveFrom(() => tenant);

const BASIC_HEADER = 'CALL TYPE,AGENT NAME,FILENAME,DIRECTORY';

function idOf(stamp: string): string {
	return `S${stamp.slice(0, 8)}/R${stamp}0001.wav`;
}

/** One line of a detailed index: a call that began at this UTC second, or at another than its recording. */
function line(stamp: string, code = 'Sale', start = stamp): string {
	const utc = `${start.slice(4, 6)}/${start.slice(6, 8)}/${start.slice(0, 4)} ${start.slice(8, 10)}:${start.slice(10, 12)}:${start.slice(12, 14)}`;
	return `Inbound,,,Agent One,4155550100,8005550199,,1,30,R${stamp}0001.wav,S${stamp.slice(0, 8)},,${utc},,Inbound,Sales,1,,,,${code}`;
}

function index(...lines: string[]): string {
	return [DETAILED_HEADER, ...lines, ''].join('\r\n');
}

function basicIndex(...stamps: string[]): string {
	const lines = stamps.map((stamp) => `Inbound,Agent One,R${stamp}0001.wav,S${stamp.slice(0, 8)}`);
	return [BASIC_HEADER, ...lines, ''].join('\r\n');
}

const day: INodeParameters = { readFrom: 'tenantDay', period: 'date', date: '2016-06-06' };

async function list(parameters: INodeParameters = day, more: Partial<NodeRun> = {}): Promise<NodeResult> {
	return await runNode(new ListIndex(), { parameters, credential, ...more });
}

/** Runs Reconcile Day; what comes out of all its outputs, by id or error. */
async function reconcile(
	parameters: INodeParameters = { period: 'date', date: '2016-06-06' },
	more: Partial<NodeRun> = {},
): Promise<{ items: unknown[]; hints: string[] }> {
	const node = new ReconcileDay();
	let outputs: INodeExecutionData[][] = [];
	const kept: INodeType = {
		description: node.description,
		async execute() {
			outputs = await node.execute.call(this);
			return outputs;
		},
	};
	const { hints } = await runNode(kept, { parameters, credential, ...more });
	return {
		items: outputs.flat().map(({ json }) => json['error'] ?? json['recordingId']),
		hints: hints.map(({ message }) => message),
	};
}

function ids({ output }: NodeResult): unknown[] {
	return output.map((item) => item.json['recordingId']);
}

const hintsOf = ({ hints }: NodeResult): string => hints.map(({ message }) => message).join('\n');

function at(time: string): void {
	vi.setSystemTime(new Date(`${time}Z`));
}

const YESTERDAY_EVENING = '20160606013000';
const MORNING = '20160606150000';
const EVENING = '20160607013000';
const NO_INDEX = 'No index covers tenant day 2016-06-06';

beforeAll(async () => {
	await keepMarksIn(new DeduplicationModel());
});

beforeEach(() => {
	vi.spyOn(Math, 'random').mockReturnValue(0);
	vi.useFakeTimers({ toFake: ['Date'] });
	at('2016-06-07T08:00:00');
	tenant = new GrowingTenant();
});

afterEach(() => {
	vi.useRealTimers();
});

describe("a late index behind a copy of yesterday's", () => {
	const yesterday = index(line('20160605180000'), line(YESTERDAY_EVENING));

	it.each([
		['named for yesterday', 'S20160606/I20160605.csv', yesterday],
		['named for today', 'S20160606/I20160606.csv', yesterday],
		['of a day without calls', 'S20160606/I20160605.csv', index()],
	])('is an error in List Index and an uncovered day in Reconcile Day: %s', async (_, path, content) => {
		tenant.put('Index/I20160605.csv', yesterday).put(path, content);
		tenant.put(idOf(MORNING), 'x').put(idOf(YESTERDAY_EVENING), 'x');
		await expect(list()).rejects.toThrow(NO_INDEX);
		await expect(reconcile()).rejects.toThrow(NO_INDEX);
		const window = { fromUtc: '2016-06-06T07:00:00Z', toUtc: '2016-06-07T00:00:00Z' };
		await expect(list({ readFrom: 'directory', directory: 'S20160606', ...window })).rejects.toThrow(NO_INDEX);
		if (!path.endsWith('I20160606.csv'))
			await expect(list({ readFrom: 'directory', directory: 'S20160606' })).rejects.toThrow(
				'S20160606 holds no index file',
			);
		tenant.put('Index/I20160606.csv', index(line(MORNING)));
		expect(ids(await list())).toEqual([idOf(MORNING)]);
	});

	it('keeps the days that are covered, and says which one is not', async () => {
		tenant.put('Index/I20160605.csv', yesterday).put('S20160606/I20160605.csv', yesterday);
		tenant.put(idOf('20160605180000'), 'x').put(idOf(YESTERDAY_EVENING), 'x');
		const range = { period: 'dateRange', startDate: '2016-06-05', endDate: '2016-06-06' };
		const { items, hints } = await reconcile(
			{ ...range, options: { checkSize: false } },
			{ onError: 'continueRegularOutput' },
		);
		expect(items).toEqual([idOf('20160605180000'), idOf(YESTERDAY_EVENING), expect.stringContaining(NO_INDEX)]);
		expect(hints).toContain('2016-06-06: not compared, because no index covers it.');
	});
});

describe('an index without a byte', () => {
	it('is unreadable, not a day without calls, in List Index all three ways, in Reconcile Day and in the trigger', async () => {
		tenant.put('Index/I20160606.csv', '').put('S20160606/I20160606.csv', '');
		await expect(list()).rejects.toThrow('20160606.csv is empty');
		await expect(list({ readFrom: 'directory', directory: 'S20160606' })).rejects.toThrow('is empty');
		const indexFile = { __rl: true, mode: 'path', value: 'Index/I20160606.csv' };
		await expect(list({ readFrom: 'indexFile', indexFile })).rejects.toThrow('Index/I20160606.csv is empty');
		await expect(reconcile()).rejects.toThrow('20160606.csv is empty');
		const n8n = new PollingHost(new RecordingTrigger(), { parameters: { watch: 'index' }, credential });
		await n8n.activate();
		await expect(n8n.tick()).rejects.toThrow('20160606.csv is empty');
	});

	it('of one day leaves the other days of a comparison alone', async () => {
		for (const date of ['20160602', '20160603', '20160604'])
			tenant.put(`Index/I${date}.csv`, index(line(`${date}190000`))).put(idOf(`${date}190000`), 'x');
		tenant.put('Index/I20160606.csv', '');
		const range = { period: 'dateRange', startDate: '2016-06-02', endDate: '2016-06-04' };
		const { items, hints } = await reconcile({ ...range, options: { checkSize: false } });
		expect(items).toEqual(['20160602', '20160603', '20160604'].map((date) => idOf(`${date}190000`)));
		expect(hints).toContain(
			'Index/I20160606.csv, the index of a day beside, cannot be read, so a call that ran over midnight may be missing: Index/I20160606.csv is empty: it has not even a header.',
		);
		tenant.put('Index/I20160603_version2.csv', '');
		const broken = await reconcile({ ...range, options: { checkSize: false } }, { onError: 'continueRegularOutput' });
		expect(broken.items).toEqual([idOf('20160604190000'), expect.stringContaining('Index/I20160603_version2.csv')]);
		expect(broken.hints).toContain('2016-06-03: not compared, because Index/I20160603_version2.csv cannot be read.');
	});
});

describe('a trigger whose look-back has a day without any index', () => {
	it('says so in the log once, when the day has been over for a day', async () => {
		tenant.put('Index/I20160604.csv', index(line('20160604180000')));
		const n8n = new PollingHost(new RecordingTrigger(), { parameters: { watch: 'index' }, credential });
		await n8n.activate();
		await n8n.tick();
		const told = n8n.log.filter((message) => message.includes('no index of tenant day'));
		expect(told).toEqual([expect.stringContaining('2016-06-05')]);
	});
});

describe('a call whose editions tell of different days', () => {
	const LATE = '20160607070500';

	it('stands on the day of its richer row alone', async () => {
		tenant
			.put('S20160607/I20160607.csv', basicIndex(LATE, '20160607180000'))
			.put('Index/I20160606_version2.csv', index(line(MORNING), line(LATE, 'Sale', '20160607065900')))
			.put('Index/I20160607_version2.csv', index(line('20160607180000')));
		expect(ids(await list())).toEqual([idOf(MORNING), idOf(LATE)]);
		expect(ids(await list({ ...day, date: '2016-06-07' }))).toEqual([idOf('20160607180000')]);
	});
});

describe('a call that only the basic edition lists, in a tenant that writes detailed ones', () => {
	const undelivered: INodeParameters = { ...day, options: { onlyUndelivered: true } };

	beforeEach(() => {
		tenant
			.put('Index/I20160606.csv', basicIndex(MORNING, EVENING))
			.put('S20160606/I20160606_version2.csv', index(line(MORNING, 'Complaint')));
	});

	it('says so in its item', async () => {
		const { output } = await list();
		expect(output.map(({ json }) => [json['recordingId'], json['indexDetail']])).toEqual([
			[idOf(MORNING), 'detailed'],
			[idOf(EVENING), 'basic'],
		]);
	});

	it('waits, is counted, and comes with its wrap-up code the next night, and nothing is marked before', async () => {
		const mark = async (items: INodeExecutionData[]): Promise<NodeResult> =>
			await runNode(new MarkDelivered(), {
				parameters: { operation: 'mark', recordingId: '={{ $json.recordingId }}' },
				items,
			});
		const first = await list(undelivered);
		expect(ids(first)).toEqual([idOf(MORNING)]);
		expect(hintsOf(first)).toContain('1 call waits for the detailed index');
		await mark(first.output);
		expect(ids(await list(undelivered))).toEqual([]);
		at('2016-06-08T08:00:00');
		tenant.put('S20160607/I20160607_version2.csv', index(line(EVENING, 'Sale')));
		const next = await list(undelivered);
		expect(next.output.map(({ json }) => [json['recordingId'], json['wrapUpCode']])).toEqual([[idOf(EVENING), 'Sale']]);
		expect(hintsOf(next)).not.toContain('waits');
	});

	it('comes as it is, with a hint, when it has waited for 36 hours, whatever filters it cannot be judged by', async () => {
		const filters = { wrapUpCodes: 'Complaint' };
		const parameters = { ...undelivered, options: { onlyUndelivered: true, deliveryName: 'late' }, filters };
		at('2016-06-08T13:29:00');
		expect(ids(await list(parameters))).toEqual([idOf(MORNING)]);
		at('2016-06-08T13:30:00');
		const { output, hints } = await list(parameters);
		expect(output.map(({ json }) => [json['recordingId'], json['indexDetail']])).toContainEqual([
			idOf(EVENING),
			'basic',
		]);
		expect(hints.map(({ message }) => message).join('\n')).toContain('1 call comes as the basic index has them');
		const other = { ...parameters, filters: { agentNames: 'Nobody', wrapUpCodes: 'Complaint' } };
		expect(ids(await list(other))).toEqual([]);
	});

	it('cannot be judged by filters on columns that its file does not have, and a hint counts it', async () => {
		const byCode = await list({ ...day, filters: { wrapUpCodes: 'Complaint' } });
		expect(ids(byCode)).toEqual([idOf(MORNING)]);
		expect(hintsOf(byCode)).toContain('1 call is left out, because only the basic index lists them so far');
		expect(hintsOf(await list({ ...day, filters: { agentNames: 'Agent*' } }))).toBe('');
		expect(hintsOf(await list({ ...day, filters: { agentNames: 'Nobody', wrapUpCodes: 'x' } }))).not.toContain(
			'1 call',
		);
	});

	it('waits in the trigger too, comes once with its wrap-up code, or after 36 hours as it is', async () => {
		tenant = new GrowingTenant().put('Index/I20160605_version2.csv', index(line('20160605180000')));
		const n8n = new PollingHost(new RecordingTrigger(), {
			parameters: { watch: 'index', options: { lookbackDays: 1 } },
			credential,
		});
		const told = (items: IDataObject[]): unknown[] => items.map((item) => [item['recordingId'], item['wrapUpCode']]);
		await n8n.activate();
		tenant.put('Index/I20160606.csv', basicIndex(MORNING, EVENING));
		expect(await n8n.tick()).toEqual([]);
		tenant.put('Index/I20160606_version2.csv', index(line(MORNING)));
		expect(told(await n8n.tick())).toEqual([[idOf(MORNING), 'Sale']]);
		at('2016-06-08T13:29:00');
		expect(await n8n.restart()).toEqual([]);
		at('2016-06-08T13:31:00');
		expect(told(await n8n.tick())).toEqual([[idOf(EVENING), null]]);
		expect(n8n.log.join('\n')).toContain('1 of the calls come as the basic index has them');
		tenant.put('Index/I20160607_version2.csv', index(line(EVENING)));
		expect(await n8n.tick()).toEqual([]);
		expect(await n8n.restart()).toEqual([]);
	});
});

describe('rows without a recording in the trigger', () => {
	it('are as many calls as their file has, and across editions the same call comes once', async () => {
		tenant.put('Index/I20160605_version2.csv', index(line('20160605180000')));
		const n8n = new PollingHost(new RecordingTrigger(), { parameters: { watch: 'index' }, credential });
		await n8n.activate();
		const row = (code: string): string =>
			`Inbound,,,Agent One,4155550100,8005550199,,1,30,,,,06/06/2016 19:00:00,,Inbound,Sales,1,,,,${code}`;
		const basic = 'Inbound,Agent One,06/06/2016 19:00:00';
		tenant.put('Index/I20160606.csv', `CALL TYPE,AGENT NAME,START TIME UTC\r\n${basic}\r\n`);
		expect(await n8n.tick()).toEqual([]);
		tenant.put('Index/I20160606_version2.csv', index(row('Sale'), row('Sale')));
		expect(await n8n.tick()).toHaveLength(2);
		at('2016-06-08T09:00:00');
		expect(await n8n.tick()).toEqual([]);
		expect(await n8n.restart()).toEqual([]);
	});
});
