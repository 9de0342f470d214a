/** Redis did not answer, or refused. Says why in one word, and never holds the library's error: that one may hold a password. */
export class RedisOutage extends Error {
	override readonly name = 'RedisOutage';

	/** Such as `ECONNREFUSED`, `WRONGPASS` or `LOADING`. */
	readonly reason: string;

	/** What has to be done when waiting cannot mend it, such as a wrong password; `undefined` when it may pass. */
	readonly remedy: string | undefined;

	constructor(reason: string) {
		super(`n8n's Redis cannot be used (${reason})`);
		this.reason = reason;
		this.remedy = REMEDIES.find(([kind]) => kind.test(reason))?.[1];
	}
}

export const NO_ANSWER = 'no answer';
const NO_REASON = 'no reason given';

/** A name that is unknown or a port where nothing listens is none of these: Redis may be starting. */
const REMEDIES: ReadonlyArray<readonly [RegExp, string]> = [
	[
		/^(?:WRONGPASS|NOAUTH|invalid password)$/u,
		'Redis refuses the password: correct QUEUE_BULL_REDIS_PASSWORD and QUEUE_BULL_REDIS_USERNAME (or the files that their _FILE variables name) of this n8n process, and start it again.',
	],
	[
		/^NOPERM$/u,
		"Let n8n's Redis user run EVAL with TIME, GET, SET, DEL, PEXPIRE and the commands of hashes and sorted sets on keys that begin with n8n: (or what N8N_REDIS_KEY_PREFIX says).",
	],
	[
		/^MOVED$/u,
		'This Redis is one of a cluster: name its nodes in QUEUE_BULL_REDIS_CLUSTER_NODES of every n8n process, and start n8n again.',
	],
	[
		/^(?:ERR_TLS_)?CERT_|^(?:DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH|CRL_)/u,
		'Redis shows a certificate that is not trusted here: set NODE_EXTRA_CA_CERTS to the file of its CA for every n8n process, or QUEUE_BULL_REDIS_TLS_SERVERNAME to the name that it holds when only the name differs, and start n8n again.',
	],
	[
		/^ERR_SSL_.*(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/u,
		'Redis and n8n do not agree on TLS: make QUEUE_BULL_REDIS_TLS and QUEUE_BULL_REDIS_PORT fit how Redis listens (n8n has no client certificate to show), and start n8n again.',
	],
];

/** Words that tell more than where they stand: scripts and clusters wrap the error of the server in one of their own. */
const KNOWN_WORD = /\b(?:WRONGPASS|NOAUTH|NOPERM|READONLY|MOVED|invalid password)\b/u;

export function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return NO_REASON;
	if ('lastNodeError' in error && error.lastNodeError instanceof Error) return reasonOf(error.lastNodeError);
	if ('code' in error && typeof error.code === 'string') return error.code;
	const word = KNOWN_WORD.exec(error.message)?.[0] ?? /^[A-Z]{3,20}\b/u.exec(error.message)?.[0];
	return word ?? (/timed out/iu.test(error.message) ? NO_ANSWER : 'not connected');
}

export function asOutage(error: unknown): RedisOutage {
	return error instanceof RedisOutage ? error : new RedisOutage(reasonOf(error));
}
