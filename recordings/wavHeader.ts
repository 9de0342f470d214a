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

/**
 * - `whole`: a WAV whose lengths agree with the file
 * - `odd`: one that plays to its end, with something unusual that `reason` tells
 * - `truncated`: a part of its sound is missing
 * - `noSound`: a header and nothing to hear behind it
 * - `notWav`: nothing that a player takes for a WAV
 */
export interface WavVerdict {
	readonly verdict: 'whole' | 'odd' | 'truncated' | 'noSound' | 'notWav';
	readonly reason: string | undefined;
	readonly facts: WavFacts | null;
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
};

/** Codecs whose sound is one sample of each channel after the other. */
const SAMPLE_CODECS: ReadonlySet<string> = new Set(['pcm', 'float', 'alaw', 'mulaw']);
/** Codecs whose sound is blocks of equal length with equally many samples. */
const BLOCK_CODECS: ReadonlySet<string> = new Set(['adpcm', 'imaAdpcm', 'gsm610']);

const EXTENSIBLE = 0xfffe;
/**
 * Writers that cannot go back leave 0, or a length near what 31 or 32 bits hold: SoX writes 0x7ffff000 into a pipe, FFmpeg
 * 0xffffffff, others the same less their header.
 */
const NEAR = 1_048_576;
const isOpenLength = (length: number): boolean =>
	length === 0 || Math.abs(length - 0x8000_0000) <= NEAR || 0x1_0000_0000 - length <= NEAR;

/** Bytes at the start of a file that `readWav` wants; headers are a few hundred at most, metadata chunks may stand before the sound. */
export const WAV_HEAD_BYTES = 65_536;

interface Chunk {
	readonly id: string;
	/** Offset of its content in the file. */
	readonly from: number;
	readonly length: number;
}

/** The start of a file from its RIFF mark on, in the byte order that the mark stands for. */
class WavHead {
	readonly #view: DataView;

	constructor(
		private readonly bytes: Uint8Array,
		/** Bytes of the whole file from the mark on. */
		readonly totalBytes: number,
		readonly isLittleEndian: boolean,
	) {
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	get length(): number {
		return this.bytes.length;
	}

	/** Whether nothing of the file lies behind the head. */
	get isWholeFile(): boolean {
		return this.length >= this.totalBytes;
	}

	text(at: number): string {
		return ascii(this.bytes, at);
	}

	/** `undefined` where the head does not reach. */
	uint16(at: number): number | undefined {
		return at + 2 <= this.length ? this.#view.getUint16(at, this.isLittleEndian) : undefined;
	}

	uint32(at: number): number | undefined {
		return at + 4 <= this.length ? this.#view.getUint32(at, this.isLittleEndian) : undefined;
	}

	uint64(at: number): number | undefined {
		return at + 8 <= this.length ? Number(this.#view.getBigUint64(at, this.isLittleEndian)) : undefined;
	}
}

/**
 * Checks a WAV by its first bytes and its length in bytes. All claims are weighed together: a cut breaks the length of the file
 * in the header and that of the sound alike, so one of them that is wrong by itself is a slip of the writer.
 *
 * RIFX is RIFF in the other byte order; RF64 and BW64 keep lengths of 64 bits in `ds64` (EBU Tech 3306).
 */
export function readWav(head: Uint8Array, totalBytes: number): WavVerdict {
	if (totalBytes === 0) return { verdict: 'notWav', reason: 'the file is empty', facts: null };
	const tagLength = id3LengthOf(head);
	if (tagLength > 0 && tagLength + 12 > head.length && tagLength < totalBytes) {
		return { verdict: 'odd', reason: 'a long ID3 tag stands before its header, which was not looked at', facts: null };
	}
	const magic = ascii(head, tagLength);
	if (!MAGIC.has(magic) || ascii(head, tagLength + 8) !== 'WAVE')
		return { verdict: 'notWav', reason: 'it does not begin with RIFF and WAVE', facts: null };
	return judge(new WavHead(head.subarray(tagLength), totalBytes - tagLength, magic !== 'RIFX'), magic);
}

const MAGIC: ReadonlySet<string> = new Set(['RIFF', 'RIFX', 'RF64', 'BW64']);

function judge(head: WavHead, magic: string): WavVerdict {
	const { chunks, end } = chunksOf(head);
	const find = (wanted: string): Chunk | undefined => chunks.find(({ id }) => id === wanted);
	const wide = magic === 'RF64' || magic === 'BW64' ? find('ds64') : undefined;
	const riffLength = lengthOf(head, 4, wide?.from);
	const format = find('fmt ');
	const data = find('data');
	if (data === undefined) return withoutData(head, format, riffLength, end);

	const dataLength = isTrailedByChunks(head, data, riffLength)
		? 0
		: lengthOf(head, data.from - 4, wide === undefined ? undefined : wide.from + 8);
	const there = Math.max(0, head.totalBytes - data.from);
	const facts =
		format === undefined ? null : factsOf(head, format, find('fact'), Math.min(dataLength ?? Infinity, there));
	const cut = cutOf(head.totalBytes, riffLength, data.from, dataLength);
	if (cut !== undefined) return { verdict: 'truncated', reason: cut, facts };
	if (facts === null) return { verdict: 'notWav', reason: 'its header has no format chunk', facts };
	if (facts.durationSeconds === 0 || Math.min(dataLength ?? there, there) === 0)
		return { verdict: 'noSound', reason: 'it holds no sound', facts };
	const slip = slipOf(head.totalBytes, riffLength, data.from, dataLength);
	return { verdict: slip === undefined ? 'whole' : 'odd', reason: slip, facts };
}

/** The verdict when the head shows no sound: there is none, or it lies behind what was looked at. */
function withoutData(
	head: WavHead,
	format: Chunk | undefined,
	riffLength: number | undefined,
	end: number,
): WavVerdict {
	const facts = format === undefined ? null : factsOf(head, format, undefined, 0);
	const riffEnd = (riffLength ?? 0) + 8;
	if (riffEnd > head.totalBytes + 1 && riffLength !== head.totalBytes)
		return { verdict: 'truncated', reason: missing(riffEnd, head.totalBytes), facts };
	if (head.isWholeFile || end >= head.totalBytes)
		return format === undefined
			? { verdict: 'notWav', reason: 'its header has no format chunk', facts }
			: { verdict: 'noSound', reason: 'it holds no sound', facts };
	const unknown = facts === null ? null : { ...facts, durationSeconds: null };
	return {
		verdict: 'odd',
		reason: 'its sound begins far behind its header, so its length was not checked',
		facts: unknown,
	};
}

/** What is missing when the sound is cut, `undefined` when it is not. A length that is left open says nothing. */
function cutOf(
	totalBytes: number,
	riffLength: number | undefined,
	dataFrom: number,
	dataLength: number | undefined,
): string | undefined {
	const riffEnd = riffLength === undefined ? undefined : riffLength + 8;
	const dataEnd = dataLength === undefined ? undefined : dataFrom + dataLength;
	if (dataEnd === undefined) {
		// The file's own size, 8 too much, is a slip and no promise.
		const isBroken = riffEnd !== undefined && riffEnd > totalBytes && riffLength !== totalBytes;
		return isBroken ? missing(riffEnd, totalBytes) : undefined;
	}
	if (dataEnd <= totalBytes) return undefined;
	// A cut leaves the end of the file behind the end of the sound; where it is before it, one of the two was reckoned wrongly.
	const isWithinHeader = dataEnd - totalBytes <= dataFrom;
	const isContradicted = riffEnd !== undefined && riffEnd < dataEnd;
	if (isContradicted && (isWithinHeader || isEndOf(riffEnd, totalBytes))) return undefined;
	if (riffEnd === undefined && dataLength === totalBytes) return undefined;
	return missing(dataEnd, totalBytes);
}

/** What is unusual about lengths that do not mean a cut. The pad byte after a chunk of odd length is forgotten by many writers. */
function slipOf(
	totalBytes: number,
	riffLength: number | undefined,
	dataFrom: number,
	dataLength: number | undefined,
): string | undefined {
	if (riffLength === undefined || dataLength === undefined) return 'its header leaves the length open';
	if (dataFrom + dataLength > totalBytes || riffLength + 8 > totalBytes + 1)
		return 'its header gives a wrong length, and its sound is all there';
	return isEndOf(riffLength + 8, totalBytes) ? undefined : 'it is longer than its header says';
}

const isEndOf = (end: number, totalBytes: number): boolean => Math.abs(end - totalBytes) <= 1;

function missing(promised: number, actual: number): string {
	return `its header promises ${promised} bytes and there are ${actual}`;
}

function ascii(bytes: Uint8Array, from: number): string {
	return String.fromCharCode(...bytes.subarray(from, from + 4));
}

/** Bytes of an ID3v2 tag at the start (id3.org, ID3v2.4 section 3.1: four times seven bits, a footer when bit 4 is set). */
function id3LengthOf(head: Uint8Array): number {
	if (head.length < 10 || String.fromCharCode(...head.subarray(0, 3)) !== 'ID3') return 0;
	const size = head.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
	return 10 + size + (((head[5] ?? 0) & 0x10) === 0 ? 0 : 10);
}

/** Chunks as far as the head reaches, and where the next one would begin. The sound is the last one read: its length may not be told. */
function chunksOf(head: WavHead): { chunks: Chunk[]; end: number } {
	const chunks: Chunk[] = [];
	let at = 12;
	for (let length = head.uint32(at + 4); length !== undefined; length = head.uint32(at + 4)) {
		const chunk = { id: head.text(at), from: at + 8, length };
		chunks.push(chunk);
		at = chunk.from + chunk.length + (chunk.length % 2);
		if (chunk.id === 'data') break;
	}
	return { chunks, end: at };
}

/**
 * Whether a sound of length 0 is followed by other chunks up to the end of the file rather than by sound whose length was
 * never filled in. Only where the head holds all of them.
 */
function isTrailedByChunks(head: WavHead, data: Chunk, riffLength: number | undefined): boolean {
	if (data.length !== 0 || riffLength === undefined || !head.isWholeFile) return false;
	let at = data.from;
	while (at < head.totalBytes - 1) {
		const length = head.uint32(at + 4);
		if (length === undefined || !/^[\x20-\x7e]{4}$/.test(head.text(at))) return false;
		at += 8 + length + (length % 2);
	}
	return isEndOf(at, head.totalBytes);
}

/** A 32 bit length, or the 64 bit one that it stands for; `undefined` when left open. */
function lengthOf(head: WavHead, at: number, wideAt: number | undefined): number | undefined {
	const length = head.uint32(at);
	if (length === undefined) return undefined;
	const wide = length === 0xffff_ffff && wideAt !== undefined ? head.uint64(wideAt) : undefined;
	if (wide !== undefined) return wide === 0 ? undefined : wide;
	// A file that is really so long has the right to say so.
	return isOpenLength(length) && length + 8 !== head.totalBytes && at + 4 + length !== head.totalBytes
		? undefined
		: length;
}

function factsOf(head: WavHead, format: Chunk, fact: Chunk | undefined, soundBytes: number): WavFacts | null {
	const tag = head.uint16(format.from);
	const channels = head.uint16(format.from + 2);
	const sampleRate = head.uint32(format.from + 4);
	const bytesPerSecond = head.uint32(format.from + 8);
	const blockBytes = head.uint16(format.from + 12);
	if (format.length < 14 || tag === undefined || channels === undefined || sampleRate === undefined) return null;
	if (bytesPerSecond === undefined || blockBytes === undefined) return null;
	const isExtensible = tag === EXTENSIBLE && format.length >= 26;
	const codecTag = (isExtensible ? head.uint16(format.from + 24) : undefined) ?? tag;
	const codec = CODECS[codecTag] ?? `unknown (0x${codecTag.toString(16).padStart(4, '0')})`;
	const bitsPerSample = format.length >= 16 ? (head.uint16(format.from + 14) ?? 0) : 0;
	const samples = samplesOf({
		codec,
		channels,
		bitsPerSample,
		blockBytes,
		samplesPerBlock: format.length >= 20 && !isExtensible ? head.uint16(format.from + 18) : undefined,
		stated: fact === undefined || fact.length < 4 ? undefined : head.uint32(fact.from),
		soundBytes,
	});
	const seconds = samples === undefined ? soundBytes / bytesPerSecond : samples / sampleRate;
	const durationSeconds = Number.isFinite(seconds) ? Math.round(seconds * 1_000) / 1_000 : null;
	return { codec, channels, sampleRate, bitsPerSample, durationSeconds };
}

interface Sound {
	readonly codec: string;
	readonly channels: number;
	readonly bitsPerSample: number;
	/** `nBlockAlign`: bytes of a block, or of one sample of every channel. */
	readonly blockBytes: number;
	readonly samplesPerBlock: number | undefined;
	/** What the `fact` chunk says. */
	readonly stated: number | undefined;
	readonly soundBytes: number;
}

/** Samples of each channel in so many bytes of sound; `undefined` when only the byte rate can tell. */
function samplesOf(sound: Sound): number | undefined {
	const { codec, blockBytes, soundBytes, stated } = sound;
	if (SAMPLE_CODECS.has(codec)) {
		const frameBytes = frameBytesOf(sound);
		return frameBytes === 0 ? undefined : Math.floor(soundBytes / frameBytes);
	}
	const perBlock = BLOCK_CODECS.has(codec) ? perBlockOf(sound) : 0;
	if (perBlock > 0 && blockBytes > 0) {
		const most = Math.ceil(soundBytes / blockBytes) * perBlock;
		// `fact` tells how much of the last block is meant; anything else in it is wrong.
		const isMeant = stated !== undefined && stated <= most && stated > most - 2 * perBlock;
		return isMeant ? stated : Math.floor((soundBytes / blockBytes) * perBlock);
	}
	return soundBytes === 0 ? 0 : stated === undefined || isOpenLength(stated) ? undefined : stated;
}

/** Bytes of one sample of every channel. A-law and mu-law have 8 bits, whatever the header says. */
function frameBytesOf({ codec, channels, bitsPerSample, blockBytes }: Sound): number {
	const bits = codec === 'alaw' || codec === 'mulaw' ? 8 : bitsPerSample;
	return channels * Math.ceil(bits / 8) || blockBytes;
}

/** Samples of each channel in a block; where the header does not tell, by the codec's own arithmetic (RFC 2361 and Microsoft's). */
function perBlockOf({ codec, channels, blockBytes, samplesPerBlock = 0 }: Sound): number {
	if (samplesPerBlock > 0) return samplesPerBlock;
	if (channels === 0) return 0;
	if (codec === 'gsm610') return 320;
	const header = codec === 'imaAdpcm' ? 4 * channels : 7 * channels;
	const first = codec === 'imaAdpcm' ? 1 : 2;
	return Math.max(0, ((blockBytes - header) * 2) / channels + first);
}
