import type { RecordedSound } from './recordedSound';

/** How a recording becomes an MP3. */
export interface Mp3Plan {
	/** Hertz, one that MP3 knows. */
	readonly sampleRate: number;
	readonly channels: 1 | 2;
	/** kbit/s, constant. */
	readonly bitrate: number;
	/** Of each channel, at `sampleRate`. */
	readonly samples: number;
}

export interface Mp3Options {
	/** kbit/s; 0 = one that suits speech. */
	readonly bitrate: number;
	/** Whether two channels become one. */
	readonly isMono: boolean;
}

/** Sample rates of MPEG 2.5, 2 and 1 (ISO/IEC 11172-3 and 13818-3), and their constant bitrates as LAME takes them. */
const RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] as const;
const BITRATES = [8, 16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] as const;

/** kbit/s: MPEG 1 has none below 32, MPEG 2 none above 160, MPEG 2.5 none above 64. */
function bitratesOf(sampleRate: number): readonly number[] {
	const [least, most] = sampleRate >= 32_000 ? [32, 320] : sampleRate >= 16_000 ? [8, 160] : [8, 64];
	return BITRATES.filter((bitrate) => bitrate >= least && bitrate <= most);
}

/** kbit/s for one channel of speech: 24 at 8 kHz, as 8x8 itself stores calls in its cloud, and more for wider bands. */
function speechBitrate(sampleRate: number): number {
	if (sampleRate <= 8_000) return 24;
	if (sampleRate <= 12_000) return 32;
	return sampleRate <= 16_000 ? 48 : 64;
}

/** Plans the conversion of a sound of one or two channels. A bitrate that MP3 lacks at this sample rate becomes the nearest one. */
export function planMp3(sound: RecordedSound, { bitrate, isMono }: Mp3Options): Mp3Plan {
	const sampleRate = RATES.find((rate) => rate >= sound.sampleRate) ?? 48_000;
	const channels = sound.channels === 2 && !isMono ? 2 : 1;
	const wanted = bitrate > 0 ? bitrate : speechBitrate(sampleRate) * channels;
	const nearest = bitratesOf(sampleRate).reduce((best, candidate) =>
		Math.abs(candidate - wanted) < Math.abs(best - wanted) ? candidate : best,
	);
	const frames = Math.floor(sound.bytes / sound.frameBytes);
	const samples = Math.round((frames * sampleRate) / sound.sampleRate);
	return { sampleRate, channels, bitrate: nearest, samples };
}
