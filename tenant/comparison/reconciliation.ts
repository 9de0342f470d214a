import type { IndexRow } from '../../recordings/indexRow';
import { lettersOf } from '../../recordings/nameLetters';
import { isAudioFile, parseDirectoryName, parseIndexName, parseRecordingName } from '../../recordings/remoteName';
import type { RecordingStamp } from '../../recordings/remoteName';
import { dateMillis } from '../../recordings/tenantDay';
import type { TenantDay } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { WavVerdict } from '../../recordings/wavVerdict';

/** A file as the listing of its directory shows it. */
export interface ListedFile {
	/** `directory/fileName`, the key that index rows have too. */
	readonly recordingId: string;
	readonly directory: string;
	readonly fileName: string;
	/** `undefined` when the server does not say. */
	readonly bytes: number | undefined;
	/** `undefined` when the server does not say. */
	readonly modifiedAt: Date | undefined;
}

/** An audio file that no index row is about. */
export interface UnindexedFile extends ListedFile {
	/** When it was recorded, as far as can be told: the moment by which it is of a tenant day. */
	readonly recordedAt: number;
	/** What its name says; `undefined` when it is not named like 8x8's recordings. */
	readonly stamp: RecordingStamp | undefined;
}

/** What is known of some tenant days. */
export interface DayEvidence {
	readonly days: readonly TenantDay[];
	/** The rows of these days, in the order in which they are to come out. */
	readonly rows: readonly IndexRow[];
	/** Ids of every recording that any row read is about, also of other days: a call over midnight is indexed only once. */
	readonly indexed: ReadonlySet<string>;
	readonly files: readonly ListedFile[];
}

/** Every row and every file of the days in exactly one list. */
export interface Reconciliation {
	readonly matched: ReadonlyArray<{ readonly row: IndexRow; readonly file: ListedFile }>;
	/** Rows without a file; also those that name none, since nothing shows that there is a recording. */
	readonly missing: readonly IndexRow[];
	/** By when they were recorded, then by id. */
	readonly unindexed: readonly UnindexedFile[];
}

/**
 * Compares the index of tenant days with the files on the server. A row belongs to its tenant day, a file to the one that holds
 * the moment it was recorded.
 */
export function reconcile({ days, rows, indexed, files }: DayEvidence): Reconciliation {
	const filesById = new Map(files.map((file) => [file.recordingId, file]));
	const filesByLetters = new Map(files.map((file) => [lettersOf(file.recordingId), file]));
	const fileOf = (id: string): ListedFile | undefined => filesById.get(id) ?? filesByLetters.get(lettersOf(id));
	const matched: Array<{ row: IndexRow; file: ListedFile }> = [];
	const missing: IndexRow[] = [];
	for (const row of rows) {
		const file = row.recordingId === null ? undefined : fileOf(row.recordingId);
		if (file === undefined) missing.push(row);
		else matched.push({ row, file });
	}
	const ofRows = new Set([...indexed, ...rows.flatMap(({ recordingId }) => recordingId ?? [])].map(lettersOf));
	const ofMatches = new Set(matched.map(({ file }) => file.recordingId));
	const unindexed = [...filesById.values()]
		.filter(({ recordingId }) => !ofMatches.has(recordingId) && !ofRows.has(lettersOf(recordingId)))
		.flatMap((file): UnindexedFile[] => {
			const at = recordedAt(file);
			if (at === undefined || dayAt(at, days) === undefined) return [];
			return [{ ...file, recordedAt: at, stamp: parseRecordingName(file.fileName) }];
		})
		.sort(byAge);
	return { matched, missing, unindexed };
}

function byAge(a: UnindexedFile, b: UnindexedFile): number {
	if (a.recordedAt !== b.recordedAt) return a.recordedAt - b.recordedAt;
	return a.recordingId < b.recordingId ? -1 : 1;
}

const HALF_DAY = 43_200_000;

/**
 * When an audio file was recorded, in milliseconds since the epoch: by the UTC stamp in its name, wherever it lies. One that is named
 * otherwise was recorded on the UTC day of its directory: when it was written, if that is the same day, else in the middle of it.
 *
 * @returns `undefined` for a file that is no audio file, or is named otherwise and lies in no day directory
 */
export function recordedAt({ directory, fileName, modifiedAt }: ListedFile): number | undefined {
	if (!isAudioFile(fileName)) return undefined;
	const stamp = parseRecordingName(fileName);
	if (stamp !== undefined) return stamp.recordedAtUtc;
	const date = parseDirectoryName(directory);
	if (date === undefined) return undefined;
	const noon = dateMillis(date) + HALF_DAY;
	const written = modifiedAt?.getTime() ?? noon;
	return written >= noon - HALF_DAY && written < noon + HALF_DAY ? written : noon;
}

/** The day that holds an instant. */
export function dayAt(utcMillis: number, days: readonly TenantDay[]): TenantDay | undefined {
	return days.find(({ fromUtc, toUtc }) => utcMillis >= fromUtc && utcMillis < toUtc);
}

/** The day of a row; one without any time is counted with the day that its index file is named for, or the nearest before. */
export function dayOfRow(row: IndexRow, days: readonly TenantDay[]): TenantDay | undefined {
	const date = row.tenantDay ?? parseIndexName(row.indexFile.split('/').at(-1) ?? '')?.date ?? '';
	return [...days].reverse().find((day) => day.date <= date) ?? days[0];
}

export type SoundStatus = 'ok' | 'empty' | 'short';

export interface SoundVerdict {
	readonly status: SoundStatus;
	/** What is wrong with it, to follow the file's name. */
	readonly reason: string | undefined;
}

/**
 * The status of a recording by its length in bytes and, where it was looked into, the verdict on it:
 * - `empty`: not a byte
 * - `short`: it is cut, is no WAV, holds no sound, or much less than the call took. A pause of the recording is no reason for that:
 *   8x8 records silence meanwhile.
 * - `ok`: anything else. Sound longer than the call is harmless.
 *
 * @param wav `undefined` when it was not looked into
 */
export function soundOf(bytes: number | undefined, wav: WavVerdict | undefined): SoundVerdict {
	if (bytes === 0) return { status: 'empty', reason: 'the file is empty' };
	if (wav === undefined || wav.verdict === 'whole' || wav.verdict === 'odd') return { status: 'ok', reason: undefined };
	return { status: 'short', reason: wav.reason };
}

/** What came out of a tenant day. */
export interface DayCounts {
	matched: number;
	empty: number;
	short: number;
	missing: number;
	unindexed: number;
	/** Indexed and on the server, but the file could not be looked at; not among `matched`. */
	unreadable: number;
}

export function noCounts(): DayCounts {
	return { matched: 0, empty: 0, short: 0, missing: 0, unindexed: 0, unreadable: 0 };
}

/** Nothing is missing, left over, broken or unknown. */
export function isComplete({ empty, short, missing, unindexed, unreadable }: DayCounts): boolean {
	return empty + short + missing + unindexed + unreadable === 0;
}

/** Such as `2016-06-06: 120 matched (1 empty, 2 short), 3 missing, 1 unindexed.` or `2016-06-07 is complete: 118 matched, …`. */
export function daySentence(date: CalendarDate, counts: DayCounts): string {
	const { matched, empty, short, missing, unindexed, unreadable } = counts;
	const flagged = [empty === 0 ? [] : `${empty} empty`, short === 0 ? [] : `${short} short`].flat().join(', ');
	const unknown = unreadable === 0 ? '' : `, ${unreadable} could not be read`;
	const day = isComplete(counts) ? `${date} is complete` : date;
	return `${day}: ${matched} matched${flagged === '' ? '' : ` (${flagged})`}, ${missing} missing, ${unindexed} unindexed${unknown}.`;
}
