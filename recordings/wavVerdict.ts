import type { WavHeader } from './wavHeader';
import { formatOf, isOpenLength, samplesHeld, secondsOf } from './wavSound';
import type { HeldSamples, WavFacts, WavFormat } from './wavSound';

/**
 * - `whole`: a WAV whose lengths agree with the file
 * - `odd`: one that plays to its end, with something unusual that `reason` tells
 * - `short`: one that plays to its end, much sooner than the call ended by the index
 * - `truncated`: a part of its sound is missing
 * - `noSound`: a header and nothing to hear behind it, of a call that took longer than nothing
 * - `notWav`: nothing that a player takes for a WAV
 */
export interface WavVerdict {
	readonly verdict: 'whole' | 'odd' | 'short' | 'truncated' | 'noSound' | 'notWav';
	readonly reason: string | undefined;
	readonly facts: WavFacts | null;
}

/** Sound may be shorter than the call by so many seconds, or by this part of it, whichever is more. */
const TOLERATED_SECONDS = 5;
const TOLERATED_PART = 0.1;
/** Bytes of chunks that writers put behind the sound, such as titles, marks and waveforms. */
const USUAL_BEHIND = 65_536;

/**
 * Weighs all that is claimed of a WAV together: the lengths of the file and of the sound in its header, the samples that `fact`
 * states, the file's size, and what the index says that the call took. A cut breaks both lengths; one that is wrong by itself is
 * a slip of the writer. Where a length is left open, or the two contradict each other, `fact` and the index decide.
 *
 * @param header as `WavReader` read it, `undefined` when it is not that of a WAV
 * @param fileBytes bytes of the whole file
 * @param indexedSeconds duration in the index, `null` when nothing is known of the call
 */
export function judgeWav(header: WavHeader | undefined, fileBytes: number, indexedSeconds: number | null): WavVerdict {
	if (fileBytes === 0) return { verdict: 'notWav', reason: 'the file is empty', facts: null };
	if (header === undefined) return { verdict: 'notWav', reason: 'it does not begin with RIFF and WAVE', facts: null };
	const format = header.format === undefined ? undefined : formatOf(header.format);
	const lengths = lengthsOf(header);
	const seconds = format === undefined ? null : secondsOf(format, lengths.sound, header.statedSamples);
	const facts = format === undefined ? null : factsOf(format, seconds);

	const cut = cutOf(lengths, header, format, indexedSeconds);
	if (cut !== undefined) return { verdict: 'truncated', reason: cut, facts };
	if (facts === null) {
		const reason = header.format === undefined ? 'has no format chunk' : 'tells no channels or no sample rate';
		return { verdict: 'notWav', reason: `its header ${reason}`, facts };
	}
	if (lengths.sound === 0 || seconds === 0)
		return { verdict: indexedSeconds === 0 ? 'odd' : 'noSound', reason: 'it holds no sound', facts };
	if (seconds !== null && isMuchShorter(seconds, indexedSeconds ?? 0)) {
		const [there, call] = [Math.round(seconds), Math.round(indexedSeconds ?? 0)];
		return { verdict: 'short', reason: `it holds ${there} s of sound and the index says ${call} s`, facts };
	}
	const slip = slipOf(lengths, header);
	return { verdict: slip === undefined ? 'whole' : 'odd', reason: slip, facts };
}

/**
 * Where in the file the sound begins, and how many bytes a player plays: those of the header, as far as they are there.
 *
 * @returns `undefined` for a header without a format or without a place for sound
 */
export function playedSound(
	header: WavHeader,
): { readonly format: WavFormat; readonly from: number; readonly bytes: number } | undefined {
	const format = header.format === undefined ? undefined : formatOf(header.format);
	if (format === undefined || header.data === undefined) return undefined;
	const { from, sound } = lengthsOf(header);
	return { format, from: header.fileOffset + from, bytes: sound };
}

function factsOf(format: WavFormat, durationSeconds: number | null): WavFacts {
	const { codec, channels, sampleRate, bitsPerSample } = format;
	return { codec, channels, sampleRate, bitsPerSample, durationSeconds };
}

/** Where file and sound end, in bytes from the RIFF mark. */
interface WavLengths {
	/** Where the file really ends. */
	readonly end: number;
	/** Where it ends by its header, `undefined` when left open. */
	readonly riffEnd: number | undefined;
	/** Where the sound begins; the end of the file when there is none. */
	readonly from: number;
	/** Where the sound ends by its header, `undefined` when left open. */
	readonly dataEnd: number | undefined;
	/** Bytes of sound behind `from`, and how many of them are the sound by the header. */
	readonly there: number;
	readonly sound: number;
}

function lengthsOf({ totalBytes, riffLength, data, isTrailedByChunks }: WavHeader): WavLengths {
	const from = Math.min(data?.from ?? totalBytes, totalBytes);
	// A file that is really so long has the right to say so.
	const isOpen = (length: number, start: number): boolean =>
		isOpenLength(length) && !isEndOf(start + length, totalBytes);
	const isSoundOpen = data !== undefined && !isTrailedByChunks && isOpen(data.length, data.from);
	const dataEnd = data === undefined ? from : isSoundOpen ? undefined : data.from + data.length;
	const there = totalBytes - from;
	return {
		end: totalBytes,
		riffEnd: isOpen(riffLength, 8) ? undefined : riffLength + 8,
		from,
		dataEnd,
		there,
		sound: dataEnd === undefined ? there : Math.min(dataEnd - from, there),
	};
}

/** What is missing when the sound is cut, `undefined` when it is all there. */
function cutOf(
	{ end, riffEnd, from, dataEnd, there }: WavLengths,
	{ data, statedSamples }: WavHeader,
	format: WavFormat | undefined,
	indexedSeconds: number | null,
): string | undefined {
	// The file's own size as the length in its header is 8 too much: a slip, and no promise.
	const isRiffBroken = riffEnd !== undefined && riffEnd > end + 1 && riffEnd !== end + 8;
	if (data === undefined) return isRiffBroken ? missing(riffEnd, end) : undefined;
	if (dataEnd !== undefined && dataEnd <= end) return undefined;

	const promised = dataEnd === undefined ? undefined : dataEnd - from;
	const secondsThere = format === undefined ? null : secondsOf(format, there, undefined);
	const byFact = format === undefined ? undefined : factClaim(format, there, promised, statedSamples);
	const isTooLittle = secondsThere !== null && isMuchShorter(secondsThere, indexedSeconds ?? 0);
	const isEnough = secondsThere !== null && indexedSeconds !== null && indexedSeconds > 0 && !isTooLittle;
	if (dataEnd === undefined) {
		if (byFact === 'less') return 'its header promises more samples than there are';
		if (isRiffBroken) return byFact === 'all' || isEnough ? undefined : missing(riffEnd, end);
		const isToldByRiff = riffEnd !== undefined && isEndOf(riffEnd, end);
		if (!isTooLittle || there === 0 || isToldByRiff || byFact === 'all') return undefined;
		return `its header leaves the length open, it holds ${Math.round(secondsThere)} s of sound and the index says ${Math.round(indexedSeconds ?? 0)} s`;
	}
	if (byFact === 'all') return undefined;
	const cut = missing(dataEnd, end);
	if (byFact === 'less') return cut;
	// A cut leaves the end of the file behind the end of the sound; where it is before it, one of the two was reckoned wrongly.
	const isContradicted = riffEnd !== undefined && riffEnd < dataEnd;
	if (isContradicted && dataEnd - end <= from) return undefined;
	const secondsPromised = format === undefined ? null : secondsOf(format, dataEnd - from, undefined);
	const isPromiseOfIndex = secondsPromised !== null && !isMuchShorter(secondsPromised, indexedSeconds ?? 0);
	if (isContradicted && isEndOf(riffEnd, end)) return isTooLittle && isPromiseOfIndex ? cut : undefined;
	const isOwnSize = dataEnd - from === end || dataEnd - from === end - 8;
	if (riffEnd === undefined && isOwnSize) return undefined;
	const isRiffHelpless = riffEnd === undefined || isContradicted;
	const isTooMuch = secondsPromised !== null && isMuchShorter(indexedSeconds ?? 0, secondsPromised);
	return isRiffHelpless && isEnough && isTooMuch ? undefined : cut;
}

/**
 * Whether the samples that `fact` states are all there; `undefined` when it states none, or the codec does not tell how many
 * are there. Some writers count the samples of all channels together; not one whose count fits the length that it promises,
 * or half a recording of two channels would be taken for a whole one.
 *
 * @param promised bytes of sound by the header, `undefined` when left open
 */
function factClaim(
	format: WavFormat,
	there: number,
	promised: number | undefined,
	stated: number | undefined,
): 'all' | 'less' | undefined {
	if (stated === undefined || isOpenLength(stated)) return undefined;
	const held = samplesHeld(format, there);
	if (held === undefined) return undefined;
	const counted = promised === undefined ? undefined : samplesHeld(format, promised);
	const isOfEach = counted !== undefined && isCountOf(stated, counted);
	const together = isOfEach ? 1 : format.channels;
	if (stated > held.most * together) return 'less';
	return isCountOf(stated, held) || isCountOf(stated / together, held) ? 'all' : undefined;
}

function isCountOf(samples: number, { whole, perBlock }: HeldSamples): boolean {
	return samples <= whole && samples > whole - perBlock;
}

/** What is unusual about lengths that do not mean a cut. The pad byte after a chunk of odd length is forgotten by many writers. */
function slipOf(
	{ end, riffEnd, dataEnd, sound }: WavLengths,
	{ isUnpadded, isFormatBehind }: WavHeader,
): string | undefined {
	if (riffEnd === undefined || dataEnd === undefined) return 'its header leaves the length open';
	if (dataEnd > end || riffEnd > end + 1) return 'its header gives a wrong length, and its sound is all there';
	if (isUnpadded) return 'a chunk of odd length in its header lacks the byte that fills it up';
	if (isFormatBehind) return 'its format stands behind its sound, where not every player looks for it';
	if (!isEndOf(riffEnd, end)) return 'it is longer than its header says';
	const behind = end - dataEnd;
	if (behind <= Math.max(USUAL_BEHIND, sound * TOLERATED_PART)) return undefined;
	return `${behind} bytes stand behind its sound, which players do not play`;
}

function isMuchShorter(seconds: number, expected: number): boolean {
	return seconds < expected - Math.max(TOLERATED_SECONDS, expected * TOLERATED_PART);
}

function isEndOf(end: number, totalBytes: number): boolean {
	return Math.abs(end - totalBytes) <= 1;
}

function missing(promised: number, actual: number): string {
	return `its header promises ${promised} bytes and there are ${actual}`;
}
