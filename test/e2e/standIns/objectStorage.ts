import { createHash } from 'node:crypto';
import { startHttpStandIn, type HttpStandIn, type StandInAnswer } from './httpStandIn';

export interface ObjectStorage {
	readonly server: HttpStandIn;
	/** Stored objects by `bucket/key`. */
	readonly objects: ReadonlyMap<string, Buffer>;
	/** Keys that were written, in order. */
	readonly written: readonly string[];
	/** Keys that are refused, as storage does that is full or locked. */
	readonly refused: Set<string>;
}

const xml = (status: number, text: string): StandInAnswer => ({ status, type: 'application/xml', text });

const failed = (status: number, code: string): StandInAnswer =>
	xml(status, `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);

/** S3 with path-style addresses, as far as storing goes: the bucket's location, GET of a text, and PUT with the checks that S3 makes. */
export async function startObjectStorage(accessKeyId: string): Promise<ObjectStorage> {
	const objects = new Map<string, Buffer>();
	const written: string[] = [];
	const refused = new Set<string>();
	const server = await startHttpStandIn(({ method, path, query, headers, body }) => {
		const credential = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[^/]+\/s3\/aws4_request/.exec(
			headers.authorization ?? '',
		);
		if (credential?.[1] !== accessKeyId) return failed(403, 'InvalidAccessKeyId');
		if (method === 'GET' && query.has('location')) return xml(200, '<?xml version="1.0"?><LocationConstraint/>');
		const key = path.slice(1);
		if (method === 'GET') {
			const object = objects.get(key);
			return object === undefined
				? failed(404, 'NoSuchKey')
				: { status: 200, type: 'text/csv', text: object.toString() };
		}
		if (method !== 'PUT') return failed(405, 'MethodNotAllowed');
		if (refused.has(key)) return failed(403, 'AccessDenied');
		const md5 = createHash('md5').update(body).digest('base64');
		if (headers['content-md5'] !== md5) return failed(400, 'BadDigest');
		objects.set(key, body);
		written.push(key);
		return xml(200, '');
	});
	return { server, objects, written, refused };
}
