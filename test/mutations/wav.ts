import type { Mutation } from './mutation';

const header = (rule: string, find: string, replace: string): Mutation => ({
	file: 'recordings/wavHeader.ts',
	find,
	replace,
	rule,
});
const sound = (rule: string, find: string, replace: string): Mutation => ({
	file: 'recordings/wavSound.ts',
	find,
	replace,
	rule,
});
const verdict = (rule: string, find: string, replace: string): Mutation => ({
	file: 'recordings/wavVerdict.ts',
	find,
	replace,
	rule,
});

/** The rules by which a WAV is read and judged. */
export const mutations: readonly Mutation[] = [
	header(
		'RIFX is in the other byte order',
		"new WavFields(bytes, mark !== 'RIFX')",
		"new WavFields(bytes, mark !== '')",
	),
	header('BW64 has long lengths as RF64 has', "mark === 'RF64' || mark === 'BW64'", "mark === 'BW64'"),
	header('an ID3 tag may stand before RIFF', "!== 'ID3') return 0", "!== 'ID4') return 0"),
	header('seven bits of a byte count in the length of an ID3 tag', 'sum * 128 + (byte & 0x7f)', 'sum * 256 + byte'),
	header('an ID3 tag may have a footer', '=== 0 ? 0 : 10);', '=== 0 ? 0 : 0);'),
	header('a chunk of odd length is filled up', 'isOdd = length % 2 === 1', 'isOdd = false'),
	header('the byte that fills a chunk up may be absent', 'if (isOdd && USUAL_CHUNKS', 'if (!isOdd && USUAL_CHUNKS'),
	header('a second data chunk counts when the first is empty', 'if (data.length !== 0) break', 'break'),
	header(
		'chunks behind an empty sound are no sound',
		'data !== undefined && Math.abs(at - totalBytes) <= 1',
		'data !== undefined && at > totalBytes + 1',
	),
	header('reading ends after a hundred chunks', 'const MOST_CHUNKS = 100', 'const MOST_CHUNKS = 1_000'),
	header('what passes before the wanted bytes is passed over', 'at < 0 || at >= bytes.length', 'at >= bytes.length'),
	sound('a length near 2^31 is left open', 'Math.abs(length - 0x8000_0000) <= NEAR', 'length === 0x8000_0000'),
	sound('a length near 2^32 is left open', 'Math.abs(length - 0x1_0000_0000) <= NEAR', 'length === 0x1_0000_0000'),
	sound('a length of 0 is left open', 'return length === 0 || ', 'return '),
	sound('a format without channels cannot be played', '|| channels === 0 ||', '||'),
	sound('a format without a sample rate cannot be played', ' || sampleRate === 0) return', ') return'),
	sound('an extensible format names its codec further on', 'extended & 0xffff', 'tag'),
	sound('samples and not the byte rate make the duration', 'samples === undefined ?', 'samples !== undefined ?'),
	sound('fact ends the last block', 'stated <= holds.most && stated', 'stated < 0 && stated'),
	sound('a fact far from what the blocks hold is wrong', 'stated > holds.most - 2 * perBlock', 'stated > -1'),
	sound('mu-law has 8 bits whatever the header says', " || codec === 'mulaw' ? 8", ' ? 8'),
	sound('a block holds no more samples than its bytes allow', ' && samplesPerBlock < most', ''),
	sound('a block of GSM 6.10 has 320 samples', 'return 320', 'return 160'),
	verdict('an empty file is no WAV', 'fileBytes === 0', 'fileBytes < 0'),
	verdict('sound of no samples is no sound', 'lengths.sound === 0 || seconds === 0', 'lengths.sound < 0'),
	verdict('a call of no time needs no sound', "indexedSeconds === 0 ? 'odd'", "indexedSeconds === 1 ? 'odd'"),
	verdict(
		'much less sound than the call took is told',
		'isMuchShorter(seconds, indexedSeconds ?? 0)) {',
		'seconds < 0) {',
	),
	verdict('a file that is really so long may say so', '&& !isEndOf(start + length, totalBytes)', ''),
	verdict('the size of the file as its length is a slip', ' && riffEnd !== end + 8', ''),
	verdict(
		'sound that is all there is not cut',
		'dataEnd !== undefined && dataEnd <= end',
		'dataEnd !== undefined && dataEnd < 0',
	),
	verdict(
		'fact may show an open length to be cut',
		"if (byFact === 'less') return 'its",
		"if (byFact === undefined) return 'its",
	),
	verdict('the index may show an open length to be cut', 'if (!isTooLittle || there', 'if (isTooLittle || there'),
	verdict('RIFF may tell the end of an open sound', ' || isToldByRiff', ''),
	verdict('no sound is told as such when the length is open', ' || there === 0', ''),
	verdict(
		'fact may show a broken length to be a slip',
		"if (byFact === 'all') return",
		"if (byFact === 'less') return",
	),
	verdict('a sound that ends behind the file it is in was reckoned wrongly', 'riffEnd < dataEnd', 'riffEnd > dataEnd'),
	verdict('a length wrong by no more than the header is a slip', 'dataEnd - end <= from', 'dataEnd - end <= 0'),
	verdict(
		'the index may confirm what the header promises',
		'isTooLittle && isPromiseOfIndex ? cut',
		'isTooLittle && !isPromiseOfIndex ? cut',
	),
	verdict(
		'the index may show a broken length to be a slip',
		'isRiffHelpless && isEnough',
		'isRiffHelpless && !isEnough',
	),
	verdict('both lengths broken are a cut whatever the index says', 'isRiffHelpless && isEnough', 'isEnough'),
	verdict(
		'a length left open is told',
		'riffEnd === undefined || dataEnd === undefined) return',
		'riffEnd === -1 || dataEnd === undefined) return',
	),
	verdict('a wrong length is told', 'dataEnd > end || riffEnd > end + 1', 'riffEnd > end + 8'),
	verdict('an absent pad byte before the sound is told', 'if (isUnpadded) return', 'if (isUnpadded && end < 0) return'),
	verdict('5 seconds less than the call are tolerated', 'TOLERATED_SECONDS = 5', 'TOLERATED_SECONDS = 2'),
	verdict('a tenth less than the call is tolerated', 'TOLERATED_PART = 0.1', 'TOLERATED_PART = 0.01'),
];
