import { WaveFile } from 'wavefile';
import { describe, expect, it } from 'vitest';

import { readWav, WAV_HEAD_BYTES } from '../../../recordings/wavHeader';

function wav(codec: '8m' | '8a' | '16', seconds = 2, channels = 1): Buffer {
	const samples = Array.from({ length: 8_000 * seconds }, (_, at) => Math.round(9_000 * Math.sin(at / 8)));
	const file = new WaveFile();
	file.fromScratch(channels, 8_000, '16', channels === 1 ? samples : Array(channels).fill(samples));
	if (codec === '8m') file.toMuLaw();
	if (codec === '8a') file.toALaw();
	return Buffer.from(file.toBuffer());
}

function verdict(bytes: Buffer): ReturnType<typeof readWav> {
	return readWav(bytes.subarray(0, WAV_HEAD_BYTES), bytes.length);
}

function withLength(bytes: Buffer, at: number, length: number): Buffer {
	const copy = Buffer.from(bytes);
	copy.writeUInt32LE(length, at);
	return copy;
}

const RATE = 8_000;

interface Layout {
	readonly magic?: 'RIFF' | 'RIFX';
	/** Format tag, channels, bits, bytes of a block, bytes a second as the header says them, and the fields behind. */
	readonly format?: {
		tag?: number;
		channels?: number;
		bits?: number;
		block?: number;
		byteRate?: number;
		extra?: number[];
	};
	/** Chunks between `fmt ` and `data`, and behind `data`. */
	readonly before?: ReadonlyArray<readonly [string, Buffer]>;
	readonly behind?: ReadonlyArray<readonly [string, Buffer]>;
	/** Bytes of sound that are there. */
	readonly sound: number;
	/** What the header says instead of what is right; gets the file's own size. */
	readonly riff?: (fileSize: number, right: number) => number;
	readonly data?: (fileSize: number, right: number) => number;
}

/** A WAV file put together by hand, so that every claim in it can be wrong by itself. */
function file({ magic = 'RIFF', format = {}, before = [], behind = [], sound, riff, data }: Layout): Buffer {
	const isBig = magic === 'RIFX';
	const uint16 = (value: number): Buffer => {
		const bytes = Buffer.alloc(2);
		return isBig ? (bytes.writeUInt16BE(value), bytes) : (bytes.writeUInt16LE(value), bytes);
	};
	const uint32 = (value: number): Buffer => {
		const bytes = Buffer.alloc(4);
		return isBig ? (bytes.writeUInt32BE(value), bytes) : (bytes.writeUInt32LE(value), bytes);
	};
	const chunk = (id: string, content: Buffer): Buffer =>
		Buffer.concat([Buffer.from(id, 'latin1'), uint32(content.length), content]);
	const { tag = 1, channels = 1, bits = 16, block = channels * (bits / 8), extra = [] } = format;
	const { byteRate = RATE * block } = format;
	const fmt = Buffer.concat([
		uint16(tag),
		uint16(channels),
		uint32(RATE),
		uint32(byteRate),
		uint16(block),
		uint16(bits),
		...extra.map(uint16),
	]);
	const front = [chunk('fmt ', fmt), ...before.map(([id, content]) => chunk(id, content))];
	const tail = Buffer.concat(behind.map(([id, content]) => chunk(id, content)));
	const size = 12 + Buffer.concat(front).length + 8 + sound + tail.length;
	return Buffer.concat([
		Buffer.from(magic, 'latin1'),
		uint32(riff?.(size, size - 8) ?? size - 8),
		Buffer.from('WAVE', 'latin1'),
		...front,
		Buffer.from('data', 'latin1'),
		uint32(data?.(size, sound) ?? sound),
		Buffer.alloc(sound, 0x55),
		tail,
	]);
}

const fact = (samples: number): readonly [string, Buffer] => {
	const content = Buffer.alloc(4);
	content.writeUInt32LE(samples);
	return ['fact', content];
};

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
		expect(verdict(long)).toMatchObject({ verdict: 'odd', facts: { durationSeconds: null } });
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
