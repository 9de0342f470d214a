import type { WavFields } from './wavHeader';

/** What a WAV file says about itself. `codec` is `unknown (0x…)` for a format tag that is not in the list. */
export interface WavFacts {
	readonly codec: string;
	readonly channels: number;
	/** Hertz. */
	readonly sampleRate: number;
	readonly bitsPerSample: number;
	/** Of the bytes that are there, `null` when the header does not tell how many make a second. */
	readonly durationSeconds: number | null;
}

/** The content of `fmt `. */
export interface WavFormat {
	readonly codec: string;
	readonly channels: number;
	readonly sampleRate: number;
	readonly bitsPerSample: number;
	readonly bytesPerSecond: number;
	/** `nBlockAlign`: bytes of a block, or of one sample of every channel. */
	readonly blockBytes: number;
	/** Of each channel, where the header tells; 0 otherwise. */
	readonly samplesPerBlock: number;
}

/** Format tags of RFC 2361 that call recorders write. */
const CODECS: Readonly<Record<number, string>> = {
	0x0001: 'pcm',
	0x0002: 'adpcm',
	0x0003: 'float',
	0x0006: 'alaw',
	0x0007: 'mulaw',
	0x0010: 'okiAdpcm',
	0x0011: 'imaAdpcm',
	0x0022: 'trueSpeech',
	0x0031: 'gsm610',
	0x0040: 'g721',
	0x0042: 'g7231',
	0x0045: 'g726',
	0x0055: 'mp3',
	0x0064: 'g726',
	0x0065: 'g722',
	0x028f: 'g722',
};

/** Codecs whose sound is one sample of each channel after the other. */
const SAMPLE_CODECS: ReadonlySet<string> = new Set(['pcm', 'float', 'alaw', 'mulaw']);
/** Codecs whose sound is blocks of equal length with equally many samples. */
const BLOCK_CODECS: ReadonlySet<string> = new Set(['adpcm', 'imaAdpcm', 'gsm610']);

/** In a byte (ITU-T G.722: two samples make one code word of 8 bits, at 64 kbit/s). */
const SAMPLES_OF_G722 = 2;

const EXTENSIBLE = 0xfffe;

/**
 * Writers that cannot go back leave 0, or a length near what 31 or 32 bits hold: SoX writes 0x7ffff000 into a pipe, FFmpeg
 * 0xffffffff, others the same less their header.
 */
export function isOpenLength(length: number): boolean {
	return length === 0 || Math.abs(length - 0x8000_0000) <= NEAR || Math.abs(length - 0x1_0000_0000) <= NEAR;
}

const NEAR = 1_048_576;

/** Reads `fmt `; `undefined` when it is too short for a format, or says that there are no channels or no samples. */
export function formatOf(fields: WavFields): WavFormat | undefined {
	const tag = fields.uint16(0);
	const channels = fields.uint16(2) ?? 0;
	const sampleRate = fields.uint32(4) ?? 0;
	const blockBytes = fields.uint16(12);
	if (tag === undefined || blockBytes === undefined || channels === 0 || sampleRate === 0) return undefined;
	// The extension names the format by a GUID whose first field is the tag.
	const extended = tag === EXTENSIBLE ? fields.uint32(24) : undefined;
	const codecTag = extended === undefined ? tag : extended & 0xffff;
	return {
		codec: CODECS[codecTag] ?? `unknown (0x${codecTag.toString(16).padStart(4, '0')})`,
		channels,
		sampleRate,
		bitsPerSample: fields.uint16(14) ?? 0,
		bytesPerSecond: fields.uint32(8) ?? 0,
		blockBytes,
		samplesPerBlock: (tag === EXTENSIBLE ? undefined : fields.uint16(18)) ?? 0,
	};
}

/**
 * Seconds of so many bytes of sound: samples by sample rate, and the byte rate only where nothing tells the samples.
 *
 * @param statedSamples what `fact` says
 * @returns `null` when nothing tells
 */
export function secondsOf(format: WavFormat, soundBytes: number, statedSamples: number | undefined): number | null {
	const samples = samplesOf(format, soundBytes, statedSamples);
	const seconds = samples === undefined ? soundBytes / format.bytesPerSecond : samples / format.sampleRate;
	return Number.isFinite(seconds) ? Math.round(seconds * 1_000) / 1_000 : null;
}

/** Samples of each channel in so many bytes of sound; `undefined` when only the byte rate can tell. */
function samplesOf(format: WavFormat, soundBytes: number, stated: number | undefined): number | undefined {
	const holds = samplesHeld(format, soundBytes);
	if (holds === undefined) {
		if (soundBytes === 0) return 0;
		return stated === undefined || isOpenLength(stated) ? undefined : stated;
	}
	const perBlock = samplesPerBlockOf(format);
	// `fact` tells how much of the last block is meant; anything else in it is wrong.
	const isMeant = perBlock > 1 && stated !== undefined && stated <= holds.most && stated > holds.most - 2 * perBlock;
	return isMeant ? stated : Math.floor((soundBytes / unitBytesOf(format)) * perBlock);
}

/** Samples of each channel that so many bytes hold: in whole blocks alone, and with one that is only begun. */
export interface HeldSamples {
	readonly whole: number;
	readonly most: number;
	readonly perBlock: number;
}

/** `undefined` when the codec does not tell how many samples a block has. */
export function samplesHeld(format: WavFormat, soundBytes: number): HeldSamples | undefined {
	const perBlock = samplesPerBlockOf(format);
	const unitBytes = unitBytesOf(format);
	if (perBlock <= 0 || unitBytes === 0) return undefined;
	const whole = Math.floor(soundBytes / unitBytes) * perBlock;
	return { whole, most: perBlock === 1 ? whole : Math.ceil(soundBytes / unitBytes) * perBlock, perBlock };
}

/** Bytes of a block; without blocks, of one sample of every channel. A-law and mu-law have 8 bits, whatever the header says. */
export function unitBytesOf({ codec, channels, bitsPerSample, blockBytes }: WavFormat): number {
	if (codec === 'g722') return 1;
	if (!SAMPLE_CODECS.has(codec)) return blockBytes;
	const bits = codec === 'alaw' || codec === 'mulaw' ? 8 : bitsPerSample;
	return channels * Math.ceil(bits / 8) || blockBytes;
}

/**
 * Samples of each channel in a block, 1 without blocks; where the header does not tell, or tells more than a block can hold, by
 * the codec's own arithmetic (RFC 2361 and Microsoft's). 0 for codecs whose blocks are not all alike.
 */
function samplesPerBlockOf({ codec, channels, blockBytes, samplesPerBlock }: WavFormat): number {
	if (SAMPLE_CODECS.has(codec)) return 1;
	if (codec === 'g722') return SAMPLES_OF_G722;
	if (!BLOCK_CODECS.has(codec)) return 0;
	if (codec === 'gsm610') return 320;
	const header = codec === 'imaAdpcm' ? 4 * channels : 7 * channels;
	const first = codec === 'imaAdpcm' ? 1 : 2;
	const most = Math.max(0, Math.floor(((blockBytes - header) * 2) / channels) + first);
	return samplesPerBlock > 0 && samplesPerBlock < most ? samplesPerBlock : most;
}
