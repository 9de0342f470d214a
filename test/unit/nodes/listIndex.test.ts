import { NodeOperationError } from 'n8n-workflow';
import type { INodeParameters } from 'n8n-workflow';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ListIndex } from '../../../nodes/ListIndex/ListIndex.node';
import { ResolveTenantDay } from '../../../nodes/ResolveTenantDay/ResolveTenantDay.node';
import { TransportError } from '../../../transport/transportError';
import { DETAILED_HEADER } from '../recordings/readText';
import { MemoryStore } from './memoryStore';
import { credential, runNode } from './runNode';
import type { NodeResult, NodeRun } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

const node = new ListIndex();
const day: INodeParameters = { readFrom: 'tenantDay', period: 'date', date: '2016-06-06' };

/** One line of a detailed index: a call that began at this UTC second. */
function line(
	stamp: string,
	changes: { code?: string; directory?: string; agent?: string; transaction?: string } = {},
): string {
	const { code = 'Sale', directory = `S${stamp.slice(0, 8)}`, agent = 'Agent One', transaction = '1' } = changes;
	const utc = `${stamp.slice(4, 6)}/${stamp.slice(6, 8)}/${stamp.slice(0, 4)} ${stamp.slice(8, 10)}:${stamp.slice(10, 12)}:${stamp.slice(12, 14)}`;
	return `Inbound,,,${agent},4155550100,8005550199,,1,30,R${stamp}0001.wav,${directory},,${utc},,Inbound,Sales,${transaction},,,,${code}`;
}

function index(...lines: string[]): string {
	return [DETAILED_HEADER, ...lines, ''].join('\r\n');
}

const BASIC_HEADER = 'CALL TYPE,START TIME,AGENT NAME,FILENAME,DIRECTORY,START TIME UTC';
function basic(stamp: string): string {
	return `Inbound,,Agent One,R${stamp}0001.wav,S${stamp.slice(0, 8)},`;
}

async function run(parameters: INodeParameters, more: Partial<NodeRun> = {}): Promise<NodeResult> {
	return await runNode(node, { parameters, credential, ...more });
}

function ids({ output }: NodeResult): unknown[] {
	return output.map((item) => item.json['recordingId']);
}

const MORNING = '20160606150000';
const EVENING = '20160607013000';
const NEXT_DAY = '20160607180000';
const MORNING_ID = `S20160606/R${MORNING}0001.wav`;
const EVENING_ID = `S20160607/R${EVENING}0001.wav`;

beforeEach(() => {
	// The jitter of waits between attempts: none, so that retries are tested and not waited for.
	vi.spyOn(Math, 'random').mockReturnValue(0);
	store = new MemoryStore();
});

describe('List Index of a tenant day', () => {
	it.each<[string, Record<string, string[]>]>([
		[
			'only in Index, stamped with the tenant day',
			{ 'Index/I20160606.csv': [MORNING, EVENING], 'Index/I20160607.csv': [NEXT_DAY] },
		],
		[
			'only in Index, stamped with the day it was written',
			{ 'Index/I20160607.csv': [MORNING, EVENING], 'Index/I20160608.csv': [NEXT_DAY] },
		],
		[
			'only in the day directories, each for itself',
			{ 'S20160606/I20160606_version2.csv': [MORNING], 'S20160607/I20160607_version2.csv': [EVENING, NEXT_DAY] },
		],
		[
			'only in the directory of its first half',
			{ 'S20160606/I20160606.csv': [MORNING, EVENING], 'S20160607/I20160607.csv': [NEXT_DAY] },
		],
		['only in the directory where it was written', { 'S20160607/I20160607.csv': [MORNING, EVENING] }],
		[
			'in all of these places',
			{
				'Index/I20160606.csv': [MORNING, EVENING],
				'S20160606/I20160606_version2.csv': [MORNING],
				'S20160607/I20160607_version2.csv': [EVENING, NEXT_DAY],
			},
		],
	])('gives each call exactly once when it is %s', async (_, files) => {
		for (const [path, stamps] of Object.entries(files)) store.put(path, index(...stamps.map((stamp) => line(stamp))));
		store.put(`S20160606/R${MORNING}0001.wav`, 'x').put(`S20160607/R${EVENING}0001.wav`, 'x');
		const result = await run(day);
		expect(ids(result)).toEqual([MORNING_ID, EVENING_ID]);
		expect(result.output.every((item) => item.json['tenantDay'] === '2016-06-06')).toBe(true);
		expect(result.output[0]?.pairedItem).toEqual({ item: 0 });
		expect(store.closed).toBe(true);
	});

	it('takes the richer row of a call that a basic and a detailed edition list, and the basic one where it stands alone', async () => {
		store.put('Index/I20160606.csv', [BASIC_HEADER, basic(MORNING), basic(EVENING), ''].join('\n'));
		store.put('S20160606/I20160606_version2.csv', index(line(MORNING, { code: 'Complaint' })));
		const { output } = await run(day);
		expect(output.map(({ json }) => [json['recordingId'], json['wrapUpCode'], json['indexFile']])).toEqual([
			[MORNING_ID, 'Complaint', 'S20160606/I20160606_version2.csv'],
			[EVENING_ID, null, 'Index/I20160606.csv'],
		]);
		expect(ids(await run({ ...day, options: { indexDetail: 'detailed', onMissingIndex: 'skip' } }))).toEqual([
			MORNING_ID,
		]);
		expect(
			(await run({ ...day, options: { indexDetail: 'basic' } })).output.map(({ json }) => json['wrapUpCode']),
		).toEqual([null, null]);
	});

	it("includes a call that ran over midnight and stands in the next day's index", async () => {
		store.put('Index/I20160606.csv', index(line(MORNING)));
		store.put('Index/I20160607.csv', index(line('20160607065900'), line(NEXT_DAY), line('20160607190000')));
		expect(ids(await run(day))).toEqual([MORNING_ID, 'S20160607/R201606070659000001.wav']);
	});

	it('filters, limits and groups, and says what is left out', async () => {
		store.put(
			'Index/I20160606.csv',
			index(line(MORNING), line('20160606160000', { code: 'Complaint: late' }), line(EVENING, { agent: 'Agent Two' })),
		);
		expect(ids(await run({ ...day, filters: { wrapUpCodes: 'complaint*' } }))).toEqual([
			'S20160606/R201606061600000001.wav',
		]);

		const limited = await run({ ...day, options: { limit: 1 } });
		expect(ids(limited)).toEqual([MORNING_ID]);
		expect(limited.hints).toMatchObject([{ message: 'Limit reached: 2 more not shown.', type: 'warning' }]);

		const nothing = await run({ ...day, filters: { agentNames: 'Nobody' } });
		expect(nothing.output).toEqual([]);
		expect(nothing.hints).toMatchObject([{ message: 'None of 3 calls met the filters.', type: 'info' }]);

		const grouped = await run({ ...day, options: { groupBy: 'transaction' } });
		expect(grouped.output).toHaveLength(1);
		expect(grouped.output[0]?.json).toMatchObject({ transactionId: '1', recordingCount: 3 });
	});

	it('counts the calls that a filter cannot judge, because their index file lacks its column', async () => {
		store.put('Index/I20160606.csv', [BASIC_HEADER, basic(MORNING), basic(EVENING), ''].join('\n'));
		const hintsOf = async (filters: INodeParameters): Promise<string[]> => {
			const { output, hints } = await run({ ...day, filters });
			expect(output).toEqual([]);
			return hints.map(({ message }) => message);
		};
		const hint = '2 calls are left out, because their index file does not have the columns that the filters ask for.';
		expect(await hintsOf({ wrapUpCodes: 'Sale' })).toContain(hint);
		expect(await hintsOf({ minimumDuration: 10, agentNames: 'Agent*' })).toContain(hint);
		expect(await hintsOf({ wrapUpCodes: 'Sale', agentNames: 'Nobody' })).toEqual(['None of 2 calls met the filters.']);
	});

	it('leaves no call out for a limit that is empty, and refuses one that is no number of items', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(EVENING)));
		for (const limit of ['', '={{ null }}', '={{ $json.none }}', '2'])
			expect(ids(await run({ ...day, options: { limit } }))).toHaveLength(2);
		for (const limit of [0, -1, 1.5, 'all'])
			await expect(run({ ...day, options: { limit } })).rejects.toThrow(
				`'${limit}' in 'Limit' is not a number of items`,
			);
	});

	it('takes an option that comes out empty for its default, and refuses a value that it cannot have', async () => {
		store.put('Index/I20160606.csv', [BASIC_HEADER, basic(MORNING), ''].join('\n'));
		store.put('S20160607/I20160607_version2.csv', index(line(EVENING)));
		const whole = (await run(day)).output;
		for (const name of ['indexDetail', 'onMissingIndex', 'groupBy', 'dateOrder', 'encoding']) {
			for (const value of ['', '={{ null }}'])
				expect((await run({ ...day, options: { [name]: value } })).output).toEqual(whole);
			await expect(run({ ...day, options: { [name]: 'most' } })).rejects.toMatchObject({
				message: expect.stringContaining("'most' is no value of '"),
				description: expect.stringMatching(/^Set '.+' to one of .+\.$/),
			});
		}
		expect((await run({ ...day, filters: { callTypes: '={{ null }}' } })).output).toEqual(whole);
	});

	it.each(['readFrom', 'period'])(
		'names the field %s when a workflow written by hand has no value of it',
		async (field) => {
			await expect(run({ ...day, [field]: 'everything' })).rejects.toMatchObject({
				message: expect.stringContaining("'everything' is no value of '"),
				description: expect.stringMatching(/^Set '.+' to one of .+\.$/),
			});
		},
	);

	it('says of a day that the clocks skipped that it has no hours', async () => {
		const { output, hints } = await run({ ...day, date: '2011-12-30', timeZone: 'Pacific/Apia' });
		expect(output).toEqual([]);
		expect(hints.map(({ message }) => message)).toContain(
			'Tenant day 2011-12-30 has no hours: the clocks of Pacific/Apia skipped it.',
		);
	});

	it('adds the row as written when asked for', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING)));
		const { output } = await run({ ...day, options: { includeRawRow: true } });
		expect(output[0]?.json['rawRow']).toMatchObject({ 'TRANS ID': '1', 'WRAP UP CODE': 'Sale', 'START TIME': '' });
	});

	it('gives the fields that people look at when told to simplify, in that order', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(EVENING)));
		const whole = (await run(day)).output[0]?.json ?? {};
		const fields = [
			'startTime',
			'durationSeconds',
			'callType',
			'agentName',
			'queueName',
			'customerPhone',
			'wrapUpCode',
			'recordingId',
			'directory',
			'fileName',
			'indexDetail',
		];
		const { output } = await run({ ...day, options: { simplify: true } });
		expect(Object.keys(output[0]?.json ?? {})).toEqual(fields);
		expect(whole).toMatchObject(output[0]?.json ?? {});
		expect(output[0]?.json).toMatchObject({ recordingId: MORNING_ID, wrapUpCode: 'Sale', durationSeconds: 30 });

		const grouped = await run({ ...day, options: { simplify: true, groupBy: 'transaction' } });
		const { recordings, ...shared } = grouped.output[0]?.json ?? {};
		expect(shared).toEqual({
			transactionId: '1',
			tenantDay: '2016-06-06',
			callType: 'inbound',
			agentName: 'Agent One',
			queueName: 'Sales',
			customerPhone: '4155550100',
			wrapUpCode: 'Sale',
			recordingCount: 2,
		});
		expect((recordings as object[]).map((recording) => Object.keys(recording))).toEqual([fields, fields]);
		const raw = await run({ ...day, options: { simplify: true, includeRawRow: true } });
		expect(raw.output[0]?.json['rawRow']).toMatchObject({ 'TRANS ID': '1' });
	});

	it('keeps calls whose names were chosen from the list, beside those typed in', async () => {
		const lines = [
			line(MORNING, { agent: 'Kim' }),
			line(EVENING, { agent: 'Bo' }),
			line('20160606160000', { agent: 'Lee' }),
		];
		store.put('Index/I20160606.csv', index(...lines));
		const { output } = await run({ ...day, filters: { listedAgentNames: ['Kim'], agentNames: 'B*' } });
		expect(output.map(({ json }) => json['agentName'])).toEqual(['Kim', 'Bo']);
	});

	it('says of a day that is not over by the tenant clock that more calls may come', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING)));
		// 23:30 in Los Angeles on the 6th, when it is the 7th already in UTC.
		vi.useFakeTimers({ toFake: ['Date'], now: new Date('2016-06-07T06:30:00Z') });
		const running = await run({ period: 'today' });
		vi.setSystemTime(new Date('2016-06-07T07:00:00Z'));
		const over = await run({ period: 'yesterday' });
		vi.useRealTimers();
		expect(ids(running)).toEqual([MORNING_ID]);
		expect(running.hints.map(({ message }) => message)).toEqual([
			'Tenant day 2016-06-06 is not over yet in America/Los_Angeles: more calls may come.',
		]);
		expect(ids(over)).toEqual([MORNING_ID]);
		expect(over.hints).toEqual([]);
	});

	it('says how often every call comes when several input items ask for the same', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(EVENING)));
		const items = [{ json: { date: '2016-06-06' } }, { json: { date: '2016-06-06' } }];
		const repeated = await run(day, { items });
		expect(ids(repeated)).toEqual([MORNING_ID, EVENING_ID, MORNING_ID, EVENING_ID]);
		expect(repeated.hints).toMatchObject([
			{
				message:
					'Ran once for each of the 2 input items, so every call comes 2 times. Switch on Settings > Execute Once to list each call once.',
				type: 'warning',
			},
		]);
		expect((await run(day)).hints).toEqual([]);
		const dated = await run({ ...day, date: '={{ $json.date }}' }, { items });
		expect(dated.hints).toEqual([]);
		const filtered = await run({ ...day, filters: { agentNames: '={{ $json.agent }}' } }, { items });
		expect(filtered.hints).toEqual([]);
	});

	it('of one index file that cannot be read makes one failure, and the calls of the others come out', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(EVENING)));
		store.put('S20160606/I20160606_version2.csv', '<html>').put('S20160607/I20160607.csv', index(line(NEXT_DAY)));
		store.failures.set('read S20160607/I20160607.csv', [
			new TransportError('permission-denied', 'The server does not allow to read S20160607/I20160607.csv'),
		]);
		await expect(run(day)).rejects.toThrow('S20160606/I20160606_version2.csv is not an index that can be read');

		store.failures.set('read S20160607/I20160607.csv', [
			new TransportError('permission-denied', 'The server does not allow to read S20160607/I20160607.csv'),
		]);
		const { output } = await run(day, { onError: 'continueRegularOutput' });
		expect(output.map(({ json }) => json['recordingId'] ?? json['error'])).toEqual([
			MORNING_ID,
			EVENING_ID,
			expect.stringContaining('S20160606/I20160606_version2.csv is not an index that can be read'),
			expect.stringContaining('does not allow to read S20160607/I20160607.csv'),
		]);

		store.files.delete('Index/I20160606.csv');
		const { output: none } = await run(day, { onError: 'continueRegularOutput' });
		expect(none.at(-1)?.json['error']).toMatch(/^No index covers .+: none that can be read in Index\//);
	});

	it('names file and line of a row that cannot be read whole', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), 'Inbound,never'));
		const { output, hints } = await run(day);
		expect(output).toHaveLength(2);
		expect(output[1]?.json).toMatchObject({ recordingId: null, callType: 'inbound', tenantDay: null, indexLine: 3 });
		expect(hints[0]?.message).toContain('Index/I20160606.csv: line 3:');
	});
});

describe('List Index without an index', () => {
	it('stops with an error that says where it looked and what to do', async () => {
		store.put('Index/I20160605.csv', index(line('20160605180000'))).put('S20160606/x.wav', '');
		const failure = await run(day).catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(NodeOperationError);
		expect(failure).toMatchObject({
			message:
				'No index covers tenant day 2016-06-06 (America/Los_Angeles): none in Index/ and none in S20160606 and S20160607 (not on the server)',
			description: expect.stringContaining("set 'On Missing Index' to 'Skip'"),
		});
	});

	it('says so when the index that is there is not of the kind that was asked for', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING)));
		const options = { indexDetail: 'detailed' };
		const advice = expect.stringContaining("set 'Index Detail' to 'Automatic'");
		await expect(run({ ...day, options })).rejects.toMatchObject({
			message: expect.stringMatching(/^No index covers tenant day 2016-06-06 .+: none that is detailed in Index\//),
			description: advice,
		});
		store.put('S20160606/I20160606.csv', index(line(MORNING)));
		await expect(run({ readFrom: 'directory', directory: 'S20160606', options })).rejects.toMatchObject({
			message: expect.stringContaining('S20160606 holds no index file that is detailed'),
			description: advice,
		});
	});

	it('goes on with a hint when told to skip', async () => {
		const { output, hints } = await run({ ...day, options: { onMissingIndex: 'skip' } });
		expect(output).toEqual([]);
		expect(hints[0]?.message).toContain('Skipped: No index covers tenant day 2016-06-06');
	});

	it('of one day of several keeps the other days when it continues on errors', async () => {
		const parameters = { readFrom: 'tenantDay', period: 'dateRange', startDate: '2016-06-05', endDate: '2016-06-06' };
		store.put('Index/I20160606.csv', index(line(MORNING)));
		await expect(run(parameters)).rejects.toThrow('No index covers tenant day 2016-06-05');
		const { output } = await run(parameters, { onError: 'continueRegularOutput' });
		expect(output.map(({ json }) => json['recordingId'] ?? json['error'])).toEqual([
			MORNING_ID,
			expect.stringMatching(/No index covers tenant day 2016-06-05 .* 'On Missing Index'/),
		]);
	});

	it('says so when not even the tenant directory is there', async () => {
		store.failures.set('list ', [new TransportError('not-found', 'There is no such directory')]);
		await expect(run(day, { credential: { ...credential, tenantDirectory: 'acme' } })).rejects.toThrow(
			"The tenant directory 'acme' is not on the server",
		);
	});

	it('takes an index with nothing but its header for a day without calls', async () => {
		store.put('Index/I20160606.csv', index());
		const { output, hints } = await run(day);
		expect(output).toEqual([]);
		expect(hints).toMatchObject([{ message: 'The index lists no calls.', type: 'info' }]);
	});
});

describe('List Index of a directory', () => {
	it('consumes the items of Resolve Tenant Day, and their calls are those of the day', async () => {
		store.put('S20160606/I20160606.csv', index(line(MORNING), line(EVENING)));
		store.put('S20160607/I20160607.csv', index(line(NEXT_DAY)));
		const resolved = await runNode(new ResolveTenantDay(), {
			parameters: { period: 'date', date: '2016-06-06' },
			credential,
		});
		const result = await run({ readFrom: 'directory' }, { items: resolved.output });
		expect(ids(result)).toEqual([MORNING_ID, EVENING_ID]);
		expect(result.output.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
		const [, evening] = resolved.output;
		const calm = { json: { ...evening?.json, fromUtc: '2016-06-07T06:00:00.000Z' } };
		expect((await run({ readFrom: 'directory' }, { items: [...resolved.output, calm] })).hints).toEqual([]);
		expect((await run({ readFrom: 'directory' }, { items: [calm] })).hints).toMatchObject([
			{ message: 'The index lists no calls.', type: 'info' },
		]);
	});

	it("reads them by the clock of Resolve Tenant Day when that is not the credential's", async () => {
		const header = 'START TIME,FILENAME';
		const calls = ['06/06/2016 00:10:00,R201606052310000001.wav', '06/06/2016 23:50:00,R201606062250000001.wav'];
		store.put('Index/I20160606.csv', [header, ...calls, ''].join('\n'));
		const resolved = await runNode(new ResolveTenantDay(), {
			parameters: { period: 'date', date: '2016-06-06', timeZone: 'Europe/London' },
			credential,
		});
		const { output } = await run({ readFrom: 'directory' }, { items: resolved.output });
		expect(output.map(({ json }) => [json['tenantDay'], json['startTime']])).toEqual([
			['2016-06-06', '2016-06-06T00:10:00.000+01:00'],
			['2016-06-06', '2016-06-06T23:50:00.000+01:00'],
		]);
	});

	it('takes a window of dates from an expression', async () => {
		store.put('S20160606/I20160606.csv', index(line(MORNING), line('20160606210000')));
		const window = {
			fromUtc: '={{ new Date("2016-06-06T20:00:00Z") }}',
			toUtc: '={{ DateTime.fromISO("2016-06-07T00:00:00Z") }}',
		};
		expect(ids(await run({ readFrom: 'directory', directory: 'S20160606', ...window }))).toEqual([
			'S20160606/R201606062100000001.wav',
		]);
	});

	it('lists rows without a time and a directory with one of the directories of their day, and once', async () => {
		const untimed = (file: string, transaction: string): string =>
			`Inbound,,,Agent One,4155550100,8005550199,,1,30,${file},,,,,Inbound,Sales,${transaction},,,,Sale`;
		const rows = [line(MORNING), line(EVENING), untimed('', '7'), untimed('call.wav', '8')];
		store.put('Index/I20160606.csv', index(...rows)).put('S20160606/I20160606.csv', index(untimed('', '7')));
		for (const stamp of [MORNING, EVENING]) store.put(`S${stamp.slice(0, 8)}/R${stamp}0001.wav`, 'x');
		const zone = { timeZone: 'America/Los_Angeles' };
		const windows = [
			{ ...zone, directory: 'S20160606', fromUtc: '2016-06-06T07:00:00.000Z', toUtc: '2016-06-07T00:00:00.000Z' },
			{ ...zone, directory: 'S20160607', fromUtc: '2016-06-07T00:00:00.000Z', toUtc: '2016-06-07T07:00:00.000Z' },
		];
		const listed = await run({ readFrom: 'directory' }, { items: windows.map((json) => ({ json })) });
		const transactions = ({ output }: NodeResult): unknown[] => output.map(({ json }) => json['transactionId']).sort();
		expect(transactions(listed)).toEqual(['1', '1', '7', '8']);
		expect(transactions(await run(day))).toEqual(transactions(listed));
		// Without a copy of the index in it, a directory has what Index says of it.
		store.files.delete('S20160606/I20160606.csv');
		const whole = { readFrom: 'directory', directory: 'S20160606', fromUtc: '', toUtc: '', directoryTimeZone: '' };
		expect(transactions(await run(whole))).toEqual(['1', '7', '8']);
	});

	it('without a window gives everything in the index of the directory', async () => {
		store.put('S20160607/I20160607.csv', index(line(EVENING), line(NEXT_DAY)));
		expect(ids(await run({ readFrom: 'directory', directory: 'S20160607' }))).toHaveLength(2);
		expect(
			ids(await run({ readFrom: 'directory', directory: '/S20160607/', fromUtc: '2016-06-07T12:00:00Z', toUtc: '' })),
		).toEqual([`S20160607/R${NEXT_DAY}0001.wav`]);
	});

	it('takes a directory that was chosen from the list', async () => {
		store.put('S20160606/I20160606.csv', index(line(MORNING)));
		const directory = { __rl: true, mode: 'list', value: 'S20160606' };
		expect(ids(await run({ readFrom: 'directory', directory, fromUtc: '', toUtc: '' }))).toEqual([MORNING_ID]);
	});

	it('falls back on Index when the directory has no index of its own', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(EVENING))).put('S20160607/x.wav', '');
		expect(ids(await run({ readFrom: 'directory', directory: 'S20160607' }))).toEqual([EVENING_ID]);
	});

	it('says what is wrong with the directory or the window', async () => {
		await expect(run({ readFrom: 'directory', directory: 'S20160607' })).rejects.toThrow(
			'The directory S20160607 is not on the server',
		);
		await expect(run({ readFrom: 'directory' })).rejects.toThrow('No directory is given');
		await expect(run({ readFrom: 'directory', directory: 'S20160607', fromUtc: 'noon' })).rejects.toThrow(
			"'noon' in 'From (UTC)' is not a time",
		);
		const impossible = { readFrom: 'directory', directory: 'S20160607', fromUtc: '2016-02-31T00:00:00Z' };
		await expect(run(impossible)).rejects.toThrow("'2016-02-31T00:00:00Z' in 'From (UTC)' is not a time");
		await expect(
			run({ readFrom: 'directory', directory: 'S20160607', fromUtc: '2016-06-07T08:00Z', toUtc: '2016-06-07T07:00Z' }),
		).rejects.toThrow('not after');
	});
});

describe('List Index of one file', () => {
	it('reads everything in it, by path or from the list', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(EVENING), line(NEXT_DAY)));
		for (const mode of ['path', 'list']) {
			const indexFile = { __rl: true, mode, value: 'Index/I20160606.csv' };
			expect(ids(await run({ readFrom: 'indexFile', indexFile }))).toHaveLength(3);
		}
	});

	it('follows On Missing Index when it is not there', async () => {
		const indexFile = { __rl: true, mode: 'path', value: 'Index/I20160606.csv' };
		await expect(run({ readFrom: 'indexFile', indexFile })).rejects.toThrow(
			'There is no index file Index/I20160606.csv on the server',
		);
		expect((await run({ readFrom: 'indexFile', indexFile, options: { onMissingIndex: 'skip' } })).output).toEqual([]);
		await expect(run({ readFrom: 'indexFile', indexFile: { __rl: true, mode: 'list', value: '' } })).rejects.toThrow(
			'No index file is chosen',
		);
	});

	it('that is no index is a clear error', async () => {
		store.put('Index/I20160606.csv', '<html>');
		await expect(
			run({ readFrom: 'indexFile', indexFile: { __rl: true, mode: 'path', value: 'Index/I20160606.csv' } }),
		).rejects.toMatchObject({
			message: expect.stringContaining('Index/I20160606.csv is not an index that can be read'),
			description: expect.stringContaining('CALL TYPE'),
		});
	});
});

describe('List Index against a server that fails', () => {
	it('tries again after a drop, and goes on inside the file', async () => {
		store.put(
			'Index/I20160606.csv',
			index(...Array.from({ length: 400 }, (_, call) => line(`201606061500${String(call % 60).padStart(2, '0')}`))),
		);
		const lost = (): TransportError => new TransportError('connection-lost', 'The connection was lost');
		store.failures.set('list Index', [lost()]);
		store.failures.set('read Index/I20160606.csv at 20000', [lost()]);
		const result = await run(day);
		expect(ids(result)).toHaveLength(60);
		expect(result.hints).toMatchObject([
			{
				message:
					'Tried again 2 times after a failure of the connection or the server, the last one: The connection was lost.',
				type: 'info',
			},
		]);
		expect(store.requests.filter((request) => request === 'read Index/I20160606.csv')).toHaveLength(2);
	});

	it('never tries a login again', async () => {
		store.failures.set('list Index', [
			new TransportError('login-failed', 'The server refused the user name or password', { server: '127.0.0.1:990' }),
		]);
		await expect(run(day)).rejects.toMatchObject({
			message: 'The server refused the user name or password',
			description: expect.stringContaining('SFTP Password'),
		});
		expect(store.requests.filter((request) => request === 'list Index')).toHaveLength(1);
	});

	it('makes a credential that cannot be used the failure of every item', async () => {
		const items = [{ json: { a: 1 } }, { json: { a: 2 } }];
		const { output } = await run(day, {
			credential: { ...credential, host: '' },
			onError: 'continueRegularOutput',
			items,
		});
		expect(output.map(({ json }) => [json['a'], json['error']])).toEqual([
			[1, 'The credential has no Host. Open the credential and correct this field.'],
			[2, 'The credential has no Host. Open the credential and correct this field.'],
		]);
	});
});
