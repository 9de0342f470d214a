import { isCalendarDate } from './calendarDate';
import type { CalendarDate } from './calendarDate';

/**
 * Names on 8x8's server (docs.8x8.com, "Access agent recorded calls"):
 * - directories `Syyyymmdd`, one a UTC day;
 * - recordings `Ryyyymmddhhmmssnnnn.wav`, stamped with the UTC second the call began and a sequence number that tells
 *   apart those of one second (a public API sample shows R202103101740420023.wav beside startTime 1615398042234);
 * - index files `Iyyyymmdd.csv`, and `Iyyyymmdd_version2.csv` with more columns (seen in a public archive script).
 */
const RECORDING = /^R(\d{14})(\d+)\.[A-Za-z0-9]{2,4}$/i;
const DIRECTORY = /^S(\d{8})$/i;
const INDEX = /^I(\d{8})(?:_version(\d{1,3}))?\.csv$/i;

const AUDIO = /[^/\\\s]\.(?:wav|mp3|ogg|m4a|gsm)$/i;

/** Whether a name, or a path, ends like that of a file with sound. */
export function isRecordingFile(path: string): boolean {
	return AUDIO.test(path);
}

export interface RecordingStamp {
	/** Milliseconds since the epoch, to the second. */
	readonly recordedAtUtc: number;
	readonly sequence: number;
}

/** The name that was read last: a row's is asked about by several who weigh it. */
let last: { readonly fileName: string; readonly stamp: RecordingStamp | undefined } = {
	fileName: '',
	stamp: undefined,
};

/** What a recording's name says, or `undefined` when it is not named like a recording. */
export function parseRecordingName(fileName: string): RecordingStamp | undefined {
	if (fileName !== last.fileName) last = { fileName, stamp: stampOf(fileName) };
	return last.stamp;
}

function stampOf(fileName: string): RecordingStamp | undefined {
	const [, stamp, sequence] = RECORDING.exec(fileName) ?? [];
	if (stamp === undefined || sequence === undefined) return undefined;
	if (parseCompactDate(stamp.slice(0, 8)) === undefined) return undefined;
	const [year = 0, month = 0, day = 0] = [stamp.slice(0, 4), stamp.slice(4, 6), stamp.slice(6, 8)].map(Number);
	const [hour = 0, minute = 0, second = 0] = [stamp.slice(8, 10), stamp.slice(10, 12), stamp.slice(12, 14)].map(Number);
	if (hour > 23 || minute > 59 || second > 59) return undefined;
	// Date.UTC takes years below 100 for others, which no recording is from.
	return { recordedAtUtc: Date.UTC(year, month - 1, day, hour, minute, second), sequence: Number(sequence) };
}

/** The UTC date of a day directory, or `undefined` for any other name. */
export function parseDirectoryName(name: string): CalendarDate | undefined {
	const [, digits] = DIRECTORY.exec(name) ?? [];
	return digits === undefined ? undefined : parseCompactDate(digits);
}

export interface IndexName {
	/** The date in the name: of the tenant day, or of the day it was written; tenants differ. */
	readonly date: CalendarDate;
	/** 1 for the basic edition, the number after `_version` for a more detailed one. */
	readonly edition: number;
}

/** What an index file's name says, or `undefined` for any other name. */
export function parseIndexName(name: string): IndexName | undefined {
	const [, digits, edition] = INDEX.exec(name) ?? [];
	const date = digits === undefined ? undefined : parseCompactDate(digits);
	return date === undefined ? undefined : { date, edition: edition === undefined ? 1 : Number(edition) };
}

/** `Syyyymmdd` of a UTC date. */
export function directoryNameOf(date: CalendarDate): string {
	return `S${date.replaceAll('-', '')}`;
}

function parseCompactDate(digits: string): CalendarDate | undefined {
	const date = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`;
	return isCalendarDate(date) ? date : undefined;
}
