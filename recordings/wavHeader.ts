/** Some bytes of a file. */
export interface Stretch {
	/** Offset of the first one. */
	readonly from: number;
	readonly length: number;
}

/** What the header of a WAV claims, word for word: nothing in it has been weighed yet. Offsets count from the RIFF mark. */
export interface WavHeader {
	/** Offset of the RIFF mark in the file: an ID3 tag may stand before it. */
	readonly fileOffset: number;
	readonly isLittleEndian: boolean;
	/** Bytes of the file from the RIFF mark on. */
	readonly totalBytes: number;
	/** Of the RIFF chunk, without its own 8 bytes. */
	readonly riffLength: number;
	/** Content of `fmt `, as far as it is understood; `undefined` without one. */
	readonly format: WavFields | undefined;
	/** Samples of each channel by `fact` or `ds64`; `undefined` without one. */
	readonly statedSamples: number | undefined;
	/** Where the sound begins and how long it claims to be; `undefined` when there is none. */
	readonly data: Stretch | undefined;
	/** The sound claims to have no bytes, and what stands behind it up to the end of the file is other chunks. */
	readonly isTrailedByChunks: boolean;
	/** A chunk of odd length has no pad byte behind it. */
	readonly isUnpadded: boolean;
	/** `fmt ` stands behind the sound. */
	readonly isFormatBehind: boolean;
}

/** Bytes as numbers in the byte order of the file. */
export class WavFields {
	readonly #view: DataView;

	constructor(
		private readonly bytes: Uint8Array,
		private readonly isLittleEndian: boolean,
	) {
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	get length(): number {
		return this.bytes.length;
	}

	/** `undefined` where the bytes do not reach, as with the other lengths. */
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

/** RIFX is RIFF in the other byte order; RF64 and BW64 keep lengths of 64 bits in `ds64` (EBU Tech 3306). */
const MARKS: ReadonlySet<string> = new Set(['RIFF', 'RIFX', 'RF64', 'BW64']);
/** Chunks that writers put before the sound, to tell where one begins that follows an odd one without its pad byte. */
const USUAL_CHUNKS: ReadonlySet<string> = new Set([
	...['data', 'fmt ', 'fact', 'LIST', 'JUNK', 'junk', 'PAD ', 'FLLR', 'bext', 'iXML', 'cue ', 'id3 ', 'ID3 ', 'PEAK'],
	...['cart', 'axml', 'chna', 'smpl', 'inst', 'DISP', 'minf', 'elm1', 'umid', 'regn', 'levl'],
]);
/** Bytes of a chunk's content that are understood: 28 of `ds64`, and of `fmt ` up to the format in its extension. */
const UNDERSTOOD_BYTES = 28;
/** A header has a dozen chunks at most; a file of nothing but small ones must not take thousands of reads. */
const MOST_CHUNKS = 100;
const WIDE_LENGTH = 0xffff_ffff;

/**
 * Reads the header of a WAV in a few bytes here and there, wherever its chunks lie, and always forwards: a download shows it all
 * bytes as they pass, a check without one reads only what is `wanted`. It keeps some dozens of bytes.
 */
export class WavReader {
	readonly #steps: Generator<Stretch, WavHeader | undefined, Uint8Array>;

	#wanted: Stretch | undefined;

	#got = new Uint8Array(0);

	#header: WavHeader | undefined;

	/** @param fileBytes bytes of the whole file */
	constructor(private readonly fileBytes: number) {
		this.#steps = headerSteps(fileBytes);
		this.#goOn(this.#steps.next());
	}

	/** Which bytes of the file have to be shown next; `undefined` once all is known. */
	get wanted(): Stretch | undefined {
		return this.#wanted;
	}

	/** `undefined` when the file is no WAV, or something is still wanted. */
	get header(): WavHeader | undefined {
		return this.#header;
	}

	/** Shows it bytes of the file that begin at an offset. Bytes that are not wanted are passed over. */
	take(from: number, bytes: Uint8Array): void {
		while (this.#wanted !== undefined) {
			const at = this.#wanted.from + this.#got.length - from;
			if (at < 0 || at >= bytes.length) return;
			const more = bytes.subarray(at, at + this.#wanted.length - this.#got.length);
			const got = joined(this.#got, more);
			this.#got = got;
			if (got.length < this.#wanted.length) return;
			this.#goOn(this.#steps.next(got));
		}
	}

	/** Beyond the end of the file there is nothing to be shown. */
	#goOn(step: IteratorResult<Stretch, WavHeader | undefined>): void {
		this.#got = new Uint8Array(0);
		if (step.done === true) {
			this.#wanted = undefined;
			this.#header = step.value;
			return;
		}
		const { from, length } = step.value;
		const there = Math.min(length, this.fileBytes - from);
		if (there > 0) this.#wanted = { from, length: there };
		else this.#goOn(this.#steps.next(new Uint8Array(0)));
	}
}

/** Asks for the bytes of a header one after the other, never for any before those it has had. */
function* headerSteps(fileBytes: number): Generator<Stretch, WavHeader | undefined, Uint8Array> {
	const start = yield { from: 0, length: 10 };
	const base = id3LengthOf(start);
	const riff = base === 0 ? joined(start, yield { from: 10, length: 2 }) : yield { from: base, length: 12 };
	const mark = textAt(riff, 0);
	if (!MARKS.has(mark) || textAt(riff, 8) !== 'WAVE') return undefined;
	const fieldsOf = (bytes: Uint8Array): WavFields => new WavFields(bytes, mark !== 'RIFX');
	const isWide = mark === 'RF64' || mark === 'BW64';

	const totalBytes = fileBytes - base;
	let wide: WavFields | undefined;
	let format: WavFields | undefined;
	let fact: number | undefined;
	let data: Stretch | undefined;
	let isUnpadded = false;
	let isFormatBehind = false;
	let isTrailedByChunks = false;
	let isOdd = false;
	for (let at = 12, chunks = 0; chunks < MOST_CHUNKS; chunks++) {
		isTrailedByChunks = data !== undefined && Math.abs(at - totalBytes) <= 1;
		if (at + 8 > totalBytes) break;
		let head = yield { from: base + at, length: 8 };
		if (isOdd && USUAL_CHUNKS.has(textAt(head, 0))) {
			isUnpadded = true;
		} else if (isOdd) {
			head = joined(head.subarray(1), yield { from: base + at + 8, length: 1 });
			at += 1;
		}
		const id = textAt(head, 0);
		const length = fieldsOf(head).uint32(4);
		// Behind a sound of no bytes stand chunks, or sound whose length was never filled in.
		if (length === undefined || (data !== undefined && !/^[\x20-\x7e]{4}$/.test(id))) break;
		const from = at + 8;
		if (id === 'data' && (data === undefined || data.length === 0)) {
			const isLong = isWide && length === WIDE_LENGTH;
			data = { from, length: (isLong ? wide?.uint64(8) : undefined) ?? length };
			if (data.length !== 0 && format !== undefined) break;
		}
		const isUnderstood = id === 'fmt ' || id === 'fact' || id === 'ds64';
		if (isUnderstood && length > 0) {
			const content = fieldsOf(yield { from: base + from, length: Math.min(length, UNDERSTOOD_BYTES) });
			if (id === 'fmt ' && format === undefined) [format, isFormatBehind] = [content, data !== undefined];
			else if (id === 'fact') fact ??= content.uint32(0);
			else wide ??= content;
		}
		isOdd = length % 2 === 1;
		at = from + length;
	}
	const riffLength = fieldsOf(riff).uint32(4) ?? 0;
	return {
		fileOffset: base,
		isLittleEndian: mark !== 'RIFX',
		totalBytes,
		riffLength: (isWide && riffLength === WIDE_LENGTH ? wide?.uint64(0) : undefined) ?? riffLength,
		format,
		statedSamples: isWide && (fact === undefined || fact === WIDE_LENGTH) ? (wide?.uint64(16) ?? fact) : fact,
		data,
		isTrailedByChunks,
		isUnpadded,
		isFormatBehind,
	};
}

function textAt(bytes: Uint8Array, at: number): string {
	return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
	const both = new Uint8Array(a.length + b.length);
	both.set(a);
	both.set(b, a.length);
	return both;
}

/** Bytes of an ID3v2 tag at the start (id3.org, ID3v2.4 section 3.1: four times seven bits, a footer when bit 4 is set). */
function id3LengthOf(start: Uint8Array): number {
	if (start.length < 10 || String.fromCharCode(...start.subarray(0, 3)) !== 'ID3') return 0;
	const size = start.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
	return 10 + size + (((start[5] ?? 0) & 0x10) === 0 ? 0 : 10);
}
