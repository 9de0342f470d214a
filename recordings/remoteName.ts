import { isCalendarDate } from './calendarDate';
import type { CalendarDate } from './calendarDate';

/**
 * Names on 8x8's server (docs.8x8.com, "Access agent recorded calls"):
 * - directories `Syyyymmdd`, one a UTC day;
 * - recordings `Ryyyymmddhhmmssnnnn.wav`, stamped with the UTC second the call began and a sequence number that tells
 *   apart those of one second (a public API sample shows R202103101740420023.wav beside startTime 1615398042234);
 * - index files `Iyyyymmdd.csv`, and `Iyyyymmdd_version2.csv` with more columns (seen in a public archive script).
 */
const RECORDING = /^R(\d{8})(\d\d)(\d\d)(\d\d)(\d+)\.[A-Za-z0-9]{2,4}$/i;
const DIRECTORY = /^S(\d{8})$/i;
const INDEX = /^I(\d{8})(?:_version(\d{1,3}))?\.csv$/i;

const AUDIO = /[^/\\\s]\.(?:wav|mp3|ogg|m4a|gsm)$/i;

/** Whether a name, or a path, ends like that of a file with sound. */
export function isRecordingFile(path: string): boolean {
	return AUDIO.test(path);
}

/** Whether a name that a server lists is that of a file with sound. Hidden ones, such as the `._R….wav` of macOS, are none. */
export function isAudioFile(name: string): boolean {
	return !name.startsWith('.') && isRecordingFile(name);
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
	const [, day, hours, minutes, seconds, sequence] = RECORDING.exec(fileName) ?? [];
	const midnight = day === undefined ? undefined : compactDay(day)?.midnight;
	if (midnight === undefined) return undefined;
	const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
	if (hour > 23 || minute > 59 || second > 59) return undefined;
	const recordedAtUtc = midnight + ((hour * 60 + minute) * 60 + second) * 1_000;
	return { recordedAtUtc, sequence: Number(sequence) };
}

/** The UTC date of a day directory, or `undefined` for any other name. */
export function parseDirectoryName(name: string): CalendarDate | undefined {
	const [, digits] = DIRECTORY.exec(name) ?? [];
	return digits === undefined ? undefined : compactDay(digits)?.date;
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
	const date = digits === undefined ? undefined : compactDay(digits)?.date;
	return date === undefined ? undefined : { date, edition: edition === undefined ? 1 : Number(edition) };
}

/** `Syyyymmdd` of a UTC date. */
export function directoryNameOf(date: CalendarDate): string {
	return `S${date.replaceAll('-', '')}`;
}

interface CompactDay {
	readonly date: CalendarDate;
	/** Milliseconds since the epoch at 00:00 UTC. */
	readonly midnight: number;
}

/** The digits that were read last: the names in an index are of one or two days. */
let lastDay: { readonly digits: string; readonly day: CompactDay | undefined } = { digits: '', day: undefined };

/** The day of eight digits, `undefined` when the calendar does not have it. */
function compactDay(digits: string): CompactDay | undefined {
	if (digits !== lastDay.digits) lastDay = { digits, day: readCompactDay(digits) };
	return lastDay.day;
}

function readCompactDay(digits: string): CompactDay | undefined {
	const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)];
	const date = `${year}-${month}-${day}`;
	// Date.UTC takes years below 100 for others, which no recording is from.
	return isCalendarDate(date) ? { date, midnight: Date.UTC(Number(year), Number(month) - 1, Number(day)) } : undefined;
}
