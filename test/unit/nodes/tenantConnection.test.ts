import { describe, expect, it } from 'vitest';

import { EightByEightSftpApi } from '../../../credentials/EightByEightSftpApi.credentials';
import { tenantConnection } from '../../../nodes/connection/tenantConnection';

const login = { host: 'sftp.example.com', platform: 'custom', username: 'acme', password: 'secret' };

const connectionsOf = (protocol: string, maxConnections: unknown): number =>
	tenantConnection({ ...login, protocol, maxConnections: maxConnections as number }).settings.maxConnections;

describe('Host', () => {
	const hostOf = (host: string): string => tenantConnection({ ...login, protocol: 'sftp', host }).settings.host;

	it.each([
		'sftp.example.com',
		' sftp.example.com ',
		'10.0.0.7',
		'::1',
		'[2001:db8::7]',
		'fe80::1%eth0',
		'bücher.example',
	])('may be %j', (host) => {
		expect(hostOf(host)).toBe(host.trim());
	});

	it.each([
		'ftps://ftps.example.com',
		'ftps.example.com:990',
		'ftps.example.com/acme',
		'ftps://acme:secret@ftps.example.com',
		'my server',
	])('is not to be %j, which no server would be found by', (host) => {
		expect(() => hostOf(host)).toThrow(
			expect.objectContaining({
				code: 'invalid-settings',
				message: 'The Host in the credential is not the name of a server alone',
				advice: expect.stringContaining('no ftps:// or user name before it, no port or path behind it') as string,
			}) as Error,
		);
	});
});

describe('Tenant Name', () => {
	it('is taken without the blanks that came with it from somewhere else', () => {
		const { settings } = tenantConnection({ ...login, protocol: 'ftpsImplicit', username: ' acme\n' });
		expect(settings.username).toBe('acme');
	});
});

describe('Max Connections', () => {
	it('is automatic in a new credential: up to 4 over SFTP, up to 8 over FTPS', () => {
		const field = new EightByEightSftpApi().properties.find(({ name }) => name === 'maxConnections');
		expect(field?.default).toBe(0);
		expect(['sftp', 'ftpsImplicit', 'ftpsExplicit'].map((protocol) => connectionsOf(protocol, 0))).toEqual([4, 8, 8]);
		expect(connectionsOf('ftpsImplicit', '0')).toBe(8);
	});

	it.each([
		[1, 1],
		[4, 4],
		['16', 16],
		[2.9, 2],
		[-3, 1],
		[1_000, 64],
	])('of a saved credential counts as it stands: %s', (given, connections) => {
		expect(connectionsOf('ftpsImplicit', given)).toBe(connections);
	});

	it('of a credential saved without it, or with no number in it, stays 4', () => {
		expect(connectionsOf('ftpsImplicit', undefined)).toBe(4);
		expect(connectionsOf('ftpsImplicit', 'many')).toBe(4);
	});
});
