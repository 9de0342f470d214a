import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { WaveFile } from 'wavefile';
import { describe, expect, it } from 'vitest';

import { Mp3Conversion } from '../../audio/mp3Conversion';
import { planMp3 } from '../../audio/mp3Plan';
import type { Mp3Options } from '../../audio/mp3Plan';
import { recordedSound } from '../../audio/recordedSound';
import { WavReader } from '../../recordings/wavHeader';
import { realServer } from '../../testbed/servers/process';

const FFMPEG = '/usr/bin/ffmpeg';
const SPEECH: Mp3Options = { bitrate: 0, isMono: false };

/** Something like speech: a tone of the voice with its overtones, in syllables, and a pause; another voice in the second channel. */
function speech(sampleRate: number, seconds: number, voice: number): Float64Array {
	return Float64Array.from({ length: Math.round(sampleRate * seconds) }, (_, at) => {
		const time = at / sampleRate;
		const syllable = Math.max(0, Math.sin(2 * Math.PI * (3 + voice) * time + voice));
		const pitch = 130 + 80 * voice + 20 * Math.sin(2 * Math.PI * 0.7 * time);
		const tone = [1, 2, 3, 5].reduce(
			(sum, harmonic) => sum + Math.sin(2 * Math.PI * pitch * harmonic * time) / harmonic,
			0,
		);
		return 0.3 * syllable * tone;
	});
}

interface Recording {
	readonly codec: string;
	readonly rate: number;
	readonly channels: readonly Float64Array[];
	readonly file: Buffer;
}

function recording(codec: string, rate: number, channelCount: number, seconds = 3): Recording {
	const channels = Array.from({ length: channelCount }, (_, voice) => speech(rate, seconds, voice));
	const depth = { '8a': '16', '8m': '16' }[codec] ?? codec;
	const scale = { '8': 127, '16': 32_767, '24': 8_388_607, '32': 2_147_483_647 }[depth] ?? 1;
	const offset = depth === '8' ? 128 : 0;
	const numbers = channels.map((samples) =>
		Array.from(samples, (sample) => (scale === 1 ? sample : Math.round(sample * scale) + offset)),
	);
	const wav = new WaveFile();
	wav.fromScratch(channelCount, rate, depth, channelCount === 1 ? (numbers[0] ?? []) : numbers);
	if (codec === '8a') wav.toALaw();
	if (codec === '8m') wav.toMuLaw();
	return { codec, rate, channels, file: Buffer.from(wav.toBuffer()) };
}

/** Converts what comes in pieces of odd lengths. */
async function converted(file: Buffer, options: Mp3Options): Promise<{ mp3: Buffer; conversion: Mp3Conversion }> {
	const reader = new WavReader(file.length);
	let seen = 0;
	const conversion = new Mp3Conversion(() => {
		if (reader.header === undefined) return undefined;
		const sound = recordedSound(reader.header);
		return { sound, plan: planMp3(sound, options) };
	});
	const pieces = function* (): Generator<Buffer> {
		for (let at = 0, length = 1; at < file.length; at += length, length = (length * 7) % 9_973) {
			const piece = file.subarray(at, at + length);
			reader.take(seen, piece);
			seen += piece.length;
			yield piece;
		}
	};
	return { mp3: await buffer(Readable.from(pieces()).pipe(conversion)), conversion };
}

/** Samples of each channel as FFmpeg decodes them, and their rate. */
function decoded(mp3: Buffer): { rate: number; channels: Float32Array[] } {
	const wav = spawnSync(FFMPEG, ['-loglevel', 'error', '-i', 'pipe:0', '-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1'], {
		input: mp3,
		maxBuffer: 1_000_000_000,
	});
	expect(wav.stderr.toString()).toBe('');
	const data = wav.stdout.indexOf('data') + 8;
	const channelCount = wav.stdout.readUInt16LE(22);
	const frames = Math.floor((wav.stdout.length - data) / 4 / channelCount);
	const channels = Array.from({ length: channelCount }, (_, channel) =>
		Float32Array.from({ length: frames }, (_frame, at) =>
			wav.stdout.readFloatLE(data + 4 * (at * channelCount + channel)),
		),
	);
	return { rate: wav.stdout.readUInt32LE(24), channels };
}

/** How alike two sounds are that begin together: 1 is the same but for its loudness. The second is read at the rate of the first. */
function correlation(first: ArrayLike<number>, second: ArrayLike<number>, ratio: number): number {
	let [products, squares, others] = [0, 0, 0];
	for (let at = 0; at < first.length && Math.round(at * ratio) < second.length; at += 1) {
		const [a, b] = [first[at] ?? 0, second[Math.round(at * ratio)] ?? 0];
		products += a * b;
		squares += a * a;
		others += b * b;
	}
	return products / Math.sqrt(squares * others);
}

const real = realServer('FFmpeg', existsSync(FFMPEG) ? undefined : 'ffmpeg is not installed');

describe.skipIf(real.skip)(real.reason ?? 'A recording as MP3', () => {
	it.each(
		['8', '16', '24', '32', '32f', '64', '8a', '8m'].flatMap((codec) =>
			[8_000, 11_025, 16_000, 44_100].flatMap((rate) => [1, 2].map((channels) => [codec, rate, channels] as const)),
		),
	)('of %s bits at %d Hz with %d channel(s) sounds like the WAV', async (codec, rate, channelCount) => {
		const { file, channels } = recording(codec, rate, channelCount);
		const { mp3, conversion } = await converted(file, SPEECH);
		const played = decoded(mp3);
		expect(played.channels).toHaveLength(channelCount);
		for (const [channel, samples] of played.channels.entries()) {
			expect(Math.abs(samples.length / played.rate - 3)).toBeLessThan(0.02);
			const likeness = channels.map((original) => correlation(original, samples, played.rate / rate));
			expect(likeness[channel]).toBeGreaterThan(0.95);
			for (const [other, alike] of likeness.entries()) if (other !== channel) expect(alike).toBeLessThan(0.5);
		}
		expect(conversion.plan).toMatchObject({ sampleRate: rate, channels: channelCount });
		expect(conversion.bytes).toBe(mp3.length);
	});

	it('has 24 kbit/s a channel at 8 kHz', async () => {
		for (const channels of [1, 2]) {
			const { mp3, conversion } = await converted(recording('8m', 8_000, channels, 20).file, SPEECH);
			expect(conversion.plan?.bitrate).toBe(24 * channels);
			expect(Math.abs((mp3.length * 8) / 20 / 1_000 / (24 * channels) - 1)).toBeLessThan(0.03);
		}
	});

	it.each([6_000, 9_600, 37_800, 96_000])(
		'of a rate that MP3 does not know, %d Hz, has the next that it knows',
		async (rate) => {
			const { file, channels } = recording('16', rate, 1);
			const played = decoded((await converted(file, SPEECH)).mp3);
			expect(Math.abs((played.channels[0]?.length ?? 0) / played.rate - 3)).toBeLessThan(0.1);
			expect(correlation(channels[0] ?? [], played.channels[0] ?? [], played.rate / rate)).toBeGreaterThan(0.9);
		},
	);

	it('of two channels is their mean when it is to be mono', async () => {
		const { file, channels } = recording('16', 8_000, 2);
		const { mp3, conversion } = await converted(file, { bitrate: 32, isMono: true });
		expect(conversion.plan).toEqual({ sampleRate: 8_000, channels: 1, bitrate: 32, samples: 24_000 });
		const mean = Float64Array.from(channels[0] ?? [], (sample, at) => (sample + (channels[1]?.[at] ?? 0)) / 2);
		expect(correlation(mean, decoded(mp3).channels[0] ?? [], 1)).toBeGreaterThan(0.95);
	});

	it.each([100, 575, 576, 577, 1_152, 1_153, 8_001])('of %d samples has so many and no more', async (samples) => {
		const { file } = recording('16', 8_000, 1, samples / 8_000);
		expect(decoded((await converted(file, SPEECH)).mp3).channels[0]).toHaveLength(samples);
	});
});
