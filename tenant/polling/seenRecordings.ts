import { createHash } from 'node:crypto';

import { packAscending, unpackAscending } from './ascendingNumbers';
import type { IndexRow } from '../../recordings/indexRow';
import { parseDirectoryName, parseRecordingName } from '../../recordings/remoteName';
import { addDays, dateOfMillis } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';

/**
 * What became of a recording that was seen:
 * - `settled`: it was emitted, or was there before, or did not match the filters; it is never emitted again
 * - `basic`: only the basic edition of an index has told about it so far. That edition has no wrap-up code and no queue, so the
 *   detailed one, which may come a day later, is to be judged, whether or not the basic one matched the filters
 */
export type SeenStatus = 'settled' | 'basic';

/** Where a recording is kept in the memory: a group of one day, and a number in it. */
export interface SeenKey {
	/** `Syyyymmdd` for recordings named as 8x8 does; that and more for another ending; `#yyyy-MM-dd` for numbers that are hashes. */
	readonly group: string;
	readonly number: number;
}

const NAME = /^(R)\d{14}(\d{4})(\.[a-z0-9]{2,4})$/i;
const DAY_SECONDS = 86_400;

/** The key of a recording. `fallbackDate` stands for the day of a name that tells none. */
export function keyOfRecording(directory: string, fileName: string, fallbackDate: CalendarDate): SeenKey {
	const [, letter, sequence, ending] = NAME.exec(fileName) ?? [];
	const stamp = parseRecordingName(fileName);
	const directoryDate = parseDirectoryName(directory);
	if (letter !== undefined && stamp !== undefined && directory === `S${fileName.slice(1, 9)}`) {
		const second = (stamp.recordedAtUtc / 1_000) % DAY_SECONDS;
		const other = `${letter}${ending}` === 'R.wav' ? '' : `${letter}${ending}`;
		return { group: `${directory}${other}`, number: second * 10_000 + Number(sequence) };
	}
	const date = directoryDate ?? (stamp === undefined ? fallbackDate : dateOfMillis(stamp.recordedAtUtc));
	return hashedKey(date, `${directory}/${fileName}`);
}

/** The `recordingId` of a key that is no hash. */
export function idOfKey({ group, number }: SeenKey): string {
	const directory = group.slice(0, 9);
	const other = group.slice(9) || 'R.wav';
	const time = new Date(Math.floor(number / 10_000) * 1_000).toISOString().slice(11, 19).replaceAll(':', '');
	const sequence = String(number % 10_000).padStart(4, '0');
	return `${directory}/${other.charAt(0)}${directory.slice(1)}${time}${sequence}${other.slice(1)}`;
}

/** All that a row says, without where it stands. */
export function textOf(row: IndexRow): string {
	const place = { indexFile: undefined, indexLine: undefined, indexDetail: undefined, rawRow: undefined };
	return JSON.stringify({ ...row, ...place });
}

/**
 * The key of an index row: that of its recording, else of all that the row says, wherever it stands. A recording that lies in the directory
 * of an earlier time would be forgotten with that, while its row is still read, so it goes by the row's day.
 *
 * @param copy how many equal rows without a recording stand before it in its file; each is a call of its own
 */
export function keyOfRow(row: IndexRow, fallbackDate: CalendarDate, copy = 0): SeenKey {
	const date = row.tenantDay ?? fallbackDate;
	if (row.directory === null || row.fileName === null)
		return hashedKey(date, `${textOf(row)}${copy === 0 ? '' : ` ${copy}`}`);
	const key = keyOfRecording(row.directory, row.fileName, date);
	const isKept = (dateOfGroup(key.group) ?? date) >= addDays(date, -1);
	return isKept ? key : hashedKey(date, `${row.directory}/${row.fileName}`);
}

/** 48 bits: two of 50,000 meet once in 200,000 such lists. */
function hashedKey(date: CalendarDate, text: string): SeenKey {
	return { group: `#${date}`, number: createHash('sha256').update(text).digest().readUIntBE(0, 6) };
}

function dateOfGroup(group: string): CalendarDate | undefined {
	return group.startsWith('#') ? group.slice(1) : parseDirectoryName(group.slice(0, 9));
}

/** The memory as it is kept: packed numbers by group. */
export type PackedSeen = Readonly<Record<string, string>>;

/** The recordings seen inside the look-back window. A group is unpacked when it is first asked for. */
export class SeenRecordings {
	readonly #packed: Map<string, string>;

	readonly #open = new Map<string, Map<number, SeenStatus>>();

	readonly #changed = new Set<string>();

	constructor(packed: PackedSeen = {}) {
		this.#packed = new Map(Object.entries(packed));
	}

	statusOf(key: SeenKey): SeenStatus | undefined {
		// The day of an odd row depends on where it stands, so a hash is looked for under every day.
		const groups = key.group.startsWith('#') ? this.#groups().filter((group) => group.startsWith('#')) : [key.group];
		for (const group of groups) {
			const status = this.#numbersOf(group).get(key.number);
			if (status !== undefined) return status;
		}
		return undefined;
	}

	add(key: SeenKey, status: SeenStatus): void {
		this.#numbersOf(key.group).set(key.number, status);
		this.#changed.add(key.group);
	}

	/** Forgets everything of days before `date`. */
	forgetBefore(date: CalendarDate): void {
		for (const group of this.#groups()) {
			if ((dateOfGroup(group) ?? '') >= date) continue;
			this.#packed.delete(group);
			this.#open.delete(group);
			this.#changed.delete(group);
		}
	}

	get size(): number {
		return this.#groups().reduce((sum, group) => sum + this.#numbersOf(group).size, 0);
	}

	pack(): PackedSeen {
		for (const group of this.#changed) {
			const numbers = [...this.#numbersOf(group)].map(([number, status]) => number * 2 + (status === 'basic' ? 1 : 0));
			this.#packed.set(group, packAscending(numbers.sort((a, b) => a - b)));
		}
		this.#changed.clear();
		return Object.fromEntries([...this.#packed].sort(([a], [b]) => (a < b ? -1 : 1)));
	}

	#groups(): string[] {
		return [...new Set([...this.#packed.keys(), ...this.#open.keys()])];
	}

	#numbersOf(group: string): Map<number, SeenStatus> {
		const open = this.#open.get(group);
		if (open !== undefined) return open;
		const numbers = unpackAscending(this.#packed.get(group) ?? '') ?? [];
		const unpacked = new Map(
			numbers.map((number): [number, SeenStatus] => [Math.floor(number / 2), number % 2 === 1 ? 'basic' : 'settled']),
		);
		this.#open.set(group, unpacked);
		return unpacked;
	}
}
