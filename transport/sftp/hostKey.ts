import { createHash, createHmac } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';

import type { SftpSettings } from '../connectionSettings';
import { TransportError } from '../transportError';

/**
 * Whether a server's host key is the one that the settings name. Lines may be
 *
 * - `SHA256:…` as ssh prints it, with or without padding, also a whole line of `ssh-keygen -l`
 * - `known_hosts` lines (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): host lists with `*`, `?` and `!`, `[host]:port`,
 *   hashed hosts, `@revoked`; they count only for the host and port in the settings
 * - public keys (`ssh-ed25519 AAAA…`), which count for any host
 *
 * Blank lines and comments are skipped. Certificate authorities are not supported by the SSH library, and said to be so.
 */

/** ssh2 verifies no other kinds; RSA keys are one kind with three signature algorithms (RFC 8332). */
const ALGORITHMS: ReadonlyMap<string, readonly ServerHostKeyAlgorithm[]> = new Map([
	['ssh-ed25519', ['ssh-ed25519']],
	['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
	['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
	['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
	['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']],
]);

const FINGERPRINT = /^(?:\d+\s+)?SHA256:([A-Za-z0-9+/]{43})=?(?:\s.*?)?(?:\((ED25519|ECDSA|RSA)\))?$/u;
const KEY_TYPE = /^(?:ssh-|ecdsa-sha2-|sk-)[\w.@-]+$/u;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/u;
const DEFAULT_PORT = 22;

interface Pin {
	/** `SHA256:…` without padding. */
	readonly fingerprint: string;
	/** Key types it can be of; empty = the line does not tell. */
	readonly keyTypes: readonly string[];
	readonly isRevoked: boolean;
	/**
	 * Whether a server with another key has changed its key. False for a line that names the host without this port:
	 * it can vouch for a key (as ssh does), but a second SSH server on another port may well have a key of its own.
	 */
	readonly isExact: boolean;
}

export type HostKeyVerdict =
	| { readonly isAccepted: true }
	| { readonly isAccepted: false; readonly error: TransportError; readonly canTryAnotherKey: boolean };

/** `SHA256:…` of a public key blob, without padding, as ssh prints it. */
export function fingerprintOf(key: Buffer): string {
	return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/u, '')}`;
}

/** The type inside a public key blob, for example `ssh-ed25519` (RFC 4253, 6.6). */
export function keyTypeOf(key: Buffer): string {
	if (key.length < 4) return 'unknown';
	const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
	return KEY_TYPE.test(type) ? type : 'unknown';
}

function typesNamed(name: string | undefined): readonly string[] {
	if (name === undefined) return [];
	return [...ALGORITHMS.keys()].filter((type) => type.includes(name.toLowerCase()));
}

function invalidLine(line: number, problem: string): TransportError {
	return new TransportError(
		'invalid-settings',
		`Line ${line} of the host key fingerprints cannot be used: ${problem}.`,
		{
			setting: 'hostKeyFingerprints',
		},
	);
}

/** `*` is any number of characters, `?` is one. Steps back to the last `*` only, so that no pattern takes long. */
function matchesPattern(pattern: string, name: string): boolean {
	const wanted = pattern.toLowerCase();
	let at = 0;
	let star = -1;
	let starAt = 0;
	for (let letter = 0; letter < name.length; ) {
		if (wanted[at] === '*') {
			star = at;
			starAt = letter;
			at += 1;
		} else if (wanted[at] === '?' || wanted[at] === name[letter]) {
			at += 1;
			letter += 1;
		} else if (star !== -1) {
			starAt += 1;
			at = star + 1;
			letter = starAt;
		} else {
			return false;
		}
	}
	return /^\**$/u.test(wanted.slice(at));
}

function matchesHashed(field: string, name: string): boolean {
	const [, , salt = '', hash = ''] = field.split('|');
	return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** Whether the host field of a known_hosts line names this host. A negated match wins over any other. */
function namesHost(field: string, name: string): boolean {
	if (field.startsWith('|1|')) return matchesHashed(field, name);
	const patterns = field.split(',');
	if (patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name))) return false;
	return patterns.some((pattern) => !pattern.startsWith('!') && matchesPattern(pattern, name));
}

function keyPin(type: string, base64: string, line: number, flags: Pick<Pin, 'isRevoked' | 'isExact'>): Pin {
	const key = BASE64.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0);
	if (keyTypeOf(key) !== type) throw invalidLine(line, `the key after "${type}" is not complete`);
	return { fingerprint: fingerprintOf(key), keyTypes: [type], ...flags };
}

function pinOf(text: string, line: number, server: Pick<SftpSettings, 'host' | 'port'>): Pin | undefined {
	if (text === '' || text.startsWith('#')) return undefined;
	if (/^MD5:|^(?:\d+\s+)?(?:[0-9a-f]{2}:){15}[0-9a-f]{2}/iu.test(text)) {
		throw invalidLine(line, 'it is an MD5 fingerprint, which can be forged; use the SHA256 one');
	}
	if (/^(?:\d+\s+)?SHA256:/u.test(text)) {
		const [, digest, type] = FINGERPRINT.exec(text) ?? [];
		if (digest === undefined) throw invalidLine(line, 'SHA256: must be followed by the 43 characters of a fingerprint');
		return { fingerprint: `SHA256:${digest}`, keyTypes: typesNamed(type), isRevoked: false, isExact: true };
	}
	const words = text.split(/\s+/u);
	const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
	if (marker === '@cert-authority') {
		throw invalidLine(line, 'host certificates are not supported; give the fingerprint of the host key itself');
	}
	if (marker !== undefined && marker !== '@revoked') throw invalidLine(line, 'its marker is not known');
	const isRevoked = marker === '@revoked';
	const [hosts = '', type = '', base64 = ''] = words;
	if (KEY_TYPE.test(hosts) && BASE64.test(type)) return keyPin(hosts, type, line, { isRevoked, isExact: true });
	if (!KEY_TYPE.test(type)) {
		throw invalidLine(line, 'it is neither a SHA256: fingerprint nor a known_hosts line');
	}
	const host = server.host.replace(/^\[|\]$/gu, '').toLowerCase();
	const names = server.port === DEFAULT_PORT ? [host, `[${host}]:${DEFAULT_PORT}`] : [`[${host}]:${server.port}`];
	const isExact = names.some((name) => namesHost(hosts, name));
	if (!isExact && !namesHost(hosts, host)) return undefined;
	return keyPin(type, base64, line, { isRevoked, isExact });
}

/** The host keys that the settings accept for one server. */
export class HostKeyPolicy {
	readonly #pins: readonly Pin[];

	readonly #server: string;

	readonly #acceptsAny: boolean;

	/** Key types that were refused before the server showed one that is configured. */
	#refusedTypes: readonly string[] = [];

	/** @throws {TransportError} `invalid-settings` for a line that cannot be read. */
	constructor(settings: Pick<SftpSettings, 'host' | 'port' | 'hostKeyFingerprints' | 'allowUnknownHostKey'>) {
		const lines = settings.hostKeyFingerprints.flatMap((text) => text.split(/\r\n|\r|\n/u));
		this.#pins = lines.flatMap((text, index) => pinOf(text.trim(), index + 1, settings) ?? []);
		this.#server = `${settings.host}:${settings.port}`;
		this.#acceptsAny = settings.allowUnknownHostKey;
	}

	/**
	 * Host key algorithms to offer. SSH takes the first that the server has too, so those of configured keys come first:
	 * a server with three keys then shows the one that can be verified. `seen` are key types already shown and refused.
	 */
	algorithms(seen: readonly string[] = []): ServerHostKeyAlgorithm[] {
		const known = new Set(this.#pins.filter((pin) => !pin.isRevoked).flatMap((pin) => pin.keyTypes));
		const isSeen = (type: string): boolean => seen.some((one) => one === type || (isEcdsa(one) && isEcdsa(type)));
		const types = [...ALGORITHMS.keys()].filter((type) => !isSeen(type));
		const rank = (type: string): number => (this.#refusedTypes.includes(type) ? 2 : known.has(type) ? 0 : 1);
		const ordered = [0, 1, 2].flatMap((wanted) => types.filter((type) => rank(type) === wanted));
		return ordered.flatMap((type) => ALGORITHMS.get(type) ?? []);
	}

	/** Has key types come last from now on, so that the server shows the one that was accepted after they were refused. */
	remember(refusedTypes: readonly string[]): void {
		if (refusedTypes.length > 0) this.#refusedTypes = refusedTypes;
	}

	/** Judges the public key blob that the server proved to hold. */
	judge(key: Buffer): HostKeyVerdict {
		const fingerprint = fingerprintOf(key);
		const type = keyTypeOf(key);
		const matching = this.#pins.filter((pin) => pin.fingerprint === fingerprint);
		if (matching.some((pin) => pin.isRevoked)) {
			return this.#refuse(
				'host-key-changed',
				fingerprint,
				`${this.#server} shows a host key that the configured ones mark as revoked: ${fingerprint} (${type}).`,
			);
		}
		if (this.#acceptsAny || matching.length > 0) return { isAccepted: true };
		const expected = this.#pins.filter((pin) => pin.isExact && !pin.isRevoked);
		if (expected.length === 0) {
			return this.#refuse(
				'host-key-unknown',
				fingerprint,
				`The host key of ${this.#server} is not known yet: ${fingerprint} (${type}).`,
			);
		}
		const message = `The host key of ${this.#server} is not one of the configured host keys: ${fingerprint} (${type}).`;
		// A bare fingerprint does not tell its key type, and a server shows only one of its keys at a time.
		const canTryAnotherKey = expected.some((pin) => pin.keyTypes.length === 0);
		return this.#refuse('host-key-changed', fingerprint, message, canTryAnotherKey);
	}

	#refuse(
		code: 'host-key-unknown' | 'host-key-changed',
		fingerprint: string,
		message: string,
		canTryAnotherKey = false,
	): HostKeyVerdict {
		const error = new TransportError(code, message, {
			server: this.#server,
			fingerprint,
			setting: 'hostKeyFingerprints',
		});
		return { isAccepted: false, error, canTryAnotherKey };
	}
}

function isEcdsa(type: string): boolean {
	return type.startsWith('ecdsa-');
}
