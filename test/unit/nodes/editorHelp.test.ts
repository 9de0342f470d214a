import type { ICredentialTestFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { beforeEach, describe, expect, it } from 'vitest';

import { eightByEightConnectionTest } from '../../../nodes/connection/credentialTest';
import { searchIndexFiles } from '../../../nodes/form/indexFileSearch';
import { TransportError } from '../../../transport/transportError';
import { MemoryStore } from './memoryStore';
import { credential } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

beforeEach(() => {
	store = new MemoryStore();
});

async function connectionTest(changes: object = {}): Promise<{ status: string; message: string }> {
	const decrypted = { id: '1', name: 'Tenant', type: 'eightByEightSftpApi', data: { ...credential, ...changes } };
	return await eightByEightConnectionTest.call({} as ICredentialTestFunctions, decrypted);
}

describe('the connection test', () => {
	it('says how many days the index has, and the newest', async () => {
		store
			.put('Index/I20261120.csv', '')
			.put('Index/I20261121.csv', '')
			.put('Index/I20261121_version2.csv', '')
			.put('S20261121/x.wav', '');
		expect(await connectionTest()).toEqual({
			status: 'OK',
			message: 'Connected: index of 2 days, newest I20261121.csv',
		});
		expect(store.closed).toBe(true);
	});

	it('is content with day directories alone', async () => {
		store.put('S20261121/x.wav', '');
		expect((await connectionTest()).message).toContain(
			'Connected: 1 day directory, newest S20261121, no Index directory',
		);
		store.put('S20261120/x.wav', '');
		expect(await connectionTest()).toMatchObject({
			status: 'OK',
			message: expect.stringContaining('2 day directories, newest S20261121'),
		});
	});

	it('passes a tenant whose Index has nothing in it yet, and no directory that shows nothing of a tenant', async () => {
		store.put('Index/readme.txt', '');
		expect(await connectionTest()).toEqual({
			status: 'OK',
			message: 'Connected: no index file in Index, and no day directories yet (America/Los_Angeles)',
		});
		store = new MemoryStore().put('acme/Index/I20261121.csv', '');
		expect(await connectionTest()).toEqual({
			status: 'Error',
			message: expect.stringContaining(
				"the login directory holds neither an Index directory nor day directories such as S20160607. Check 'Tenant Directory'",
			),
		});
	});

	it.each([
		['the newest index', 'Index/I20261121.csv'],
		['a recording, where there is no index', 'S20261121/R202611210130000001.wav'],
	])('reads a byte of %s', async (_what, path) => {
		store.put(path, 'bytes');
		expect(await connectionTest()).toMatchObject({ status: 'OK' });
		expect(store.requests.filter((request) => request.startsWith('read '))).toEqual([`read ${path}`]);
	});

	it('passes when one file is refused and the next is not', async () => {
		store.put('Index/I20261120.csv', 'bytes').put('Index/I20261121.csv', 'bytes');
		store.failures.set('read Index/I20261121.csv', [new TransportError('permission-denied', 'no')]);
		expect(await connectionTest()).toMatchObject({ status: 'OK' });
	});

	it.each(['permission-denied', 'not-found', 'protocol'] as const)(
		'does not pass on a server that lists its files and refuses to read them (%s)',
		async (code) => {
			for (const day of ['18', '19', '20', '21']) {
				store.put(`Index/I202611${day}.csv`, 'bytes');
				store.failures.set(`read Index/I202611${day}.csv`, [new TransportError(code, 'Refused.')]);
			}
			expect(await connectionTest()).toEqual({
				status: 'Error',
				message:
					"Connected, and the directories can be listed, but 'Index/I20261121.csv' cannot be read: Refused. Ask the operator of the server to let this account read the files.",
			});
		},
	);

	it('tells a connection that breaks while it reads as such', async () => {
		store.put('Index/I20261121.csv', 'bytes');
		store.failures.set('read Index/I20261121.csv', [new TransportError('connection-lost', 'The connection ended.')]);
		expect(await connectionTest()).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('The connection ended') as string,
		});
	});

	it('does not pass for a directory that is no tenant, or is not there', async () => {
		store.put('photos/cat.jpg', '');
		expect(await connectionTest()).toMatchObject({
			status: 'Error',
			message: expect.stringContaining("Check 'Tenant Directory'"),
		});
		store.failures.set('list ', [new TransportError('not-found', 'no such directory')]);
		expect(await connectionTest({ tenantDirectory: 'acme' })).toMatchObject({
			status: 'Error',
			message: expect.stringContaining("'acme' is not on the server"),
		});
	});

	it.each([
		[{ tenantTimeZone: 'PST' + '9' }, "'PST9' is not an IANA time zone"],
		[{ tenantTimeZone: '' }, 'No time zone is given'],
		[{ host: '' }, 'The credential has no Host'],
		[{ username: '' }, 'The credential has no Tenant Name'],
		[{ password: '' }, 'The credential has no SFTP Password'],
		[{ protocol: 'sftp', password: '' }, 'The credential has no SFTP Password or Private Key'],
		[{ port: 99_999 }, 'The port in the credential is not a number from 1 to 65535'],
	])('names what is missing in %j', async (changes, message) => {
		expect(await connectionTest(changes)).toMatchObject({ status: 'Error', message: expect.stringContaining(message) });
		expect(store.requests).toEqual([]);
	});

	it('says what to do about a refused login, without the password', async () => {
		store.failures.set('list ', [
			new TransportError('login-failed', 'The server refused the login.', { server: '127.0.0.1:990' }),
		]);
		const { status, message } = await connectionTest();
		expect(status).toBe('Error');
		expect(message).toMatch(/^The server refused the login\. Check 'Tenant Name' and 'SFTP Password'/);
		expect(message).not.toContain('canary-password');
	});
});

describe('the list of index files', () => {
	const context = {
		getCredentials: async () => credential,
		getNode: () => ({ name: 'List' }),
	} as unknown as ILoadOptionsFunctions;

	it('shows the newest first, how large and from when in tenant time, and finds by any part of the name', async () => {
		store
			.put('Index/I20261120.csv', '')
			.put('Index/I20261121_version2.csv', 'twelve bytes')
			.put('Index/I20261121.csv', Buffer.alloc(2_048))
			.put('Index/notes.txt', '');
		expect(await searchIndexFiles.call(context)).toEqual({
			results: [
				{ name: '2026-11-21, 2.0 KB, written 1969-12-31 16:00', value: 'Index/I20261121.csv' },
				{
					name: '2026-11-21 (detailed), 12 bytes, written 1969-12-31 16:00',
					value: 'Index/I20261121_version2.csv',
				},
				{ name: '2026-11-20, 0 bytes, written 1969-12-31 16:00', value: 'Index/I20261120.csv' },
			],
		});
		expect((await searchIndexFiles.call(context, '11-20')).results).toHaveLength(1);
		expect((await searchIndexFiles.call(context, 'VERSION2')).results).toHaveLength(1);
	});

	it('says what is wrong when the server cannot be asked', async () => {
		store.failures.set('list ', [
			new TransportError('unreachable', 'The server cannot be reached', { server: '127.0.0.1:22' }),
		]);
		await expect(searchIndexFiles.call(context)).rejects.toMatchObject({
			message: 'The server cannot be reached',
			description: expect.stringContaining('Port 22 is the usual one of SFTP'),
		});
	});
});
