/** How to reach a tenant's recordings. Times are milliseconds. */
interface CommonSettings {
	readonly host: string;
	readonly port: number;
	readonly username: string;
	/** Directory on the server that paths are relative to; empty = the login directory. */
	readonly tenantDirectory: string;
	/** Most connections open at once. */
	readonly maxConnections: number;
	/** For connecting and logging in, default 20 000. */
	readonly connectTimeout?: number | undefined;
	/** How long to wait for the server while a request or transfer makes no progress, default 30 000. */
	readonly stallTimeout?: number | undefined;
}

export interface FtpsSettings extends CommonSettings {
	readonly protocol: 'ftpsImplicit' | 'ftpsExplicit';
	readonly password: string;
	/** PEM of a private CA, trusted besides the public ones. */
	readonly caCertificate?: string | undefined;
	readonly allowUnauthorizedCerts: boolean;
}

export interface SftpSettings extends CommonSettings {
	readonly protocol: 'sftp';
	readonly password?: string | undefined;
	/** PEM or OpenSSH private key. */
	readonly privateKey?: string | undefined;
	readonly passphrase?: string | undefined;
	/** `SHA256:…` fingerprints or `known_hosts` lines. */
	readonly hostKeyFingerprints: readonly string[];
	readonly allowUnknownHostKey: boolean;
}

export type ConnectionSettings = FtpsSettings | SftpSettings;

/** An IPv6 address without the brackets that it wears before a port (RFC 3986 section 3.2.2); any other host as it is. */
export function bareHost(host: string): string {
	const trimmed = host.trim();
	return /^\[[\da-f:.]+(?:%[^\]]+)?\]$/iu.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}
