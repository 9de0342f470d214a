import { DateTime } from 'luxon';
import { NodeOperationError } from 'n8n-workflow';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RecordingTrigger } from '../../../nodes/RecordingTrigger/RecordingTrigger.node';
import { TransportError } from '../../../transport/transportError';
import { DETAILED_HEADER } from '../recordings/readText';
import { GrowingTenant } from './growingTenant';
import { PollingHost } from './runPoll';
import { credential } from './runNode';
import { serveFrom } from './servedStore';

let tenant = new GrowingTenant();
serveFrom(() => tenant);

const node = new RecordingTrigger();
const HEADER = `${DETAILED_HEADER}\r\n`;
const BASIC_HEADER = 'CALL TYPE,START TIME,AGENT NAME,FILENAME,DIRECTORY\r\n';

/** One line of a detailed index: a call that began at this UTC second. */
function line(stamp: string, changes: { code?: string; agent?: string; file?: string } = {}): string {
	const { code = 'Sale', agent = 'Agent One', file = `R${stamp}0001.wav` } = changes;
	const utc = `${stamp.slice(4, 6)}/${stamp.slice(6, 8)}/${stamp.slice(0, 4)} ${stamp.slice(8, 10)}:${stamp.slice(10, 12)}:${stamp.slice(12, 14)}`;
	const directory = file === '' ? '' : `S${stamp.slice(0, 8)}`;
	return `Inbound,,,${agent},4155550100,8005550199,,1,30,${file},${directory},,${utc},,Inbound,Sales,1,,,,${code}\r\n`;
}

function basic(stamp: string): string {
	return `Inbound,,Agent One,R${stamp}0001.wav,S${stamp.slice(0, 8)}\r\n`;
}

function idOf(stamp: string): string {
	return `S${stamp.slice(0, 8)}/R${stamp}0001.wav`;
}

function ids(items: readonly IDataObject[]): unknown[] {
	return items.map((item) => item['recordingId']);
}

function host(parameters: INodeParameters = {}, more: { budgetMs?: number } = {}): PollingHost {
	return new PollingHost(node, { parameters: { watch: 'index', ...parameters }, credential, ...more });
}

/** Moves the clock on to this UTC time. */
function at(time: string): void {
	vi.setSystemTime(new Date(`${time}Z`));
}

const MORNING = '20160606150000';
const NOON = '20160606190000';
const EVENING = '20160607013000';
const NEXT_NIGHT = '20160607073000';

beforeEach(() => {
	// The jitter of waits between attempts: none, so that retries are tested and not waited for.
	vi.spyOn(Math, 'random').mockReturnValue(0);
	vi.useFakeTimers({ toFake: ['Date'] });
	tenant = new GrowingTenant();
	// 01:00 in Los Angeles on 7 June: the index of the 6th is there.
	at('2016-06-07T08:00:00');
	tenant
		.put('Index/I20160606.csv', HEADER + line(MORNING))
		.put(`S20160606/R${MORNING}0001.wav`, 'x')
		.put(`S20160607/R${EVENING}0001.wav`, 'x');
});

afterEach(() => {
	vi.useRealTimers();
});

describe('Recording Trigger watching the index', () => {
	it('takes what is there for known, and emits later rows once, oldest first, as List Index gives them', async () => {
		const n8n = host();
		expect(await n8n.activate()).toEqual([]);
		expect(await n8n.tick()).toEqual([]);
		tenant.append('Index/I20160606.csv', line(EVENING) + line(NOON, { code: 'Complaint' }));
		const items = await n8n.tick();
		expect(ids(items)).toEqual([idOf(NOON), idOf(EVENING)]);
		expect(items[0]).toMatchObject({
			tenantDay: '2016-06-06',
			wrapUpCode: 'Complaint',
			indexFile: 'Index/I20160606.csv',
			indexLine: 4,
			sequence: 1,
		});
		expect(await n8n.tick()).toEqual([]);
		expect(tenant.closed).toBe(true);
	});

	it('emits eleven fields of each call when told to simplify, also as a test event, and whole files', async () => {
		const n8n = host({ options: { simplify: true, emitExisting: true } });
		const [call] = await n8n.activate();
		expect(call).toMatchObject({ recordingId: idOf(MORNING), agentName: 'Agent One', wrapUpCode: 'Sale' });
		expect(Object.keys(call ?? {})).toHaveLength(11);
		expect(await n8n.fetchTestEvent()).toEqual([call]);
		const files = host({ watch: 'files', options: { simplify: true } });
		expect((await files.fetchTestEvent())[0]).toHaveProperty('remoteModifiedAt');
	});

	it('begins with the existing calls of the look-back when asked to', async () => {
		tenant
			.put('Index/I20160602.csv', HEADER + line('20160602180000'))
			.put('Index/I20160604.csv', HEADER + line('20160604180000'));
		expect(ids(await host({ options: { emitExisting: true } }).activate())).toEqual([
			idOf('20160604180000'),
			idOf(MORNING),
		]);
	});

	it('keeps what a full poll leaves for the next one, and loses none of it in a restart', async () => {
		const n8n = host({ options: { maximumItems: 2 } });
		await n8n.activate();
		const stamps = ['20160606151000', '20160606152000', '20160606153000', '20160606154000', '20160606155000'];
		tenant.append(
			'Index/I20160606.csv',
			[...stamps]
				.reverse()
				.map((stamp) => line(stamp))
				.join(''),
		);
		expect(ids(await n8n.tick())).toEqual(stamps.slice(0, 2).map(idOf));
		expect(ids(await n8n.restart())).toEqual(stamps.slice(2, 4).map(idOf));
		expect(ids(await n8n.tick())).toEqual(stamps.slice(4).map(idOf));
		expect(await n8n.restart()).toEqual([]);
	});

	it('emits after a restart what came between the last poll before it and the first after it, though no poll ever emitted', async () => {
		const n8n = host();
		await n8n.activate();
		await n8n.tick();
		tenant.append('Index/I20160606.csv', line(NOON));
		expect(ids(await n8n.restart())).toEqual([idOf(NOON)]);
		expect(await n8n.restart()).toEqual([]);
	});

	it('catches up after a time off that is longer than the look-back', async () => {
		const n8n = host({ options: { maximumItems: 2, lookbackDays: 1 } });
		await n8n.activate();
		const days = ['20160607', '20160608', '20160612', '20160615', '20160620'].map((day) => `${day}180000`);
		for (const stamp of days) tenant.put(`Index/I${stamp.slice(0, 8)}.csv`, HEADER + line(stamp));
		at('2016-06-22T18:00:00');
		expect([...ids(await n8n.restart()), ...ids(await n8n.tick()), ...ids(await n8n.tick())]).toEqual(days.map(idOf));
		expect(await n8n.tick()).toEqual([]);
	});

	it('emits late rows and late files inside the look-back, and none from before it', async () => {
		const n8n = host({ options: { lookbackDays: 2 } });
		await n8n.activate();
		at('2016-06-08T18:00:00');
		tenant.append('Index/I20160606.csv', line(NOON)).put('Index/I20160603.csv', HEADER + line('20160603180000'));
		tenant.put('S20160607/I20160607_version2.csv', HEADER + line(EVENING));
		expect(ids(await n8n.tick())).toEqual([idOf(NOON), idOf(EVENING)]);
		at('2016-06-10T18:00:00');
		expect(await n8n.tick()).toEqual([]);
		tenant.append('Index/I20160606.csv', line('20160606200000'));
		expect(await n8n.tick()).toEqual([]);
	});

	it('emits nothing again when an index is renamed to another edition, or a copy of it appears', async () => {
		const n8n = host();
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(NOON));
		expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
		tenant.rename('Index/I20160606.csv', 'Index/I20160606_version2.csv');
		expect(await n8n.tick()).toEqual([]);
		tenant.put('S20160606/I20160606_version2.csv', HEADER + line(NOON) + line(MORNING));
		expect(await n8n.tick()).toEqual([]);
	});

	it('prefers the richer row where a poll finds two', async () => {
		const n8n = host();
		await n8n.activate();
		tenant
			.put('Index/I20160607.csv', BASIC_HEADER + basic(EVENING))
			.put('S20160607/I20160607_version2.csv', HEADER + line(EVENING, { code: 'Complaint' }));
		expect((await n8n.tick()).map((item) => [item['recordingId'], item['wrapUpCode']])).toEqual([
			[idOf(EVENING), 'Complaint'],
		]);
	});

	it('alerts on a wrap-up code that only the detailed edition tells, a day after the basic one', async () => {
		const n8n = host({ filters: { wrapUpCodes: 'Complaint' } });
		await n8n.activate();
		tenant.put('Index/I20160607.csv', BASIC_HEADER + basic(EVENING) + basic(NOON));
		expect(await n8n.tick()).toEqual([]);
		at('2016-06-08T08:00:00');
		tenant.put('S20160607/I20160607_version2.csv', HEADER + line(EVENING, { code: 'Complaint' }) + line(NOON));
		expect(ids(await n8n.tick())).toEqual([idOf(EVENING)]);
		expect(await n8n.tick()).toEqual([]);
	});

	it('does not emit later what the filters turned away', async () => {
		const n8n = host({ filters: { wrapUpCodes: 'Complaint' } });
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(NOON) + line(EVENING, { code: 'Complaint' }));
		expect(ids(await n8n.tick())).toEqual([idOf(EVENING)]);
		n8n.node = { ...n8n.node, parameters: { watch: 'index' } };
		expect(await n8n.activate('update')).toEqual([]);
		tenant.append('Index/I20160606.csv', line('20160606200000'));
		expect(ids(await n8n.tick())).toEqual([idOf('20160606200000')]);
	});

	it('emits a row without a recording once', async () => {
		const n8n = host();
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(NOON, { file: '' }));
		expect(await n8n.tick()).toMatchObject([{ recordingId: null, startTimeUtc: '2016-06-06T19:00:00.000Z' }]);
		tenant.append('Index/I20160606.csv', line(EVENING, { file: '' }));
		tenant.put('S20160606/I20160606.csv', HEADER + line(NOON, { file: '' }));
		expect(await n8n.tick()).toMatchObject([{ recordingId: null, startTimeUtc: '2016-06-07T01:30:00.000Z' }]);
	});

	it('emits a call once whose recording lies in the directory of another week', async () => {
		const n8n = host();
		await n8n.activate();
		const elsewhere = line(NOON).replace('S20160606', 'S20160525');
		tenant.append('Index/I20160606.csv', elsewhere);
		expect(ids(await n8n.tick())).toEqual([idOf(NOON).replace('S20160606', 'S20160525')]);
		tenant.append('Index/I20160606.csv', line(EVENING));
		expect(ids(await n8n.tick())).toEqual([idOf(EVENING)]);
		expect(ids(await n8n.restart())).toEqual([]);
	});

	it.each([true, false])(
		'emits only what is new of an index that a shorter one replaces (times told: %s)',
		async (told) => {
			tenant.tellsTimes = told;
			tenant.append('Index/I20160606.csv', line(NOON) + line('20160606193000'));
			const n8n = host();
			await n8n.activate();
			tenant.put('Index/I20160606.csv', HEADER + line(EVENING));
			expect(ids(await n8n.tick())).toEqual([idOf(EVENING)]);
			tenant.put('Index/I20160606.csv', HEADER + line(MORNING) + line(NOON) + line('20160606193000') + line(EVENING));
			expect(await n8n.tick()).toEqual([]);
		},
	);

	it('emits the calls of every day of the look-back that one index file lists', async () => {
		const n8n = host();
		await n8n.activate();
		const stamps = ['20160531150000', '20160604150000', '20160605150000', '20160606160000', '20160607080000'];
		tenant.put('Index/I20160607.csv', HEADER + stamps.map((stamp) => line(stamp)).join(''));
		expect(ids(await n8n.tick())).toEqual(stamps.slice(1).map(idOf));
	});

	it('waits for the end of a row that is just being written', async () => {
		const n8n = host();
		await n8n.activate();
		const whole = line(NOON, { code: 'Complaint' });
		tenant.append('Index/I20160606.csv', whole.slice(0, -6));
		expect(await n8n.tick()).toEqual([]);
		tenant.append('Index/I20160606.csv', whole.slice(-6));
		expect((await n8n.tick()).map((item) => item['wrapUpCode'])).toEqual(['Complaint']);
	});

	it('takes a last row without a line end when it has stayed so for a poll', async () => {
		const n8n = host();
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(NOON).trimEnd());
		expect(await n8n.tick()).toEqual([]);
		expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
		expect(await n8n.tick()).toEqual([]);
	});

	it.each([
		['its last value', (row: string): string => row.split(',').slice(0, -1).join(',')],
		['nearly all of its values', (row: string): string => row.split(',').slice(0, 6).join(',')],
		['the end of a quoted value', (row: string): string => row.replace('Sale\r\n', '"Sal')],
	])('never takes a row that lacks %s, however long it stays so, and takes it when it is whole', async (_, cut) => {
		const n8n = host();
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(EVENING) + cut(line(NOON)));
		expect(ids(await n8n.tick())).toEqual([idOf(EVENING)]);
		for (let poll = 0; poll < 4; poll++) expect(await n8n.tick()).toEqual([]);
		expect(n8n.log.filter((told) => told.includes('ends inside the row in line 4'))).toHaveLength(1);
		expect(await n8n.restart()).toEqual([]);
		tenant.put('Index/I20160606.csv', HEADER + line(MORNING) + line(EVENING) + line(NOON));
		expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
	});

	it('takes a last row without a line end that is as short as the others of its file', async () => {
		const n8n = host();
		await n8n.activate();
		const short = (stamp: string): string => line(stamp).replace(/,+Sale\r\n$/, '');
		tenant.put('Index/I20160606.csv', `${HEADER}${short(MORNING)}\r\n${short(NOON)}`);
		expect(await n8n.tick()).toEqual([]);
		expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
	});

	it('places the calls of a daylight saving day, whose tenant day has 25 hours', async () => {
		at('2016-11-06T08:30:00');
		const n8n = host();
		await n8n.activate();
		// 01:30 happens twice that night; both calls are different recordings of one tenant day.
		const stamps = ['20161106083000', '20161106093000', '20161107075900'];
		at('2016-11-07T09:00:00');
		tenant.put('Index/I20161106.csv', HEADER + stamps.map((stamp) => line(stamp)).join(''));
		const items = await n8n.tick();
		expect(ids(items)).toEqual(stamps.map(idOf));
		expect(items.every((item) => item['tenantDay'] === '2016-11-06')).toBe(true);
		expect(await n8n.restart()).toEqual([]);
	});

	it('takes the Time Zone of the node before that of the credential', async () => {
		const n8n = host({ timeZone: 'Asia/Tokyo', options: { emitExisting: true } });
		expect(await n8n.activate()).toMatchObject([{ tenantDay: '2016-06-07' }]);
		await expect(host({ timeZone: 'PST9' }).activate()).rejects.toThrow("'PST9' is not an IANA time zone");
	});
});

describe('an idle poll', () => {
	it('reads no index again, whether or not the server tells times', async () => {
		tenant
			.put('Index/I20160605.csv', HEADER + line('20160605180000'))
			.put('S20160606/I20160606_version2.csv', HEADER + line(MORNING));
		for (const tellsTimes of [true, false]) {
			tenant.tellsTimes = tellsTimes;
			const n8n = host();
			await n8n.activate();
			tenant.requests.length = 0;
			expect(await n8n.tick()).toEqual([]);
			expect(tenant.requests.sort()).toEqual(['list Index', 'list S20160606', 'list S20160607']);
		}
	});

	it('looks for new directories over FTPS every quarter of an hour and when Index changes, over SFTP each time', async () => {
		const lists = async (n8n: PollingHost): Promise<number> => {
			tenant.requests.length = 0;
			await n8n.tick();
			return tenant.requests.filter((request) => request === 'list ').length;
		};
		const n8n = host();
		await n8n.activate();
		expect(await lists(n8n)).toBe(0);
		tenant.put('S20160605/I20160605.csv', HEADER + line('20160605180000'));
		at('2016-06-07T08:14:00');
		expect(await lists(n8n)).toBe(0);
		tenant.append('Index/I20160606.csv', line(NOON));
		expect(ids(await n8n.tick())).toEqual([idOf('20160605180000'), idOf(NOON)]);
		at('2016-06-07T08:28:00');
		expect(await lists(n8n)).toBe(0);
		at('2016-06-07T08:29:00');
		expect(await lists(n8n)).toBe(1);
		n8n.node = { ...n8n.node, credential: { ...credential, protocol: 'sftp', hostKeyFingerprints: 'SHA256:x' } };
		expect([await lists(n8n), await lists(n8n)]).toEqual([1, 1]);
	});

	it('does not look for new directories while every day has one', async () => {
		tenant.put('S20160604/a.wav', '').put('S20160605/a.wav', '');
		const recent = ['list S20160606', 'list S20160607'];
		const listed = { index: ['list Index', ...recent], files: ['list S20160604', 'list S20160605', ...recent] };
		for (const [watch, lists] of Object.entries(listed)) {
			const n8n = host({ watch });
			await n8n.activate();
			tenant.requests.length = 0;
			await n8n.tick();
			expect(tenant.requests.sort()).toEqual(lists);
		}
	});

	it('finds an index that comes late beside the recordings of an old day, over FTPS within a quarter of an hour', async () => {
		tenant.put('S20160605/a.wav', '');
		const n8n = host();
		await n8n.activate();
		const start = DateTime.utc();
		tenant.put('S20160605/I20160605.csv', HEADER + line('20160605180000'));
		const found: unknown[] = [];
		for (let minutes = 1; minutes <= 15 && found.length === 0; minutes += 1) {
			at(start.plus({ minutes }).toISO({ includeOffset: false }));
			found.push(...ids(await n8n.tick()));
		}
		expect(found).toEqual([idOf('20160605180000')]);
		tenant.append('S20160605/I20160605.csv', line('20160605190000'));
		expect(ids(await n8n.tick())).toEqual([idOf('20160605190000')]);
	});

	it.each([0, 600])('fails when a tenant whose directories hold %i recordings is gone', async (recordings) => {
		for (let n = 0; n < recordings; n += 1)
			for (const day of ['04', '05', '06', '07'])
				tenant.put(`S201606${day}/R201606${day}12${String(n).padStart(8, '0')}.wav`, '');
		const n8n = host();
		n8n.node = { ...n8n.node, credential: { ...credential, tenantDirectory: 'acme' } };
		await n8n.activate();
		tenant.files.clear();
		tenant.failures.set('list ', [new TransportError('not-found', 'no such directory')]);
		await expect(n8n.tick()).rejects.toThrow("'acme' is not on the server");
	});

	it('reads a file of the running day again where the server tells no times', async () => {
		tenant.tellsTimes = false;
		tenant.put('Index/I20160607.csv', HEADER);
		const n8n = host();
		await n8n.activate();
		tenant.requests.length = 0;
		await n8n.tick();
		expect(tenant.requests.filter((request) => request.startsWith('read'))).toEqual(['read Index/I20160607.csv']);
	});

	it('asks for the time of such a file where only a listing has none, and reads it when it has changed at the same length', async () => {
		tenant.tellsTimes = false;
		tenant.tellsTimeOfOne = true;
		tenant.put('Index/I20160607.csv', HEADER + line(NEXT_NIGHT));
		const n8n = host();
		await n8n.activate();
		await n8n.tick();
		tenant.requests.length = 0;
		expect(await n8n.tick()).toEqual([]);
		expect(tenant.requests.filter((request) => request.startsWith('read'))).toEqual([]);
		at('2016-06-07T08:05:00');
		tenant.put('Index/I20160607.csv', HEADER + line('20160607075900'));
		expect(ids(await n8n.tick())).toEqual([idOf('20160607075900')]);
	});

	it('asks a large day directory for its index files alone, and lists it again after a quarter of an hour or when Index changes', async () => {
		for (let call = 0; call < 600; call++) tenant.put(`S20160607/R20160607${String(100_000 + call)}0001.wav`, '');
		tenant.put('S20160607/I20160607_version2.csv', HEADER);
		const n8n = host();
		await n8n.activate();
		const asked = async (): Promise<string[]> => {
			tenant.requests.length = 0;
			await n8n.tick();
			return tenant.requests.filter((request) => request.includes('S20160607') && !request.startsWith('read')).sort();
		};
		// The store stats a file again before it reads it.
		expect(await asked()).toEqual(['stat S20160607/I20160607_version2.csv']);
		tenant.append('S20160607/I20160607_version2.csv', line(EVENING));
		expect(await asked()).toContain('stat S20160607/I20160607_version2.csv');
		expect(await asked()).toEqual(['stat S20160607/I20160607_version2.csv']);
		at('2016-06-07T08:16:00');
		expect(await asked()).toEqual(['list S20160607']);
		expect(await asked()).toEqual(['stat S20160607/I20160607_version2.csv']);
		tenant.append('Index/I20160606.csv', line(NOON));
		expect(await asked()).toContain('list S20160607');

		// Over SFTP a missing file costs one answer, so the ones to be expected are asked for too.
		n8n.node = { ...n8n.node, credential: { ...credential, protocol: 'sftp', allowUnknownHostKey: true } };
		expect(await asked()).toEqual(['stat S20160607/I20160607.csv', 'stat S20160607/I20160607_version2.csv']);
		tenant.put('S20160607/I20160607.csv', HEADER + line('20160607020000'));
		tenant.requests.length = 0;
		expect(ids(await n8n.tick())).toEqual([idOf('20160607020000')]);
	});
});

describe('Recording Trigger watching files', () => {
	const files = { watch: 'files' };

	it('emits new audio files before an index tells about them, oldest first and each once', async () => {
		const n8n = host(files);
		expect(await n8n.activate()).toEqual([]);
		at('2016-06-07T20:00:00');
		tenant
			.put('S20160607/R201606071900000002.wav', 'abc')
			.put('S20160607/R201606071859590001.wav', 'ab')
			.put('S20160607/notes.txt', '')
			.put('S20160606/R201606062300000001.WAV', 'a');
		tenant.put('S20160608/R201606080000000001.wav', 'abcd');
		at('2016-06-07T20:01:00');
		const items = await n8n.tick();
		expect(items).toHaveLength(4);
		expect(items[1]).toEqual({
			recordingId: 'S20160607/R201606071859590001.wav',
			directory: 'S20160607',
			fileName: 'R201606071859590001.wav',
			path: 'S20160607/R201606071859590001.wav',
			recordedAtUtc: '2016-06-07T18:59:59.000Z',
			sequence: 1,
			bytes: 2,
			remoteModifiedAt: '2016-06-07T20:00:00.000Z',
		});
		expect(items.map((item) => item['fileName'])).toEqual([
			'R201606062300000001.WAV',
			'R201606071859590001.wav',
			'R201606071900000002.wav',
			'R201606080000000001.wav',
		]);
		expect(await n8n.tick()).toEqual([]);
		expect(await n8n.restart()).toEqual([]);
	});

	it('leaves a file that was changed in this moment for the next poll', async () => {
		const n8n = host(files);
		await n8n.activate();
		tenant.put('S20160607/R201606071900000001.wav', 'half');
		expect(await n8n.tick()).toEqual([]);
		at('2016-06-07T08:01:00');
		expect(ids(await n8n.tick())).toEqual(['S20160607/R201606071900000001.wav']);
	});

	it.each([
		['ahead', 300_000],
		['behind', -300_000],
	])('leaves a file that is being written on a server whose clock is %s until it stays the same', async (_, skew) => {
		const n8n = host(files);
		await n8n.activate();
		const name = 'S20160607/R201606071900000001.wav';
		const write = (time: string, content: string): void => {
			at(time);
			const now = Date.now();
			vi.setSystemTime(now + skew);
			tenant.append(name, content);
			vi.setSystemTime(now);
		};
		write('2016-06-07T08:00:55', 'one ');
		at('2016-06-07T08:01:00');
		expect(await n8n.tick()).toEqual([]);
		write('2016-06-07T08:01:55', 'two ');
		at('2016-06-07T08:02:00');
		expect(await n8n.tick()).toEqual([]);
		write('2016-06-07T08:02:05', 'three');
		at('2016-06-07T08:03:00');
		expect(await n8n.tick()).toEqual([]);
		at('2016-06-07T08:04:00');
		expect(await n8n.tick()).toMatchObject([{ recordingId: name, bytes: 13 }]);
		expect(await n8n.tick()).toEqual([]);
	});

	it('leaves a file without a byte until it has some, however many polls that takes', async () => {
		const n8n = host(files);
		const begun = 'S20160607/R201606070755000001.wav';
		at('2016-06-07T07:55:00');
		// Begun before the workflow is activated: it is not there yet.
		tenant.put(begun, '');
		at('2016-06-07T08:00:00');
		await n8n.activate();
		const name = 'S20160607/R201606071900000001.wav';
		at('2016-06-07T08:00:30');
		tenant.put(name, '');
		for (let hour = 9; hour < 20; hour += 1) {
			at(`2016-06-07T${String(hour).padStart(2, '0')}:00:00`);
			expect(await n8n.tick()).toEqual([]);
		}
		tenant.put(name, 'sound').put(begun, 'sound');
		at('2016-06-07T20:00:00');
		expect(await n8n.tick()).toEqual([]);
		at('2016-06-07T20:01:00');
		expect(ids(await n8n.tick())).toEqual([begun, name]);
		expect(await n8n.restart()).toEqual([]);
		expect(n8n.log).toEqual([]);
	});

	it('names files once that stay empty or keep growing for the look-back, and lets them hold nothing up', async () => {
		const n8n = host({ ...files, options: { lookbackDays: 2 } });
		await n8n.activate();
		const [empty, growing] = ['S20160607/R201606070900000001.wav', 'S20160607/R201606070901000001.wav'];
		at('2016-06-07T09:30:00');
		tenant.put(empty, '').put(growing, 'sound');
		for (let hour = 10; hour <= 24 * 4; hour += 1) {
			vi.setSystemTime(Date.parse('2016-06-07T00:00:00Z') + hour * 3_600_000);
			tenant.append(growing, 'more');
			expect(await n8n.tick()).toEqual([]);
		}
		const named = n8n.log.filter((message) => message.includes('not whole for 2 days'));
		expect(named).toHaveLength(1);
		expect(named[0]).toContain(`${growing}, ${empty} (empty)`);
		const state = JSON.stringify(n8n.memory);
		expect(state).not.toContain(empty);
		expect(state).toContain('"since":"2016-06-09"');
	});

	it('waits for a file to stay the same where the server tells no times', async () => {
		tenant.tellsTimes = false;
		const n8n = host(files);
		await n8n.activate();
		tenant.put('S20160607/R201606071900000001.wav', 'half');
		at('2016-06-07T08:01:00');
		expect(await n8n.tick()).toEqual([]);
		tenant.append('S20160607/R201606071900000001.wav', ' and half');
		at('2016-06-07T08:02:00');
		expect(await n8n.tick()).toEqual([]);
		at('2016-06-07T08:03:00');
		expect(await n8n.tick()).toMatchObject([{ bytes: 13 }]);
	});

	it('emits existing files when asked to, at most so many a poll', async () => {
		at('2016-06-07T09:00:00');
		for (let day = 1; day <= 7; day++) tenant.put(`S2016060${day}/R2016060${day}1200000001.wav`, 'x');
		at('2016-06-07T10:00:00');
		const n8n = host({ ...files, options: { emitExisting: true, maximumItems: 3 } });
		const polls = [await n8n.activate(), await n8n.tick(), await n8n.restart(), await n8n.tick()];
		expect(polls.map((items) => items.length)).toEqual([3, 3, 0, 0]);
		expect(ids(polls.flat())).toEqual([
			'S20160604/R201606041200000001.wav',
			'S20160605/R201606051200000001.wav',
			'S20160606/R201606061200000001.wav',
			`S20160606/R${MORNING}0001.wav`,
			`S20160607/R${EVENING}0001.wav`,
			'S20160607/R201606071200000001.wav',
		]);
	});

	it('begins afresh when it is told to watch something else', async () => {
		const n8n = host(files);
		await n8n.activate();
		n8n.node = { ...n8n.node, parameters: { watch: 'index' } };
		expect(await n8n.activate('update')).toEqual([]);
		tenant.append('Index/I20160606.csv', line(NOON));
		expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
	});
});

describe('the memory of a trigger', () => {
	const OTHER = { ...credential, username: 'other' };
	/** The other tenant has a recording of the same name, and one of its own. */
	const otherTenant = (): GrowingTenant =>
		new GrowingTenant()
			.put('Index/I20160606.csv', HEADER + line(MORNING) + line('20160606160000'))
			.put(`S20160606/R${MORNING}0001.wav`, 'x')
			.put('S20160606/R201606061600000001.wav', 'x');

	it.each([
		['another account', OTHER],
		['another directory', { ...credential, tenantDirectory: '/other' }],
	])(
		'is that of its tenant: %s emits nothing old and loses nothing new, and back again repeats and loses nothing',
		async (_, other) => {
			const [own, theirs] = [tenant, otherTenant()];
			const n8n = host({ options: { emitExisting: true } });
			expect(ids(await n8n.activate())).toEqual([idOf(MORNING)]);
			const swapTo = async (which: GrowingTenant, to: typeof credential): Promise<unknown[]> => {
				tenant = which;
				n8n.node = { ...n8n.node, credential: to };
				return ids(await n8n.activate('update'));
			};
			expect(await swapTo(theirs, other)).toEqual([]);
			expect(n8n.log.filter((message) => message.includes('is another than before'))).toHaveLength(1);
			// The same name as a call of the first tenant, and as one that the first tenant gets later.
			theirs.append('Index/I20160606.csv', line(NOON));
			expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
			own.append('Index/I20160606.csv', line(NOON));
			expect(await swapTo(own, credential)).toEqual([idOf(NOON)]);
			expect(await n8n.tick()).toEqual([]);
			theirs.append('Index/I20160606.csv', line(EVENING));
			expect(await swapTo(theirs, other)).toEqual([idOf(EVENING)]);
			expect(n8n.log.filter((message) => message.includes('is another than before'))).toHaveLength(1);
			expect(n8n.saved).not.toMatch(/acme|other|127\.0\.0\.1/);
		},
	);

	it('is one whichever way a directory is written', async () => {
		const n8n = host();
		n8n.node = { ...n8n.node, credential: { ...credential, tenantDirectory: '/acme/calls' } };
		await n8n.activate();
		const told = n8n.log.length;
		tenant.append('Index/I20160606.csv', line(NOON));
		n8n.node = { ...n8n.node, credential: { ...credential, tenantDirectory: '/acme//./calls/ ', password: 'new' } };
		expect(ids(await n8n.activate('update'))).toEqual([idOf(NOON)]);
		expect(n8n.log.slice(told)).toEqual([]);
	});

	it('goes on with the files where it stopped when it watched the index for a while', async () => {
		const n8n = host({ watch: 'files' });
		await n8n.activate();
		const watch = async (what: string): Promise<unknown[]> => {
			n8n.node = { ...n8n.node, parameters: { watch: what } };
			return ids(await n8n.activate('update'));
		};
		expect(await watch('index')).toEqual([]);
		at('2016-06-07T08:30:00');
		tenant.put('S20160607/R201606071900000001.wav', 'sound');
		at('2016-06-07T09:00:00');
		expect(await watch('files')).toEqual(['S20160607/R201606071900000001.wav']);
	});

	it('of four tenants is kept, and the log says when the one longest out of use has to go', async () => {
		const n8n = host();
		for (const username of ['a', 'b', 'c', 'd', 'e']) {
			n8n.node = { ...n8n.node, credential: { ...credential, username } };
			await n8n.activate('update');
		}
		expect(n8n.log.filter((message) => message.includes('had to make room'))).toHaveLength(1);
		tenant.append('Index/I20160606.csv', line(NOON));
		for (const [username, expected] of [
			['b', 1],
			['a', 0],
		] as const) {
			n8n.node = { ...n8n.node, credential: { ...credential, username } };
			expect(await n8n.activate('update')).toHaveLength(expected);
		}
	});

	/** What the first version kept, which did not say of which tenant. */
	const firstVersion = (n8n: PollingHost): string => {
		const { state } = JSON.parse(n8n.saved)[`node:${node.description.displayName}`] as {
			state: { memories: Record<string, object> };
		};
		const [memory] = Object.values(state.memories);
		const old: Record<string, unknown> = { ...memory, version: 1, watch: 'index' };
		delete old['polled'];
		return savedOf(old);
	};
	const savedOf = (state: unknown): string => JSON.stringify({ [`node:${node.description.displayName}`]: { state } });

	it('of the first version is carried over to the tenant that the trigger has', async () => {
		const n8n = host();
		await n8n.activate();
		const told = n8n.log.length;
		n8n.saved = firstVersion(n8n);
		tenant.append('Index/I20160606.csv', line(NOON));
		expect(ids(await n8n.restart())).toEqual([idOf(NOON)]);
		expect(await n8n.restart()).toEqual([]);
		expect(n8n.log.slice(told)).toEqual([]);
	});

	it.each([
		['a later version', { version: 3, memories: {} }, 'is of version 3'],
		['no version', {}, 'is damaged'],
		['a text', 'state', 'is damaged'],
		['nothing in its place', null, 'is damaged'],
		['the first version without its date', { version: 1, watch: 'index', files: {} }, 'is damaged'],
		['the first version watching something unknown', { version: 1, watch: 'calls' }, 'is damaged'],
		['a tenant that cannot be read', { version: 2, memories: { 'index:1': { since: 4 } } }, 'is damaged'],
		['no tenants', { version: 2 }, 'is damaged'],
	])('that cannot be gone on from (%s) fails the poll, says what to do, and stays as it is', async (_, state, what) => {
		const n8n = host();
		n8n.saved = savedOf(state);
		const before = n8n.saved;
		const failure: unknown = await n8n.activate().catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(NodeOperationError);
		expect((failure as NodeOperationError).message).toContain(what);
		expect((failure as NodeOperationError).description).toContain('put a new trigger with another name');
		expect(n8n.saved).toBe(before);
	});

	it.each(['index', 'files'])('repeats and loses nothing when the clock is ahead for one poll (%s)', async (watch) => {
		const n8n = host({ watch, options: { lookbackDays: 1 } });
		await n8n.activate();
		const come = (stamp: string): void => {
			tenant.append('Index/I20160606.csv', line(stamp)).put(idOf(stamp), 'sound');
		};
		at('2016-06-07T08:03:00');
		come(NOON);
		at('2016-06-07T08:05:00');
		expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
		at('2016-09-01T00:00:00');
		expect(await n8n.tick()).toEqual([]);
		come(EVENING.replace('013000', '014500'));
		// So that every file is read again and every directory listed.
		tenant.append('Index/I20160606.csv', '\r\n');
		at('2016-06-07T08:06:00');
		const back = [...(await n8n.tick())];
		at('2016-06-07T08:08:00');
		back.push(...(await n8n.tick()));
		expect(ids(back)).toEqual([idOf(EVENING.replace('013000', '014500'))]);
		at('2016-06-07T08:09:00');
		come('20160606200000');
		at('2016-06-07T08:10:00');
		expect(ids(await n8n.restart())).toEqual([idOf('20160606200000')]);
	});
});

describe('a poll that fails', () => {
	it('is an error that says what to do, and leaves the memory as it was', async () => {
		const n8n = host();
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(NOON)).put('S20160606/I20160606_version2.csv', HEADER + line(EVENING));
		const before = JSON.stringify(n8n.memory);
		tenant.failures.set('read S20160606/I20160606_version2.csv', [
			new TransportError('login-failed', 'The server refused the user name or password'),
		]);
		const failure = await n8n.tick().catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(NodeOperationError);
		expect(failure).toMatchObject({
			message: 'The server refused the user name or password',
			description: expect.stringContaining('SFTP Password'),
		});
		expect(JSON.stringify(n8n.memory)).toBe(before);
		expect(ids(await n8n.tick())).toEqual([idOf(NOON), idOf(EVENING)]);
	});

	it('because of one file keeps no other back, and is reported once', async () => {
		const n8n = host();
		await n8n.activate();
		tenant.put('Index/I20160607.csv', '<html>').append('Index/I20160606.csv', line(NOON));
		expect(ids(await n8n.tick())).toEqual([idOf(NOON)]);
		expect(n8n.log.some((message) => message.includes('Index/I20160607.csv cannot be read'))).toBe(true);
		await expect(n8n.tick()).rejects.toThrow('Index/I20160607.csv is not an index that can be read');
		expect(await n8n.tick()).toEqual([]);
		tenant.put('Index/I20160607.csv', HEADER + line(EVENING));
		expect(ids(await n8n.tick())).toEqual([idOf(EVENING)]);
	});

	it.each([
		[{ options: { lookbackDays: 0 } }, "'0' in 'Lookback Days' cannot be used"],
		[{ options: { maximumItems: 1.5 } }, "'1.5' in 'Maximum Items' cannot be used"],
		[{ filters: { phoneNumber: 'none' } }, "'none' has no digits to look for"],
		[{ watch: 'calls' }, "'calls' is no value of 'Watch'"],
	])('names the parameter %j', async (parameters, message) => {
		await expect(host(parameters).activate()).rejects.toThrow(message);
		expect(tenant.requests).toEqual([]);
	});

	it.each(['index', 'files'])(
		'is told when it begins to watch %s where no tenant is, which would be quiet for ever',
		async (watch) => {
			tenant = new GrowingTenant().put('acme/Index/I20160606.csv', HEADER).put('acme/S20160606/x.wav', 'x');
			const n8n = host({ watch });
			await expect(n8n.activate()).rejects.toMatchObject({
				message:
					'Connected, but the login directory holds neither an Index directory nor day directories such as S20160607',
				description: expect.stringContaining("Check 'Tenant Directory' in the credential"),
			});
			// An old recording shows that the tenant is there, although nothing of it lies in the look-back.
			tenant.put('S20160101/R201601010000000001.wav', 'x');
			expect(await n8n.activate()).toEqual([]);
		},
	);

	it.each(['index', 'files'])(
		'begins to watch %s in a directory that a new tenant has nothing in yet',
		async (watch) => {
			tenant = new GrowingTenant();
			const n8n = host({ watch });
			expect(await n8n.activate()).toEqual([]);
			tenant.put('Index/I20160606.csv', HEADER + line(NOON)).put(idOf(NOON), 'x');
			const items = await n8n.tick();
			at('2016-06-07T08:05:00');
			expect(ids([...items, ...(await n8n.tick())])).toEqual([idOf(NOON)]);
		},
	);

	it('goes on where everything has gone for a while', async () => {
		const n8n = host({ watch: 'files' });
		await n8n.activate();
		tenant = new GrowingTenant();
		expect(await n8n.tick()).toEqual([]);
	});

	it('says that it goes on by itself where it does: not at its beginning, not in the editor, not for a refused login', async () => {
		const goesOn = 'The next poll tries again; nothing is lost.';
		const descriptionOf = async (
			work: () => Promise<unknown>,
			code: 'connection-lost' | 'login-failed',
		): Promise<string> => {
			tenant.failures.set(
				'list Index',
				Array.from({ length: 9 }, () => new TransportError(code, 'It failed')),
			);
			const failure = await work().then(
				() => undefined,
				(error: unknown) => error as NodeOperationError,
			);
			tenant.failures.clear();
			return String(failure?.description);
		};
		const n8n = host();
		const beginning = await descriptionOf(async () => await n8n.activate(), 'connection-lost');
		expect(beginning).toContain('The connection broke');
		await n8n.activate();
		expect(await descriptionOf(async () => await n8n.tick(), 'connection-lost')).toBe(`${beginning} ${goesOn}`);
		expect(await descriptionOf(async () => await n8n.fetchTestEvent(), 'connection-lost')).toBe(beginning);
		expect(await descriptionOf(async () => await n8n.tick(), 'login-failed')).not.toContain(goesOn);
	});

	it('at the first activation leaves nothing behind', async () => {
		const n8n = host();
		tenant.failures.set('list Index', [new TransportError('login-failed', 'refused')]);
		await expect(n8n.activate()).rejects.toThrow('refused');
		expect(n8n.saved).toBe('{}');
	});
});

describe('an n8n that forgets what the node remembers of its activation', () => {
	/** What tells of a budget may be one with that scheduler. */
	const LATER_HOST = { budgetMs: 300_000 };

	/** As its durable scheduler does: what belongs to the whole workflow is saved all the same. */
	function forget(n8n: PollingHost): void {
		const { global } = JSON.parse(n8n.saved) as IDataObject;
		n8n.saved = JSON.stringify({ global });
	}

	it('emits at the first poll at its time what came since the activation', async () => {
		const n8n = host({}, LATER_HOST);
		expect(await n8n.activate()).toEqual([]);
		forget(n8n);
		tenant.append('Index/I20160606.csv', line(NOON));
		expect(ids(await n8n.restart())).toEqual([idOf(NOON)]);
	});

	it('keeps nothing twice once the memory of the node is kept', async () => {
		const n8n = host({}, LATER_HOST);
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(NOON));
		await n8n.tick();
		expect(n8n.saved.match(/"since"/g)).toHaveLength(1);
	});

	it('does not take for known what an emission that was never written down had in it', async () => {
		const n8n = host({ options: { emitExisting: true } }, LATER_HOST);
		expect(ids(await n8n.activate())).toEqual([idOf(MORNING)]);
		forget(n8n);
		expect(ids(await n8n.restart())).toEqual([idOf(MORNING)]);
	});
});

describe('polls at the same time', () => {
	it('do nothing while one is under way', async () => {
		const n8n = host();
		await n8n.activate();
		tenant.append('Index/I20160606.csv', line(NOON));
		const polls = await Promise.all([n8n.tick(), n8n.tick(), n8n.tick()]);
		expect(polls.map(ids)).toEqual([[idOf(NOON)], [], []]);
		tenant.failures.set('list Index', [new TransportError('login-failed', 'refused')]);
		await expect(n8n.tick()).rejects.toThrow('refused');
		expect(await n8n.tick()).toEqual([]);
	});
});

describe("a poll with the host's budget", () => {
	it('breaks a file off that does not come in time, says so, and goes on with the next poll', async () => {
		vi.useRealTimers();
		const n8n = host({ options: { lookbackDays: 60 } });
		const now = new Date().toISOString().slice(0, 10).replaceAll('-', '');
		await n8n.activate();
		n8n.node = { ...n8n.node, budgetMs: 300 };
		tenant.put(`Index/I${now}.csv`, HEADER + line(`${now}000001`));
		tenant.hanging.add(`Index/I${now}.csv`);
		await expect(n8n.tick()).rejects.toThrow('ran out of time');
		expect(tenant.openReads).toBe(0);
		tenant.hanging.clear();
		n8n.node = { ...n8n.node, budgetMs: 30_000 };
		expect(await n8n.tick()).toHaveLength(1);
	});

	it('says that it ran out of time when the server does not even list the tenant', async () => {
		vi.useRealTimers();
		const n8n = host();
		await n8n.activate();
		n8n.node = { ...n8n.node, budgetMs: 100 };
		vi.spyOn(tenant, 'list').mockImplementation(async () => {
			await new Promise((resolve) => setTimeout(resolve, 120));
			throw new TransportError('aborted', 'The tenant directory was stopped.');
		});
		await expect(n8n.tick()).rejects.toThrow('The poll ran out of time while it waited for the server');
	});

	it('begins with the newest directories, so that no file of today is taken for known that comes after the beginning', async () => {
		vi.useRealTimers();
		const day = (ago: number): string =>
			`S${new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`;
		const fileOf = (ago: number, time: string): string => `${day(ago)}/R${day(ago).slice(1)}${time}0001.wav`;
		for (const ago of [0, 1, 2, 3]) tenant.put(fileOf(ago, '000001'), 'x');
		const n8n = host({ watch: 'files' }, { budgetMs: 3_000 });
		const list = tenant.list.bind(tenant);
		// A server that takes so long for a directory that there is time for two.
		vi.spyOn(tenant, 'list').mockImplementation(async (directory, options) => {
			if (directory !== '') await new Promise((resolve) => setTimeout(resolve, 2_200));
			return await list(directory, options);
		});
		expect(await n8n.activate()).toEqual([]);
		vi.restoreAllMocks();
		vi.spyOn(Math, 'random').mockReturnValue(0);
		tenant.tellsTimes = false;
		tenant.put(fileOf(0, '000002'), 'x').put(fileOf(1, '000002'), 'x');
		await n8n.tick();
		vi.useFakeTimers({ toFake: ['Date'] });
		vi.setSystemTime(Date.now() + 20_000);
		expect(ids(await n8n.tick())).toEqual([fileOf(1, '000002'), fileOf(0, '000002')]);
	});

	it('takes for known at a later poll what it had no time to read at the beginning', async () => {
		vi.useRealTimers();
		const stamp = (days: number): string =>
			`${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}200000`;
		const [old, recent] = [stamp(3), stamp(2)];
		for (const one of [old, recent]) tenant.put(`Index/I${one.slice(0, 8)}.csv`, HEADER + line(one));
		const n8n = host({ options: { lookbackDays: 5 } }, { budgetMs: 400 });
		tenant.hanging.add(`Index/I${recent.slice(0, 8)}.csv`);
		expect(await n8n.activate()).toEqual([]);
		tenant.hanging.clear();
		expect(await n8n.tick()).toEqual([]);
		tenant.append(`Index/I${recent.slice(0, 8)}.csv`, line(`${recent.slice(0, 8)}200001`));
		expect(await n8n.tick()).toHaveLength(1);
	});
});

describe('Fetch test event', () => {
	it('shows the newest real calls that meet the filters, and touches nothing', async () => {
		const stamps = Array.from({ length: 8 }, (_, call) => `2016060616${call}000`.padEnd(14, '0'));
		tenant.append(
			'Index/I20160606.csv',
			[...stamps]
				.reverse()
				.map((stamp) => line(stamp))
				.join(''),
		);
		const n8n = host();
		expect(ids(await n8n.fetchTestEvent())).toEqual(stamps.slice(-5).map(idOf));
		expect(n8n.saved).toBe('{}');
		n8n.node = { ...n8n.node, parameters: { watch: 'index', filters: { agentNames: 'Nobody' } } };
		await expect(n8n.fetchTestEvent()).rejects.toMatchObject({
			message: 'None of the 9 newest calls meets the filters',
			description: expect.stringContaining('Filters'),
		});
	});

	it('looks further back when the newest index is empty, and says what to do when there is nothing', async () => {
		for (let day = 7; day <= 9; day++) tenant.put(`Index/I2016060${day}.csv`, HEADER);
		const n8n = host();
		expect(ids(await n8n.fetchTestEvent())).toEqual([idOf(MORNING)]);
		tenant = new GrowingTenant().put('Index/I20160606.csv', HEADER);
		await expect(n8n.fetchTestEvent()).rejects.toBeInstanceOf(NodeOperationError);
		await expect(n8n.fetchTestEvent()).rejects.toThrow('The newest index files list no calls');
	});

	it('shows the newest files', async () => {
		const n8n = host({ watch: 'files' });
		expect(ids(await n8n.fetchTestEvent())).toEqual([idOf(MORNING), idOf(EVENING)]);
		tenant = new GrowingTenant().put('Index/I20160606.csv', HEADER);
		await expect(n8n.fetchTestEvent()).rejects.toThrow('There is no audio file on the server yet');
	});
});
