import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as tls from 'node:tls';

import { bareHost, type FtpsSettings } from '../connectionSettings';
import { TransportError } from '../transportError';

const PEM_BLOCK = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----([\s\S]+?)-----END (?:TRUSTED )?CERTIFICATE-----/gu;

function invalid(detail: string): TransportError {
	return new TransportError('invalid-settings', `The CA certificate cannot be read: ${detail}.`, {
		setting: 'caCertificate',
		detail,
	});
}

/** One-line fields turn line ends into spaces or `\n`: only the Base64 between the markers counts. */
function readCertificate(base64: string): string | undefined {
	const der = Buffer.from(base64.replaceAll('\\n', '').replace(/\s+/gu, ''), 'base64');
	try {
		return new X509Certificate(der).toString();
	} catch {
		return undefined;
	}
}

/**
 * The certificates of a PEM text, one PEM each.
 * @throws {TransportError} `invalid-settings` when there is none or one cannot be read.
 */
export function readCaCertificates(pem: string): string[] {
	const blocks = [...pem.matchAll(PEM_BLOCK)].map((match) => match[1] ?? '');
	if (blocks.length === 0) throw invalid('it holds no "-----BEGIN CERTIFICATE-----" block');
	const certificates = blocks.map(readCertificate);
	const unreadable = certificates.findIndex((certificate) => certificate === undefined);
	if (unreadable !== -1) throw invalid(`certificate ${unreadable + 1} of ${blocks.length} is damaged`);
	return certificates.filter((certificate) => certificate !== undefined);
}

/** What Node trusts by default; since 22.15 it can tell, which then includes NODE_EXTRA_CA_CERTS. */
function publicCertificates(): readonly string[] {
	const since22: Pick<typeof tls, 'rootCertificates'> & { getCACertificates?: (type: 'default') => string[] } = tls;
	return since22.getCACertificates?.('default') ?? since22.rootCertificates;
}

type HighestTls = 'TLSv1.2' | 'TLSv1.3';

/** Groups for the key exchange, by OpenSSL's names. Clients begin with a key for X25519, or for one that holds it. */
const FIRST_GROUP = 'X25519';
const OTHER_GROUPS = ['P-256', 'P-384', 'P-521'] as const;
/** What `tls.TLSSocket.getEphemeralKeyInfo` calls those. */
const GROUP_NAMES: ReadonlyMap<unknown, string> = new Map([
	['prime256v1', 'P-256'],
	['secp384r1', 'P-384'],
	['secp521r1', 'P-521'],
]);

/**
 * Whom to trust. It is made once for an account: the context holds some 150 parsed certificates, and a data connection is opened
 * for every file.
 */
export class TlsTrust {
	readonly #options: tls.SecureContextOptions;
	#context: tls.SecureContext;
	#group: string | undefined;

	/** @throws {TransportError} `invalid-settings` for a CA certificate that cannot be read. */
	constructor(settings: Pick<FtpsSettings, 'caCertificate'>, maxVersion: HighestTls = 'TLSv1.3') {
		const pem = settings.caCertificate?.trim() ?? '';
		const ca = pem === '' ? {} : { ca: [...publicCertificates(), ...readCaCertificates(pem)] };
		this.#options = { ...ca, minVersion: 'TLSv1.2', maxVersion };
		this.#context = tls.createSecureContext(this.#options);
	}

	get context(): tls.SecureContext {
		return this.#context;
	}

	/**
	 * From now on begins with a key of the group that this server took. A server that takes none of those it is offered keys for asks
	 * for another (HelloRetryRequest, RFC 8446 section 4.1.4), a round trip more in each handshake: vsftpd knows P-256 alone.
	 */
	learnGroup(secured: tls.TLSSocket): void {
		if (secured.getProtocol() !== 'TLSv1.3') return;
		const info = secured.getEphemeralKeyInfo();
		const group = GROUP_NAMES.get(info !== null && 'name' in info ? info.name : undefined);
		if (group === undefined || group === this.#group) return;
		const others = [FIRST_GROUP, ...OTHER_GROUPS].filter((other) => other !== group);
		this.#group = group;
		try {
			this.#context = tls.createSecureContext({ ...this.#options, ecdhCurve: [group, ...others].join(':') });
		} catch {
			// An OpenSSL without one of them, as in FIPS mode, takes none of the list. The group costs its round trip there.
		}
	}
}

/**
 * TLS options for one control connection and its data connections, a new object each time: basic-ftp writes into it.
 * `host` has to be the same on all of them, because newer versions of Node resume a session only for the host it was
 * authenticated for (CVE-2026-48934, basic-ftp issue 282).
 */
export function tlsOptions(
	settings: Pick<FtpsSettings, 'host' | 'allowUnauthorizedCerts'>,
	trust: TlsTrust,
): tls.ConnectionOptions {
	const host = bareHost(settings.host);
	return {
		host,
		secureContext: trust.context,
		minVersion: 'TLSv1.2',
		// Said explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED=0 on the host does not switch the check off.
		rejectUnauthorized: !settings.allowUnauthorizedCerts,
		// RFC 6066 section 3: an IP address is no server name.
		...(isIP(host) === 0 ? { servername: host } : {}),
	};
}
