import type { IExecuteFunctions } from 'n8n-workflow';

import { ExplainedError } from '../shared/nodeError';
import type { TenantSession } from '../shared/tenantSession';
import type { DownloadOptions } from './downloadFile';

const MEGABYTE = 1_048_576;
/** Files in flight over SFTP without a number from the user: they share connections, and 16 fill an ocean-wide link. */
const SFTP_FILES = 16;

/** A number of the options, or its default; anything but a number of at least `least` is told. */
function numberOption(context: IExecuteFunctions, name: string, label: string, itemIndex: number, fallback: number, least: number): number {
	const value = context.getNodeParameter(`options.${name}`, itemIndex, fallback);
	const number = Number(value);
	if (value !== '' && value !== null && Number.isFinite(number) && number >= least) return number;
	throw new ExplainedError(`'${label}' is not a number of at least ${least}`, `Correct '${label}' in the options, or remove it.`);
}

/** Options that hold for the whole run, taken from the first item. */
export function runOptions(
	context: IExecuteFunctions,
	session?: TenantSession,
): { retries: number; stallTimeout: number; concurrency: number } {
	const asked = Math.floor(numberOption(context, 'concurrency', 'Concurrency', 0, 0, 0));
	// One control connection carries one FTPS transfer.
	const automatic = session === undefined ? 1 : session.isSftp ? SFTP_FILES : session.maxConnections;
	return {
		retries: Math.floor(numberOption(context, 'retries', 'Retries', 0, 5, 0)),
		stallTimeout: numberOption(context, 'stallTimeout', 'Stall Timeout', 0, 30, 1) * 1_000,
		concurrency: asked === 0 ? automatic : asked,
	};
}

/** Options of one item. */
export function readOptions(context: IExecuteFunctions, itemIndex: number): DownloadOptions {
	return {
		checksum: context.getNodeParameter('options.checksum', itemIndex, 'sha256') as DownloadOptions['checksum'],
		verifyWav: context.getNodeParameter('options.verifyWav', itemIndex, true) !== false,
		maximumBytes: numberOption(context, 'maximumFileSize', 'Maximum File Size', itemIndex, 1_024, 0) * MEGABYTE,
		outputFileName: String(context.getNodeParameter('options.outputFileName', itemIndex, '') ?? '').trim(),
		signal: context.getExecutionCancelSignal(),
	};
}
