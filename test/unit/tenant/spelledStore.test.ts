import { buffer } from 'node:stream/consumers';

import type { INodeParameters, INodeType } from 'n8n-workflow';
import { beforeEach, describe, expect, it } from 'vitest';

import { DownloadRecording } from '../../../nodes/DownloadRecording/DownloadRecording.node';
import { ListIndex } from '../../../nodes/ListIndex/ListIndex.node';
import { ReconcileDay } from '../../../nodes/ReconcileDay/ReconcileDay.node';
import { SpelledStore } from '../../../tenant/spelledStore';
import { TransportError } from '../../../transport/transportError';
import { MemoryStore } from '../nodes/memoryStore';
import { bytesOf, credential, runNode, useBinaryStore } from '../nodes/runNode';
import { serveFrom } from '../nodes/servedStore';
import { DETAILED_HEADER, EXAMPLE_ROW } from '../recordings/readText';
import { wavFile } from '../recordings/wavFixture';

let server = new MemoryStore();
serveFrom(() => server);

const day = { period: 'date', date: '2016-06-06' };
const RECORDING = 'S20160607/R201606070130000001.wav';
const sound = wavFile({ sound: 1_600 });

beforeEach(() => {
	server = new MemoryStore()
		.put('INDEX/i20160606.CSV', [DETAILED_HEADER, EXAMPLE_ROW, ''].join('\n'))
		.put('s20160607/r201606070130000001.WAV', sound);
});

describe('Directories that the server spells in other capitals', () => {
	const named = async (node: INodeType, parameters: INodeParameters): Promise<unknown[]> => {
		const { output } = await runNode(node, { parameters, credential });
		return output.map(({ json }) => [json['recordingId'], json['indexFile'], json['status']]);
	};

	it('hold the same calls and recordings for every node', async () => {
		expect(await named(new ListIndex(), { readFrom: 'tenantDay', ...day })).toEqual([
			[RECORDING, 'Index/i20160606.CSV', undefined],
		]);
		expect(await named(new ReconcileDay(), { ...day, options: { checkSize: false } })).toEqual([
			[RECORDING, 'Index/i20160606.CSV', 'ok'],
		]);
		const indexFile = { __rl: true, mode: 'path', value: 'Index/I20160606.csv' };
		expect(await named(new ListIndex(), { readFrom: 'indexFile', indexFile })).toEqual([
			[RECORDING, 'Index/i20160606.CSV', undefined],
		]);
		await useBinaryStore('default');
		const [directory = '', fileName = ''] = RECORDING.split('/');
		const { output } = await runNode(new DownloadRecording(), {
			parameters: {},
			credential,
			items: [{ json: { directory, fileName } }],
		});
		expect(await bytesOf(output[0]?.binary?.['data'])).toEqual(sound);
	});

	it('are found below the names they were asked for, and read there', async () => {
		const store = new SpelledStore(server);
		const [entry] = await store.list('S20160607');
		expect(entry?.path).toBe('S20160607/r201606070130000001.WAV');
		expect((await store.stat(entry?.path ?? '')).path).toBe('S20160607/r201606070130000001.WAV');
		expect(await buffer(store.read(entry?.path ?? ''))).toEqual(sound);
	});
});

describe('Directories that are there as they are called', () => {
	it('win over others, and cost no request', async () => {
		server.put('S20160607/R201606070130000002.wav', sound);
		const store = new SpelledStore(server);
		expect((await store.list('S20160607')).map(({ name }) => name)).toEqual(['R201606070130000002.wav']);
		expect(server.requests).toEqual(['list S20160607']);
	});

	it('or in no spelling cost one more listing in all', async () => {
		const store = new SpelledStore(server);
		for (const name of ['S20160608', 'S20160609', 'S20160608'])
			await expect(store.list(name)).rejects.toMatchObject({ code: 'not-found', path: name });
		await store.list('');
		expect(server.requests.filter((request) => request === 'list ')).toHaveLength(1);
	});
});

describe('A tenant directory that cannot be listed', () => {
	it('says so instead of that something is not in it, and is asked again', async () => {
		server.failures.set('list ', [new TransportError('timeout', 'no answer')]);
		const store = new SpelledStore(server);
		await expect(store.list('S20160607')).rejects.toMatchObject({ code: 'timeout' });
		expect(await store.list('S20160607')).toHaveLength(1);
	});

	it('for good tells no spellings, and makes no failure of a day without a directory', async () => {
		const denied = new TransportError('permission-denied', 'not to be listed');
		server.failures.set('list ', [denied, denied]);
		const store = new SpelledStore(server);
		for (const name of ['S20160608', 'S20160609'])
			await expect(store.list(name)).rejects.toMatchObject({ code: 'not-found', path: name });
		expect(server.requests.filter((request) => request === 'list ')).toHaveLength(1);
	});
});
