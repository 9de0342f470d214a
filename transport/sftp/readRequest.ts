import type { SFTPWrapper } from 'ssh2';

import { isEndOfFile } from './sftpError';

/** Bytes of the longest READ that is sent: what OpenSSH takes (sftp-common.h, SFTP_MAX_READ_LENGTH). */
export const LONGEST_READ = 261_120;

/** Where ssh2 is told to put answers; what lies in it is good until the next one. */
const passing = Buffer.alloc(LONGEST_READ);

/** One READ, of at most `LONGEST_READ` bytes. */
export interface ReadRequest {
	readonly handle: Buffer;
	readonly position: number;
	readonly length: number;
}

/** Bytes, at least one; none at the end of the file. */
export type ReadCallback = (error: Error | undefined, data: Buffer | undefined) => void;

/**
 * Sends a READ, and hands over its answer as it lies in the packet that brought it. ssh2 copies it into a buffer that the
 * caller has to allocate for each READ: an eighth of the processor time of a download. The entry for the request is
 * therefore changed to one without a buffer, which ssh2 has a way for (1.17, lib/protocol/SFTP.js, RESPONSE.DATA). On a
 * version of the library whose inside is not as we know it, the answer is copied.
 */
export function sendRead(channel: SFTPWrapper, { handle, position, length }: ReadRequest, answer: ReadCallback): void {
	channel.read(handle, passing, 0, length, position, (error, count) => {
		answer(error, count > 0 ? Buffer.from(passing.subarray(0, count)) : undefined);
	});
	const requests: unknown = Reflect.get(channel, '_requests');
	const id: unknown = Reflect.get(channel, '_writeReqid');
	if (!isObject(requests) || typeof id !== 'number') return;
	const request: unknown = Reflect.get(requests, id);
	if (!isObject(request)) return;
	const target: unknown = Reflect.get(request, 'buffer');
	if (!Buffer.isBuffer(target) || target.buffer !== passing.buffer) return;
	const takeAsItLies = (error: (Error & { readonly code?: unknown }) | undefined, data: unknown): void => {
		if (error !== undefined && isEndOfFile(error)) answer(undefined, undefined);
		// What a server sends beyond the bytes asked for is left where it lies, as ssh2 does.
		else answer(error, Buffer.isBuffer(data) && data.length > 0 ? data.subarray(0, length) : undefined);
	};
	Reflect.set(request, 'buffer', undefined);
	Reflect.set(request, 'cb', takeAsItLies);
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}
