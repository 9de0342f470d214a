import { buffer } from 'node:stream/consumers';

import { HEAD_LENGTHS, isHeadTold, judgeSound } from './reconciliation';
import type { ListedFile, SoundVerdict } from './reconciliation';
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
	if (!isLookedInto || listed.bytes === 0)
		return { ...judgeSound(listed.bytes, undefined, indexedSeconds), file: listed };
	for (let looks = 0, file = listed; ; looks++) {
		const { bytes } = file;
		if (bytes === undefined) throw sizeUnknown(file.recordingId);
		if (bytes === 0) return { ...judgeSound(0, undefined, indexedSeconds), file };
		const outcome = await readHead(store, file, bytes, options).then(
			(head) => ({ head }),
			(error: unknown) => ({ error }),
		);
		if ('head' in outcome) return { ...judgeSound(bytes, outcome.head, indexedSeconds), file };
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

/** The first bytes of a file, as many as tell what its header says. */
async function readHead(
	store: ResumingStore,
	file: ListedFile,
	bytes: number,
	options: CheckOptions,
): Promise<Uint8Array> {
	const known: RemoteEntry = {
		name: file.fileName,
		path: file.recordingId,
		type: 'file',
		size: bytes,
		modifiedAt: file.modifiedAt,
	};
	let head = Buffer.alloc(0);
	for (const wanted of HEAD_LENGTHS) {
		const start = head.length;
		const length = Math.min(wanted, bytes) - start;
		const range = { start, length, size: bytes, signal: options.signal };
		const { stream } = store.readReported(file.recordingId, range, known);
		head = Buffer.concat([head, await buffer(stream)]);
		if (isHeadTold(head, bytes)) break;
	}
	return head;
}
