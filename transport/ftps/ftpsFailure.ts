import { FTPError } from 'basic-ftp';

import { networkWords } from '../networkWords';
import { IN_USE_TEXT, isForNow, NOT_NOW_ADVICE } from '../serverWords';
import { TransportError, type TransportErrorCode, type TransportErrorFields } from '../transportError';
import { BurstFailure } from './commandBurst';
import { safeLine, type Secrets } from './serverText';

/**
 * Where a control connection is when something fails; the same reply means different things in each.
 * `data` = a data connection is being opened, `transfer` = bytes are on their way.
 */
export type FtpsPhase = 'connect' | 'tls' | 'greeting' | 'auth' | 'login' | 'request' | 'data' | 'transfer';

export interface FailureContext {
	/** `host:port`. */
	readonly server: string;
	readonly mode: 'ftpsImplicit' | 'ftpsExplicit';
	readonly secrets: Secrets;
	readonly phase: FtpsPhase;
	readonly path?: string | undefined;
	/** Of the certificate that the server showed, when it got that far. */
	readonly fingerprint?: string | undefined;
}

/** Node's names for what is wrong with a certificate (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_REASONS: ReadonlyMap<string, string> = new Map([
	['DEPTH_ZERO_SELF_SIGNED_CERT', 'it is self-signed'],
	['SELF_SIGNED_CERT_IN_CHAIN', 'it is signed by a CA that is not trusted here'],
	['UNABLE_TO_GET_ISSUER_CERT', 'it is signed by a CA that is not trusted here'],
	['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'it is signed by a CA that is not trusted here'],
	[
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
		'it is signed by a CA that is not trusted here, or an intermediate certificate is not sent',
	],
	['CERT_UNTRUSTED', 'it is signed by a CA that is not trusted here'],
	['CERT_HAS_EXPIRED', 'it has expired'],
	['CERT_NOT_YET_VALID', 'it is not valid yet'],
	['CERT_REVOKED', 'it is revoked'],
	['CERT_REJECTED', 'it is rejected'],
	['CERT_SIGNATURE_FAILURE', 'its signature is wrong'],
	['CERT_CHAIN_TOO_LONG', 'its chain is too long'],
	['INVALID_CA', 'a certificate in its chain is not a CA'],
	['PATH_LENGTH_EXCEEDED', 'its chain is longer than its CA allows'],
	['INVALID_PURPOSE', 'it is not meant for servers'],
	['HOSTNAME_MISMATCH', 'it is for another host name'],
	['ERR_TLS_CERT_ALTNAME_INVALID', 'it is for another host name'],
	['ERR_TLS_CERT_ALTNAME_FORMAT', 'its host names cannot be read'],
	['CA_MD_TOO_WEAK', 'its CA signs with a weak hash'],
	['CA_KEY_TOO_SMALL', 'the key of its CA is too small'],
	['EE_KEY_TOO_SMALL', 'its key is too small'],
]);

const NETWORK_CODES: ReadonlyMap<string, TransportErrorCode> = new Map([
	['ENOTFOUND', 'unreachable'],
	['EAI_AGAIN', 'unreachable'],
	['EAI_FAIL', 'unreachable'],
	['ECONNREFUSED', 'unreachable'],
	['EHOSTUNREACH', 'unreachable'],
	['ENETUNREACH', 'unreachable'],
	['EHOSTDOWN', 'unreachable'],
	['ENETDOWN', 'unreachable'],
	['EADDRNOTAVAIL', 'unreachable'],
	['EACCES', 'unreachable'],
	['EPERM', 'unreachable'],
	['ETIMEDOUT', 'timeout'],
	['ECONNRESET', 'connection-lost'],
	['ECONNABORTED', 'connection-lost'],
	['EPIPE', 'connection-lost'],
	['ERR_STREAM_PREMATURE_CLOSE', 'connection-lost'],
	['ERR_STREAM_DESTROYED', 'connection-lost'],
	['ERR_SOCKET_CLOSED', 'connection-lost'],
]);

/** How servers say that they take no more of us: ProFTPD `MaxClients…` answers 530 with such a text, not 421. */
const LIMIT_TEXT =
	/too many|maximum|max(?:imum)? number|limit (?:of|reached|exceeded)|connections? (?:limit|exceeded)|already connected/iu;
/** "Maximum login attempts exceeded" is no limit that waiting mends. */
const FAILED_LOGIN_TEXT = /attempt|incorrect|invalid|wrong|fail/iu;
/** The password was right, and the server could not go on: vsftpd's words for a fault of its own, IIS's for a home that is not there. */
const SERVER_FAULT_TEXT = /\boops\b|\bhome directory\b/iu;
const SESSION_TEXT = /\b(?:session|re-?use|resum)|\b(?:tls|ssl)\b/iu;
const MISSING_TEXT =
	/no such|not found|(?:does ?n[o']t|does not) exist|cannot find|can't find|nonexist|unknown (?:file|directory)/iu;
const NOT_A_FILE_TEXT = /not a (?:regular|plain|normal)? ?file|is a directory|only retrieve regular files/iu;
/** What waiting mends, although a 550 says it. */
const TOO_MANY_TEXT = /\btoo many\b/iu;
const DENIED_TEXT = /permission|denied|not permitted|forbidden|not allowed|unauthori[sz]ed|privilege/iu;

/** Replies about the path itself (RFC 959 section 4.2.2). */
const PATH_REPLIES: ReadonlySet<number> = new Set([550, 551, 553]);
/** "File unavailable (e.g., file busy)": it is there and will be to be had. Only a text that tells otherwise is believed. */
const FILE_BUSY = 450;
const CLOSING = 421;

function codeOf(error: unknown): string {
	if (typeof error !== 'object' || error === null || !('code' in error)) return '';
	return typeof error.code === 'string' ? error.code : '';
}

function textOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

const TELLING_TEXTS = [
	IN_USE_TEXT,
	TOO_MANY_TEXT,
	MISSING_TEXT,
	NOT_A_FILE_TEXT,
	DENIED_TEXT,
	SESSION_TEXT,
	LIMIT_TEXT,
];

/**
 * Reply texts quote the path, and a path may hold any word: where it holds one that decides something, it is cut out.
 * Only there, because cutting "a" out of every text would leave none that can be read.
 */
function withoutPath(reply: string, path: string | undefined): string {
	if (path === undefined || !TELLING_TEXTS.some((text) => text.test(path))) return reply;
	const name = path.slice(path.lastIndexOf('/') + 1);
	return reply.replaceAll(path, '').replaceAll(name === '' ? path : name, '');
}

/** What a reply says about the path; `undefined` when it cannot be told (vsftpd: "550 Failed to open file."). */
export function pathVerdict(reply: string, path: string | undefined): TransportErrorCode | undefined {
	const text = withoutPath(reply, path);
	if (IN_USE_TEXT.test(text) || TOO_MANY_TEXT.test(text)) return 'busy';
	if (MISSING_TEXT.test(text)) return 'not-found';
	if (NOT_A_FILE_TEXT.test(text)) return 'not-a-file';
	if (DENIED_TEXT.test(text)) return 'permission-denied';
	return undefined;
}

/** Whether this is a reply about the path that leaves open whether the path exists. */
export function isAmbiguousRefusal(error: unknown, path: string | undefined): boolean {
	return error instanceof FTPError && PATH_REPLIES.has(error.code) && pathVerdict(error.message, path) === undefined;
}

/** "Not implemented", "not recognised", "wrong parameter": the command is the problem, not the path (RFC 959). */
export const UNKNOWN_COMMAND: ReadonlySet<number> = new Set([500, 501, 502, 503, 504]);

/** Replies after which the connection is of no more use: not logged in any more, TLS session refused. */
const ENDING_REPLIES: ReadonlySet<number> = new Set([522, 530]);

/** Whether the server refused one command, whatever for, and goes on. */
export function isRefusal(error: unknown): error is FTPError {
	return error instanceof FTPError && error.code >= 400 && error.code !== CLOSING && !ENDING_REPLIES.has(error.code);
}

/** Whether the connection is still in step after this: the server refused one request and sent nothing else. */
export function isCleanRefusal(error: unknown): error is FTPError {
	return error instanceof FTPError && error.code >= 450 && !ENDING_REPLIES.has(error.code);
}

function isTlsCode(code: string): boolean {
	return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO';
}

/** Whether TLS itself failed, on our side of a connection. The server then reports no more than that it was cut off. */
export function isTlsFailure(error: unknown): boolean {
	const code = codeOf(error);
	return CERTIFICATE_REASONS.has(code) || isTlsCode(code);
}

const MESSAGES: Partial<Record<TransportErrorCode, string>> = {
	'login-failed': 'refused the login',
	unreachable: 'cannot be reached',
	timeout: 'did not answer in time',
	stalled: 'stopped sending in the middle of a transfer',
	'connection-lost': 'ended the connection',
	'certificate-untrusted': 'shows a certificate that is not trusted',
	'tls-refused': 'did not agree on TLS 1.2 or newer',
	'tls-session-refused': 'refused the TLS session of the data connection',
	busy: 'takes no more requests for now',
	'not-found': 'has no such file or directory',
	'permission-denied': 'does not allow access',
	'not-a-file': 'says that this is not a file',
	'size-mismatch': 'sent another number of bytes than it stated',
	protocol: 'answered in a way that cannot be used',
	aborted: 'was no longer asked: the request was cancelled',
	closed: 'was no longer asked: the connection was closed here',
};

/** The error for a code, its message made of the server, the path and `detail` only. */
export function ftpsError(
	code: TransportErrorCode,
	context: Pick<FailureContext, 'server' | 'path'>,
	detail?: string,
	fields: TransportErrorFields = {},
): TransportError {
	const about = context.path === undefined || context.path === '' ? '' : ` ("${context.path}")`;
	const because = detail === undefined || detail === '' ? '' : `: ${detail}`;
	return new TransportError(code, `The server ${context.server} ${MESSAGES[code] ?? code}${about}${because}`, {
		server: context.server,
		path: context.path,
		detail,
		...fields,
	});
}

function replyCode(error: FTPError, context: FailureContext): TransportErrorCode {
	const reply = error.code;
	// A password that the server repeats may hold any word, as a path may.
	const isLogin = context.phase === 'login';
	const text = isLogin ? safeLine(error.message, context.secrets) : withoutPath(error.message, context.path);
	if (reply === 421 || reply === 120) return 'busy';
	switch (context.phase) {
		case 'connect':
		case 'tls':
		case 'greeting':
			return reply < 500 || LIMIT_TEXT.test(text) || isForNow(text) ? 'busy' : 'protocol';
		case 'auth':
			return 'tls-refused';
		case 'login':
			if (SERVER_FAULT_TEXT.test(text)) return 'protocol';
			if (isForNow(text) || (LIMIT_TEXT.test(text) && !FAILED_LOGIN_TEXT.test(text))) return 'busy';
			return reply >= 500 || reply === 430 || reply === 332 ? 'login-failed' : 'busy';
		default:
			return requestCode(reply, text);
	}
}

function requestCode(reply: number, text: string): TransportErrorCode {
	// ProFTPD says "425 Unable to build data connection: Operation not permitted", vsftpd 522, FileZilla Server 425.
	if (reply === 522) return 'tls-session-refused';
	// RFC 4217: the server wants another protection level than the private one.
	if (reply === 521 || reply === 534 || reply === 536) return 'tls-refused';
	if (reply === 425 && (SESSION_TEXT.test(text) || /operation not permitted/iu.test(text)))
		return 'tls-session-refused';
	if (reply === 425 || reply === 426) return 'connection-lost';
	// Not logged in, in the middle of a session: the server forgot us, a new connection mends it.
	if (reply === 530) return 'connection-lost';
	if (PATH_REPLIES.has(reply) || reply === FILE_BUSY || reply === 451) {
		if ((reply === FILE_BUSY || reply === 451) && SESSION_TEXT.test(text)) return 'tls-session-refused';
		const verdict = pathVerdict(text, undefined);
		const isBelieved = reply !== FILE_BUSY || verdict !== 'permission-denied';
		if (verdict !== undefined && isBelieved) return verdict;
	}
	return reply < 500 ? 'busy' : 'protocol';
}

function fromReply(error: FTPError, context: FailureContext): TransportError {
	const code = replyCode(error, context);
	const said = safeLine(error.message, context.secrets);
	const detail =
		context.phase === 'auth' && code === 'tls-refused' ? `it offers no explicit TLS (AUTH TLS): ${said}` : said;
	// "has no such file or directory: 550 No such file or directory" says nothing more; the detail keeps the server's words.
	if (code === 'not-found') return ftpsError(code, context, undefined, { detail });
	const isLogin = context.phase === 'login' || context.phase === 'greeting';
	return ftpsError(code, context, detail, isLogin && isForNow(said) ? { advice: NOT_NOW_ADVICE } : {});
}

const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER|HTTP_REQUEST/u;

/** The library says so of errors of the control connection. */
const CONTROL_SOCKET = /\(control socket\)/u;

function tlsCode(code: string, text: string, phase: FtpsPhase): TransportErrorCode {
	// A session that runs and then breaks: vsftpd, when it crashes, writes "500 OOPS" past the encryption.
	if (phase !== 'tls' && CONTROL_SOCKET.test(text)) return 'connection-lost';
	const onDataConnection = phase === 'data' || phase === 'transfer';
	return onDataConnection && !NO_TLS.test(code) ? 'tls-session-refused' : 'tls-refused';
}

function tlsDetail(code: string, text: string, context: FailureContext): string {
	if (NO_TLS.test(code)) {
		if (context.phase !== 'tls') return 'it sends unencrypted data on an encrypted connection';
		return context.mode === 'ftpsImplicit'
			? 'it speaks no TLS at once on this port; it may be an explicit FTPS port (usually 21) or plain FTP'
			: 'it speaks no TLS after AUTH TLS';
	}
	if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_PROTOCOLS/u.test(code)) {
		return 'it offers only TLS versions older than 1.2';
	}
	if (/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS/u.test(code)) return 'no cipher in common';
	return safeLine(/^[A-Z0-9_]+$/u.test(code) ? code : text, context.secrets);
}

/** The library's words for a connection that just ended: they say no more than that it did. */
const FIN_TEXT = /FIN packet|^Server closed connection unexpectedly/u;

/** The library tells these by words only. */
function fromWords(text: string, context: FailureContext): TransportErrorCode {
	if (/^Timeout when trying to open data connection/u.test(text)) return 'timeout';
	if (/^Timeout/u.test(text)) return context.phase === 'transfer' ? 'stalled' : 'timeout';
	if (/closed|FIN packet|premature|disconnected|hang up|Data connection is not open/iu.test(text))
		return 'connection-lost';
	return 'protocol';
}

/**
 * Maps whatever the library, TLS or the socket threw. The result carries none of it but what is listed in
 * `TransportErrorFields`: their own errors may hold the connection, and with it the password.
 */
export function ftpsFailure(error: unknown, context: FailureContext): TransportError {
	if (error instanceof TransportError) return error;
	if (error instanceof FTPError) return fromReply(error, context);
	// The connection is ended for it, and another one may do better.
	if (error instanceof BurstFailure) return ftpsError('connection-lost', context, error.message);
	const code = codeOf(error);
	const text = textOf(error);
	const certificate = CERTIFICATE_REASONS.get(code);
	if (certificate !== undefined) {
		const detail =
			context.fingerprint === undefined ? certificate : `${certificate}; its fingerprint is ${context.fingerprint}`;
		return ftpsError('certificate-untrusted', context, detail, {
			fingerprint: context.fingerprint,
			detail: certificate,
		});
	}
	if (isTlsCode(code)) {
		return ftpsError(tlsCode(code, text, context.phase), context, tlsDetail(code, text, context));
	}
	const network = NETWORK_CODES.get(code);
	if (network !== undefined) return ftpsError(network, context, networkDetail(code, network, context));
	return ftpsError(
		fromWords(text, context),
		context,
		FIN_TEXT.test(text) ? undefined : safeLine(text, context.secrets),
	);
}

function networkDetail(code: string, network: TransportErrorCode, context: FailureContext): string {
	const words = networkWords(code) ?? code;
	if (context.phase === 'data' && network !== 'connection-lost') {
		return `${words} on the data connection; a firewall may block the server's passive ports`;
	}
	if (context.phase === 'tls' && network === 'connection-lost') return `${words} during the TLS handshake`;
	return words;
}
