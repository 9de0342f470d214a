/** How samples lie in a stream of bytes, one of each channel after the other. */
export interface SampleLayout {
	readonly codec: string;
	readonly channels: number;
	readonly bitsPerSample: number;
	/** Bytes of one sample of every channel. */
	readonly frameBytes: number;
	readonly isLittleEndian: boolean;
}

type Reader = (view: DataView, at: number) => number;

/** ITU-T G.711: sign, three bits of segment, four bits of interval; mu-law is stored inverted, with a bias of 33 (here times 4). */
function muLaw(byte: number): number {
	const code = ~byte & 0xff;
	const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
	return ((code & 0x80) === 0 ? magnitude : -magnitude) / 32_768;
}

/** ITU-T G.711: A-law is stored with its even bits inverted. */
function aLaw(byte: number): number {
	const code = byte ^ 0x55;
	const segment = (code >> 4) & 7;
	const interval = ((code & 0x0f) << 4) + 8;
	const magnitude = segment === 0 ? interval : (interval + 0x100) << (segment - 1);
	return ((code & 0x80) === 0 ? -magnitude : magnitude) / 32_768;
}

const tableOf = (expand: (byte: number) => number): Float32Array =>
	Float32Array.from({ length: 256 }, (_, byte) => expand(byte));
const MU_LAW = tableOf(muLaw);
const A_LAW = tableOf(aLaw);

/** The reader of one sample as a number from -1 to 1; `undefined` for a codec that is not read here. */
function readerOf({ codec, bitsPerSample, isLittleEndian }: SampleLayout): Reader | undefined {
	if (codec === 'mulaw') return (view, at) => MU_LAW[view.getUint8(at)] ?? 0;
	if (codec === 'alaw') return (view, at) => A_LAW[view.getUint8(at)] ?? 0;
	if (codec === 'float') {
		if (bitsPerSample === 32) return (view, at) => view.getFloat32(at, isLittleEndian);
		return bitsPerSample === 64 ? (view, at) => view.getFloat64(at, isLittleEndian) : undefined;
	}
	if (codec !== 'pcm') return undefined;
	// WAV stores up to 8 bits without a sign, more with one (Microsoft's "New Multimedia Data Types and Data Techniques").
	switch (Math.ceil(bitsPerSample / 8)) {
		case 1:
			return (view, at) => (view.getUint8(at) - 128) / 128;
		case 2:
			return (view, at) => view.getInt16(at, isLittleEndian) / 32_768;
		case 3:
			return isLittleEndian
				? (view, at) => (view.getInt8(at + 2) * 65_536 + view.getUint16(at, true)) / 8_388_608
				: (view, at) => (view.getInt8(at) * 65_536 + view.getUint16(at + 1)) / 8_388_608;
		case 4:
			return (view, at) => view.getInt32(at, isLittleEndian) / 2_147_483_648;
		default:
			return undefined;
	}
}

/** Whether sound of this layout can be read as samples: PCM of 8 to 32 bits, floating point, A-law and mu-law. */
export function isReadable(layout: SampleLayout): boolean {
	return readerOf(layout) !== undefined;
}

/** Reads sound that comes in pieces of any length, as samples of each channel from -1 to 1. */
export class SampleReader {
	readonly #layout: SampleLayout;

	readonly #read: Reader;

	/** The beginning of a sample that the last piece cut. */
	#rest: Uint8Array = new Uint8Array();

	/** @param isMono whether the channels are to be one, their mean */
	constructor(
		layout: SampleLayout,
		private readonly isMono: boolean,
	) {
		const read = readerOf(layout);
		if (read === undefined) throw new TypeError(`No samples are read from ${layout.codec}`);
		this.#layout = layout;
		this.#read = read;
	}

	/** One array for each channel, all of one length, which may be 0. What is left of a sample waits for the next piece. */
	samplesIn(piece: Uint8Array): Float32Array[] {
		const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
		const { channels, frameBytes } = this.#layout;
		const frames = Math.floor(bytes.length / frameBytes);
		this.#rest = bytes.slice(frames * frameBytes);
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		const sampleBytes = frameBytes / channels;
		const all = Array.from({ length: channels }, (_, channel) => {
			const samples = new Float32Array(frames);
			for (let frame = 0; frame < frames; frame += 1)
				samples[frame] = this.#read(view, frame * frameBytes + channel * sampleBytes);
			return samples;
		});
		return this.isMono && channels > 1 ? [meanOf(all)] : all;
	}
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
	const both = new Uint8Array(first.length + second.length);
	both.set(first);
	both.set(second, first.length);
	return both;
}

function meanOf(channels: readonly Float32Array[]): Float32Array {
	const [first = new Float32Array(), ...others] = channels;
	return first.map((sample, at) => others.reduce((sum, other) => sum + (other[at] ?? 0), sample) / channels.length);
}
