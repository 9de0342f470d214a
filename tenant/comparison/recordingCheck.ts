import { buffer } from 'node:stream/consumers';

import { soundOf } from './reconciliation';
import type { ListedFile, SoundVerdict } from './reconciliation';
import { WavReader } from '../../recordings/wavHeader';
import { judgeWav } from '../../recordings/wavVerdict';
import type { WavVerdict } from '../../recordings/wavVerdict';
import type { RemoteEntry } from '../../transport/remoteStore';
import type { ResumingStore } from '../../transport/resumingStore';
import { isNotFound } from '../../transport/ifThere';
import { TransportError } from '../../transport/transportError';
import { ExplainedError } from '../explainedError';
import { isOfOneFile } from '../../transport/oneFileFailure';

export interface CheckOptions {
	/** Whether headers are read. */
	readonly checkSize: boolean;
	readonly signal: AbortSignal | undefined;
}

/** What a recording on the server is like. Its file is as seen last, later than in the listing when it has changed since. */
export type CheckedRecording =
	| (SoundVerdict & { readonly file: ListedFile })
	/** It has been deleted since the listing. */
	| { readonly status: 'missing' }
	/** It is there and could not be looked at. */
	| { readonly status: 'unreadable'; readonly error: unknown };

/** Times that a file is looked at again because it is not as the listing said: it is being written, or the listing is old. */
const SECOND_LOOKS = 2;
/** Bytes read at once: a header without metadata has some dozens of bytes, one with the usual ones some hundreds. */
const READ_BYTES = 4_096;

/**
 * Checks one recording by its size and, for a .wav, its header.
 *
 * @throws TransportError for a failure that concerns more than this file
 */
export async function checkRecording(
	store: ResumingStore,
	listed: ListedFile,
	indexedSeconds: number | null,
	options: CheckOptions,
): Promise<CheckedRecording> {
	return await check(store, listed, indexedSeconds, options).catch((error: unknown): CheckedRecording => {
		if (isNotFound(error)) return { status: 'missing' };
		if (error instanceof ExplainedError || isOfOneFile(error)) return { status: 'unreadable', error };
		throw error;
	});
}

async function check(
	store: ResumingStore,
	listed: ListedFile,
	indexedSeconds: number | null,
	options: CheckOptions,
): Promise<CheckedRecording> {
	const isLookedInto = options.checkSize && /\.wav$/i.test(listed.fileName);
	if (!isLookedInto || listed.bytes === 0) return { ...soundOf(listed.bytes, undefined), file: listed };
	for (let looks = 0, file = listed; ; looks++) {
		const { bytes } = file;
		if (bytes === undefined) throw sizeUnknown(file.recordingId);
		if (bytes === 0) return { ...soundOf(0, undefined), file };
		const outcome = await lookInto(store, file, bytes, indexedSeconds, options).then(
			(wav) => ({ wav }),
			(error: unknown) => ({ error }),
		);
		if ('wav' in outcome) return { ...soundOf(bytes, outcome.wav), file };
		const isOther = outcome.error instanceof TransportError && outcome.error.code === 'size-mismatch';
		if (!isOther || looks >= SECOND_LOOKS) throw outcome.error;
		const now = await store.stat(file.recordingId, { signal: options.signal });
		file = { ...file, bytes: now.size, modifiedAt: now.modifiedAt };
	}
}

function sizeUnknown(path: string): ExplainedError {
	return new ExplainedError(
		`The server does not say how large ${path} is`,
		"Without a size it cannot be told whether the recording is whole. Switch 'Check Size' off to compare names only.",
	);
}

/** The verdict on a WAV, by nothing but the stretches of it that its header needs. */
async function lookInto(
	store: ResumingStore,
	file: ListedFile,
	bytes: number,
	indexedSeconds: number | null,
	options: CheckOptions,
): Promise<WavVerdict> {
	const known: RemoteEntry = {
		name: file.fileName,
		path: file.recordingId,
		type: 'file',
		size: bytes,
		modifiedAt: file.modifiedAt,
	};
	const reader = new WavReader(bytes);
	while (reader.wanted !== undefined) {
		const start = reader.wanted.from;
		const length = Math.min(READ_BYTES, bytes - start);
		const range = { start, length, size: bytes, signal: options.signal };
		const { stream } = store.readReported(file.recordingId, range, known);
		reader.take(start, await buffer(stream));
	}
	return judgeWav(reader.header, bytes, indexedSeconds);
}
