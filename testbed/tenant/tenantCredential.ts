export const CREDENTIAL_TYPE = 'eightByEightSftpApi';

export type DemoProtocol = 'ftpsImplicit' | 'ftpsExplicit' | 'sftp';

export interface TenantLogin {
	readonly host: string;
	readonly port: number;
	readonly username: string;
	readonly password: string;
	readonly tenantTimeZone: string;
}

/** A credential's fields for FTPS, with the server's private CA trusted. */
export function ftpsCredential(
	protocol: 'ftpsImplicit' | 'ftpsExplicit',
	login: TenantLogin,
	caCertificate: string,
): Record<string, unknown> {
	return {
		protocol,
		platform: 'custom',
		...login,
		caCertificate,
		allowUnauthorizedCerts: false,
		tenantDirectory: '',
		maxConnections: 4,
	};
}

/** A credential's fields for SFTP, with the server's host key pinned. */
export function sftpCredential(login: TenantLogin, hostKeyFingerprint: string): Record<string, unknown> {
	return {
		protocol: 'sftp',
		...login,
		hostKeyFingerprints: hostKeyFingerprint,
		allowUnknownHostKey: false,
		tenantDirectory: '',
		maxConnections: 4,
	};
}
