import { finished } from 'node:stream';
import type { Readable, Transform } from 'node:stream';

import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

import type { Mp3Conversion } from '../../audio/mp3Conversion';
import type { Mp3Options } from '../../audio/mp3Plan';
import { WavReader } from '../../recordings/wavHeader';
import type { WavFacts } from '../../recordings/wavSound';
import { judgeWav } from '../../recordings/wavVerdict';
import type { WavVerdict } from '../../recordings/wavVerdict';
import type { RemoteEntry } from '../../transport/remoteStore';
import type { ReadReport, ResumingStore } from '../../transport/resumingStore';
import { withSecondLook } from '../../transport/secondLook';
import { TransportError } from '../../transport/transportError';
import { VerifiedRead } from '../../transport/verifiedRead';
import { bytesText } from '../run/figureText';
import { ExplainedError } from '../../tenant/explainedError';
import { binaryStore } from './binaryStore';
import { audioFactsOf, isMp3Name, mp3Conversion, mp3NameOf } from './convertedFile';
import type { AudioFacts } from './convertedFile';
import { mimeTypeOf, safeFileName } from './outputFileName';
import type { WantedFile } from './remoteFile';

export interface DownloadOptions {
	readonly checksum: 'sha256' | 'md5' | 'none';
	readonly verifyWav: boolean;
	/** How to make an MP3 of it; `undefined` = as recorded. */
	readonly mp3: Mp3Options | undefined;
	/** Bytes. */
	readonly maximumBytes: number;
	/** Empty = the name on the server. */
	readonly outputFileName: string;
	readonly retries: number;
	readonly signal: AbortSignal | undefined;
	/** That of the tenant's session. */
	readonly beginAbsence: () => () => void;
}

/** The `download` field of an item. */
export interface DownloadFacts {
	path: string;
	fileName: string;
	bytes: number;
	sha256?: string;
	md5?: string;
	/** `null` for a file that is not a WAV. */
	wav: WavFacts | null;
	/** Of what was made of it. */
	audio?: AudioFacts;
	attempts: number;
	resumed: boolean;
	milliseconds: number;
}

export interface DownloadedFile {
	readonly facts: DownloadFacts;
	readonly binary: IBinaryData;
	/** Something unusual that did not stop it, for a hint. */
	readonly hint: string | undefined;
}

/**
 * Downloads one file. When it is not the size that was stated (a listing is a moment old, or the call still runs), it is looked
 * at again and begun anew, a few times.
 */
export async function downloadFile(
	context: IExecuteFunctions,
	store: ResumingStore,
	wanted: WantedFile,
	options: DownloadOptions,
): Promise<DownloadedFile> {
	const begun = performance.now();
	let attempts = 0;
	const { path, listed } = wanted;
	const { signal, retries: mostLooks } = options;
	const known = listed?.size === undefined ? undefined : listed;
	return await withSecondLook(store, { path, known, signal, mostLooks }, async (entry) => {
		const bytes = sizeOf(entry, options.maximumBytes);
		binaryStore.refuseUnstorable(entry.path, bytes);
		let report: ReadReport = { attempts: 0, resumed: false };
		const { beginAbsence } = options;
		const stored = await binaryStore
			.take({ path: entry.path, bytes, signal, beginAbsence }, async () => {
				const storing = storeFile(context, store, entry, bytes, wanted.indexedSeconds, options);
				report = storing.report;
				return await storing.done;
			})
			.finally(() => {
				attempts += report.attempts;
			});
		const { verified, binary, wav, audio } = stored;
		return {
			facts: {
				path: entry.path,
				fileName: entry.name,
				bytes: verified.bytes,
				...(verified.digest === undefined ? {} : { [options.checksum]: verified.digest }),
				wav: wav.facts,
				...(audio === undefined ? {} : { audio }),
				attempts,
				resumed: report.resumed,
				milliseconds: Math.round(performance.now() - begun),
			},
			binary,
			hint: isHeldToBeWav(entry, wav) && wav.reason !== undefined ? `${entry.path}: ${wav.reason}.` : undefined,
		};
	});
}

interface StoredFile {
	readonly verified: VerifiedRead;
	readonly wav: WavVerdict;
	readonly audio: AudioFacts | undefined;
	readonly binary: IBinaryData;
}

/** Streams a file into n8n's binary store, which gets a stream that fails unless the file is whole and passes every check. */
function storeFile(
	context: IExecuteFunctions,
	store: ResumingStore,
	entry: RemoteEntry,
	size: number,
	indexedSeconds: number | undefined,
	options: DownloadOptions,
): { done: Promise<StoredFile>; report: ReadReport } {
	const { path } = entry;
	const isConverted = options.mp3 !== undefined && !isMp3Name(entry.name);
	const outputName = options.outputFileName === '' ? entry.name : options.outputFileName;
	const fileName = safeFileName(isConverted ? mp3NameOf(outputName) : outputName);
	const { stream, report } = store.readReported(path, { size, signal: options.signal }, entry);
	const reader = new WavReader(size);
	let wav = judgeWav(undefined, size, null);
	const check = (): void => {
		wav = judgeWav(reader.header, size, indexedSeconds ?? null);
		if (options.verifyWav && isHeldToBeWav(entry, wav)) refuseBrokenWav(path, wav, indexedSeconds);
	};
	const verified = new VerifiedRead({
		path,
		size,
		checksum: options.checksum,
		look: (from, bytes) => reader.take(from, bytes),
		check,
	});
	tie(stream, verified);
	const conversion =
		options.mp3 !== undefined && isConverted ? mp3Conversion(path, reader, options.mp3, check) : undefined;
	if (conversion !== undefined) tie(verified, conversion);
	const content = conversion ?? verified;
	const stored = context.helpers.prepareBinaryData(content, fileName, mimeTypeOf(isConverted ? fileName : entry.name));
	// The first failure counts: where the recording is not whole, its conversion ends for that alone.
	const failure = new Promise<never>((_, reject) => {
		const failed = (error: Error): void => {
			// The store let go of the stream, and why it did is its own failure.
			if (error.name === 'AbortError') void stored.then(() => reject(error), reject);
			else reject(error);
		};
		verified.once('error', failed);
		conversion?.once('error', failed);
	});
	const done = Promise.race([stored, failure])
		.then((binary) => ({ verified, wav, audio: audioOf(conversion), binary }))
		.finally(() => {
			content.destroy();
			verified.destroy();
		});
	return { done, report };
}

/**
 * Ties the two together: a failure on either side ends the other, and with it the transfer. Node's pipeline() does no more, but
 * makes an AbortSignal and an error with a stack for each file.
 */
function tie(from: Readable, to: Transform): void {
	finished(from, (error) => {
		if (error) to.destroy(error);
	});
	to.once('close', () => from.destroy());
	from.pipe(to);
}

function audioOf(conversion: Mp3Conversion | undefined): AudioFacts | undefined {
	return conversion?.plan === undefined ? undefined : audioFactsOf(conversion.plan, conversion.bytes);
}

/** By its name or by its content: a WAV that is called .mp3 can be cut as well, and an MP3 that is called so is none. */
function isHeldToBeWav({ name }: RemoteEntry, { verdict }: WavVerdict): boolean {
	return verdict !== 'notWav' || /\.wav$/i.test(name);
}

function sizeOf(entry: RemoteEntry, maximumBytes: number): number {
	const { path, size } = entry;
	if (entry.type !== 'file') throw new TransportError('not-a-file', `${path} is not a file`, { path });
	if (size === undefined) {
		throw new ExplainedError(
			`The server does not say how large ${path} is`,
			'Without a size a download cannot be proven whole, so it was not begun.',
		);
	}
	if (size <= maximumBytes) return size;
	throw new ExplainedError(
		`${path} is ${bytesText(size)}, more than the maximum of ${bytesText(maximumBytes)}`,
		"Raise 'Maximum File Size' in the options if n8n has the space and memory for it.",
	);
}

/** A recording that is no WAV, only the beginning of one, or one without sound must not pass for a recording. */
function refuseBrokenWav(path: string, { verdict, reason = '' }: WavVerdict, indexedSeconds: number | undefined): void {
	if (verdict === 'noSound') {
		const call = indexedSeconds === undefined ? '' : `, and the index says that the call took ${indexedSeconds} s`;
		throw new ExplainedError(
			`${path} holds no sound${call}`,
			"It may still be being written: try again in a few minutes. If it stays, the recorder failed or the call was transferred at once: ask 8x8. To get the file as it is, switch 'Verify WAV' off.",
		);
	}
	if (verdict === 'truncated') {
		throw new ExplainedError(
			`${path} is cut short on the server: ${reason}`,
			"It may still be being written: try again in a few minutes. To get what there is, switch 'Verify WAV' off.",
		);
	}
	if (verdict === 'notWav') {
		throw new ExplainedError(
			`${path} is not a WAV recording: ${reason}`,
			"A recording that has just begun is empty at first: try again later. To get the file as it is, switch 'Verify WAV' off.",
		);
	}
}
