import { Mp3Conversion } from '../../audio/mp3Conversion';
import { planMp3 } from '../../audio/mp3Plan';
import type { Mp3Options, Mp3Plan } from '../../audio/mp3Plan';
import { recordedSound } from '../../audio/recordedSound';
import type { WavReader } from '../../recordings/wavHeader';
import { ExplainedError } from '../../tenant/explainedError';
import { mimeTypeOf } from './outputFileName';

/** The `download.audio` field of an item: what is in its binary field when it was converted. */
export interface AudioFacts {
	format: 'mp3';
	bytes: number;
	/** kbit/s, constant. */
	bitrate: number;
	channels: number;
	/** Hertz. */
	sampleRate: number;
	durationSeconds: number;
}

/** Bytes that are held until the beginning of a file tells what its sound is. */
const MOST_BEFORE_START = 16_777_216;

/** Whether a file is one already, by its name: there is nothing to convert then. */
export function isMp3Name(name: string): boolean {
	return mimeTypeOf(name) === 'audio/mpeg';
}

/** `R….wav` as `R….mp3`; another name with the ending behind it. */
export function mp3NameOf(name: string): string {
	return isMp3Name(name) ? name : `${name.replace(/\.wav$/i, '')}.mp3`;
}

/**
 * The stream that makes an MP3 of a WAV while it passes.
 *
 * @param reader has been shown every byte that the stream has got
 * @param check throws for a recording that is not whole, which matters more than that it cannot be converted
 */
export function mp3Conversion(path: string, reader: WavReader, options: Mp3Options, check: () => void): Mp3Conversion {
	return new Mp3Conversion((isEnd) => {
		if (reader.wanted !== undefined && !isEnd) {
			if (reader.wanted.from <= MOST_BEFORE_START) return undefined;
			throw unconvertible(path, new Error('its header goes on behind its sound'));
		}
		try {
			if (reader.header === undefined) throw new Error('it is no WAV');
			const sound = recordedSound(reader.header);
			return { sound, plan: planMp3(sound, options) };
		} catch (error) {
			check();
			throw unconvertible(path, error);
		}
	});
}

function unconvertible(path: string, error: unknown): ExplainedError {
	const reason = error instanceof Error ? error.message : 'it cannot be read';
	return new ExplainedError(
		`${path} cannot be converted to MP3: ${reason}`,
		"MP3 is made from WAV files with PCM, A-law or mu-law sound of one or two channels. Set 'Audio Format' to 'As Recorded' for this one.",
	);
}

/** What became of it. */
export function audioFactsOf(plan: Mp3Plan, bytes: number): AudioFacts {
	const { bitrate, channels, sampleRate, samples } = plan;
	const durationSeconds = Math.round((samples / sampleRate) * 1_000) / 1_000;
	return { format: 'mp3', bytes, bitrate, channels, sampleRate, durationSeconds };
}
