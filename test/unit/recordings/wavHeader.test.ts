import { WaveFile } from 'wavefile';
import { describe, expect, it } from 'vitest';

import type { WavVerdict } from '../../../recordings/wavVerdict';
import { fact, lookedInto, RATE, streamed, wavFile as file } from './wavFixture';
import type { Layout } from './wavFixture';

function wav(codec: '8m' | '8a' | '16', seconds = 2, channels = 1): Buffer {
	const samples = Array.from({ length: 8_000 * seconds }, (_, at) => Math.round(9_000 * Math.sin(at / 8)));
	const file = new WaveFile();
	file.fromScratch(channels, 8_000, '16', channels === 1 ? samples : Array(channels).fill(samples));
	if (codec === '8m') file.toMuLaw();
	if (codec === '8a') file.toALaw();
	return Buffer.from(file.toBuffer());
}

/** However a file is read, the verdict is the same. */
function verdict(bytes: Buffer, indexedSeconds: number | null = null): WavVerdict {
	const judged = streamed(bytes, indexedSeconds);
	expect(streamed(bytes, indexedSeconds, 7)).toEqual(judged);
	expect(lookedInto(bytes, indexedSeconds)).toEqual(judged);
	return judged;
}

function withLength(bytes: Buffer, at: number, length: number): Buffer {
	const copy = Buffer.from(bytes);
	copy.writeUInt32LE(length, at);
	return copy;
}

const THIRTY_SECONDS = 30 * RATE * 2;
const IMA = { tag: 0x11, bits: 4, block: 256, byteRate: 16_000, extra: [2, 505] };
const IMA_BYTES = Math.ceil(360_000 / 505) * 256;

describe('a WAV whose lengths are wrong by its writer', () => {
	it.each<readonly [string, Layout]>([
		['a recorder that writes to a pipe', { sound: THIRTY_SECONDS, riff: () => 0x7fff_f024, data: () => 0x7fff_f000 }],
		['lengths of all ones', { sound: THIRTY_SECONDS, riff: () => 0xffff_ffff, data: () => 0xffff_ffff }],
		[
			'lengths of all ones less the header',
			{ sound: THIRTY_SECONDS, riff: () => 0xffff_ffff, data: () => 0xffff_ffda },
		],
		['lengths of 2^31', { sound: THIRTY_SECONDS, riff: () => 0x8000_0024, data: () => 0x8000_0000 }],
		['lengths of 0', { sound: THIRTY_SECONDS, riff: () => 0, data: () => 0 }],
		['the length of the sound alone left open', { sound: THIRTY_SECONDS, data: () => 0 }],
		['the length of the file alone left open', { sound: THIRTY_SECONDS, riff: () => 0 }],
		['the size of the whole file as that of RIFF', { sound: THIRTY_SECONDS, riff: (size) => size }],
		['the size of the whole file as that of the sound', { sound: THIRTY_SECONDS, data: (size) => size }],
		['the size of the whole file as both', { sound: THIRTY_SECONDS, riff: (size) => size, data: (size) => size }],
		['the length of RIFF as that of the sound', { sound: THIRTY_SECONDS, data: (size) => size - 8 }],
		['a trailing chunk that is absent', { sound: THIRTY_SECONDS, riff: (_size, right) => right + 200 }],
	])('plays, with a hint: %s', (_what, layout) => {
		const judged = verdict(file(layout));
		expect(judged).toMatchObject({ verdict: 'odd', facts: { durationSeconds: 30 } });
		expect(judged.reason).toBeDefined();
	});

	it.each<readonly [string, Layout, number]>([
		['by half', { sound: THIRTY_SECONDS }, THIRTY_SECONDS / 2],
		['by two bytes', { sound: THIRTY_SECONDS }, 2],
		['by as much as a header has', { sound: THIRTY_SECONDS }, 44],
		['by the eight bytes that make the file as long as RIFF says', { sound: THIRTY_SECONDS }, 8],
		['within the sound, with chunks behind it', { sound: 40_000, behind: [['LIST', Buffer.alloc(300)]] }, 1_000],
		['with the length of RIFF left open', { sound: THIRTY_SECONDS, riff: () => 0 }, 5_000],
		['with the length of the sound left open', { sound: THIRTY_SECONDS, data: () => 0 }, 5_000],
	])('is truncated when it was cut %s', (_what, layout, cut) => {
		const whole = file(layout);
		expect(verdict(whole.subarray(0, whole.length - cut))).toMatchObject({ verdict: 'truncated' });
	});

	it('plays when only the chunks behind its sound are cut', () => {
		const whole = file({ sound: 40_000, behind: [['LIST', Buffer.alloc(300)]] });
		expect(verdict(whole.subarray(0, whole.length - 100))).toMatchObject({
			verdict: 'odd',
			facts: { durationSeconds: 2.5 },
		});
	});
});

describe('a WAV with nothing to hear', () => {
	it.each<readonly [string, Buffer]>([
		['a header and a sound of length 0', file({ sound: 0 })],
		[
			'a header whose lengths are left open, and no more',
			file({ sound: 0, riff: () => 0xffff_ffff, data: () => 0xffff_ffff }),
		],
		[
			'a sound of length 0 before other chunks',
			file({
				sound: 0,
				behind: [
					['LIST', Buffer.alloc(26)],
					['id3 ', Buffer.alloc(10)],
				],
			}),
		],
		['less than a sample', file({ sound: 1 })],
		['no data chunk', file({ sound: 0 }).subarray(0, 36)],
	])('holds no sound: %s', (_what, bytes) => {
		const settled = Buffer.from(bytes);
		if (settled.length === 36) settled.writeUInt32LE(28, 4);
		expect(verdict(settled)).toMatchObject({ verdict: 'noSound', reason: 'it holds no sound' });
	});

	it('is no WAV without a format chunk', () => {
		const whole = file({ sound: 800 });
		whole.write('junk', 12, 'latin1');
		expect(verdict(whole)).toMatchObject({ verdict: 'notWav', reason: 'its header has no format chunk' });
	});
});

describe('the duration of a WAV', () => {
	it.each<readonly [string, Layout, number]>([
		['IMA ADPCM by fact, with a wrong byte rate', { format: IMA, before: [fact(360_000)], sound: IMA_BYTES }, 45],
		['IMA ADPCM by its blocks when fact is wrong', { format: IMA, before: [fact(7)], sound: 256 * 100 }, 6.313],
		['IMA ADPCM by its blocks without fact', { format: IMA, sound: 256 * 100 }, 6.313],
		[
			'IMA ADPCM whose header does not say how many samples a block has',
			{ format: { ...IMA, extra: [] }, sound: 256 * 100 },
			6.313,
		],
		[
			'Microsoft ADPCM',
			{ format: { tag: 2, bits: 4, block: 256, byteRate: 1, extra: [32, 500] }, sound: 256 * 160 },
			10,
		],
		['GSM 6.10', { format: { tag: 0x31, bits: 0, block: 65, byteRate: 99, extra: [2, 320] }, sound: 65 * 250 }, 10],
		['PCM with a wrong byte rate', { format: { byteRate: 8_000 }, sound: 160_000 }, 10],
		['mu-law that claims 16 bits', { format: { tag: 7, bits: 16, block: 1, byteRate: 8_000 }, sound: 80_000 }, 10],
		['stereo PCM of 24 bits', { format: { channels: 2, bits: 24 }, sound: 480_000 }, 10],
		[
			'a codec that only fact can tell',
			{ format: { tag: 0x42, bits: 0, block: 24, byteRate: 1 }, before: [fact(80_000)], sound: 8_000 },
			10,
		],
	])('is that of %s', (_what, layout, seconds) => {
		expect(verdict(file(layout))).toMatchObject({ verdict: 'whole', facts: { durationSeconds: seconds } });
	});
});

describe('a WAV in another wrapping', () => {
	it('plays in the byte order of RIFX', () => {
		expect(verdict(file({ magic: 'RIFX', sound: THIRTY_SECONDS }))).toEqual({
			verdict: 'whole',
			reason: undefined,
			facts: { codec: 'pcm', channels: 1, sampleRate: RATE, bitsPerSample: 16, durationSeconds: 30 },
		});
		const whole = file({ magic: 'RIFX', sound: THIRTY_SECONDS });
		expect(verdict(whole.subarray(0, 50_000)).verdict).toBe('truncated');
	});

	it('plays behind an ID3 tag, and is cut behind one too', () => {
		const tag = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\x02\x10', 'latin1'), Buffer.alloc(2 * 128 + 16)]);
		const tagged = Buffer.concat([tag, file({ sound: THIRTY_SECONDS })]);
		expect(verdict(tagged)).toMatchObject({ verdict: 'whole', facts: { durationSeconds: 30 } });
		expect(verdict(tagged.subarray(0, -500)).verdict).toBe('truncated');
	});

	it('plays with metadata before its sound, however long', () => {
		const layout: Layout = {
			before: [
				['bext', Buffer.alloc(858)],
				['JUNK', Buffer.alloc(27 + 1)],
			],
			sound: 16_000,
		};
		expect(verdict(file(layout))).toMatchObject({ verdict: 'whole', facts: { durationSeconds: 1 } });
		const long = file({ before: [['LIST', Buffer.alloc(80_000)]], sound: 16_000 });
		expect(verdict(long)).toMatchObject({ verdict: 'whole', facts: { durationSeconds: 1 } });
		expect(verdict(long.subarray(0, -10)).verdict).toBe('truncated');
	});
});

describe('a WAV header', () => {
	it.each([
		['8m', 1, { codec: 'mulaw', channels: 1, sampleRate: 8_000, bitsPerSample: 8, durationSeconds: 2 }],
		['8a', 1, { codec: 'alaw', channels: 1, sampleRate: 8_000, bitsPerSample: 8, durationSeconds: 2 }],
		['16', 2, { codec: 'pcm', channels: 2, sampleRate: 8_000, bitsPerSample: 16, durationSeconds: 2 }],
	] as const)('of a %s file with %d channel(s) tells its facts', (codec, channels, facts) => {
		expect(verdict(wav(codec, 2, channels))).toEqual({ verdict: 'whole', reason: undefined, facts });
	});

	it('promising more bytes than there are means a truncated file', () => {
		const whole = wav('8m');
		for (const cut of [2, 100, whole.length - 60]) {
			expect(verdict(whole.subarray(0, whole.length - cut))).toMatchObject({
				verdict: 'truncated',
				reason: expect.stringContaining(`${whole.length - cut}`),
			});
		}
	});

	it('shorter than the file, or left open by its writer, is odd and no more', () => {
		const whole = wav('16');
		expect(verdict(Buffer.concat([whole, Buffer.alloc(50)]))).toMatchObject({
			verdict: 'odd',
			reason: 'it is longer than its header says',
		});
		const data = whole.indexOf('data');
		for (const open of [0, 0xffff_ffff]) {
			const left = withLength(withLength(whole, 4, open), data + 4, open);
			expect(verdict(left)).toMatchObject({
				verdict: 'odd',
				reason: 'its header leaves the length open',
				facts: { durationSeconds: 2 },
			});
		}
	});

	it('forgiving a missing pad byte', () => {
		const whole = wav('8m');
		expect(verdict(withLength(whole, 4, whole.length - 8 + 1)).verdict).toBe('whole');
	});

	it('of RF64 takes its lengths from the ds64 chunk', () => {
		const sound = wav('16').subarray(44);
		const head = Buffer.alloc(12 + 36 + 24 + 8);
		head.write('RF64', 0);
		head.writeUInt32LE(0xffff_ffff, 4);
		head.write('WAVEds64', 8);
		head.writeUInt32LE(28, 16);
		head.writeBigUInt64LE(BigInt(head.length + sound.length - 8), 20);
		head.writeBigUInt64LE(BigInt(sound.length), 28);
		wav('16').copy(head, 48, 12, 36);
		head.write('data', 72);
		head.writeUInt32LE(0xffff_ffff, 76);
		const file = Buffer.concat([head, sound]);
		expect(verdict(file)).toMatchObject({ verdict: 'whole', facts: { codec: 'pcm', durationSeconds: 2 } });
		expect(verdict(file.subarray(0, -10)).verdict).toBe('truncated');
	});

	it('is missing from anything else', () => {
		expect(verdict(Buffer.alloc(0))).toMatchObject({ verdict: 'notWav', reason: 'the file is empty', facts: null });
		for (const text of ['<html></html>', 'RIFF', 'RIFF\0\0\0\0AVI LIST', 'x'.repeat(1_000)])
			expect(verdict(Buffer.from(text)).verdict).toBe('notWav');
	});

	it('of any bytes after a WAVE mark never throws', () => {
		for (let length = 12; length < 200; length++) {
			const bytes = Buffer.alloc(length, 0xff);
			bytes.write('RIFF', 0);
			bytes.write('WAVE', 8);
			if (length > 40) bytes.write('fmt ', 12);
			expect(() => verdict(bytes)).not.toThrow();
		}
	});
});
