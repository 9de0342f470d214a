import { IN_USE_TEXT } from '../serverWords';
import { TransportError, type TransportErrorCode } from '../transportError';

/** Status codes of draft-ietf-secsh-filexfer-02, section 7, the version 3 that every server speaks. */
const STATUS = { eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, noConnection: 6, connectionLost: 7 } as const;
/** Statuses of later versions (draft-ietf-secsh-filexfer-13, section 9.1), which some servers use in this one, too: Serv-U (pkg/sftp PR 62). */
const LATER_STATUS: ReadonlyMap<number, TransportErrorCode> = new Map([
	[10, 'not-found'],
	[17, 'busy'],
	[19, 'not-found'],
	[24, 'not-a-file'],
]);

const LONGEST_DETAIL = 200;
/** What servers say when a limit on sessions, open files or transfers is reached; version 3 has no status for it. */
const BUSY = /too many|limit|quota|busy|in progress|resource/iu;

/**
 * A server's or library's words as one line without control characters, at most 200 characters. `secrets` are struck
 * out: a server that was told the password can say it back.
 */
export function oneSafeLine(text: string, secrets: readonly string[]): string {
	return secrets
		.filter((secret) => secret !== '')
		.reduce((line, secret) => line.replaceAll(secret, '***'), text)
		.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
		.replace(/\s+/gu, ' ')
		.trim()
		.slice(0, LONGEST_DETAIL);
}

/** The numeric status of an answer that ssh2 hands over as an error; `undefined` when it is no answer of the server. */
export function statusOf(error: Error): number | undefined {
	const code = 'code' in error ? error.code : undefined;
	return typeof code === 'number' ? code : undefined;
}

export function isEndOfFile(error: Error): boolean {
	return statusOf(error) === STATUS.eof;
}

/** Whether the server refused without saying why: what most do for opening a directory as a file. */
export function isBareFailure(error: TransportError): boolean {
	return error.code === 'protocol' && error.detail !== undefined;
}

/** Whether the server said no without naming the path as the reason: another way of asking may be to its liking. */
export function isRefusal(error: unknown): boolean {
	return error instanceof TransportError && ['protocol', 'permission-denied', 'busy'].includes(error.code);
}

/** Whether the server's answer may be about the way in which the path was written. */
export function isPathRefusal(error: unknown): boolean {
	return error instanceof TransportError && ['not-found', 'protocol', 'permission-denied'].includes(error.code);
}

/** Whether the connection may have been dead before the request was sent. */
export function isDeath(error: unknown): boolean {
	return error instanceof TransportError && ['connection-lost', 'timeout'].includes(error.code);
}

function codeOf(error: Error): TransportErrorCode {
	const status = statusOf(error);
	if (status === STATUS.noSuchFile) return 'not-found';
	if (status === STATUS.permissionDenied) return 'permission-denied';
	if (status === STATUS.noConnection || status === STATUS.connectionLost) return 'connection-lost';
	if (status === STATUS.failure && (BUSY.test(error.message) || IN_USE_TEXT.test(error.message))) return 'busy';
	const later = LATER_STATUS.get(status ?? 0);
	if (later !== undefined) return later;
	// ssh2 answers every open request so when its channel ends.
	if (status === undefined && error.message === 'No response from server') return 'connection-lost';
	return 'protocol';
}

const SENTENCES: Partial<Record<TransportErrorCode, string>> = {
	'not-found': 'does not exist',
	'permission-denied': 'may not be read by this user',
	'connection-lost': 'was lost with the connection',
	'not-a-file': 'is a directory',
};

interface RequestContext {
	/** `host:port`. */
	readonly server: string;
	/** Relative to the tenant directory. */
	readonly path: string;
	readonly secrets: readonly string[];
}

/** What ssh2 reports for one request, as a `TransportError`. */
export function requestError(error: Error, { server, path, secrets }: RequestContext): TransportError {
	const code = codeOf(error);
	const detail = oneSafeLine(error.message, secrets);
	const subject = path === '' ? 'The tenant directory' : `"${path}"`;
	const refused = code === 'busy' ? 'was refused for now' : 'was refused';
	const sentence = SENTENCES[code] ?? `${refused} by the server: ${detail}`;
	return new TransportError(code, `${subject} ${sentence}.`, { server, path, detail });
}
