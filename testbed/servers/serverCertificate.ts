import { generate } from 'selfsigned';

const DAY_MILLISECONDS = 86_400_000;
const VALID_DAYS = 365;
const YESTERDAY_DAYS = -1;

/** Everything PEM. */
export interface ServerCertificate {
	readonly key: string;
	/** The server's certificate, signed by `caCertificate`. */
	readonly certificate: string;
	/** The self-made CA: what goes into the credential's `caCertificate`. */
	readonly caCertificate: string;
}

export interface ServerCertificateOptions {
	/** DNS names it is valid for, default `localhost`. */
	readonly dnsNames?: readonly string[] | undefined;
	/** IP addresses it is valid for, default `127.0.0.1`. */
	readonly ipAddresses?: readonly string[] | undefined;
	/** Default: yesterday, so that a clock that is a little behind accepts it. */
	readonly notBefore?: Date | undefined;
	/** Default: in a year. */
	readonly notAfter?: Date | undefined;
}

const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MILLISECONDS);

/** A new CA and a certificate of it for a server on this machine. The CA's key is forgotten. */
export async function createServerCertificate(options: ServerCertificateOptions = {}): Promise<ServerCertificate> {
	const dnsNames = options.dnsNames ?? ['localhost'];
	const ipAddresses = options.ipAddresses ?? ['127.0.0.1'];
	const validity = {
		notBeforeDate: options.notBefore ?? inDays(YESTERDAY_DAYS),
		notAfterDate: options.notAfter ?? inDays(VALID_DAYS),
	};
	const ca = await generate([{ name: 'commonName', value: 'Self-made CA for local servers' }], {
		...validity,
		algorithm: 'sha256',
		keySize: 2048,
		extensions: [
			{ name: 'basicConstraints', cA: true, critical: true },
			{ name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
		],
	});
	const server = await generate([{ name: 'commonName', value: dnsNames[0] ?? ipAddresses[0] ?? 'server' }], {
		...validity,
		algorithm: 'sha256',
		keySize: 2048,
		ca: { key: ca.private, cert: ca.cert },
		extensions: [
			{ name: 'basicConstraints', cA: false },
			{ name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
			{ name: 'extKeyUsage', serverAuth: true },
			{
				name: 'subjectAltName',
				altNames: [
					...dnsNames.map((value) => ({ type: 2 as const, value })),
					...ipAddresses.map((ip) => ({ type: 7 as const, ip })),
				],
			},
		],
	});
	return { key: server.private, certificate: server.cert, caCertificate: ca.cert };
}
