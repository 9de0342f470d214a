import type { Mp3Plan } from './mp3Plan';

/** Samples that LAME's encoder puts before the sound, and those of its last frames that it adds behind (LAME, lame.h: ENCDELAY). */
const ENCODER_DELAY = 576;
const FLUSHED_SAMPLES = 1_152;

/** Bitrates of layer III in the order of their index in a frame's header, kbit/s (ISO/IEC 11172-3, 2.4.2.3; 13818-3). */
const MPEG1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

const VERSION_BYTES = 9;
/** From the version on: method, lowpass, peak, gains, flags, bitrate, delays, misc, gain, preset, length, two checksums. */
const LAME_BYTES = 36;

/**
 * The frame that stands before an MP3 of constant bitrate and tells how many frames follow, and which samples of the first and
 * the last ones do not belong to the sound: without it a call of one second would play for 1.2, and begin late. ("Info" in place
 * of "Xing" for constant bitrates; LAME's extension: gabriel.mp3-tech.org/mp3infotag.html.)
 */
export function infoFrame({ sampleRate, channels, bitrate, samples }: Mp3Plan): Buffer {
	const isMpeg1 = sampleRate >= 32_000;
	const perFrame = isMpeg1 ? 1_152 : 576;
	const frames = Math.ceil(samples / perFrame) + FLUSHED_SAMPLES / perFrame;
	const sideInfo = isMpeg1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
	const content = Buffer.alloc(8 + 4 + LAME_BYTES);
	content.write('Info', 0, 'latin1');
	// Only the number of frames is there.
	content.writeUInt32BE(1, 4);
	content.writeUInt32BE(frames, 8);
	const lame = content.subarray(12);
	lame.write('LAME3.100', 0, VERSION_BYTES, 'latin1');
	lame[VERSION_BYTES] = 1;
	lame[20] = Math.min(255, bitrate);
	const padding = Math.min(4_095, Math.max(0, frames * perFrame - ENCODER_DELAY - samples));
	lame.writeUIntBE(ENCODER_DELAY * 4_096 + padding, 21, 3);
	return frame(sampleRate, channels, [Buffer.alloc(sideInfo), content]);
}

/** A frame of the smallest bitrate in which this fits. */
function frame(sampleRate: number, channels: number, parts: readonly Buffer[]): Buffer {
	const isMpeg1 = sampleRate >= 32_000;
	const bitrates = isMpeg1 ? MPEG1 : MPEG2;
	const content = Buffer.concat(parts);
	const bytesAt = (kilobits: number): number => Math.floor(((isMpeg1 ? 144 : 72) * kilobits * 1_000) / sampleRate);
	const index = bitrates.findIndex((kilobits) => bytesAt(kilobits) >= content.length + 4);
	const version = isMpeg1 ? 3 : sampleRate >= 16_000 ? 2 : 0;
	const rateIndex = [44_100, 48_000, 32_000].indexOf(sampleRate * (isMpeg1 ? 1 : version === 2 ? 2 : 4));
	const whole = Buffer.alloc(bytesAt(bitrates[index] ?? 0));
	whole[0] = 0xff;
	// Sync, version, layer III, no checksum.
	whole[1] = 0xe0 | (version << 3) | 0b011;
	whole[2] = (index << 4) | (rateIndex << 2);
	whole[3] = channels === 1 ? 0xc0 : 0x40;
	content.copy(whole, 4);
	return whole;
}
