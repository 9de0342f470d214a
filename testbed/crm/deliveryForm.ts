import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import { CALL_FIELDS, type CallField, type CallForm } from './crmCall';

const MAXIMUM_FILE_BYTES = 1024 ** 3;
const MAXIMUM_FIELD_BYTES = 1_024;
const MAXIMUM_FIELDS = 40;

/** Why a delivery is refused, with the HTTP status that says so. */
export class RefusedDelivery extends Error {
	override readonly name = 'RefusedDelivery';

	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

export interface ReceivedAudio {
	/** Temporary file, to be moved or removed by whoever called. Its name owes nothing to the form. */
	readonly file: string;
	readonly bytes: number;
	readonly sha256: string;
}

export interface DeliveryForm {
	readonly fields: CallForm;
	readonly audio: ReceivedAudio;
}

const isCallField = (name: string): name is CallField => CALL_FIELDS.some((field) => field === name);

async function storeAudio(audio: Readable, directory: string): Promise<ReceivedAudio> {
	const file = join(directory, `${randomUUID()}.part`);
	const hash = createHash('sha256');
	let bytes = 0;
	const measure = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			hash.update(chunk);
			bytes += chunk.length;
			done(null, chunk);
		},
	});
	return await pipeline(audio, measure, createWriteStream(file, { flags: 'wx' })).then(
		() => ({ file, bytes, sha256: hash.digest('hex') }),
		async (error: unknown) => {
			await rm(file, { force: true });
			throw error;
		},
	);
}

/**
 * Reads a multipart delivery, audio straight to disk. Rejects with `RefusedDelivery` for what the sender can mend, and
 * leaves no file behind when it rejects.
 */
export async function readDelivery(request: IncomingMessage, directory: string): Promise<DeliveryForm> {
	if (request.headers['content-type']?.startsWith('multipart/form-data') !== true) {
		throw new RefusedDelivery(415, 'Send the call as multipart/form-data');
	}
	const fields: Partial<Record<CallField, string>> = {};
	let stored: Promise<ReceivedAudio> | undefined;
	let refused: RefusedDelivery | undefined;
	const form = busboy({
		headers: request.headers,
		limits: { files: 1, fileSize: MAXIMUM_FILE_BYTES, fields: MAXIMUM_FIELDS, fieldSize: MAXIMUM_FIELD_BYTES },
	});
	form.on('field', (name, value, info) => {
		if (info.valueTruncated)
			refused = new RefusedDelivery(413, `The field "${name}" is longer than ${MAXIMUM_FIELD_BYTES} bytes`);
		if (isCallField(name)) fields[name] = value;
	});
	form.on('file', (_name, audio) => {
		audio.once('limit', () => {
			refused = new RefusedDelivery(413, `The audio is larger than ${MAXIMUM_FILE_BYTES} bytes`);
		});
		stored = storeAudio(audio, directory);
		// Looked at below, once the form has been read; until then a failure is not "unhandled".
		stored.catch(() => undefined);
	});
	const readError = await pipeline(request, form).then(
		() => undefined,
		(error: unknown) =>
			new RefusedDelivery(400, `The form broke off: ${error instanceof Error ? error.message : 'unknown'}`),
	);
	const audio = await stored?.catch(() => undefined);
	const problem =
		refused ?? readError ?? (audio === undefined ? new RefusedDelivery(400, 'The form has no audio file') : undefined);
	if (problem === undefined && audio !== undefined) return { fields, audio };
	if (audio !== undefined) await rm(audio.file, { force: true });
	throw problem ?? new RefusedDelivery(400, 'The form has no audio file');
}
