import type { Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

const FTPS = ['ftpsImplicit', 'ftpsExplicit'];

/** Hosts that 8x8's support page names for each region ("Access agent recorded calls", support-portal.8x8.com). */
const PLATFORMS = [
	{ name: 'Canada (vcc-ftps-ca1)', value: 'vcc-ftps-ca1.8x8.com' },
	{ name: 'Other Host', value: 'custom' },
	{ name: 'United Kingdom (vcc-ftps-uk2)', value: 'vcc-ftps-uk2.8x8.com' },
	{ name: 'United Kingdom (vcc-ftps-uk3)', value: 'vcc-ftps-uk3.8x8.com' },
	{ name: 'United States East (vcc-ftps-us2)', value: 'vcc-ftps-us2.8x8.com' },
	{ name: 'United States West (vcc-ftps-us1)', value: 'vcc-ftps-us1.8x8.com' },
];

// Neither is a secret: masked, a certificate could not be checked by eye, and n8n would hand the editor a mask in place of the
// switch's value. They stand by themselves so that what their names suggest is judged here, once.
const caCertificate: INodeProperties = {
	displayName: 'CA Certificate',
	name: 'caCertificate',
	type: 'string',
	typeOptions: { rows: 4 },
	displayOptions: { show: { protocol: FTPS } },
	default: '',
	placeholder: '-----BEGIN CERTIFICATE-----',
	description:
		'Certificate of a private authority in PEM format, trusted besides the public ones. Not needed for the servers of 8x8.',
};

const allowUnauthorizedCerts: INodeProperties = {
	displayName: 'Ignore SSL Issues (Insecure)',
	name: 'allowUnauthorizedCerts',
	type: 'boolean',
	displayOptions: { show: { protocol: FTPS } },
	default: false,
	description:
		'Whether to connect even if the certificate cannot be verified. Anybody on the way could then pose as the server.',
};

export class EightByEightSftpApi implements ICredentialType {
	name = 'eightByEightSftpApi';

	displayName = '8x8 Recordings SFTP API';

	documentationUrl =
		'https://github.com/n8n-nodes-8x8-recordings/n8n-nodes-8x8-recordings/blob/main/docs/credentials.md';

	icon: Icon = { light: 'file:../nodes/form/recordings.svg', dark: 'file:../nodes/form/recordings.dark.svg' };

	properties: INodeProperties[] = [
		{
			displayName: 'Protocol',
			name: 'protocol',
			type: 'options',
			options: [
				{ name: "FTPS, Implicit TLS (8x8's Own Servers)", value: 'ftpsImplicit' },
				{ name: 'FTPS, Explicit TLS', value: 'ftpsExplicit' },
				{ name: 'SFTP (SSH, for Mirrors of the Recordings)', value: 'sftp' },
			],
			default: 'ftpsImplicit',
			description: '8x8 calls the password "SFTP Password", but its servers speak FTPS: implicit TLS on port 990',
		},
		{
			displayName: 'Platform',
			name: 'platform',
			type: 'options',
			displayOptions: { show: { protocol: FTPS } },
			options: PLATFORMS,
			default: 'vcc-ftps-us1.8x8.com',
			description:
				'The 8x8 platform of the tenant. Choose Other Host for a region that is not listed, or for a mirror.',
		},
		{
			displayName: 'Host',
			name: 'host',
			type: 'string',
			required: true,
			displayOptions: { show: { protocol: FTPS, platform: ['custom'] } },
			default: '',
			placeholder: 'e.g. recordings.example.com',
			description: 'Name or address of the server',
		},
		{
			displayName: 'Host',
			name: 'host',
			type: 'string',
			required: true,
			displayOptions: { show: { protocol: ['sftp'] } },
			default: '',
			placeholder: 'e.g. recordings.example.com',
			description: 'Name or address of the server',
		},
		...(
			[
				['ftpsImplicit', 990],
				['ftpsExplicit', 21],
				['sftp', 22],
			] as const
		).map(
			([protocol, port]): INodeProperties => ({
				displayName: 'Port',
				name: 'port',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 65535 },
				displayOptions: { show: { protocol: [protocol] } },
				default: port,
				description: `Usually ${port} for this protocol`,
			}),
		),
		{
			displayName: 'Tenant Name',
			name: 'username',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. AcmeJets',
			description: 'In 8x8 Configuration Manager under Home > Profile > Tenant Name, in the same spelling',
		},
		{
			displayName: 'SFTP Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				'In 8x8 Configuration Manager under Home > Profile > SFTP Password, set by the primary administrator',
		},
		{
			displayName: 'Private Key',
			name: 'privateKey',
			type: 'string',
			typeOptions: { password: true, rows: 4 },
			displayOptions: { show: { protocol: ['sftp'] } },
			default: '',
			placeholder: '-----BEGIN OPENSSH PRIVATE KEY-----',
			description: 'Instead of the password: a private key in PEM or OpenSSH format',
		},
		{
			displayName: 'Passphrase',
			name: 'passphrase',
			type: 'string',
			typeOptions: { password: true },
			displayOptions: { show: { protocol: ['sftp'] } },
			default: '',
			description: 'Of the private key, if it has one',
		},
		{
			displayName: 'Host Key Fingerprints',
			name: 'hostKeyFingerprints',
			type: 'string',
			typeOptions: { rows: 3 },
			displayOptions: { show: { protocol: ['sftp'] } },
			default: '',
			placeholder: 'SHA256:…',
			description:
				'Fingerprints of the server that are trusted, or lines of a known_hosts file, one a line. Leave empty and test the connection to be shown the fingerprint of the server.',
		},
		{
			displayName: 'Allow Unknown Host Key (Insecure)',
			name: 'allowUnknownHostKey',
			type: 'boolean',
			displayOptions: { show: { protocol: ['sftp'] } },
			default: false,
			description:
				'Whether to connect to a server whose key is not among the fingerprints. Anybody on the way could then pose as the server.',
		},
		caCertificate,
		allowUnauthorizedCerts,
		{
			displayName: 'Tenant Time Zone',
			name: 'tenantTimeZone',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. America/Los_Angeles',
			description:
				'IANA name of the time zone that the tenant is set to. It decides when a tenant day begins and ends.',
		},
		{
			displayName: 'Tenant Directory',
			name: 'tenantDirectory',
			type: 'string',
			default: '',
			placeholder: 'e.g. /recordings/acme',
			description:
				'The directory that holds Index and the day directories. Leave empty if that is where the login ends up, as on the servers of 8x8.',
		},
		{
			displayName: 'Max Connections',
			name: 'maxConnections',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 64 },
			default: 0,
			description:
				'Most connections that all nodes and workers together have open to this account at once. 0 is automatic: up to 4 over SFTP and up to 8 over FTPS, fewer once the server objects.',
		},
	];
}
