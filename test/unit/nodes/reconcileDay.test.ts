import { NodeOperationError } from 'n8n-workflow';
import type { INodeExecutionData, INodeParameters, INodeType } from 'n8n-workflow';
import { WaveFile } from 'wavefile';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ReconcileDay } from '../../../nodes/ReconcileDay/ReconcileDay.node';
import { TransportError } from '../../../transport/transportError';
import { DETAILED_HEADER } from '../recordings/readText';
import { fact, wavFile } from '../recordings/wavFixture';
import type { Layout } from '../recordings/wavFixture';
import { MemoryStore } from './memoryStore';
import { credential, runNode } from './runNode';
import type { NodeResult, NodeRun } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

const day: INodeParameters = { period: 'date', date: '2016-06-06' };

/** G.711 µ-law, mono, 8 kHz: what 8x8 records, as far as is known. */
function wav(seconds: number): Buffer {
	const file = new WaveFile();
	file.fromScratch(1, 8_000, '16', new Int16Array(seconds * 8_000));
	file.toMuLaw();
	return Buffer.from(file.toBuffer());
}

const sound = wav(3);

/** One line of a detailed index: a call of 3 s that began at this UTC second. */
function line(
	stamp: string,
	changes: { file?: string; directory?: string; start?: string; duration?: number } = {},
): string {
	const { file = `R${stamp}0001.wav`, directory = `S${stamp.slice(0, 8)}`, start = stamp, duration = 3 } = changes;
	const utc = `${start.slice(4, 6)}/${start.slice(6, 8)}/${start.slice(0, 4)} ${start.slice(8, 10)}:${start.slice(10, 12)}:${start.slice(12, 14)}`;
	return `Inbound,,,Agent One,4155550100,8005550199,,1,${duration},${file},${directory},,${utc},,Inbound,Sales,1,,,,Sale`;
}

function index(...lines: string[]): string {
	return [DETAILED_HEADER, ...lines, ''].join('\r\n');
}

function idOf(stamp: string): string {
	return `S${stamp.slice(0, 8)}/R${stamp}0001.wav`;
}

interface Reconciled {
	readonly outputs: INodeExecutionData[][];
	readonly matched: unknown[];
	readonly missing: unknown[];
	readonly unindexed: unknown[];
	readonly hints: string[];
	/** The hints with their types. */
	readonly told: NodeResult['hints'];
}

/** Runs the node and keeps all of its outputs; by id or error with the status. */
async function run(
	parameters: INodeParameters = day,
	more: Partial<NodeRun> = {},
	name = 'reconcileDay',
): Promise<Reconciled> {
	const node = new ReconcileDay();
	let outputs: INodeExecutionData[][] = [];
	const kept: INodeType = {
		description: { ...node.description, name },
		async execute() {
			outputs = await node.execute.call(this);
			return outputs;
		},
	};
	const { hints } = await runNode(kept, { parameters, credential, ...more });
	const [matched = [], missing = [], unindexed = []] = outputs.map((items) =>
		items.map(({ json }) =>
			json['error'] === undefined ? `${String(json['recordingId'])} ${String(json['status'])}` : json['error'],
		),
	);
	return { outputs, matched, missing, unindexed, hints: hints.map(({ message }) => message), told: hints };
}

const MORNING = '20160606150000';
const NOON = '20160606190000';
const EVENING = '20160607013000';
const NEXT_DAY = '20160607180000';

beforeEach(() => {
	// The jitter of waits between attempts: none, so that retries are tested and not waited for.
	vi.spyOn(Math, 'random').mockReturnValue(0);
	store = new MemoryStore();
});

describe('Reconcile Day', () => {
	it('sends every recording of the day to Matched, Missing or Unindexed, over both UTC directories', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(EVENING), line(NOON)));
		for (const stamp of [MORNING, EVENING, NEXT_DAY]) store.put(idOf(stamp), sound);
		store.put(idOf('20160606160000'), sound).put('S20160606/notes.txt', 'x').put(idOf('20160606060000'), sound);
		const { outputs, matched, missing, unindexed, hints } = await run();
		expect(matched).toEqual([`${idOf(MORNING)} ok`, `${idOf(EVENING)} ok`]);
		expect(missing).toEqual([`${idOf(NOON)} missing`]);
		expect(unindexed).toEqual([`${idOf('20160606160000')} unindexed`]);
		expect(hints).toEqual(['2016-06-06: 2 matched, 1 missing, 1 unindexed.']);
		expect(outputs.flat().every(({ pairedItem }) => JSON.stringify(pairedItem) === '{"item":0}')).toBe(true);
		expect(store.closed).toBe(true);
	});

	it('gives the index row with status, bytes and time of the file, and what the name tells of a file without a row', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), line(NOON)))
			.put(idOf(MORNING), sound)
			.put(idOf(EVENING), sound);
		const [[matched], [missing], [unindexed]] = (await run()).outputs as [
			INodeExecutionData[],
			INodeExecutionData[],
			INodeExecutionData[],
		];
		const file = { bytes: sound.length, remoteModifiedAt: '1970-01-01T00:00:00.000Z' };
		expect(matched?.json).toMatchObject({
			recordingId: idOf(MORNING),
			wrapUpCode: 'Sale',
			indexFile: 'Index/I20160606.csv',
			indexLine: 2,
			status: 'ok',
			...file,
		});
		expect(missing?.json).toMatchObject({ recordingId: idOf(NOON), tenantDay: '2016-06-06', status: 'missing' });
		expect(Object.keys(missing?.json ?? {})).not.toContain('bytes');
		expect(unindexed?.json).toEqual({
			recordingId: idOf(EVENING),
			directory: 'S20160607',
			fileName: `R${EVENING}0001.wav`,
			path: idOf(EVENING),
			recordedAtUtc: '2016-06-07T01:30:00.000Z',
			sequence: 1,
			status: 'unindexed',
			...file,
		});
	});

	it('finds an audio file that no row names and that is named otherwise than 8x8 does', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING))).put(idOf(MORNING), sound);
		store.put('S20160606/call-17.mp3', 'x').put('S20160606/R201606061600000001.md5', 'x');
		const { outputs, unindexed, hints } = await run();
		expect(unindexed).toEqual(['S20160606/call-17.mp3 unindexed']);
		expect(outputs[2]?.[0]?.json).toMatchObject({ fileName: 'call-17.mp3', recordedAtUtc: null, sequence: null });
		expect(hints).toEqual(['2016-06-06: 1 matched, 0 missing, 1 unindexed.']);
	});

	it('gives at most eleven fields when told to simplify, the status first', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), line(NOON)))
			.put(idOf(MORNING), sound)
			.put(idOf(EVENING), sound);
		const { outputs } = await run({ ...day, options: { simplify: true } });
		const call = ['startTime', 'durationSeconds', 'agentName', 'customerPhone', 'wrapUpCode'];
		const file = ['recordingId', 'directory', 'fileName'];
		expect(outputs.map(([item]) => Object.keys(item?.json ?? {}))).toEqual([
			['status', ...call, 'bytes', ...file, 'indexDetail'],
			['status', ...call, ...file, 'indexDetail'],
			['status', 'recordedAtUtc', 'bytes', ...file],
		]);
	});

	it('finds exactly the planted missing, unindexed, empty and truncated files among 5,000, in one pass over each directory', async () => {
		const stamps = Array.from({ length: 5_000 }, (_, call) =>
			new Date(Date.parse('2016-06-06T07:00:00Z') + call * 17_000).toISOString().replace(/[-:T]/g, '').slice(0, 14),
		);
		const planted = {
			missing: [3, 2_000, 4_999],
			unindexed: [0, 77, 4_321],
			empty: [10, 3_000],
			truncated: [11, 2_500, 4_000],
		};
		const at = (calls: readonly number[], status: string): string[] =>
			calls.map((call) => `${idOf(stamps[call] ?? '')} ${status}`);
		const listed = stamps.filter((_, call) => !planted.unindexed.includes(call));
		store.put('Index/I20160606.csv', index(...listed.map((stamp) => line(stamp))));
		for (const [call, stamp] of stamps.entries()) {
			if (planted.missing.includes(call)) continue;
			// The least that can be cut off: the index says 3 s, and 3 s are there but for a few bytes.
			const cut = planted.truncated.includes(call) ? sound.subarray(0, -16) : sound;
			store.put(idOf(stamp), planted.empty.includes(call) ? '' : cut);
		}
		const { matched, missing, unindexed, hints } = await run();
		expect(missing).toEqual(at(planted.missing, 'missing'));
		expect(unindexed).toEqual(at(planted.unindexed, 'unindexed'));
		expect(matched).toHaveLength(4_994);
		expect(matched.filter((text) => !String(text).endsWith(' ok')).sort()).toEqual(
			[...at(planted.empty, 'empty'), ...at(planted.truncated, 'short')].sort(),
		);
		expect(matched).toEqual([...matched].sort());
		expect(hints[0]).toBe('2016-06-06: 4994 matched (2 empty, 3 short), 3 missing, 3 unindexed.');
		expect(hints[1]).toContain(
			`${idOf(stamps[11] ?? '')} (its header promises ${sound.length} bytes and there are ${sound.length - 16})`,
		);

		const lists = store.requests.filter((request) => request.startsWith('list '));
		expect(lists).toHaveLength(new Set(lists).size);
		expect(
			store.requests.filter((request) => request.startsWith('stat ')).filter((request) => !request.includes('Index')),
		).toEqual([]);
		expect(store.mostOpenReads).toBeLessThanOrEqual(4);
		expect(store.mostOpenReads).toBeGreaterThan(1);
	}, 60_000);

	it('reads no header when sizes are not to be checked, and still tells empty files', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), line(NOON)))
			.put(idOf(MORNING), sound.subarray(0, 500))
			.put(idOf(NOON), '');
		expect((await run({ ...day, options: { checkSize: false } })).matched).toEqual([
			`${idOf(MORNING)} ok`,
			`${idOf(NOON)} empty`,
		]);
		expect(store.requests.filter((request) => request.includes('.wav'))).toEqual([]);
		expect((await run({ ...day, options: { checkSize: true } })).matched).toEqual([
			`${idOf(MORNING)} short`,
			`${idOf(NOON)} empty`,
		]);
		expect(store.requests.filter((request) => request === `read ${idOf(NOON)}`)).toEqual([]);
	});

	it('reads no more of a long recording than its header, and tells one much shorter than its call', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING, { duration: 60 }), line(NOON, { duration: 600 })));
		store.put(idOf(MORNING), wav(60)).put(idOf(NOON), wav(60));
		store.failures.set(`read ${idOf(MORNING)} at 10000`, [
			new TransportError('permission-denied', 'Too much was read'),
		]);
		const { matched, hints } = await run();
		expect(matched).toEqual([`${idOf(MORNING)} ok`, `${idOf(NOON)} short`]);
		expect(hints[1]).toBe(`Short: ${idOf(NOON)} (it holds 60 s of sound and the index says 600 s)`);
	});

	it('reads further into a recording whose header has metadata before the sound', async () => {
		const [riff, rest] = [wav(60).subarray(0, 12), wav(60).subarray(12)];
		const metadata = Buffer.alloc(8 + 30_000);
		metadata.write('LIST');
		metadata.writeUInt32LE(30_000, 4);
		const whole = Buffer.concat([riff, metadata, rest]);
		whole.writeUInt32LE(whole.length - 8, 4);
		store.put('Index/I20160606.csv', index(line(MORNING, { duration: 60 }), line(NOON, { duration: 600 })));
		store.put(idOf(MORNING), whole).put(idOf(NOON), whole);
		expect((await run()).matched).toEqual([`${idOf(MORNING)} ok`, `${idOf(NOON)} short`]);
		expect(store.requests.filter((request) => request === `read ${idOf(NOON)}`)).toHaveLength(2);
	});

	it('gives the verdict that a download gives, however far the sound is behind its header', async () => {
		const metadata: Layout['before'] = [['bext', Buffer.alloc(90_000)]];
		const far = wavFile({ before: metadata, sound: 960_000 });
		store.put('Index/I20160606.csv', index(...[MORNING, NOON, EVENING].map((stamp) => line(stamp, { duration: 60 }))));
		store.put(idOf(MORNING), far).put(idOf(NOON), far.subarray(0, -1_000));
		store.put(idOf(EVENING), wavFile({ sound: 480_000, riff: () => 0x7fff_f024, data: () => 0x7fff_f000 }));
		const { matched, hints } = await run();
		expect(matched).toEqual([`${idOf(MORNING)} ok`, `${idOf(NOON)} short`, `${idOf(EVENING)} short`]);
		expect(hints[1]).toContain('its header leaves the length open, it holds 30 s of sound and the index says 60 s');
		expect(store.requests.filter((request) => request === `read ${idOf(MORNING)}`)).toHaveLength(2);
	});

	it('takes a recording for whole whose header has lengths or a byte rate that its sound contradicts', async () => {
		const ima = { tag: 0x11, bits: 4, block: 256, byteRate: 16_000, extra: [2, 505] };
		store.put('Index/I20160606.csv', index(...[MORNING, NOON, EVENING].map((stamp) => line(stamp, { duration: 45 }))));
		store.put(idOf(MORNING), wavFile({ format: ima, before: [fact(360_000)], sound: 713 * 256 }));
		store.put(idOf(NOON), wavFile({ sound: 720_000, riff: () => 0x7fff_f024, data: () => 0x7fff_f000 }));
		store.put(idOf(EVENING), wavFile({ magic: 'RIFX', sound: 720_000, riff: (size) => size }));
		expect((await run()).matched.map((each) => String(each).slice(-2))).toEqual(['ok', 'ok', 'ok']);
	});

	it('needs no header of a file that is no WAV', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING, { file: `R${MORNING}0001.mp3` })))
			.put(`S20160606/R${MORNING}0001.mp3`, 'ID3');
		expect((await run()).matched).toEqual([`S20160606/R${MORNING}0001.mp3 ok`]);
	});

	it('gives all of it in one output to an agent, what is wrong first', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), line(NOON)))
			.put(idOf(MORNING), sound)
			.put(idOf(EVENING), sound);
		const { outputs } = await run(day, {}, 'reconcileDayTool');
		expect(outputs).toHaveLength(1);
		expect(outputs[0]?.map(({ json }) => json['status'])).toEqual(['missing', 'unindexed', 'ok']);
	});
});

describe('Reconcile Day around midnight', () => {
	const LATE = '20160607070500';
	const beforeMidnight = line(LATE, { start: '20160607065900' });

	it('never calls a file unindexed that the row of the neighbouring day is about, whichever day is asked for', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), beforeMidnight))
			.put('Index/I20160607.csv', index(line(NEXT_DAY)));
		for (const stamp of [MORNING, LATE, NEXT_DAY]) store.put(idOf(stamp), sound);
		expect(await run()).toMatchObject({
			matched: [`${idOf(MORNING)} ok`, `${idOf(LATE)} ok`],
			missing: [],
			unindexed: [],
		});
		store.requests.length = 0;
		expect(await run({ ...day, date: '2016-06-07' })).toMatchObject({
			matched: [`${idOf(NEXT_DAY)} ok`],
			missing: [],
			unindexed: [],
		});
		const lists = store.requests.filter((request) => request.startsWith('list '));
		expect(lists).toHaveLength(new Set(lists).size);
		const both = await run({ period: 'dateRange', startDate: '2016-06-06', endDate: '2016-06-07' });
		expect(both).toMatchObject({
			matched: [MORNING, LATE, NEXT_DAY].map((stamp) => `${idOf(stamp)} ok`),
			missing: [],
			unindexed: [],
		});
		expect(both.hints).toEqual([
			'2016-06-06 is complete: 2 matched, 0 missing, 0 unindexed.',
			'2016-06-07 is complete: 1 matched, 0 missing, 0 unindexed.',
		]);
	});

	it('finds it in the indexes of the day directories too, when there is no Index directory', async () => {
		store
			.put('S20160606/I20160606.csv', index(line(MORNING), beforeMidnight))
			.put('S20160607/I20160607.csv', index(line(NEXT_DAY)))
			.put('S20160608/I20160608.csv', index());
		for (const stamp of [MORNING, LATE, NEXT_DAY]) store.put(idOf(stamp), sound);
		expect(await run({ ...day, date: '2016-06-07' })).toMatchObject({
			matched: [`${idOf(NEXT_DAY)} ok`],
			missing: [],
			unindexed: [],
		});
	});

	it('looks for the file of a row in whatever directory the row names when its name has no stamp', async () => {
		const utc = { ...day, timeZone: 'UTC' };
		const early = line('20160605235959', { start: '20160606000001' });
		store.put(
			'Index/I20160606.csv',
			index(
				early,
				line(MORNING, { file: 'morning.wav', directory: 'Moved/2016' }),
				line(NOON, { file: 'noon.wav', directory: '../elsewhere' }),
				line('20160606200000', { directory: '/export/acme' }),
			),
		);
		store.put(idOf('20160605235959'), sound).put('Moved/2016/morning.wav', sound).put(idOf('20160606200000'), sound);
		store.failures.set('list ../elsewhere', [
			new TransportError('illegal-path', 'The path leads out of the tenant directory'),
		]);
		const { matched, missing, unindexed, hints } = await run(utc);
		expect(matched).toEqual([
			`${idOf('20160605235959')} ok`,
			'Moved/2016/morning.wav ok',
			`${idOf('20160606200000')} ok`,
		]);
		expect(missing).toEqual(['../elsewhere/noon.wav missing']);
		expect(unindexed).toEqual([]);
		expect(hints).toContain(
			'../elsewhere is no path of a directory, so the recording that the index lists in it is missing.',
		);
	});

	it('is right on the days when the clocks change', async () => {
		// 2016-11-06 has 25 hours in Los Angeles: 07:00 UTC to 08:00 UTC.
		store.put('Index/I20161106.csv', index(line('20161106070000'), line('20161107075959')));
		for (const stamp of ['20161106065959', '20161106070000', '20161107075958', '20161107075959', '20161107080000'])
			store.put(idOf(stamp), sound);
		const { matched, missing, unindexed } = await run({ ...day, date: '2016-11-06' });
		expect(matched).toEqual(['20161106070000', '20161107075959'].map((stamp) => `${idOf(stamp)} ok`));
		expect(missing).toEqual([]);
		expect(unindexed).toEqual([`${idOf('20161107075958')} unindexed`]);
	});
});

describe('Reconcile Day of days that are not whole on the server', () => {
	it('never takes a day without an index for a day of unindexed files', async () => {
		store.put(idOf(MORNING), sound);
		const failure = await run().catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(NodeOperationError);
		expect(failure).toMatchObject({
			message:
				'No index covers tenant day 2016-06-06 (America/Los_Angeles): none in Index/ and none in S20160606 and S20160607 (not on the server)',
			description: expect.stringMatching(/Without its index a day cannot be proven complete\.$/),
		});
		expect(failure).toMatchObject({ description: expect.not.stringContaining('On Missing Index') });
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'keeps the other days with %s, and tells the one that cannot be proven',
		async (onError) => {
			store
				.put('Index/I20160606.csv', index(line(MORNING), line(NOON)))
				.put(idOf(MORNING), sound)
				.put(idOf('20160605180000'), sound);
			const { matched, missing, unindexed, hints } = await run(
				{ period: 'dateRange', startDate: '2016-06-05', endDate: '2016-06-06' },
				{ onError },
			);
			expect(matched).toEqual([`${idOf(MORNING)} ok`]);
			expect(missing).toEqual([
				`${idOf(NOON)} missing`,
				expect.stringContaining('No index covers tenant day 2016-06-05'),
			]);
			expect(unindexed).toEqual([]);
			expect(hints).toEqual([
				'2016-06-06: 1 matched, 1 missing, 0 unindexed.',
				'2016-06-05: not compared, because no index covers it.',
			]);
		},
	);

	it('tells that a directory is gone, and its recordings are missing', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), line(EVENING), line('20160607020000')))
			.put(idOf(MORNING), sound);
		const { matched, missing, hints } = await run();
		expect(matched).toHaveLength(1);
		expect(missing).toEqual([`${idOf(EVENING)} missing`, `${idOf('20160607020000')} missing`]);
		expect(hints).toEqual([
			'2016-06-06: 1 matched, 2 missing, 0 unindexed.',
			'S20160607 is not on the server (8x8 deletes recordings at the end of their retention), so the 2 recordings that the index lists in it are missing.',
		]);
	});

	it('counts a row without a recording as missing, and names its line', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), line(NOON, { file: '', directory: '' })))
			.put(idOf(MORNING), sound)
			.put(idOf(NOON), sound);
		const { missing, unindexed, hints } = await run();
		expect(missing).toEqual(['null missing']);
		expect(unindexed).toEqual([`${idOf(NOON)} unindexed`]);
		expect(hints[1]).toContain('Index/I20160606.csv: line 3: it names no recording');
	});

	it('sums up a long period by the days that are not complete', async () => {
		const dates = ['20160601', '20160602', '20160603', '20160604', '20160605', '20160606', '20160607'];
		for (const date of dates) store.put(`Index/I${date}.csv`, index(line(`${date}190000`)));
		for (const date of dates.slice(1)) store.put(idOf(`${date}190000`), sound);
		const { hints } = await run({ period: 'dateRange', startDate: '2016-06-01', endDate: '2016-06-07' });
		expect(hints).toEqual([
			'2016-06-01: 0 matched, 1 missing, 0 unindexed.',
			expect.stringContaining('S20160601 is not on the server'),
			'6 of 7 days complete: 6 matched.',
		]);
		store.put(idOf('20160601190000'), sound);
		expect((await run({ period: 'dateRange', startDate: '2016-06-01', endDate: '2016-06-07' })).hints).toEqual([
			'All 7 days complete: 7 matched.',
		]);
		store.files.delete('Index/I20160601.csv');
		const withGap = await run(
			{ period: 'dateRange', startDate: '2016-06-01', endDate: '2016-06-07' },
			{ onError: 'continueRegularOutput' },
		);
		expect(withGap.hints).toEqual([
			'2016-06-01: not compared, because no index covers it.',
			'6 of 7 days complete: 6 matched.',
		]);
	});

	it('warns of a day with problems, and only informs about a complete one', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING))).put(idOf(MORNING), sound);
		const complete = { message: '2016-06-06 is complete: 1 matched, 0 missing, 0 unindexed.', type: 'info' };
		expect((await run()).told).toEqual([expect.objectContaining(complete)]);
		store.put(idOf(NOON), sound);
		const problem = { message: '2016-06-06: 1 matched, 0 missing, 1 unindexed.', type: 'warning' };
		expect((await run()).told).toEqual([expect.objectContaining(problem)]);
	});

	it('says of a day that the clocks skipped that it has no hours', async () => {
		const { outputs, hints } = await run({ ...day, date: '2011-12-30', timeZone: 'Pacific/Apia' });
		expect(outputs).toEqual([[], [], []]);
		expect(hints).toEqual(['Tenant day 2011-12-30 has no hours: the clocks of Pacific/Apia skipped it.']);
	});

	it('says how often every call comes when several input items ask for the same day', async () => {
		store.put('Index/I20160606.csv', index(line(MORNING))).put(idOf(MORNING), sound);
		const items = [{ json: { date: '2016-06-06' } }, { json: { date: '2016-06-06' } }];
		const { matched, hints } = await run(day, { items });
		expect(matched).toHaveLength(2);
		expect(hints[0]).toMatch(/^Ran once for each of the 2 input items, so every call comes 2 times\./);
		expect((await run({ ...day, date: '={{ $json.date }}' }, { items })).hints).toHaveLength(1);
	});

	it('asks for the time of each file where the listing does not tell it, unless only names are compared', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING)))
			.put(idOf(MORNING), sound)
			.put(idOf(NOON), sound);
		const list = store.list.bind(store);
		store.list = async (directory, options) =>
			(await list(directory, options)).map((entry) => ({ ...entry, modifiedAt: undefined }));
		const times = async (parameters: INodeParameters): Promise<unknown[]> =>
			(await run(parameters)).outputs.flat().map(({ json }) => json['remoteModifiedAt']);
		expect(await times(day)).toEqual(['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z']);
		store.requests.length = 0;
		expect(await times({ ...day, options: { checkSize: false } })).toEqual([null, null]);
		expect(store.requests.filter((request) => request.startsWith('stat S'))).toEqual([]);
	});

	it('asks about a file whose size the listing does not tell, or that may be a link', async () => {
		store
			.put('Index/I20160606.csv', index(line(MORNING), line(NOON)))
			.put(idOf(MORNING), sound)
			.put(idOf(NOON), sound);
		const list = store.list.bind(store);
		store.list = async (directory, options) =>
			(await list(directory, options)).map((entry) =>
				entry.path === idOf(MORNING)
					? { ...entry, size: undefined }
					: entry.path === idOf(NOON)
						? { ...entry, type: 'other' }
						: entry,
			);
		const { matched } = await run();
		expect(matched).toEqual([`${idOf(MORNING)} ok`, `${idOf(NOON)} ok`]);
	});
});

describe('Reconcile Day against a server that fails', () => {
	beforeEach(() => {
		store.put('Index/I20160606.csv', index(line(MORNING), line(NOON), line(EVENING)));
		for (const stamp of [MORNING, NOON, EVENING]) store.put(idOf(stamp), sound);
	});

	it('tries again after a drop', async () => {
		const lost = (): TransportError => new TransportError('connection-lost', 'The connection was lost');
		store.failures.set('list S20160606', [lost()]);
		store.failures.set(`read ${idOf(NOON)}`, [lost()]);
		store.failures.set(`read ${idOf(EVENING)} at 0`, [lost()]);
		const { matched, hints } = await run();
		expect(matched).toEqual([MORNING, NOON, EVENING].map((stamp) => `${idOf(stamp)} ok`));
		expect(hints.at(-1)).toMatch(/^Tried again \d times after .+: The connection was lost\.$/);
	});

	it('counts a recording as missing that is deleted meanwhile, in its place', async () => {
		store.files.delete(idOf(EVENING));
		store.failures.set(`read ${idOf(NOON)}`, [new TransportError('not-found', 'There is no such file')]);
		const { matched, missing, hints } = await run();
		expect(matched).toEqual([`${idOf(MORNING)} ok`]);
		expect(missing).toEqual([`${idOf(NOON)} missing`, `${idOf(EVENING)} missing`]);
		expect(hints[0]).toBe('2016-06-06: 1 matched, 2 missing, 0 unindexed.');
	});

	it('looks again at a recording that has grown since the listing', async () => {
		store.failures.set(
			`read ${idOf(NOON)}`,
			Array.from({ length: 6 }, () => new TransportError('size-mismatch', 'It has other bytes than were stated')),
		);
		const stat = store.stat.bind(store);
		const longer = wav(4);
		store.stat = async (path, options) => {
			if (path === idOf(NOON)) store.put(path, longer);
			return await stat(path, options);
		};
		const { outputs } = await run();
		expect(outputs[0]?.map(({ json }) => [json['status'], json['bytes']])).toEqual([
			['ok', sound.length],
			['ok', longer.length],
			['ok', sound.length],
		]);
	}, 60_000);

	it('of one recording that may not be read makes one failure, and the others go on', async () => {
		const denied = (): void => {
			store.failures.set(`read ${idOf(NOON)}`, [
				new TransportError('permission-denied', `${idOf(NOON)} may not be read`),
			]);
		};
		denied();
		await expect(run()).rejects.toMatchObject({ message: `${idOf(NOON)} may not be read` });
		denied();
		const { matched, missing, hints } = await run(day, { onError: 'continueRegularOutput' });
		expect(matched).toEqual([`${idOf(MORNING)} ok`, `${idOf(EVENING)} ok`]);
		expect(hints).toEqual(['2016-06-06: 2 matched, 0 missing, 0 unindexed, 1 could not be read.']);
		expect(missing).toEqual([expect.stringContaining(`${idOf(NOON)} may not be read`)]);
	});

	it('gives up at once when the server does not let it in, and never tries a login again', async () => {
		store.failures.set(`read ${idOf(MORNING)}`, [
			new TransportError('login-failed', 'The server refused the user name or password'),
		]);
		await expect(run()).rejects.toMatchObject({
			message: 'The server refused the user name or password',
			description: expect.stringContaining('SFTP Password'),
		});
		expect(store.closed).toBe(true);
	});

	it('runs once for every item, and one bad item does not lose the others', async () => {
		const items = [{ json: { date: '2016-06-06' } }, { json: { date: 'soon' } }, { json: { date: '2016-06-06' } }];
		const { outputs, missing } = await run(
			{ period: 'date', date: '={{ $json.date }}' },
			{ items, onError: 'continueRegularOutput' },
		);
		expect(outputs[0]?.map(({ pairedItem }) => pairedItem)).toEqual([0, 0, 0, 2, 2, 2].map((item) => ({ item })));
		expect(missing).toEqual([expect.stringContaining("'soon' is not a date")]);
		expect(outputs[1]?.[0]).toMatchObject({ json: { date: 'soon' }, pairedItem: { item: 1 } });
	});

	it('makes a credential that cannot be used the failure of every item', async () => {
		const { missing } = await run(day, { credential: { ...credential, host: '' }, onError: 'continueRegularOutput' });
		expect(missing).toEqual(['The credential has no Host. Open the credential and correct this field.']);
	});

	it('stops when the execution is cancelled', async () => {
		const stop = new AbortController();
		store.hanging.add(idOf(NOON));
		const running = run(day, { signal: stop.signal });
		setTimeout(() => stop.abort(), 50);
		await expect(running).rejects.toMatchObject({ message: expect.stringContaining('cancelled') });
	});
});
