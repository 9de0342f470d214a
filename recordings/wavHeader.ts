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
 * - `whole`: a WAV whose length agrees with its header
 * - `odd`: one that plays, with something unusual that `reason` tells
 * - `truncated`: its header promises more bytes than there are
 * - `notWav`: not a WAV at all
 */
export interface WavVerdict {
	readonly verdict: 'whole' | 'odd' | 'truncated' | 'notWav';
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
	0x0011: 'imaAdpcm',
	0x0031: 'gsm610',
	0x0055: 'mp3',
};

const EXTENSIBLE = 0xfffe;
/** Lengths that a writer leaves when it cannot go back to fill them in. */
const UNFILLED = new Set([0, 0xffff_ffff, 0x7fff_ffff]);

/** Bytes at the start of a file that `readWav` wants; headers are a few hundred at most, metadata chunks may stand before the sound. */
export const WAV_HEAD_BYTES = 65_536;

interface Chunk {
	readonly id: string;
	readonly from: number;
	readonly length: number;
}

/**
 * Checks a WAV by its first bytes and its length in bytes. A declared length beyond the file is what an interrupted transfer
 * leaves; one short of it is harmless, since writers append (both as BWF MetaEdit and SDL judge them).
 */
export function readWav(head: Uint8Array, totalBytes: number): WavVerdict {
	const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
	const magic = head.length >= 4 ? ascii(head, 0) : '';
	if (totalBytes < 12 || (magic !== 'RIFF' && magic !== 'RF64' && magic !== 'BW64') || ascii(head, 8) !== 'WAVE') {
		return {
			verdict: 'notWav',
			reason: totalBytes === 0 ? 'the file is empty' : 'it does not begin with RIFF and WAVE',
			facts: null,
		};
	}

	const chunks = chunksOf(head, view);
	const wide = magic === 'RIFF' ? undefined : chunks.find(({ id, length }) => id === 'ds64' && length >= 24);
	const riffLength = lengthOf(view, 4, wide === undefined ? undefined : wide.from);
	const format = chunks.find(({ id }) => id === 'fmt ');
	const data = chunks.find(({ id }) => id === 'data');
	const dataLength =
		data === undefined ? undefined : lengthOf(view, data.from - 4, wide === undefined ? undefined : wide.from + 8);
	const soundBytes = data === undefined ? 0 : Math.min(dataLength ?? Infinity, totalBytes - data.from);
	const facts = format === undefined ? null : factsOf(view, format, soundBytes, head.length);
	if (riffLength !== undefined && riffLength + 8 > totalBytes) {
		// The pad byte after a chunk of odd length is forgotten by many writers.
		if (riffLength + 8 - totalBytes > 1)
			return { verdict: 'truncated', reason: missing(riffLength + 8, totalBytes), facts };
	}
	if (data !== undefined && dataLength !== undefined && data.from + dataLength > totalBytes) {
		return { verdict: 'truncated', reason: missing(data.from + dataLength, totalBytes), facts };
	}
	if (facts === null) return { verdict: 'odd', reason: 'its header has no format chunk', facts };
	if (data === undefined && totalBytes <= head.length) return { verdict: 'odd', reason: 'it holds no sound', facts };
	if (riffLength === undefined || (data !== undefined && dataLength === undefined)) {
		return { verdict: 'odd', reason: 'its header leaves the length open', facts };
	}
	if (riffLength + 8 < totalBytes - 1) return { verdict: 'odd', reason: 'it is longer than its header says', facts };
	return { verdict: 'whole', reason: undefined, facts };
}

function missing(promised: number, actual: number): string {
	return `its header promises ${promised} bytes and there are ${actual}`;
}

function ascii(bytes: Uint8Array, from: number): string {
	return String.fromCharCode(...bytes.subarray(from, from + 4));
}

/** Chunks as far as the head reaches. The sound is the last one read: its length may not be told. */
function chunksOf(head: Uint8Array, view: DataView): Chunk[] {
	const chunks: Chunk[] = [];
	let at = 12;
	while (at + 8 <= head.length) {
		const chunk = { id: ascii(head, at), from: at + 8, length: view.getUint32(at + 4, true) };
		chunks.push(chunk);
		if (chunk.id === 'data') break;
		at = chunk.from + chunk.length + (chunk.length % 2);
	}
	return chunks;
}

/** A 32 bit length, or the 64 bit one that RF64 keeps in its `ds64` chunk (EBU Tech 3306); `undefined` when left open. */
function lengthOf(view: DataView, at: number, wideAt: number | undefined): number | undefined {
	const length = view.getUint32(at, true);
	if (length === 0xffff_ffff && wideAt !== undefined && wideAt + 8 <= view.byteLength)
		return Number(view.getBigUint64(wideAt, true));
	return UNFILLED.has(length) ? undefined : length;
}

function factsOf(view: DataView, format: Chunk, soundBytes: number, headLength: number): WavFacts | null {
	if (format.length < 14 || format.from + 14 > headLength) return null;
	const tag = view.getUint16(format.from, true);
	const isExtensible = tag === EXTENSIBLE && format.length >= 26 && format.from + 26 <= headLength;
	const codecTag = isExtensible ? view.getUint16(format.from + 24, true) : tag;
	const bytesPerSecond = view.getUint32(format.from + 8, true);
	const hasBits = format.length >= 16 && format.from + 16 <= headLength;
	return {
		codec: CODECS[codecTag] ?? `unknown (0x${codecTag.toString(16).padStart(4, '0')})`,
		channels: view.getUint16(format.from + 2, true),
		sampleRate: view.getUint32(format.from + 4, true),
		bitsPerSample: hasBits ? view.getUint16(format.from + 14, true) : 0,
		durationSeconds: bytesPerSecond === 0 ? null : Math.round((soundBytes / bytesPerSecond) * 1_000) / 1_000,
	};
}
