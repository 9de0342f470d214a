import { directoryNameOf, isRecordingFile, parseDirectoryName, parseRecordingName } from './remoteName';
import type { RecordingStamp } from './remoteName';
import { withoutGuard } from './spreadsheetGuard';
import { dateOfMillis } from './tenantDay';

/** Where a row says its recording lies. */
export interface RecordingPlace {
	/** `null` when the row names no recording. */
	readonly fileName: string | null;
	readonly directory: string | null;
	/** What the name says; `undefined` when it is not named like 8x8's recordings. */
	readonly stamp: RecordingStamp | undefined;
}

/**
 * The recordings that a row is about, from its FILENAME and DIRECTORY: one without a name when FILENAME holds something else, such as
 * `N/A`; several when it names several. The directory is the day directory that DIRECTORY names, or else a path before the name, or
 * else the one of the name's stamp; a recording without a stamp lies where DIRECTORY says.
 */
export function recordingPlaces(fileCell: string | undefined, directoryCell: string | undefined): RecordingPlace[] {
	const stated = dayDirectoryIn(directoryCell);
	const files = fileCell === undefined ? [] : recordingPaths(fileCell);
	if (files.length === 0) return [{ fileName: null, directory: stated ?? null, stamp: undefined }];
	return files.map((path) => {
		const fileName = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
		const stamp = parseRecordingName(fileName);
		const inPath = fileName === path ? undefined : dayDirectoryIn(path.slice(0, -fileName.length));
		const directory = stated ?? inPath ?? ofStamp(stamp) ?? otherDirectory(directoryCell);
		return { fileName, directory: directory ?? null, stamp };
	});
}

function ofStamp(stamp: RecordingStamp | undefined): string | undefined {
	return stamp === undefined ? undefined : directoryNameOf(dateOfMillis(stamp.recordedAtUtc));
}

const DAY_DIRECTORY = /(?<![A-Za-z0-9])S(\d{8})(?![A-Za-z0-9])/gi;

/** The last `Syyyymmdd` in a path, whatever stands around it. */
export function dayDirectoryIn(path: string | undefined): string | undefined {
	if (path === undefined) return undefined;
	if (path.length === 9 && path.startsWith('S') && parseDirectoryName(path) !== undefined) return path;
	const named = [...path.matchAll(DAY_DIRECTORY)].filter(([name]) => parseDirectoryName(name) !== undefined);
	const digits = named.at(-1)?.[1];
	return digits === undefined ? undefined : `S${digits}`;
}

/** What exports write in a cell where there is nothing. */
export const PLACEHOLDER = /^(?:n\/?a|null|none|nil|yes|no|[^\p{L}\p{N}]*)$/iu;

function otherDirectory(cell: string | undefined): string | undefined {
	const bare = bareText(cell ?? '').replace(/^[/\\]+|[/\\]+$/g, '');
	return PLACEHOLDER.test(bare) ? undefined : bare;
}

/** What parts names in a cell: any of these, or one alone where the others belong to the names. */
const BETWEEN_NAMES = [/[,;|\r\n]+/, /[\r\n]+/, /[|]+/, /[;]+/];

const ENDING = String.raw`\.(?:wav|mp3|ogg|m4a|gsm)`;
/** Names of 8x8's kind between characters that no name of theirs has: brackets, other quotes, a query, another name. */
const WRAPPED = new RegExp(
	`(?:(?<![\\w.-])|(?<=${ENDING}))(?:S\\d{8}[/\\\\])?R\\d{15,}${ENDING}(?=R\\d{15}|[^\\w.-]|\\.?$)`,
	'gi',
);

/** Names of recordings in a cell, with the path that stands before them. */
export function recordingPaths(cell: string): string[] {
	if (parseRecordingName(cell) !== undefined && isRecordingFile(cell)) return [cell];
	const names = namesOf(bareText(cell));
	const wrapped = cell.includes('.') ? (cell.match(WRAPPED) ?? []) : [];
	if (wrapped.length <= names.filter(isStampedPath).length) return names;
	return [...names.filter((name) => name.search(WRAPPED) === -1), ...wrapped];
}

function namesOf(text: string): string[] {
	const splits = BETWEEN_NAMES.map((between) => text.split(between).map(bareText)).filter(({ length }) => length > 1);
	const parted = splits.find((pieces) => pieces.every((piece) => PLACEHOLDER.test(piece) || namesIn(piece).length > 0));
	const names = (parted ?? splits[0] ?? [text]).flatMap(namesIn);
	// A name may hold a comma itself: what falls into pieces of which not each is a name is one, unless it is of 8x8's kind.
	const isOneName = parted === undefined && !names.some(isStampedPath) && !/[\r\n]/.test(text) && isRecordingFile(text);
	return isOneName ? [text] : names;
}

function namesIn(piece: string): string[] {
	const words = piece.split(/\s+/).map(bareText);
	const names = words.filter(isRecordingFile);
	// Blanks part names when more than one ends between them, or a name of 8x8's kind stands beside other words.
	if (names.length > 1 || names.some((name) => isStampedPath(name) && !isPathOf(piece, name))) return names;
	return isRecordingFile(piece) ? [piece] : [];
}

/** Whether a cell names a recording of 8x8's kind. */
export function isStampedCell(cell: string): boolean {
	return cell.includes('.') && recordingPaths(cell).some(isStampedPath);
}

/** Whether a path ends in a name of 8x8's kind. */
export function isStampedPath(path: string): boolean {
	return parseRecordingName(path.split(/[/\\]/).at(-1) ?? '') !== undefined;
}

/** Whether a text is one path with blanks in it that ends in the name. */
function isPathOf(text: string, name: string): boolean {
	return text === name || (text.endsWith(name) && /[/\\]/.test(name) && /^(?:[A-Za-z]:|\.{0,2})[/\\]/.test(text));
}

/** Text without guard, quotes and blanks around it. */
function bareText(text: string): string {
	let bare = withoutGuard(text.trim());
	for (;;) {
		const inside = bare.replace(/^["'\s]+|["'\s]+$/g, '');
		if (inside === bare) return bare;
		bare = inside;
	}
}
