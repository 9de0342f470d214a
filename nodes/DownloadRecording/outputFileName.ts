/** Characters that Windows, macOS or Linux do not take in a file name, or that mean a directory there; and control characters. */
const ILLEGAL = /[<>:"/\\|?*\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Names of devices on Windows, with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i;
/** Bytes that every usual file system takes. */
const LONGEST = 240;

/** A name that is safe to give to a file on every system: one part, nothing that steers a path, not empty. */
export function safeFileName(name: string): string {
	const safe = name
		.replace(ILLEGAL, '_')
		.replace(/^[\s.]+|[\s.]+$/g, '')
		.replace(DEVICE, '_$&');
	if (safe === '') return 'recording';
	if (Buffer.byteLength(safe) <= LONGEST) return safe;
	const ending = /\.[A-Za-z0-9]{1,8}$/.exec(safe)?.[0] ?? '';
	let stem = safe.slice(0, safe.length - ending.length);
	while (Buffer.byteLength(stem + ending) > LONGEST) stem = stem.slice(0, -1);
	return stem + ending;
}

const MIME_TYPES: Readonly<Record<string, string>> = {
	wav: 'audio/wav',
	mp3: 'audio/mpeg',
	ogg: 'audio/ogg',
	m4a: 'audio/mp4',
	gsm: 'audio/x-gsm',
	csv: 'text/csv',
	txt: 'text/plain',
	json: 'application/json',
	xml: 'application/xml',
	zip: 'application/zip',
};

/** By the ending of the name on the server: n8n cannot look into a stream. */
export function mimeTypeOf(fileName: string): string {
	const ending = /\.([A-Za-z0-9]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';
	return MIME_TYPES[ending] ?? 'application/octet-stream';
}
