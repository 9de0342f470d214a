import type { IExecuteFunctions } from 'n8n-workflow';

import { AdaptiveLimit } from '../../transport/adaptiveLimit';
import { ExplainedError } from '../../tenant/explainedError';
import { isEmptyValue } from '../form/emptyValue';
import { optionChoice } from '../form/optionChoice';
import type { TenantSession } from '../connection/tenantSession';
import type { Mp3Options } from '../../audio/mp3Plan';
import type { DownloadOptions } from './downloadFile';

const MEGABYTE = 1_048_576;
/** SFTP interleaves files on a connection: with eight of them its window is full across an ocean. */
const FILES_PER_SFTP_CONNECTION = 8;
/** Bytes up to which a file counts as a quarter of one. */
const QUARTER_BYTES = 65_536;
/** Files in flight to begin with; from there on their number follows what helps. */
const FIRST_FILES = 16;

/** A number of the options, or its default where it is empty; anything but a number of at least `least` is told. */
function numberOption(
	context: IExecuteFunctions,
	name: string,
	label: string,
	itemIndex: number,
	fallback: number,
	least: number,
): number {
	const value: unknown = context.getNodeParameter(`options.${name}`, itemIndex, fallback);
	const number = isEmptyValue(value) ? fallback : Number(value);
	if (Number.isFinite(number) && number >= least) return number;
	throw new ExplainedError(
		`'${String(value)}' in '${label}' is not a number of at least ${least}`,
		`Correct '${label}' in the options, or remove it.`,
	);
}

/** New attempts after a failure without progress; one number for the whole run, from the first item. */
export function retriesOf(context: IExecuteFunctions): number {
	return Math.floor(numberOption(context, 'retries', 'Retries', 0, 5, 0));
}

/** Milliseconds; one number for the whole run, from the first item. */
export function stallTimeoutOf(context: IExecuteFunctions): number {
	return numberOption(context, 'stallTimeout', 'Stall Timeout', 0, 30, 1) * 1_000;
}

export interface FilesInFlight {
	readonly limit: AdaptiveLimit;
	/** What a file of so many bytes counts as in the limit. */
	readonly shareOf: (bytes: number | undefined) => number;
}

/**
 * How many files to have in flight: found out on the way, capped by what the user and the credential allow. Over SFTP small
 * files count as quarters, since an ocean keeps them waiting for their round trips; a number that the user gave is one of files.
 */
export function filesInFlight(context: IExecuteFunctions, { isSftp, maxConnections }: TenantSession): FilesInFlight {
	const asked = Math.floor(numberOption(context, 'concurrency', 'Concurrency', 0, 0, 0));
	// One control connection carries one FTPS transfer.
	const room = isSftp ? maxConnections * FILES_PER_SFTP_CONNECTION : maxConnections;
	const most = asked === 0 ? room : Math.min(asked, room);
	const isCounted = !isSftp || asked > 0;
	return {
		limit: new AdaptiveLimit({ start: Math.min(FIRST_FILES, most), most }),
		// Quarters add up without a rest, unlike other parts.
		shareOf: (bytes) =>
			isCounted || bytes === undefined ? 1 : Math.min(4, Math.max(1, Math.ceil(bytes / QUARTER_BYTES))) / 4,
	};
}

/** What to do with an item whose file is not on the server. */
export function onMissingFileOf(context: IExecuteFunctions, itemIndex: number): 'error' | 'skip' {
	const given = context.getNodeParameter('options.onMissingFile', itemIndex, '');
	return optionChoice('On Missing File', given, ['error', 'skip']);
}

/** The binary field that an item's file is put in. */
export function binaryFieldOf(context: IExecuteFunctions, itemIndex: number): string {
	const field = String(context.getNodeParameter('binaryPropertyName', itemIndex) ?? '').trim();
	if (field !== '') return field;
	throw new ExplainedError(
		'No field is given to put the file in',
		"Fill in 'Put Output File in Field', for example with data.",
	);
}

function mp3Options(context: IExecuteFunctions, itemIndex: number): Mp3Options | undefined {
	const given = context.getNodeParameter('options.audioFormat', itemIndex, '');
	if (optionChoice('Audio Format', given, ['asRecorded', 'mp3']) !== 'mp3') return undefined;
	return {
		bitrate: numberOption(context, 'mp3Bitrate', 'MP3 Bitrate', itemIndex, 0, 0),
		isMono: context.getNodeParameter('options.mono', itemIndex, false) === true,
	};
}

/** Options of one item. */
export function readOptions(
	context: IExecuteFunctions,
	itemIndex: number,
	{ beginAbsence }: TenantSession,
): DownloadOptions {
	return {
		checksum: optionChoice('Checksum', context.getNodeParameter('options.checksum', itemIndex, ''), [
			'sha256',
			'md5',
			'none',
		]),
		verifyWav: context.getNodeParameter('options.verifyWav', itemIndex, true) !== false,
		mp3: mp3Options(context, itemIndex),
		maximumBytes: numberOption(context, 'maximumFileSize', 'Maximum File Size', itemIndex, 1_024, 0) * MEGABYTE,
		outputFileName: String(context.getNodeParameter('options.outputFileName', itemIndex, '') ?? '').trim(),
		retries: retriesOf(context),
		signal: context.getExecutionCancelSignal(),
		beginAbsence,
	};
}
