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
