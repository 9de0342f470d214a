/**
 * What went wrong on the way to the server. The set is closed, so that the nodes can say for each what to do next.
 *
 * - `login-failed`: the server refused user name, password or key
 * - `unreachable`: no connection (name not found, refused, no route)
 * - `timeout`: the server did not answer in time while connecting or on a request
 * - `stalled`: a transfer stopped moving while we waited for the server
 * - `connection-lost`: an open connection ended
 * - `host-key-unknown`: SFTP, no fingerprint is configured (`fingerprint` tells the server's)
 * - `host-key-changed`: SFTP, the key matches none of the configured fingerprints
 * - `certificate-untrusted`: FTPS, the certificate does not verify
 * - `tls-refused`: FTPS, no TLS >= 1.2 could be agreed on, or the server speaks no TLS there
 * - `tls-session-refused`: FTPS, the server refused the data connection's TLS session
 * - `busy`: the server has too many connections or open files for now
 * - `not-found`, `permission-denied`, `not-a-file`: about the path
 * - `illegal-path`: the path was refused before anything was sent
 * - `size-mismatch`: the bytes received are not the size that the server stated
 * - `invalid-settings`: a key, fingerprint or certificate in the settings cannot be read
 * - `protocol`: anything else that the server answered
 * - `aborted`: the caller's signal; `closed`: the store was closed
 */
export type TransportErrorCode =
	| 'login-failed'
	| 'unreachable'
	| 'timeout'
	| 'stalled'
	| 'connection-lost'
	| 'host-key-unknown'
	| 'host-key-changed'
	| 'certificate-untrusted'
	| 'tls-refused'
	| 'tls-session-refused'
	| 'busy'
	| 'not-found'
	| 'permission-denied'
	| 'not-a-file'
	| 'illegal-path'
	| 'size-mismatch'
	| 'invalid-settings'
	| 'protocol'
	| 'aborted'
	| 'closed';

/** Codes that a new attempt can mend. Logins are not among them: servers lock accounts. */
const TRANSIENT: ReadonlySet<TransportErrorCode> = new Set([
	'unreachable',
	'timeout',
	'stalled',
	'connection-lost',
	'busy',
	'size-mismatch',
	'tls-session-refused',
]);

export interface TransportErrorFields {
	/** `host:port` of the server. */
	readonly server?: string | undefined;
	readonly path?: string | undefined;
	/** `SHA256:…` of the host key, or of the certificate. */
	readonly fingerprint?: string | undefined;
	/** What the server or the library said, one line, already free of secrets. */
	readonly detail?: string | undefined;
	/** Extra words for people, for example which setting cannot be read. */
	readonly setting?: string | undefined;
	/** What to do next, where the code alone does not tell. */
	readonly advice?: string | undefined;
	/** Another attempt would only repeat it, whatever the code. */
	readonly isFinal?: boolean | undefined;
}

/**
 * The only error that leaves this room. It carries the fields below and nothing else: never the library's own error,
 * which may hold the connection and with it the password (ssh2-sftp-client issue 484, basic-ftp GHSA-r4jh-29pc-gfqr).
 */
export class TransportError extends Error {
	override readonly name = 'TransportError';

	readonly code: TransportErrorCode;

	readonly server: string | undefined;

	readonly path: string | undefined;

	readonly fingerprint: string | undefined;

	readonly detail: string | undefined;

	readonly setting: string | undefined;

	readonly advice: string | undefined;

	readonly isFinal: boolean;

	constructor(code: TransportErrorCode, message: string, fields: TransportErrorFields = {}) {
		super(message);
		this.code = code;
		this.server = fields.server;
		this.path = fields.path;
		this.fingerprint = fields.fingerprint;
		this.detail = fields.detail;
		this.setting = fields.setting;
		this.advice = fields.advice;
		this.isFinal = fields.isFinal ?? false;
	}

	/** Whether trying again can help. */
	get isTransient(): boolean {
		return !this.isFinal && TRANSIENT.has(this.code);
	}
}
