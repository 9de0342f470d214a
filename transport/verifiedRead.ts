import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

import { TransportError } from './transportError';

export interface Verification {
	readonly path: string;
	/** The file's size as the server states it. */
	readonly size: number;
	readonly checksum: 'sha256' | 'md5' | 'none';
	/** Sees all bytes as they pass, with the offset of the first; their memory is used again afterwards. */
	readonly look?: (from: number, bytes: Uint8Array) => void;
	/** Judges the whole transfer before it counts; throws to refuse it. */
	readonly check?: () => void;
}

/**
 * Passes bytes on and ends cleanly only when the file is whole: as many bytes as the server stated, and nothing that `check`
 * objects to. Whoever stores the stream stores nothing otherwise. (Libraries below end streams "cleanly" on half files:
 * basic-ftp's downloadTo ends its destination on failure, too.)
 */
export class VerifiedRead extends Transform {
	bytes = 0;

	readonly #verification: Verification;

	readonly #hash: Hash | undefined;

	#digest: string | undefined;

	constructor(verification: Verification) {
		super();
		this.#verification = verification;
		this.#hash = verification.checksum === 'none' ? undefined : createHash(verification.checksum);
	}

	/** Hexadecimal checksum, once the stream has ended; `undefined` without one. */
	get digest(): string | undefined {
		return this.#digest;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
		const from = this.bytes;
		this.bytes += chunk.length;
		const { size, path, look } = this.#verification;
		if (this.bytes > size) {
			done(mismatch(path, this.bytes, size));
			return;
		}
		this.#hash?.update(chunk);
		look?.(from, chunk);
		done(null, chunk);
	}

	override _flush(done: TransformCallback): void {
		const { size, path, check } = this.#verification;
		if (this.bytes !== size) {
			done(mismatch(path, this.bytes, size));
			return;
		}
		this.#digest = this.#hash?.digest('hex');
		try {
			check?.();
		} catch (error) {
			done(error instanceof Error ? error : new TransportError('protocol', `${path} was refused`, { path }));
			return;
		}
		done();
	}
}

function mismatch(path: string, received: number, size: number): TransportError {
	const more = received > size ? 'more than ' : '';
	return new TransportError(
		'size-mismatch',
		`${path} is ${size} bytes on the server, and ${more}${Math.min(received, size)} bytes arrived`,
		{
			path,
		},
	);
}
