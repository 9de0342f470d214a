import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import type { ConnectionSettings } from '../../transport/connectionSettings';
import { TransportError } from '../../transport/transportError';

/** The credential type that every node of this package uses. */
export const CREDENTIAL = 'eightByEightSftpApi';

/** Ports of the protocols: implicit FTPS, FTP, SSH (IANA service names). */
export const DEFAULT_PORTS = { ftpsImplicit: 990, ftpsExplicit: 21, sftp: 22 } as const;

/**
 * Connections to begin with where the credential leaves the number to us: SFTP interleaves files on each, FTPS has one file on
 * each. Both are fewer from the server's first objection on.
 */
const AUTOMATIC_CONNECTIONS = { ftpsImplicit: 8, ftpsExplicit: 8, sftp: 4 } as const;
/** What a credential has that was saved before there was such a number. */
const USUAL_CONNECTIONS = 4;
const MOST_CONNECTIONS = 64;

type Protocol = keyof typeof DEFAULT_PORTS;

/** What a credential says: how to reach the server, and whose clock its days follow. */
export interface TenantConnection {
	readonly settings: ConnectionSettings;
	/** IANA name, not checked yet. */
	readonly timeZone: string;
}

function textOf(data: ICredentialDataDecryptedObject, property: string): string {
	const value = data[property];
	return typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
}

function missing(setting: string): TransportError {
	return new TransportError('invalid-settings', `The credential has no ${setting}`, { setting });
}

/**
 * What is pasted as a host may be the address of another program's: no server would be found by it. An IPv6 address has colons too.
 * It is not shown, since such an address may hold a password.
 */
function refuseAddress(host: string): void {
	if (!/[/@\s]|^[^:]+:\d*$/u.test(host)) return;
	throw new TransportError('invalid-settings', 'The Host in the credential is not the name of a server alone', {
		setting: 'Host',
		advice:
			"Give 'Host' the name or the IP address and nothing else, such as vcc-ftps-us1.8x8.com: no ftps:// or user name before it, no port or path behind it. The port has a field of its own.",
	});
}

/** 0 is automatic; what is no number counts as if it had been left out. */
function connectionsOf(given: unknown, protocol: Protocol): number {
	const number = Math.floor(Number(given ?? USUAL_CONNECTIONS));
	if (number === 0) return AUTOMATIC_CONNECTIONS[protocol];
	return Number.isNaN(number) ? USUAL_CONNECTIONS : Math.min(MOST_CONNECTIONS, Math.max(1, number));
}

/** A PEM that was pasted into a one-line field has lost its line breaks; keys cannot be read without them. */
function pemOf(text: string): string | undefined {
	const trimmed = text.trim().replaceAll('\\n', '\n');
	if (trimmed === '') return undefined;
	if (trimmed.includes('\n')) return `${trimmed}\n`;
	return trimmed.replace(
		/(-----BEGIN [^-]+-----)\s*([^-]+?)\s*(-----END [^-]+-----)/g,
		(_, begin: string, body: string, end: string) => {
			return `${begin}\n${body.replaceAll(/\s+/g, '\n')}\n${end}\n`;
		},
	);
}

/**
 * Reads a credential, whatever was left out of it.
 *
 * @param timeouts of the node's options, in milliseconds
 * @throws TransportError `invalid-settings` that names the field
 */
export function tenantConnection(
	data: ICredentialDataDecryptedObject,
	timeouts: { readonly stallTimeout?: number | undefined; readonly connectTimeout?: number } = {},
): TenantConnection {
	const protocol = (textOf(data, 'protocol') || 'ftpsImplicit') as Protocol;
	if (!(protocol in DEFAULT_PORTS)) {
		throw new TransportError('invalid-settings', `The credential has an unknown protocol '${protocol}'`, {
			setting: 'Protocol',
		});
	}
	const platform = textOf(data, 'platform');
	const host = protocol === 'sftp' || platform === 'custom' || platform === '' ? textOf(data, 'host').trim() : platform;
	if (host === '') throw missing('Host');
	refuseAddress(host);
	const username = textOf(data, 'username').trim();
	if (username === '') throw missing('Tenant Name');
	const port = Number(data['port'] ?? 0) || DEFAULT_PORTS[protocol];
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		throw new TransportError('invalid-settings', 'The port in the credential is not a number from 1 to 65535', {
			setting: 'Port',
		});
	}
	const common = {
		host,
		port,
		username,
		tenantDirectory: textOf(data, 'tenantDirectory').trim(),
		maxConnections: connectionsOf(data['maxConnections'], protocol),
		...timeouts,
	};
	const timeZone = textOf(data, 'tenantTimeZone').trim();
	const password = textOf(data, 'password');

	if (protocol !== 'sftp') {
		if (password === '') throw missing('SFTP Password');
		return {
			timeZone,
			settings: {
				...common,
				protocol,
				password,
				caCertificate: pemOf(textOf(data, 'caCertificate')),
				allowUnauthorizedCerts: data['allowUnauthorizedCerts'] === true,
			},
		};
	}
	const privateKey = pemOf(textOf(data, 'privateKey'));
	if (privateKey === undefined && password === '') throw missing('SFTP Password or Private Key');
	return {
		timeZone,
		settings: {
			...common,
			protocol,
			password: password === '' ? undefined : password,
			privateKey,
			passphrase: textOf(data, 'passphrase') || undefined,
			hostKeyFingerprints: textOf(data, 'hostKeyFingerprints')
				.split(/\r?\n/)
				.map((line) => line.trim())
				.filter((line) => line !== ''),
			allowUnknownHostKey: data['allowUnknownHostKey'] === true,
		},
	};
}
