import fc from 'fast-check';
import { WaveFile } from 'wavefile';
import { describe, expect, it } from 'vitest';

import { WavReader } from '../../../recordings/wavHeader';
import { judgeWav } from '../../../recordings/wavVerdict';
import { fact, lookedInto, RATE, streamed, wavFile } from './wavFixture';
import type { Layout } from './wavFixture';
import { fuzzRuns } from '../fuzzRuns';

const SECOND = RATE * 2;
const MINUTE = 60 * SECOND;
const MU_LAW = { tag: 7, bits: 8, block: 1 };
const IMA = { tag: 0x11, bits: 4, block: 256, byteRate: 16_000, extra: [2, 505] };
const GSM = { tag: 0x31, bits: 0, block: 65, byteRate: 1_625, extra: [2, 320] };

const open = (length: number): Pick<Layout, 'riff' | 'data'> => ({ riff: () => length, data: () => length });

describe('claims about a WAV that contradict each other', () => {
	it.each<readonly [string, Layout, number | null, string]>([
		['left open, and as long as the call', { sound: MINUTE, ...open(0) }, 60, 'odd'],
		['left open, and half as long as the call', { sound: MINUTE / 2, ...open(0) }, 60, 'truncated'],
		['left open, and nothing known of the call', { sound: MINUTE / 2, ...open(0xffff_ffff) }, null, 'odd'],
		['left open, and longer than the call', { sound: MINUTE, ...open(0x7fff_f000) }, 20, 'odd'],
		[
			'left open, while RIFF has the size of the file',
			{ sound: MINUTE, riff: (size) => size, data: () => 0 },
			null,
			'odd',
		],
		['left open, while RIFF agrees with the file', { sound: MINUTE / 2, data: () => 0 }, 60, 'short'],
		[
			'left open, and less than fact states',
			{ format: MU_LAW, before: [fact(60 * RATE)], sound: 30 * RATE, ...open(0) },
			null,
			'truncated',
		],
		[
			'left open, and what fact states',
			{ format: MU_LAW, before: [fact(30 * RATE)], sound: 30 * RATE, ...open(0) },
			null,
			'odd',
		],
		[
			'left open, and fewer blocks than fact states',
			{ format: GSM, before: [fact(320 * 100)], sound: 65 * 60, ...open(0xffff_ffff) },
			null,
			'truncated',
		],
		[
			'broken alone, and the index agrees with what is there',
			{ sound: MINUTE / 2, data: () => MINUTE, riff: () => 0 },
			30,
			'odd',
		],
		[
			'broken alone, and the index agrees with the header',
			{ sound: MINUTE / 2, data: () => MINUTE, riff: () => 0 },
			60,
			'truncated',
		],
		[
			'broken alone, and nothing known of the call',
			{ sound: MINUTE / 2, data: () => MINUTE, riff: () => 0 },
			null,
			'truncated',
		],
		['broken while RIFF agrees with the file', { sound: MINUTE / 2, data: () => MINUTE }, 30, 'odd'],
		[
			'broken while RIFF agrees, and the index with the header',
			{ sound: MINUTE / 2, data: () => MINUTE },
			60,
			'truncated',
		],
		[
			'both broken, whatever the index says',
			{ sound: MINUTE / 2, data: () => MINUTE, riff: () => MINUTE + 36 },
			30,
			'truncated',
		],
		[
			'both broken, though fact has no more than is there',
			{
				format: MU_LAW,
				before: [fact(30 * RATE)],
				sound: 30 * RATE,
				data: () => 60 * RATE,
				riff: () => 60 * RATE + 48,
			},
			null,
			'odd',
		],
		[
			'of the file broken, that of the sound open',
			{ sound: MINUTE / 2, data: () => 0, riff: () => MINUTE + 36 },
			null,
			'truncated',
		],
		[
			'of the file broken, that of the sound open, as long as the call',
			{ sound: MINUTE / 2, data: () => 0, riff: () => MINUTE + 36 },
			30,
			'odd',
		],
	])('are weighed: lengths %s', (_what, layout, indexedSeconds, verdict) => {
		const bytes = wavFile(layout);
		expect(streamed(bytes, indexedSeconds).verdict).toBe(verdict);
		expect(lookedInto(bytes, indexedSeconds).verdict).toBe(verdict);
	});

	it('never let a cut pass, wherever it is, in any codec whose header is right', () => {
		const formats = [
			{ format: {}, samples: 4_096 },
			{ format: MU_LAW, samples: 8_192 },
			{ format: IMA, samples: 32 * 505 },
			{ format: { channels: 2 }, samples: 2_048 },
		];
		const layouts = formats.flatMap(({ format, samples }) => [
			{ format, sound: 8_192 },
			{ format, sound: 8_192, before: [fact(samples)], behind: [['LIST', Buffer.alloc(40)] as const] },
		]);
		fc.assert(
			fc.property(fc.constantFrom<Layout>(...layouts), fc.integer({ min: 1, max: 8_000 }), (layout, cut) => {
				const whole = wavFile(layout);
				const behind = layout.behind === undefined ? 0 : 48;
				const left = whole.subarray(0, whole.length - behind - cut);
				expect(streamed(left).verdict).toBe('truncated');
				expect(streamed(left, 1).verdict).toBe('truncated');
			}),
			// Cut in the middle, one of two channels has as many samples as `fact` states halves of.
			{ ...fuzzRuns(400), examples: [[layouts.at(-1) ?? { sound: 0 }, 4_093]] },
		);
	});

	it('may be as large as a length that is left open: a file that is really so long is whole', () => {
		const length = 0x7fff_f000;
		const head = wavFile({ sound: 0, riff: () => length + 36, data: () => length });
		const reader = new WavReader(44 + length);
		reader.take(0, head);
		expect(judgeWav(reader.header, 44 + length, null)).toMatchObject({ verdict: 'whole' });
	});

	it('tell of a recording much shorter than its call, which plays all the same', () => {
		const bytes = wavFile({ sound: 30 * SECOND });
		expect(streamed(bytes, 60)).toMatchObject({
			verdict: 'short',
			reason: 'it holds 30 s of sound and the index says 60 s',
			facts: { durationSeconds: 30 },
		});
		expect(streamed(bytes, 33).verdict).toBe('whole');
		expect([10, 12].map((seconds) => streamed(wavFile({ sound: 6 * SECOND }), seconds).verdict)).toEqual([
			'whole',
			'short',
		]);
		const long = wavFile({ format: MU_LAW, sound: 180 * RATE });
		expect([199, 201].map((seconds) => lookedInto(long, seconds).verdict)).toEqual(['whole', 'short']);
	});

	it('are told by their own hint', () => {
		const reasonOf = (layout: Partial<Layout>): string | undefined =>
			lookedInto(wavFile({ sound: SECOND, ...layout })).reason;
		expect(reasonOf({ riff: () => 0 })).toBe('its header leaves the length open');
		expect(reasonOf({ data: () => 0 })).toBe('its header leaves the length open');
		expect(reasonOf({ data: (size) => size })).toBe('its header gives a wrong length, and its sound is all there');
		expect(reasonOf({ riff: (_size, right) => right + 200 })).toBe(
			'its header gives a wrong length, and its sound is all there',
		);
		expect(reasonOf({ riff: (_size, right) => right - 200 })).toBe('it is longer than its header says');
	});

	it('tell of much behind the sound that players do not play, such as a second piece of it', () => {
		const behind = (bytes: number): Layout['behind'] => [['data', Buffer.alloc(bytes)]];
		expect(lookedInto(wavFile({ sound: MINUTE, behind: behind(MINUTE) }))).toMatchObject({
			verdict: 'odd',
			reason: `${MINUTE + 8} bytes stand behind its sound, which players do not play`,
			facts: { durationSeconds: 60 },
		});
		expect(streamed(wavFile({ sound: MINUTE, behind: behind(80_000) })).verdict).toBe('whole');
		expect(streamed(wavFile({ sound: SECOND, behind: behind(60_000) })).verdict).toBe('whole');
	});
});

describe('a WAV without sound', () => {
	it.each<readonly [string, Layout]>([
		['a sound of length 0', { sound: 0 }],
		['lengths left open', { sound: 0, ...open(0xffff_ffff) }],
		['lengths left open before other chunks', { sound: 0, ...open(0), behind: [['LIST', Buffer.alloc(26)]] }],
		['other chunks of odd length behind it', { sound: 0, behind: [['LIST', Buffer.alloc(27)]] }],
		['far behind its header', { sound: 0, before: [['JUNK', Buffer.alloc(90_000)]] }],
	])('fails, unless the index says that the call took no time: %s', (_what, layout) => {
		const bytes = wavFile(layout);
		for (const seconds of [null, 60]) expect(streamed(bytes, seconds).verdict).toBe('noSound');
		expect(streamed(bytes, 0)).toMatchObject({ verdict: 'odd', reason: 'it holds no sound' });
	});

	it('is told from one whose sound only looks like a chunk', () => {
		const bytes = wavFile({ sound: 4_000, ...open(0) });
		bytes.write('LIST', 44, 'latin1');
		expect(streamed(bytes)).toMatchObject({ verdict: 'odd', facts: { durationSeconds: 0.25 } });
	});

	it('in its first data chunk may have it in a second one', () => {
		const bytes = Buffer.concat([wavFile({ sound: 0 }), wavFile({ sound: SECOND }).subarray(36)]);
		bytes.writeUInt32LE(bytes.length - 8, 4);
		expect(streamed(bytes)).toMatchObject({ verdict: 'whole', facts: { durationSeconds: 1 } });
	});

	it.each([
		['no channels', 22],
		['no sample rate', 24],
	])('cannot be played when its format tells %s', (_what, at) => {
		const bytes = wavFile({ sound: SECOND });
		bytes.writeUInt16LE(0, at);
		expect(streamed(bytes)).toMatchObject({
			verdict: 'notWav',
			reason: 'its header tells no channels or no sample rate',
		});
	});
});

describe('a WAV with its sound somewhere else', () => {
	const before: Layout['before'] = [['LIST', Buffer.alloc(31)]];

	it('plays behind a chunk of odd length, with its pad byte or without', () => {
		const unpadded = wavFile({ before, sound: SECOND });
		const at = unpadded.indexOf('data');
		const padded = Buffer.concat([unpadded.subarray(0, at), Buffer.alloc(1), unpadded.subarray(at)]);
		padded.writeUInt32LE(padded.length - 8, 4);
		expect(streamed(padded)).toMatchObject({ verdict: 'whole', facts: { durationSeconds: 1 } });
		expect(streamed(unpadded)).toMatchObject({
			verdict: 'odd',
			reason: 'a chunk of odd length in its header lacks the byte that fills it up',
			facts: { durationSeconds: 1 },
		});
	});

	it.each([SECOND, SECOND - 1])('plays before its format, with %d bytes', (sound) => {
		const usual = wavFile({ sound });
		const [format, data] = [usual.subarray(12, 36), usual.subarray(36)];
		const bytes = Buffer.concat([usual.subarray(0, 12), data, Buffer.alloc(data.length % 2), format]);
		bytes.writeUInt32LE(bytes.length - 8, 4);
		const expected = { verdict: 'odd', facts: { codec: 'pcm', durationSeconds: 1 } };
		expect(streamed(bytes)).toMatchObject(expected);
		expect(lookedInto(bytes)).toMatchObject({
			...expected,
			reason: 'its format stands behind its sound, where not every player looks for it',
		});
		for (const lost of [20, 30, 4_000]) expect(streamed(bytes.subarray(0, -lost)).verdict).not.toBe('odd');
	});

	it('plays the first of two pieces that stand before its format', () => {
		const usual = wavFile({ sound: SECOND });
		const second = wavFile({ sound: 2 * SECOND }).subarray(36);
		const bytes = Buffer.concat([usual.subarray(0, 12), usual.subarray(36), second, usual.subarray(12, 36)]);
		bytes.writeUInt32LE(bytes.length - 8, 4);
		expect(streamed(bytes)).toMatchObject({ verdict: 'odd', facts: { durationSeconds: 1 } });
	});

	it('plays behind a pad byte that is not 0', () => {
		const unpadded = wavFile({ before, sound: SECOND });
		const at = unpadded.indexOf('data');
		const padded = Buffer.concat([unpadded.subarray(0, at), Buffer.from('x'), unpadded.subarray(at)]);
		padded.writeUInt32LE(padded.length - 8, 4);
		expect(streamed(padded)).toMatchObject({ verdict: 'whole', facts: { durationSeconds: 1 } });
	});

	it('plays behind an ID3 tag longer than any usual one, and is cut there too', () => {
		const tag = Buffer.alloc(10 + 200_000);
		tag.write('ID3\x03\0\0', 'latin1');
		for (const [position, shift] of [21, 14, 7, 0].entries()) tag[6 + position] = (200_000 >> shift) & 0x7f;
		const bytes = Buffer.concat([tag, wavFile({ sound: MINUTE })]);
		expect(streamed(bytes)).toMatchObject({ verdict: 'whole', facts: { durationSeconds: 60 } });
		expect(lookedInto(bytes.subarray(0, -2)).verdict).toBe('truncated');
	});

	it('plays behind an ID3 tag with a footer', () => {
		const tag = Buffer.concat([
			Buffer.from('ID3\x04\0\x10\0\0\0\x20', 'latin1'),
			Buffer.alloc(32),
			Buffer.from('3DI1234567'),
		]);
		expect(streamed(Buffer.concat([tag, wavFile({ sound: SECOND })])).verdict).toBe('whole');
	});

	it.each(['RIFF', 'RIFX'] as const)('plays in the extensible format of %s', (magic) => {
		const guid = magic === 'RIFX' ? [0, 7] : [7, 0];
		const extra = [22, 8, 4, 0, ...guid, 0, 0x10, 0x80, 0, 0xaa, 0x38];
		const bytes = wavFile({ magic, format: { tag: 0xfffe, bits: 8, block: 1, extra }, sound: RATE * 3 });
		expect(streamed(bytes)).toMatchObject({ verdict: 'whole', facts: { codec: 'mulaw', durationSeconds: 3 } });
	});

	it('takes no bytes for those that it wants', () => {
		const bytes = wavFile({ sound: SECOND });
		const reader = new WavReader(bytes.length);
		reader.take(100, bytes.subarray(100));
		expect(reader.wanted).toMatchObject({ from: 0 });
		reader.take(0, bytes.subarray(0, 5));
		reader.take(7, bytes.subarray(7));
		expect(reader.wanted).toMatchObject({ from: 0 });
		reader.take(3, bytes.subarray(3));
		expect(reader.header?.data).toEqual({ from: 44, length: SECOND });
	});

	it('is read in a few bytes, however much stands before it, and by no more than a hundred chunks', () => {
		const bytes = wavFile({ before: [['bext', Buffer.alloc(500_000)]], sound: MINUTE });
		const reader = new WavReader(bytes.length);
		let shown = 0;
		for (let wanted = reader.wanted; wanted !== undefined; wanted = reader.wanted) {
			shown += wanted.length;
			reader.take(wanted.from, bytes.subarray(wanted.from, wanted.from + wanted.length));
		}
		expect(shown).toBeLessThan(100);
		const many: Layout['before'] = Array.from({ length: 200 }, () => ['JUNK', Buffer.alloc(2)] as const);
		expect(streamed(wavFile({ before: many, sound: SECOND })).verdict).toBe('noSound');
	});
});

describe('the duration of sound in blocks', () => {
	it.each<readonly [string, Layout, number]>([
		['more samples in a block than it can hold', { format: { ...IMA, extra: [2, 1_017] }, sound: 256 * 160 }, 10.1],
		['a fact of 0', { format: IMA, before: [fact(0)], sound: 256 * 160 }, 10.1],
		['a fact that was left open', { format: GSM, before: [fact(0xffff_ffff)], sound: 65 * 250 }, 10],
		['a fact that ends within the last block', { format: GSM, before: [fact(79_900)], sound: 65 * 250 }, 9.988],
		[
			'a fact that counts both channels',
			{ format: { ...IMA, channels: 2, block: 512 }, before: [fact(2 * 505 * 160)], sound: 512 * 160 },
			10.1,
		],
		['a byte rate of G.722', { format: { tag: 0x65, bits: 4, block: 1, byteRate: 16_000 }, sound: 40_000 }, 10],
		['an open fact of G.722', { format: { tag: 0x28f, bits: 16, block: 4 }, ...open(0), sound: 40_000 }, 10],
	])('is not misled by %s', (_what, layout, seconds) => {
		expect(streamed(wavFile(layout)).facts?.durationSeconds).toBe(seconds);
	});
});

describe('an independent reader', () => {
	type Depth = '8' | '16' | '24' | '32' | '32f' | 'A-law' | 'mu-law' | 'IMA ADPCM';

	function recorded(depth: Depth, samples: number, container: 'RIFF' | 'RIFX', rate: number): Buffer {
		const sound = new WaveFile();
		const pcm = Array.from({ length: samples }, (_, at) => Math.round(100 * Math.sin(at / 8)));
		const isCompressed = depth === 'A-law' || depth === 'mu-law' || depth === 'IMA ADPCM';
		sound.fromScratch(1, rate, isCompressed ? '16' : depth, pcm, { container });
		if (depth === 'A-law') sound.toALaw();
		if (depth === 'mu-law') sound.toMuLaw();
		if (depth === 'IMA ADPCM') sound.toIMAADPCM();
		return Buffer.from(sound.toBuffer());
	}

	it.each<Depth>(['8', '16', '24', '32', '32f', 'A-law', 'mu-law'])(
		'hears as many samples of %s bits as the duration says',
		(depth) => {
			const samples = fc.integer({ min: 16, max: 5_000 });
			const containers = fc.constantFrom<'RIFF' | 'RIFX'>('RIFF', 'RIFX');
			fc.assert(
				fc.property(samples, containers, fc.constantFrom(8_000, 16_000), (written, container, rate) => {
					const bytes = recorded(depth, written, container, rate);
					const player = new WaveFile(bytes);
					const bytesOfSample = depth.includes('law') ? 1 : Number.parseInt(depth, 10) / 8;
					const heard = (player.data as { chunkSize: number }).chunkSize / bytesOfSample;
					expect(streamed(bytes).verdict).toBe('whole');
					expect(streamed(bytes).facts?.durationSeconds).toBe(Math.round((heard / rate) * 1_000) / 1_000);
				}),
				fuzzRuns(25),
			);
		},
	);

	it('hears as many samples of IMA ADPCM as the duration says, to the block', () => {
		fc.assert(
			fc.property(fc.integer({ min: 505, max: 20_000 }), (written) => {
				const bytes = recorded('IMA ADPCM', written, 'RIFF', 8_000);
				const player = new WaveFile(bytes);
				player.fromIMAADPCM();
				const heard = player.getSamples(false, Int16Array).length;
				expect(Math.abs((streamed(bytes).facts?.durationSeconds ?? 0) - heard / 8_000)).toBeLessThan(505 / 8_000);
				expect(streamed(bytes.subarray(0, Math.floor(bytes.length / 2))).verdict).toBe('truncated');
			}),
			fuzzRuns(10),
		);
	});
});
