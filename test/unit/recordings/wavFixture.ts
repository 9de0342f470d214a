import { WavReader } from '../../../recordings/wavHeader';
import { judgeWav } from '../../../recordings/wavVerdict';
import type { WavVerdict } from '../../../recordings/wavVerdict';

export const RATE = 8_000;

export interface Layout {
	readonly magic?: 'RIFF' | 'RIFX';
	/** Format tag, channels, bits, bytes of a block, bytes a second as the header says them, and the fields behind. */
	readonly format?: {
		tag?: number;
		channels?: number;
		bits?: number;
		block?: number;
		byteRate?: number;
		extra?: number[];
	};
	/** Chunks between `fmt ` and `data`, and behind `data`. */
	readonly before?: ReadonlyArray<readonly [string, Buffer]>;
	readonly behind?: ReadonlyArray<readonly [string, Buffer]>;
	/** Bytes of sound that are there. */
	readonly sound: number;
	/** What the header says instead of what is right; gets the file's own size. */
	readonly riff?: (fileSize: number, right: number) => number;
	readonly data?: (fileSize: number, right: number) => number;
}

/** A WAV file put together by hand, so that every claim in it can be wrong by itself. */
export function wavFile({ magic = 'RIFF', format = {}, before = [], behind = [], sound, riff, data }: Layout): Buffer {
	const isBig = magic === 'RIFX';
	const uint16 = (value: number): Buffer => {
		const bytes = Buffer.alloc(2);
		return isBig ? (bytes.writeUInt16BE(value), bytes) : (bytes.writeUInt16LE(value), bytes);
	};
	const uint32 = (value: number): Buffer => {
		const bytes = Buffer.alloc(4);
		return isBig ? (bytes.writeUInt32BE(value), bytes) : (bytes.writeUInt32LE(value), bytes);
	};
	const chunk = (id: string, content: Buffer): Buffer =>
		Buffer.concat([Buffer.from(id, 'latin1'), uint32(content.length), content]);
	const { tag = 1, channels = 1, bits = 16, block = channels * (bits / 8), extra = [] } = format;
	const { byteRate = RATE * block } = format;
	const fmt = Buffer.concat([
		uint16(tag),
		uint16(channels),
		uint32(RATE),
		uint32(byteRate),
		uint16(block),
		uint16(bits),
		...extra.map(uint16),
	]);
	const front = [chunk('fmt ', fmt), ...before.map(([id, content]) => chunk(id, content))];
	const tail = Buffer.concat(behind.map(([id, content]) => chunk(id, content)));
	const size = 12 + Buffer.concat(front).length + 8 + sound + tail.length;
	return Buffer.concat([
		Buffer.from(magic, 'latin1'),
		uint32(riff?.(size, size - 8) ?? size - 8),
		Buffer.from('WAVE', 'latin1'),
		...front,
		Buffer.from('data', 'latin1'),
		uint32(data?.(size, sound) ?? sound),
		Buffer.alloc(sound, 0x55),
		tail,
	]);
}

export const fact = (samples: number): readonly [string, Buffer] => {
	const content = Buffer.alloc(4);
	content.writeUInt32LE(samples);
	return ['fact', content];
};

/** The verdict on a file that is shown as it comes in parts of so many bytes, as a download shows it. */
export function streamed(bytes: Uint8Array, indexedSeconds: number | null = null, part = 1_000): WavVerdict {
	const reader = new WavReader(bytes.length);
	for (let from = 0; from < bytes.length; from += part) reader.take(from, bytes.subarray(from, from + part));
	return judgeWav(reader.header, bytes.length, indexedSeconds);
}

/** The verdict on a file of which only what is wanted is read, as Reconcile Day does. */
export function lookedInto(bytes: Uint8Array, indexedSeconds: number | null = null): WavVerdict {
	const reader = new WavReader(bytes.length);
	for (let wanted = reader.wanted; wanted !== undefined; wanted = reader.wanted)
		reader.take(wanted.from, bytes.subarray(wanted.from, wanted.from + wanted.length));
	return judgeWav(reader.header, bytes.length, indexedSeconds);
}
