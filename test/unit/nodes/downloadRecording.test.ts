import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

import { NodeOperationError } from 'n8n-workflow';
import type { INodeParameters } from 'n8n-workflow';
import { WaveFile } from 'wavefile';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DownloadRecording } from '../../../nodes/DownloadRecording/DownloadRecording.node';
import { mp3Conversion } from '../../../nodes/DownloadRecording/convertedFile';
import { WavReader } from '../../../recordings/wavHeader';
import { TransportError } from '../../../transport/transportError';
import { MemoryStore } from './memoryStore';
import { wavFile } from '../recordings/wavFixture';
import { bytesOf, credential, runNode, useBinaryStore } from './runNode';
import type { NodeResult, NodeRun } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

const node = new DownloadRecording();

function wav(seconds = 3): Buffer {
	const file = new WaveFile();
	file.fromScratch(
		1,
		8_000,
		'16',
		Array.from({ length: 8_000 * seconds }, (_, at) => Math.round(9_000 * Math.sin(at / 8))),
	);
	file.toMuLaw();
	return Buffer.from(file.toBuffer());
}

const sound = wav();
const names = Array.from({ length: 5 }, (_, call) => `R2016060701300${call}0001.wav`);
const items = names.map((fileName, call) => ({
	json: { directory: 'S20160607', fileName, wrapUpCode: `code ${call}` },
}));

async function run(parameters: INodeParameters = {}, more: Partial<NodeRun> = {}): Promise<NodeResult> {
	return await runNode(node, { parameters, credential, items, ...more });
}

beforeEach(async () => {
	// The jitter of waits between attempts: none, so that retries are tested and not waited for.
	vi.spyOn(Math, 'random').mockReturnValue(0);
	store = new MemoryStore();
	for (const name of names) store.put(`S20160607/${name}`, sound);
	await useBinaryStore('filesystem');
});

afterEach(() => {
	vi.restoreAllMocks();
});

describe.each(['filesystem', 'default'] as const)('Download Recording into the %s store', (mode) => {
	beforeEach(async () => {
		await useBinaryStore(mode);
	});

	it('gives each item its file, in order, with the facts about it', async () => {
		const { output } = await run();
		expect(output).toHaveLength(5);
		for (const [position, item] of output.entries()) {
			expect(item.pairedItem).toEqual({ item: position });
			expect((await bytesOf(item.binary?.['data'])).equals(sound)).toBe(true);
			expect(item.binary?.['data']).toMatchObject({
				fileName: names[position],
				mimeType: 'audio/wav',
				fileType: 'audio',
			});
			expect(item.json).toEqual({
				...items[position]?.json,
				download: {
					path: `S20160607/${names[position]}`,
					fileName: names[position],
					bytes: sound.length,
					sha256: createHash('sha256').update(sound).digest('hex'),
					wav: { codec: 'mulaw', channels: 1, sampleRate: 8_000, bitsPerSample: 8, durationSeconds: 3 },
					attempts: 1,
					resumed: false,
					milliseconds: expect.any(Number),
				},
			});
		}
	});

	it('never passes a half file on: one item fails, the others go on', async () => {
		store.put(`S20160607/${names[1]}`, sound, sound.length + 1);
		store.put(`S20160607/${names[3]}`, sound.subarray(0, 9_000));
		const { output } = await run({ options: { retries: 0 } }, { onError: 'continueRegularOutput' });
		expect(output.map((item) => [item.binary === undefined, item.pairedItem])).toEqual([
			[false, { item: 0 }],
			[true, { item: 1 }],
			[false, { item: 2 }],
			[true, { item: 3 }],
			[false, { item: 4 }],
		]);
		expect(output[1]?.json['error']).toContain(
			`is ${sound.length + 1} bytes on the server, and ${sound.length} bytes arrived`,
		);
		expect(output[3]?.json['error']).toContain('is cut short on the server');
		expect(output[3]?.json['wrapUpCode']).toBe('code 3');
	});

	it('goes on where a connection broke off, and tells so', async () => {
		store.failures.set(`read S20160607/${names[2]} at 10000`, [
			new TransportError('connection-lost', 'The connection was lost'),
		]);
		const { output } = await run();
		expect((await bytesOf(output[2]?.binary?.['data'])).equals(sound)).toBe(true);
		expect(output[2]?.json['download']).toMatchObject({ attempts: 2, resumed: true });
	});
});

describe('A store of n8n that cannot take a file', () => {
	/** Takes the beginning, as writing to a disk does that is full then. */
	async function storesUntil(failure: Error): Promise<void> {
		const service = await useBinaryStore('filesystem');
		vi.spyOn(service, 'store').mockImplementation(async (_location, content) => {
			for await (const chunk of content as Readable) if (chunk !== undefined) throw failure;
			return await Promise.reject(new Error('The file had no bytes'));
		});
	}

	it.each([
		['ENOSPC', 'there is no space left where it keeps binary data', 'Make room on that disk'],
		['EDQUOT', 'there is no space left where it keeps binary data', 'Make room on that disk'],
		['EACCES', 'it may not write where it keeps binary data', "Let n8n's user write there"],
		['EROFS', 'it may not write where it keeps binary data', "Let n8n's user write there"],
		['EMFILE', 'it has too many files open', "Lower 'Concurrency'"],
	])('says of %s what to do, and gives nothing of the file', async (code, reason, advice) => {
		await storesUntil(Object.assign(new Error(`${code}: of the system, write`), { code }));
		await expect(run({}, { items: items.slice(0, 1) })).rejects.toMatchObject({
			message: `n8n could not store S20160607/${names[0]}: ${reason}`,
			description: expect.stringContaining(advice),
		});
		const { output } = await run({}, { items: items.slice(0, 1), onError: 'continueRegularOutput' });
		expect(output.map(({ json, binary }) => [String(json['error']).includes(reason), binary])).toEqual([
			[true, undefined],
		]);
	});

	it('gives its own words where nothing more is known, and sends people to it', async () => {
		await storesUntil(new Error('The bucket does not exist.'));
		await expect(run({}, { items: items.slice(0, 1) })).rejects.toMatchObject({
			message: `n8n could not store S20160607/${names[0]}: The bucket does not exist`,
			description: expect.stringContaining('N8N_DEFAULT_BINARY_DATA_MODE'),
		});
	});
});

describe('Download Recording', () => {
	it('takes every file of a directory that matches, by name, one item each', async () => {
		store.put('S20160607/I20160607.csv', 'x').put('S20160607/R201606070130000001.mp3', 'x');
		const { output } = await run(
			{ download: 'directory', directory: 'S20160607' },
			{ items: [{ json: { note: 'kept' } }] },
		);
		expect(output.map(({ json }) => (json['download'] as { fileName: string }).fileName)).toEqual(names);
		expect(
			output.every(({ json, pairedItem }) => json['note'] === 'kept' && JSON.stringify(pairedItem) === '{"item":0}'),
		).toBe(true);
		expect(store.requests.filter((request) => request.startsWith('stat'))).toEqual([]);
	});

	it('tells of a listing that was tried again', async () => {
		store.failures.set('list S20160607', [new TransportError('connection-lost', 'The connection was lost')]);
		const { output, hints } = await run({ download: 'directory', directory: 'S20160607' }, { items: [{ json: {} }] });
		expect(output).toHaveLength(5);
		expect(hints[0]?.message).toMatch(/^Tried again once after .+: The connection was lost\.$/);
	});

	it('says so when no file of the directory matches', async () => {
		const { output, hints } = await run({ download: 'directory', directory: 'S20160607', pattern: '[R]*.wav' });
		expect(output).toEqual([]);
		expect(hints.map(({ message }) => message)).toEqual(['No file in S20160607 is named like [R]*.wav.']);
	});

	it('takes what was chosen from the lists', async () => {
		const chosen = (value: string): INodeParameters => ({ __rl: true, mode: 'list', value, cachedResultName: 'shown' });
		const one = { directory: chosen('S20160607'), fileName: chosen(names[1] ?? '') };
		const { output } = await run(one, { items: [{ json: {} }] });
		expect(output[0]?.json['download']).toMatchObject({ path: `S20160607/${names[1]}` });
		const all = { download: 'directory', directory: { __rl: true, mode: 'name', value: '={{ $json.day }}' } };
		expect((await run(all, { items: [{ json: { day: 'S20160607' } }] })).output).toHaveLength(5);
		store.put('Index/I20160606.csv', 'x');
		const file = { download: 'file', path: chosen('Index/I20160606.csv') };
		expect((await run(file, { items: [{ json: {} }] })).output).toHaveLength(1);
	});

	it('takes any file by its path', async () => {
		store.put('Index/I20160606.csv', 'CALL TYPE\n');
		const { output } = await run(
			{ download: 'file', path: 'Index/I20160606.csv', binaryPropertyName: 'index' },
			{ items: [{ json: {} }] },
		);
		expect(output[0]?.binary?.['index']).toMatchObject({ mimeType: 'text/csv', fileName: 'I20160606.csv' });
		expect(output[0]?.json['download']).toMatchObject({ wav: null, bytes: 10 });
	});

	it('names the output file as asked, safely, and keeps the binaries that the item had', async () => {
		const before = { fileName: 'before.txt', mimeType: 'text/plain', data: '' };
		const { output } = await run(
			{ options: { outputFileName: '={{ $json.wrapUpCode }}/../{{ $json.fileName }}', checksum: 'md5' } },
			{ items: items.slice(0, 1).map((item) => ({ ...item, binary: { before } })) },
		);
		expect(output[0]?.binary?.['data']?.fileName).toBe(`code 0_.._${names[0]}`);
		expect(output[0]?.binary?.['before']).toEqual(before);
		expect(output[0]?.json['download']).toMatchObject({ md5: createHash('md5').update(sound).digest('hex') });
		expect(output[0]?.json['download']).not.toHaveProperty('sha256');
	});

	it('finds a file that the server spells in other capitals than the index', async () => {
		const spelled = [
			{ json: { directory: 'S20160607', fileName: names[0]?.toLowerCase().replace('.wav', '.WAV') ?? '' } },
		];
		const { output } = await run({}, { items: spelled });
		expect((await bytesOf(output[0]?.binary?.['data'])).equals(sound)).toBe(true);
		expect(output[0]?.json['download']).toMatchObject({ path: `S20160607/${names[0] ?? ''}`, fileName: names[0] });
	});

	it('finds a file whose accents the server writes apart, as macOS does', async () => {
		store.put(`S20160607/${'Zoë.wav'.normalize('NFD')}`, sound);
		const { output } = await run({}, { items: [{ json: { directory: 'S20160607', fileName: 'Zoë.wav' } }] });
		expect((await bytesOf(output[0]?.binary?.['data'])).equals(sound)).toBe(true);
	});

	it.each(['S20160607/', '/S20160607', './S20160607', '//S20160607//'])(
		'takes a directory written as %s for the one below the tenant directory',
		async (directory) => {
			const item = { json: { directory, fileName: names[0]?.toLowerCase() ?? '' } };
			expect((await run({}, { items: [item] })).output[0]?.json['download']).toMatchObject({
				path: `S20160607/${names[0] ?? ''}`,
			});
			const listed = await run({ download: 'directory', directory }, { items: [{ json: {} }] });
			expect(listed.output).toHaveLength(names.length);
			const path = `${directory}/${names[0] ?? ''}`;
			expect((await run({ download: 'file', path }, { items: [{ json: {} }] })).output).toHaveLength(1);
		},
	);

	it('takes a number in the options that comes out empty for its default', async () => {
		for (const option of ['concurrency', 'retries', 'stallTimeout', 'maximumFileSize'])
			for (const value of ['', ' ', '={{ null }}', '={{ $json.none }}'])
				expect((await run({ options: { [option]: value } })).output).toHaveLength(names.length);
	});

	it('leaves missing files out, with a hint, only when told to', async () => {
		store.files.delete(`S20160607/${names[2]}`);
		await expect(run()).rejects.toMatchObject({
			message: `There is no S20160607/${names[2]} on the server`,
			description: expect.stringContaining("set 'On Missing File' to 'Skip'"),
			context: { itemIndex: 2 },
		});
		await expect(run({ options: { onMissingFile: 'ignore' } })).rejects.toThrow(
			"'ignore' is no value of 'On Missing File'",
		);
		const { output, hints } = await run({ options: { onMissingFile: 'skip' } });
		expect(output.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 3, 4].map((item) => ({ item })));
		expect(hints[0]?.message).toBe(`Skipped, not on the server: S20160607/${names[2]}.`);
	});

	it('refuses a file above the maximum before reading any of it', async () => {
		store.put(`S20160607/${names[0]}`, sound, 5 * 1_048_576);
		await expect(run({ options: { maximumFileSize: 4 } })).rejects.toThrow(
			'is 5.0 MB, more than the maximum of 4.0 MB',
		);
		await expect(run({ options: { maximumFileSize: 0.001 } })).rejects.toThrow(
			'is 5.0 MB, more than the maximum of 1.0 KB',
		);
		expect(store.requests).not.toContain(`read S20160607/${names[0]}`);
	});

	it('passes a broken WAV on only when told not to look', async () => {
		store.put(`S20160607/${names[0]}`, sound.subarray(0, 9_000));
		await expect(run()).rejects.toThrow('is cut short on the server');
		const { output } = await run({ options: { verifyWav: false } });
		expect(output).toHaveLength(5);
	});

	it('refuses a recording without sound, unless the index says that the call took no time', async () => {
		const silent = Buffer.from(sound.subarray(0, sound.indexOf('data') + 8));
		silent.writeUInt32LE(silent.length - 8, 4);
		silent.writeUInt32LE(0, silent.length - 4);
		for (const name of names.slice(0, 3)) store.put(`S20160607/${name}`, silent);
		const told = [60, 0, null].map((durationSeconds, call) => ({ json: { ...items[call]?.json, durationSeconds } }));
		const { output, hints } = await run({}, { items: told, onError: 'continueRegularOutput' });
		expect(output.map((item) => item.binary !== undefined)).toEqual([false, true, false]);
		expect(output[0]?.json['error']).toContain('holds no sound, and the index says that the call took 60 s');
		expect(output[2]?.json['error']).toContain(`${names[2]} holds no sound`);
		expect(hints.map(({ message }) => message)).toEqual([`S20160607/${names[1]}: it holds no sound.`]);
	});

	it('finds the sound and its end behind metadata of any length', async () => {
		const long = wavFile({ before: [['bext', Buffer.alloc(300_000)]], sound: 160_000 });
		store.put(`S20160607/${names[0]}`, long).put(`S20160607/${names[1]}`, long.subarray(0, -100));
		const { output } = await run({}, { onError: 'continueRegularOutput' });
		expect(output[0]?.json['download']).toMatchObject({ wav: { codec: 'pcm', durationSeconds: 10 } });
		expect(output[1]?.json['error']).toContain('is cut short on the server');
	});

	it('weighs what the index says: more than an open length holds is a cut, more than a right one a hint', async () => {
		const left = { riff: () => 0xffff_ffff, data: () => 0xffff_ffff };
		store.put(`S20160607/${names[0]}`, wavFile({ sound: 480_000, ...left }));
		store.put(`S20160607/${names[1]}`, wavFile({ sound: 480_000, ...left }));
		store.put(`S20160607/${names[2]}`, wavFile({ sound: 480_000 }));
		const told = [30, 60, 60].map((durationSeconds, call) => ({ json: { ...items[call]?.json, durationSeconds } }));
		const { output, hints } = await run({}, { items: told, onError: 'continueRegularOutput' });
		expect(output.map((item) => item.binary !== undefined)).toEqual([true, false, true]);
		expect(output[1]?.json['error']).toContain(
			'is cut short on the server: its header leaves the length open, it holds 30 s of sound and the index says 60 s',
		);
		expect(hints.map(({ message }) => message).sort()).toEqual([
			`S20160607/${names[0]}: its header leaves the length open.`,
			`S20160607/${names[2]}: it holds 30 s of sound and the index says 60 s.`,
		]);
	});

	it('holds a .WAV in capitals to be one, and what is a WAV under another name, and nothing else', async () => {
		const cut = sound.subarray(0, 9_000);
		const files: ReadonlyArray<readonly [string, Buffer]> = [
			['R201606070200000001.WAV', sound],
			['R201606070200000002.WAV', cut],
			['R201606070200000003.mp3', Buffer.from('ID3\x04\0\0\0\0\0\0an MP3')],
			['R201606070200000004.ogg', Buffer.from('OggS')],
			['R201606070200000005.m4a', Buffer.from('\0\0\0\x20ftypM4A ')],
			['R201606070200000006.gsm', Buffer.alloc(330, 0xd0)],
			['R201606070200000007.MP3', cut],
		];
		for (const [name, content] of files) store.put(`S20160607/${name}`, content);
		const asked = files.map(([fileName]) => ({ json: { directory: 'S20160607', fileName } }));
		const { output, hints } = await run({}, { items: asked, onError: 'continueRegularOutput' });
		expect(output.map((item) => item.binary?.['data']?.mimeType ?? 'refused')).toEqual([
			'audio/wav',
			'refused',
			'audio/mpeg',
			'audio/ogg',
			'audio/mp4',
			'audio/x-gsm',
			'refused',
		]);
		expect(output.slice(2, 6).map(({ json }) => (json['download'] as { wav: unknown }).wav)).toEqual(
			Array(4).fill(null),
		);
		expect(hints).toEqual([]);
	});

	it('says of odd WAVs what is odd about them', async () => {
		store.put(`S20160607/${names[0]}`, Buffer.concat([sound, randomBytes(10)]));
		expect((await run()).hints.map(({ message }) => message)).toEqual([
			`S20160607/${names[0]}: it is longer than its header says.`,
		]);
	});

	it('puts an MP3 into the binary field of a recording that was proven whole', async () => {
		const { output } = await run({ options: { audioFormat: 'mp3' } });
		const digest = createHash('sha256').update(sound).digest('hex');
		for (const [position, item] of output.entries()) {
			const mp3 = await bytesOf(item.binary?.['data']);
			expect(mp3.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xe3]));
			expect(item.binary?.['data']).toMatchObject({
				fileName: names[position]?.replace('.wav', '.mp3'),
				mimeType: 'audio/mpeg',
			});
			expect(item.json['download']).toMatchObject({
				fileName: names[position],
				bytes: sound.length,
				sha256: digest,
				wav: { codec: 'mulaw', durationSeconds: 3 },
				audio: { format: 'mp3', bytes: mp3.length, bitrate: 24, channels: 1, sampleRate: 8_000, durationSeconds: 3 },
			});
		}
	});

	it('makes no MP3 of a recording that is cut, or in a codec that it cannot read, and goes on with the others', async () => {
		store.put(`S20160607/${names[0]}`, sound.subarray(0, 9_000));
		const gsm = Buffer.from(sound);
		gsm.writeUInt16LE(0x31, 20);
		store.put(`S20160607/${names[2]}`, gsm);
		store.put(`S20160607/${names[3]}`, sound, sound.length + 1);
		const { output } = await run({ options: { audioFormat: 'mp3', retries: 0 } }, { onError: 'continueRegularOutput' });
		expect(output.map((item) => item.binary !== undefined)).toEqual([false, true, false, false, true]);
		expect(output[0]?.json['error']).toContain('is cut short on the server');
		expect(output[2]?.json['error']).toContain(`${names[2]} cannot be converted to MP3: its sound is gsm610`);
		expect(output[2]?.json['error']).toContain("Set 'Audio Format' to 'As Recorded'");
		expect(output[3]?.json['error']).toContain('bytes arrived');
	});

	it('says that a recording is not whole, and not that it cannot be converted, where there is too little of it for either', async () => {
		store.put(`S20160607/${names[0]}`, sound.subarray(0, 30)).put(`S20160607/${names[1]}`, 'ID3 and more');
		const parameters = { options: { audioFormat: 'mp3', retries: 0 } };
		const { output } = await run(parameters, { onError: 'continueRegularOutput', items: items.slice(0, 2) });
		expect(output[0]?.json['error']).toMatch(/is cut short on the server.* try again in a few minutes/);
		expect(output[1]?.json['error']).toContain('is not a WAV recording');
		const asItIs = { options: { ...parameters.options, verifyWav: false } };
		const unchecked = await run(asItIs, { onError: 'continueRegularOutput', items: items.slice(0, 1) });
		expect(unchecked.output[0]?.json['error']).toContain('cannot be converted to MP3');
	});

	it('holds no more of a file than a header can take where the format of its sound stands behind it', async () => {
		const reader = new WavReader(100_000_000);
		const conversion = mp3Conversion('R.wav', reader, { bitrate: 0, isMono: false }, () => undefined);
		const begin = Buffer.concat([sound.subarray(0, 12), Buffer.from('data'), Buffer.alloc(4)]);
		begin.writeUInt32LE(90_000_000, 16);
		reader.take(0, begin);
		const failure = once(conversion, 'error');
		conversion.write(begin);
		expect(String(await failure)).toContain('R.wav cannot be converted to MP3: its header goes on behind its sound');
	});

	it('keeps as many files in flight as it may, and no more', async () => {
		await run({ options: { concurrency: 2 } });
		expect(store.mostOpenReads).toBe(2);
		store.mostOpenReads = 0;
		await run();
		expect(store.mostOpenReads).toBe(4);
	});

	it.each([
		{ bytes: 1_000, asked: 0, least: 33, most: 128 },
		{ bytes: 150_000, asked: 0, least: 17, most: 42 },
		{ bytes: 300_000, asked: 0, least: 16, most: 32 },
		{ bytes: 1_000, asked: 5, least: 5, most: 5 },
	])('has files of $bytes bytes in flight over SFTP, $asked asked for', async ({ bytes, asked, least, most }) => {
		for (let file = 0; file < 70; file++) store.put(`S20160608/${file}.txt`, Buffer.alloc(bytes));
		const parameters = {
			download: 'directory',
			directory: 'S20160608',
			pattern: '*.txt',
			options: { concurrency: asked },
		};
		const sftp = { ...credential, protocol: 'sftp', allowUnknownHostKey: true };
		const { output } = await run(parameters, { credential: sftp, items: [{ json: {} }] });
		expect(output).toHaveLength(70);
		expect(store.mostOpenReads).toBeGreaterThanOrEqual(least);
		expect(store.mostOpenReads).toBeLessThanOrEqual(most);
	});

	/** From the second look on the file has another time of change. */
	function changingFile(times: (stat: number) => number): void {
		const stat = MemoryStore.prototype.stat.bind(store);
		let stats = 0;
		vi.spyOn(store, 'stat').mockImplementation(async (path, options) => {
			stats += 1;
			return { ...(await stat(path, options)), modifiedAt: new Date(times(stats)) };
		});
	}

	it('begins a file that has changed anew, so that two versions are never mixed', async () => {
		store.failures.set(`read S20160607/${names[0]} at 10000`, [
			new TransportError('connection-lost', 'The connection was lost'),
		]);
		changingFile((stat) => (stat === 1 ? 0 : 60_000));
		const { output } = await run({}, { items: items.slice(0, 1) });
		expect((await bytesOf(output[0]?.binary?.['data'])).equals(sound)).toBe(true);
		expect(output[0]?.json['download']).toMatchObject({ attempts: 2, resumed: false });
	});

	it('gives up on a file that changes whenever it is looked at', async () => {
		const lost = (): TransportError => new TransportError('connection-lost', 'The connection was lost');
		store.failures.set(`read S20160607/${names[0]} at 10000`, Array.from({ length: 9 }, lost));
		changingFile((stat) => stat * 60_000);
		await expect(run({}, { items: items.slice(0, 1) })).rejects.toMatchObject({
			message: `S20160607/${names[0]} changed on the server while it was being read`,
			description: expect.stringContaining('still be being written'),
		});
	});

	/** As many recordings as make a listing worth while, and more. */
	const many = Array.from({ length: 60 }, (_, call) => `R20160607020${String(call).padStart(3, '0')}0001.wav`);
	const manyItems = many.map((fileName) => ({ json: { directory: 'S20160607', fileName } }));

	it('learns the sizes of many files of a directory from one listing, without waiting for it', async () => {
		for (const name of many) store.put(`S20160607/${name}`, sound);
		const { output } = await run({}, { items: manyItems });
		expect(output).toHaveLength(60);
		expect(store.requests.filter((request) => request === 'list S20160607')).toHaveLength(1);
		const stats = store.requests.filter((request) => request.startsWith('stat')).length;
		expect(stats).toBeGreaterThan(0);
		expect(stats).toBeLessThan(30);
	});

	it('asks about each file when they are few, or their directory cannot be listed', async () => {
		await run();
		expect(store.requests.filter((request) => request.startsWith('list'))).toEqual([]);
		for (const name of many) store.put(`S20160607/${name}`, sound);
		store.requests.length = 0;
		store.failures.set('list S20160607', [new TransportError('permission-denied', 'The server does not allow access')]);
		expect((await run({}, { items: manyItems })).output).toHaveLength(60);
		expect(store.requests.filter((request) => request.startsWith('stat'))).toHaveLength(60);
	});

	it('has half as many files in flight after a transfer broke, although trying again mended it', async () => {
		for (const name of many) store.put(`S20160607/${name}`, sound);
		store.failures.set(`read S20160607/${many[0]} at 10000`, [
			new TransportError('connection-lost', 'The connection was lost'),
		]);
		const openBefore: number[] = [];
		const read = MemoryStore.prototype.read.bind(store);
		vi.spyOn(store, 'read').mockImplementation((path, range) => {
			if (many.slice(40).some((name) => path.endsWith(name))) openBefore.push(store.openReads);
			return read(path, range);
		});
		const { output } = await run({}, { items: manyItems, credential: { ...credential, maxConnections: 16 } });
		expect(output).toHaveLength(60);
		expect(store.mostOpenReads).toBeGreaterThan(8);
		expect(openBefore).toHaveLength(20);
		expect(Math.max(...openBefore)).toBeLessThan(8);
	});

	it('looks again at a file that has grown since it was listed', async () => {
		for (const name of many) store.put(`S20160607/${name}`, sound);
		const list = MemoryStore.prototype.list.bind(store);
		vi.spyOn(store, 'list').mockImplementation(async (directory, options) =>
			(await list(directory, options)).map((entry) => ({ ...entry, size: 100 })),
		);
		const { output } = await run({}, { items: manyItems });
		expect((await bytesOf(output[59]?.binary?.['data'])).equals(sound)).toBe(true);
		expect(output[59]?.json['download']).toMatchObject({ attempts: 2, bytes: sound.length });
	});

	it('tells how far it is while it works on many files, and at the end how it went, without any secret', async () => {
		for (const name of many) store.put(`S20160607/${name}`, sound);
		store.files.delete(`S20160607/${many[3]}`);
		store.failures.set(`read S20160607/${many[5]} at 10000`, [
			new TransportError('connection-lost', 'The connection was lost'),
		]);
		let now = 0;
		vi.spyOn(performance, 'now').mockImplementation(() => (now += 100));
		const { messages, hints } = await run({ options: { onMissingFile: 'skip' } }, { items: manyItems });
		expect(messages.length).toBeGreaterThan(0);
		for (const message of messages) {
			expect(message).toMatch(
				/^\d+ of 60 files downloaded, [\d.]+ [KM]B, [\d.]+ KB\/s(, 1 retry)?, 1 not downloaded(, about [\dmins ]+ left)?$/,
			);
		}
		expect(hints.at(-1)).toMatchObject({
			type: 'info',
			message: expect.stringMatching(/^59 files downloaded in .+, 1\.4 MB, .+\/s, 1 retry, 1 not downloaded\.$/),
		});
	});

	it('stops its transfers when the execution is cancelled', async () => {
		const cancel = new AbortController();
		store.hanging.add(`S20160607/${names[0]}`);
		const running = run({}, { signal: cancel.signal });
		await vi.waitFor(() => expect(store.openReads).toBeGreaterThan(0));
		cancel.abort();
		await expect(running).rejects.toBeInstanceOf(NodeOperationError);
		await vi.waitFor(() => expect(store.openReads).toBe(0));
		expect(store.closed).toBe(true);
	});

	it('says what is wrong with what it was given', async () => {
		const row = (json: object): NodeRun['items'] => [{ json: json as never }];
		await expect(run({}, { items: row({ directory: 'S20160607', fileName: null }) })).rejects.toThrow(
			'The item names no recording',
		);
		await expect(run({}, { items: row({ directory: 'S20160607', fileName: '../x.wav' }) })).rejects.toThrow(
			'has a / in it',
		);
		await expect(run({ download: 'file' })).rejects.toThrow('No path is given');
		await expect(run({ download: 'everything' })).rejects.toThrow("'everything' is no value of 'Download'");
		for (const binaryPropertyName of ['', '={{ null }}', '={{ $json.none }}'])
			await expect(run({ binaryPropertyName })).rejects.toThrow('No field is given to put the file in');
		await expect(run({ options: { checksum: 'sha1' } })).rejects.toThrow("'sha1' is no value of 'Checksum'");
		expect((await run({ options: { checksum: '={{ null }}' } })).output[0]?.json['download']).toHaveProperty('sha256');
		for (const [option, label, least] of [
			['concurrency', 'Concurrency', 0],
			['retries', 'Retries', 0],
			['stallTimeout', 'Stall Timeout', 1],
			['maximumFileSize', 'Maximum File Size', 0],
		] as const) {
			const failure = await run({ options: { [option]: -1 } }).catch((error: unknown) => error);
			expect(failure).toBeInstanceOf(NodeOperationError);
			expect(failure).toMatchObject({
				message: `'-1' in '${label}' is not a number of at least ${least}`,
				description: expect.stringContaining(label),
			});
		}
	});

	it('shows no secret in any failure', async () => {
		store.failures.set(`stat S20160607/${names[0]}`, [
			new TransportError('login-failed', 'The server refused the login', { server: '127.0.0.1:990' }),
		]);
		const failure = (await run().catch((error: unknown) => error)) as NodeOperationError;
		expect(
			JSON.stringify({ ...failure, stack: failure.stack, message: failure.message, cause: failure.cause }),
		).not.toContain('canary-password');
	});
});
