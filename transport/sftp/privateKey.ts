import { TransportError } from '../transportError';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/u;
const LEGACY_ENCRYPTION = /^\s*Proc-Type:\s*(\S+)\s+DEK-Info:\s*(\S+)\s+/u;

/**
 * The key with its line ends back. A key pasted into a one-line field arrives with spaces, or with `\n` in two
 * characters, instead; then no parser knows it. Anything that is no PEM block is returned as it is.
 */
export function restoredPrivateKey(text: string): string {
	const key = text
		.trim()
		.replace(/\\r\\n|\\n/gu, '\n')
		.replace(/\r\n?/gu, '\n');
	const [whole, label = '', body = ''] = BLOCK.exec(key) ?? [];
	if (whole === undefined) return key;
	if (body.trim().includes('\n')) return `${whole}\n`;
	const [headers, procType = '', cipher = ''] = LEGACY_ENCRYPTION.exec(body) ?? [];
	const base64 = body.slice(headers?.length ?? 0).replace(/\s+/gu, '');
	const lines = base64.match(/.{1,64}/gu) ?? [];
	const start = headers === undefined ? [] : [`Proc-Type: ${procType}`, `DEK-Info: ${cipher}`, ''];
	return [`-----BEGIN ${label}-----`, ...start, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * What ssh2 says about a key that it cannot read, as `invalid-settings`; `undefined` when the message is about something
 * else. The library's text is only recognised, never passed on.
 */
export function privateKeyError(libraryMessage: string, hasPassphrase: boolean): TransportError | undefined {
	if (!/privateKey/u.test(libraryMessage)) return undefined;
	if (!/passphrase|integrity check|decrypt/iu.test(libraryMessage)) {
		const message =
			'The private key cannot be read. Paste the whole key, from its BEGIN line to its END line, in OpenSSH or PEM format.';
		return new TransportError('invalid-settings', message, { setting: 'privateKey' });
	}
	const message = hasPassphrase
		? 'The passphrase does not open the private key.'
		: 'The private key is encrypted: give its passphrase.';
	return new TransportError('invalid-settings', message, { setting: 'passphrase' });
}
