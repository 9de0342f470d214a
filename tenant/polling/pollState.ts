import { unpackAscending } from './ascendingNumbers';
import type { EmittedBatch } from './emittedRecordings';
import type { PackedSeen } from './seenRecordings';
import type { CalendarDate } from '../../recordings/calendarDate';

/** What a trigger watches: rows of the index, or audio files. */
export type Watch = 'index' | 'files';

/**
 * An index file as it was when it was last read: bytes, and when it was changed in seconds since the epoch (`null` when
 * the server does not say). The third one is there when its last row had no line end and was left for the next poll.
 */
export type FileMark = readonly [size: number, modified: number | null, lastRowLeft?: 1];

/** When a directory was last listed, in seconds since the epoch, and how many names it held. */
export type DirectoryMark = readonly [listed: number, names: number];

/**
 * A file that may still be being written: bytes, when it was changed, and since when it is known like this, in seconds since the epoch.
 * The fourth one is since when it is known at all, where that is longer.
 */
export type ArrivingMark = readonly [size: number, modified: number | null, since: number, first?: number];

/**
 * What a trigger remembers of one tenant and of what it watches there. n8n keeps it as JSON in one column together with everything
 * else that the workflow remembers, so it is small, and bounded by the look-back window.
 */
export interface PollState {
	/** Nothing of earlier days is looked at: a tenant day for the index, a UTC day for files. It never goes back. */
	readonly since: CalendarDate;
	/** What `since` was before the last poll moved it on. What was seen from this day on is remembered, in case the clock goes back. */
	readonly earlier?: CalendarDate;
	readonly files: Readonly<Record<string, FileMark>>;
	readonly directories: Readonly<Record<string, DirectoryMark>>;
	readonly seen: PackedSeen;
	/** Audio files, by path, that are passed on once they stay as they are. */
	readonly arriving: Readonly<Record<string, ArrivingMark>>;
	/** What was there at the beginning and could not be read then: whatever it holds is not new. */
	readonly unseeded: readonly string[];
	/** Index files with calls that wait for a detailed row: when the first has waited long enough, in seconds since the epoch. */
	readonly waiting?: Readonly<Record<string, number>>;
	/** What was emitted and is not known to be delivered, where only a mark counts as that. */
	readonly emitted?: readonly EmittedBatch[];
	/** When the last poll was, in seconds since the epoch. The first versions of this package did not keep it. */
	readonly polled?: number;
}

/** What an earlier poll left, of whatever version that knows these fields; `undefined` when it is damaged. */
export function readPollState(kept: unknown): PollState | undefined {
	if (!isRecord(kept)) return undefined;
	const { since, files, directories, seen, arriving = {}, unseeded, waiting = {}, polled, earlier, emitted } = kept;
	if (polled !== undefined && typeof polled !== 'number') return undefined;
	if (emitted !== undefined && !(Array.isArray(emitted) && emitted.every(isEmittedBatch))) return undefined;
	if (!isDate(since) || (earlier !== undefined && !isDate(earlier))) return undefined;
	if (!isRecord(files) || !isRecord(directories) || !isRecord(seen)) return undefined;
	if (!isRecord(arriving) || !Array.isArray(unseeded) || !isRecord(waiting)) return undefined;
	const packed = entries(seen, isPacked);
	const fileMarks = entries(files, isFileMark);
	const directoryMarks = entries(directories, isDirectoryMark);
	const arrivingMarks = entries(arriving, isArrivingMark);
	if (packed === undefined || fileMarks === undefined) return undefined;
	const dueTimes = entries(waiting, (value): value is number => typeof value === 'number');
	if (directoryMarks === undefined || arrivingMarks === undefined || dueTimes === undefined) return undefined;
	return {
		since,
		...(earlier === undefined ? {} : { earlier }),
		files: fileMarks,
		directories: directoryMarks,
		seen: packed,
		arriving: arrivingMarks,
		unseeded: unseeded.filter((path) => typeof path === 'string'),
		...(Object.keys(dueTimes).length === 0 ? {} : { waiting: dueTimes }),
		...(polled === undefined ? {} : { polled }),
		...(emitted === undefined ? {} : { emitted }),
	};
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDate(value: unknown): value is CalendarDate {
	return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);
}

function entries<Value>(
	record: Record<string, unknown>,
	isValue: (value: unknown) => value is Value,
): Record<string, Value> | undefined {
	const kept = Object.entries(record);
	const good = kept.filter((entry): entry is [string, Value] => isValue(entry[1]));
	return good.length === kept.length ? Object.fromEntries(good) : undefined;
}

function isPacked(value: unknown): value is string {
	return typeof value === 'string' && unpackAscending(value) !== undefined;
}

function isFileMark(value: unknown): value is FileMark {
	if (!Array.isArray(value) || typeof value[0] !== 'number') return false;
	return (value[1] === null || typeof value[1] === 'number') && (value[2] === undefined || value[2] === 1);
}

function isDirectoryMark(value: unknown): value is DirectoryMark {
	return Array.isArray(value) && value.length === 2 && value.every((number) => typeof number === 'number');
}

function isArrivingMark(value: unknown): value is ArrivingMark {
	if (!Array.isArray(value) || (value.length !== 3 && value.length !== 4)) return false;
	return [value[0], value[1] ?? 0, ...value.slice(2)].every((number) => typeof number === 'number');
}

function isEmittedBatch(value: unknown): value is EmittedBatch {
	if (!isRecord(value) || !isDate(value['first']) || !isRecord(value['named'])) return false;
	const areTexts = [value['files'], value['others']].every(
		(texts) => Array.isArray(texts) && texts.every((text) => typeof text === 'string'),
	);
	const areNumbers = typeof value['at'] === 'number' && typeof value['attempts'] === 'number';
	return areTexts && areNumbers && Object.values(value['named']).every(isPacked);
}

/** What a listing says about a file. */
export interface ListedSize {
	readonly size: number | undefined;
	readonly modifiedAt: Date | undefined;
}

/** The mark of a file as a listing shows it. A size that is not told fits no later one. */
export function markOf({ size, modifiedAt }: ListedSize): FileMark {
	return [size ?? -1, modifiedAt === undefined ? null : Math.floor(modifiedAt.getTime() / 1_000)];
}

/**
 * Whether a file is still as it was read. An index only ever grows, so where the server tells no times (LIST has minutes at
 * best, and no zone) an equal size is enough, except for a file of the day that is running.
 *
 * @param isRunning the file may be being written today
 */
export function isUnchanged(now: FileMark, read: FileMark | undefined, isRunning: boolean): boolean {
	if (read === undefined || read[2] === 1 || now[0] < 0 || now[0] !== read[0]) return false;
	if (now[1] !== null && read[1] !== null) return now[1] === read[1];
	return !isRunning;
}

/** Whether a last row without a line end has stood like this for a whole poll, so that it is no row that is just being written. */
export function hasStayed(now: FileMark, read: FileMark | undefined): boolean {
	return read !== undefined && read[2] === 1 && now[0] >= 0 && now[0] === read[0] && now[1] === read[1];
}

/** A file is passed on when it has stayed as it is for so many seconds from one poll to another. */
const STAYED_FOR = 15;
/** Or, without a second look, when it was last changed so many seconds ago. */
const OLD_ENOUGH = 60;

/**
 * What is known of a file that may still be being written, `undefined` when it is whole. A file without a byte never is. Its time is
 * that of the server, whose clock may be ahead of ours or behind it. So it counts only where nothing speaks against it: a time to
 * come does, and one before the last listing, in which the file was not.
 *
 * @param listedBefore when its directory was last listed, in seconds since the epoch, `undefined` when it was not
 */
export function arrivingMark(
	[size, modified]: FileMark,
	before: ArrivingMark | undefined,
	listedBefore: number | undefined,
	now: number,
): ArrivingMark | undefined {
	const seconds = Math.floor(now / 1_000);
	// A mark of a time to come is of a clock that was ahead, and the waiting begins anew.
	if (before !== undefined && before[0] === size && before[1] === modified && before[2] <= seconds)
		return size !== 0 && seconds - before[2] >= STAYED_FOR ? undefined : before;
	const isBelievable = before === undefined && modified !== null && modified > (listedBefore ?? -Infinity);
	if (size !== 0 && isBelievable && seconds - modified >= OLD_ENOUGH) return undefined;
	return [size, modified, seconds];
}

/** A mark that also says since when the file is known at all, by the mark that it had before. */
export function withFirstLook(mark: ArrivingMark, before: ArrivingMark | undefined): ArrivingMark {
	const [size, modified, since] = mark;
	const first = before === undefined ? since : firstLook(before);
	return first < since ? [size, modified, since, first] : mark;
}

/** When a file that may still be being written was first seen, in seconds since the epoch. */
export function firstLook([, , since, first = since]: ArrivingMark): number {
	return first;
}
