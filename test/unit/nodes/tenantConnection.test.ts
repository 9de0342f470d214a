import { describe, expect, it } from 'vitest';

import { EightByEightSftpApi } from '../../../credentials/EightByEightSftpApi.credentials';
import { tenantConnection } from '../../../nodes/connection/tenantConnection';

const login = { host: 'sftp.example.com', platform: 'custom', username: 'acme', password: 'secret' };

const connectionsOf = (protocol: string, maxConnections: unknown): number =>
	tenantConnection({ ...login, protocol, maxConnections: maxConnections as number }).settings.maxConnections;

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
