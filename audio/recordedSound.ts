import type { WavHeader } from '../recordings/wavHeader';
import { unitBytesOf } from '../recordings/wavSound';
import { playedSound } from '../recordings/wavVerdict';
import { isReadable } from './pcmSamples';
import type { SampleLayout } from './pcmSamples';

/** The sound in a WAV file, as a conversion reads it. */
export interface RecordedSound extends SampleLayout {
	/** Hertz. */
	readonly sampleRate: number;
	/** Offset of its first byte in the file, and how many there are. */
	readonly from: number;
	readonly bytes: number;
}

/**
 * The sound that can be converted: PCM of 8 to 32 bits, floating point, A-law or mu-law, of one or two channels.
 *
 * @throws Error that says what the file is instead
 */
export function recordedSound(header: WavHeader): RecordedSound {
	const played = playedSound(header);
	if (played === undefined) throw new Error('its header names no sound');
	const { format, from, bytes } = played;
	const { codec, channels, bitsPerSample, sampleRate } = format;
	const { isLittleEndian } = header;
	const sound = {
		codec,
		channels,
		bitsPerSample,
		sampleRate,
		isLittleEndian,
		from,
		bytes,
		frameBytes: unitBytesOf(format),
	};
	if (!isReadable(sound))
		throw new Error(`its sound is ${codec}${bitsPerSample > 0 ? ` of ${bitsPerSample} bits` : ''}`);
	if (channels > 2) throw new Error(`it has ${channels} channels`);
	return sound;
}
