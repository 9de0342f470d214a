import type { IndexRow } from '../../recordings/indexRow';
import type { ListedFile, Reconciliation, SoundVerdict } from './reconciliation';
import type { ResumingStore } from '../../transport/resumingStore';
import { Gate } from '../../transport/gate';
import { checkRecording } from './recordingCheck';

/** SFTP interleaves files on a connection; each costs two round trips, so several are in flight. */
const FILES_PER_SFTP_CONNECTION = 8;

export interface MatchedRecording extends SoundVerdict {
	readonly row: IndexRow;
	readonly file: ListedFile;
}

/** The recordings of a comparison after a look at their files, in the order of the index. */
export interface CheckedMatches {
	readonly matched: readonly MatchedRecording[];
	/** Rows without a file, and those whose file has been deleted meanwhile. */
	readonly missing: readonly IndexRow[];
	/** Rows whose file is there and could not be looked at, with the failure. */
	readonly unreadable: ReadonlyArray<{ readonly row: IndexRow; readonly error: unknown }>;
}

/** Is told how many files are to be looked at, and of each one that was. */
export interface CheckProgress {
	expect(files: number): void;
	/** @param bytes what the look at the file brought over the wire */
	finished(bytes: number): void;
	goneWithout(): void;
}

/** What the account takes at once. */
export interface AccountLimits {
	readonly isSftp: boolean;
	readonly maxConnections: number;
}

export interface CheckRun {
	readonly checkSize: boolean;
	readonly signal: AbortSignal | undefined;
	readonly progress: CheckProgress;
}

/** Checks every file that the index has a row for, several at once. */
export async function checkMatched(
	store: ResumingStore,
	{ isSftp, maxConnections }: AccountLimits,
	{ matched, missing, rows }: Reconciliation & { readonly rows: readonly IndexRow[] },
	{ checkSize, signal, progress }: CheckRun,
): Promise<CheckedMatches> {
	const inFlight = isSftp ? maxConnections * FILES_PER_SFTP_CONNECTION : maxConnections;
	progress.expect(matched.length);
	const checks = await new Gate(() => inFlight).map(matched, async ({ row, file }) => {
		const checked = await checkRecording(store, file, row.durationSeconds, { checkSize, signal });
		if ('file' in checked) progress.finished(0);
		else progress.goneWithout();
		return { row, ...checked };
	});
	const gone = new Set(checks.flatMap((check) => (check.status === 'missing' ? [check.row] : [])));
	const absent = new Set(missing);
	return {
		matched: checks.flatMap((check) => ('file' in check ? [check] : [])),
		missing: gone.size === 0 ? missing : rows.filter((row) => absent.has(row) || gone.has(row)),
		unreadable: checks.flatMap((check) => (check.status === 'unreadable' ? [check] : [])),
	};
}
