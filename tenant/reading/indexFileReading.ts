import type { IndexFile } from './indexFile';
import type { UnreadableIndex } from './fileEvidence';
import type { IndexNotes } from '../../recordings/indexNotes';
import { IndexFormatError } from '../../recordings/indexFormatError';
import { readIndex } from '../../recordings/indexReader';
import type { IndexFormat } from '../../recordings/indexReader';
import type { ReadRow } from '../../recordings/indexRow';
import type { ZoneClock } from '../../recordings/zoneClock';
import { isNotFound } from '../../transport/ifThere';
import { isOfOneFile } from '../../transport/oneFileFailure';
import type { Abortable } from '../../transport/onAbort';
import type { RemoteStore } from '../../transport/remoteStore';

/** How index files are read when nobody says otherwise. */
export const AUTOMATIC_FORMAT: IndexFormat = { encoding: 'auto', dateOrder: 'auto', includeRawRow: false };

/** With what index files are read. */
export interface IndexReading {
	readonly store: RemoteStore;
	readonly clock: ZoneClock;
	readonly format: IndexFormat;
	readonly notes: IndexNotes;
	readonly signal: Abortable | undefined;
}

/** What came of an index file: it was read to its end, it cannot be read, or it has gone since it was listed. */
export type FileOutcome = 'read' | 'gone' | UnreadableIndex;

/**
 * Reads one index file; `take` gets its rows in the order of the file, also those before a failure.
 *
 * @throws TransportError for a failure that concerns more than this file
 */
export async function readIndexFile(
	{ store, clock, format, notes, signal }: IndexReading,
	file: IndexFile,
	take: (read: ReadRow) => void,
): Promise<FileOutcome> {
	// Without the listed size: the file may have grown since, and the store then asks for the one it has now.
	const bytes = store.read(file.path, signal === undefined ? {} : { signal });
	const readAll = async (): Promise<FileOutcome> => {
		for await (const read of readIndex({ path: file.path, bytes }, clock, format, notes)) take(read);
		return 'read';
	};
	return await readAll().catch((error: unknown): FileOutcome => {
		if (isNotFound(error)) return 'gone';
		if (error instanceof IndexFormatError || isOfOneFile(error)) return { file, reason: error };
		throw error;
	});
}
