import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import busboy from 'busboy';
import type { ReceivedRequest } from './httpStandIn';

export interface FormFile {
	readonly fileName: string;
	readonly mimeType: string;
	readonly bytes: Buffer;
}

export interface MultipartForm {
	readonly fields: ReadonlyMap<string, string>;
	readonly files: ReadonlyMap<string, FormFile>;
}

/** The parts of a `multipart/form-data` body; rejects what is none. */
export async function multipartForm(request: ReceivedRequest): Promise<MultipartForm> {
	const fields = new Map<string, string>();
	const files = new Map<string, FormFile>();
	const reads: Promise<void>[] = [];
	const parser = busboy({
		headers: { 'content-type': request.headers['content-type'] ?? '' },
		limits: { fieldSize: 10_000_000 },
	});
	parser.on('field', (name, value) => void fields.set(name, value));
	parser.on('file', (name, stream, { filename, mimeType }) => {
		reads.push(
			buffer(stream).then((bytes) => {
				files.set(name, { fileName: filename ?? '', mimeType, bytes });
			}),
		);
	});
	await new Promise<void>((resolve, reject) => {
		parser.once('error', reject);
		parser.once('close', resolve);
		Readable.from([request.body]).pipe(parser);
	});
	await Promise.all(reads);
	return { fields, files };
}
