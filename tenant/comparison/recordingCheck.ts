import { buffer } from 'node:stream/consumers';

import { soundOf } from './reconciliation';
import type { ListedFile, SoundVerdict } from './reconciliation';
import { WavReader } from '../../recordings/wavHeader';
import { judgeWav } from '../../recordings/wavVerdict';
import type { WavVerdict } from '../../recordings/wavVerdict';
import type { RemoteEntry } from '../../transport/remoteStore';
import type { ResumingStore } from '../../transport/resumingStore';
import { isNotFound } from '../../transport/ifThere';
import { ExplainedError } from '../explainedError';
import { isOfOneFile } from '../../transport/oneFileFailure';
import { withSecondLook } from '../../transport/secondLook';

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
	{ checkSize, signal }: CheckOptions,
): Promise<CheckedRecording> {
	const isLookedInto = checkSize && /\.wav$/i.test(listed.fileName);
	if (!isLookedInto || listed.bytes === 0) return { ...soundOf(listed.bytes, undefined), file: listed };
	const known = entryOf(listed);
	return await withSecondLook(store, { path: known.path, known, signal }, async (entry) => {
		const { size, modifiedAt } = entry;
		if (size === undefined) throw sizeUnknown(entry.path);
		const wav = size === 0 ? undefined : await lookInto(store, entry, size, indexedSeconds, signal);
		return { ...soundOf(size, wav), file: { ...listed, bytes: size, modifiedAt } };
	});
}

function entryOf({ fileName, recordingId, bytes, modifiedAt }: ListedFile): RemoteEntry {
	return { name: fileName, path: recordingId, type: 'file', size: bytes, modifiedAt };
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
	entry: RemoteEntry,
	size: number,
	indexedSeconds: number | null,
	signal: AbortSignal | undefined,
): Promise<WavVerdict> {
	const reader = new WavReader(size);
	while (reader.wanted !== undefined) {
		const start = reader.wanted.from;
		const length = Math.min(READ_BYTES, size - start);
		const { stream } = store.readReported(entry.path, { start, length, size, signal }, entry);
		reader.take(start, await buffer(stream));
	}
	return judgeWav(reader.header, size, indexedSeconds);
}
