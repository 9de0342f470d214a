import type { ICredentialDataDecryptedObject, ICredentialTestFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Coordination } from '../../coordination/coordination';
import { REFUSED_FOR } from '../../coordination/refusedLogins';
import { RedisLink } from '../../coordination/redisLink';
import { redisSettings } from '../../coordination/redisSettings';
import { accountConnections } from '../../nodes/connection/accountConnections';
import { eightByEightConnectionTest } from '../../nodes/connection/credentialTest';
import { forgetRefusedLogin } from '../../nodes/connection/refusedLogin';
import { tenantConnection } from '../../nodes/connection/tenantConnection';
import { searchIndexFiles } from '../../nodes/form/indexFileSearch';
import { ListIndex } from '../../nodes/ListIndex/ListIndex.node';
import { RecordingTrigger } from '../../nodes/RecordingTrigger/RecordingTrigger.node';
import { openStore } from '../../transport/openStore';
import { startCountingProxy, type CountingProxy } from '../../testbed/servers/countingProxy';
import { startEmbeddedFtps } from '../../testbed/servers/embeddedFtps';
import { startEmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import { temporaryDirectory } from '../../testbed/servers/process';
import { redisHere, startRedis } from '../../testbed/servers/redis';
import { runNode } from '../unit/nodes/runNode';
import { PollingHost } from '../unit/nodes/runPoll';

const PASSWORD = 'canary-right';
const WRONG = 'canary-wrong';
const ending: Array<() => Promise<void> | void> = [];

interface Tenant {
	/** With the wrong password. */
	readonly credential: ICredentialDataDecryptedObject;
	/** In front of the server: every login is a connection through it. */
	readonly door: CountingProxy;
}

async function startTenant(protocol: 'ftpsImplicit' | 'sftp'): Promise<Tenant> {
	const directory = await temporaryDirectory('8x8-refused');
	ending.push(() => directory.remove());
	await mkdir(join(directory.path, 'Index'));
	await writeFile(join(directory.path, 'Index', 'I20160606.csv'), 'FILENAME,DIRECTORY\r\n');
	const login = { root: directory.path, username: 'acme', password: PASSWORD };
	const common = { protocol, host: '127.0.0.1', username: 'acme', password: WRONG, tenantTimeZone: 'UTC' };
	if (protocol === 'sftp') {
		const server = await startEmbeddedSftp(login);
		ending.push(() => server.close());
		const door = await startDoor(server.port);
		return { door, credential: { ...common, port: door.port, hostKeyFingerprints: server.fingerprint } };
	}
	const server = await startEmbeddedFtps({ ...login, mode: 'implicit' });
	ending.push(() => server.close());
	const door = await startDoor(server.port);
	const { caCertificate } = server;
	return { door, credential: { ...common, platform: 'custom', port: door.port, caCertificate } };
}

async function startDoor(port: number): Promise<CountingProxy> {
	const door = await startCountingProxy(port);
	ending.push(() => door.close());
	return door;
}

function trigger(credential: ICredentialDataDecryptedObject): PollingHost {
	return new PollingHost(new RecordingTrigger(), { parameters: { watch: 'index' }, credential });
}

async function failureOf(
	work: Promise<unknown>,
): Promise<{ message: string; description?: string; failure?: unknown }> {
	return await work.then(
		() => Promise.reject(new Error('This was to fail')),
		(error: unknown) => error as Error,
	);
}

async function testCredential(data: ICredentialDataDecryptedObject): Promise<{ status: string; message: string }> {
	const decrypted = { id: '1', name: 'Tenant', type: 'eightByEightSftpApi', data };
	return await eightByEightConnectionTest.call({} as ICredentialTestFunctions, decrypted);
}

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(async () => {
	vi.useRealTimers();
	for (const end of ending.splice(0).reverse()) await end();
});

describe.each(['ftpsImplicit', 'sftp'] as const)('a login that the server refuses, over %s', (protocol) => {
	test('reaches it once in twenty polls, and a corrected password works with the next', async () => {
		const { credential, door } = await startTenant(protocol);
		const n8n = trigger(credential);
		const until = `until ${new Date(Date.now() + REFUSED_FOR).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
		const first = await failureOf(n8n.activate());
		expect(first.message).toContain('refused');
		expect(first).toMatchObject({
			description: expect.stringContaining(`${until}; saving the credential tries again`) as string,
			failure: { cause: 'credential-invalid' },
		});
		for (let poll = 1; poll < 20; poll += 1) {
			vi.setSystemTime(Date.now() + 60_000);
			const failure = await failureOf(n8n.activate());
			expect(failure.message).toContain('No login was tried');
			expect(failure).toMatchObject({
				description: expect.stringContaining(until) as string,
				failure: { cause: 'credential-invalid' },
			});
		}
		expect(door.allConnections()).toBe(1);
		n8n.node = { ...n8n.node, credential: { ...credential, password: PASSWORD } };
		expect(await n8n.activate()).toEqual([]);
	});

	test('is tried again by nobody: no node, no list; then by all, when half an hour has passed', async () => {
		const { credential, door } = await startTenant(protocol);
		const list = async (): Promise<unknown> =>
			await searchIndexFiles.call({
				getCredentials: async () => credential,
				getNode: () => ({ name: '8x8 List Index', parameters: {} }),
			} as unknown as ILoadOptionsFunctions);
		const run = async (): Promise<unknown> =>
			await runNode(new ListIndex(), { parameters: { readFrom: 'tenantDay', period: 'yesterday' }, credential });
		await failureOf(run());
		for (const work of [run, list, async () => await trigger(credential).activate()])
			expect((await failureOf(work())).message).toContain('No login was tried');
		expect(door.allConnections()).toBe(1);
		vi.setSystemTime(Date.now() + REFUSED_FOR);
		expect((await failureOf(run())).message).not.toContain('No login was tried');
		expect(door.allConnections()).toBe(2);
	});

	test('is tried again by the test of the credential, whose success lets all others in', async () => {
		const { credential, door } = await startTenant(protocol);
		const n8n = trigger(credential);
		await failureOf(n8n.activate());
		expect(await testCredential(credential)).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('saving the credential tries again') as string,
		});
		expect(door.allConnections()).toBe(2);
		await failureOf(n8n.activate());
		expect(door.allConnections()).toBe(2);
		expect(await testCredential({ ...credential, password: PASSWORD })).toMatchObject({ status: 'OK' });
	});

	test('is tried at once when anything else in the credential has changed, but what is beside the login', async () => {
		const { credential, door } = await startTenant(protocol);
		const refused = async (changes: object): Promise<number> => {
			const before = door.allConnections();
			await failureOf(trigger({ ...credential, ...changes } as ICredentialDataDecryptedObject).activate());
			return door.allConnections() - before;
		};
		await refused({});
		expect(await refused({ maxConnections: 3, tenantDirectory: 'acme' })).toBe(0);
		const changed = protocol === 'sftp' ? { hostKeyFingerprints: '' } : { caCertificate: '' };
		expect(await refused(changed)).toBeGreaterThan(0);
	});

	test('is not remembered while the same login works elsewhere: the server may count them', async () => {
		const { credential } = await startTenant(protocol);
		const { settings } = tenantConnection({ ...credential, password: PASSWORD });
		const store = openStore({ ...settings, maxConnections: 1 }, accountConnections(settings));
		ending.push(() => store.close());
		await store.list('');
		const other = accountConnections({ ...settings, maxConnections: 4 });
		const refused = await openStore({ ...settings, password: WRONG }, other)
			.list('')
			.catch((error: unknown) => error);
		expect(refused).toMatchObject({ code: 'login-failed', advice: undefined });
		expect(await trigger({ ...credential, password: PASSWORD }).activate()).toEqual([]);
	});
});

const { skip, reason } = redisHere();

describe.skipIf(skip)(reason ?? 'refused logins of several processes', () => {
	test('are known to all by Redis, until one of them lets the login be tried again', async () => {
		vi.useRealTimers();
		const redis = await startRedis({ password: 'canary-of-redis' });
		ending.push(() => redis.close());
		const [one, other] = [0, 1].map(() => {
			const link = new RedisLink(redisSettings(redis.environment));
			ending.push(() => link.close());
			return new Coordination(link);
		});
		if (one === undefined || other === undefined) throw new Error('Two processes are needed');
		const { credential, door } = await startTenant('ftpsImplicit');
		const { settings } = tenantConnection(credential);
		const attempt = async (process: Coordination): Promise<string> => {
			const store = openStore(settings, accountConnections(settings, 20_000, process));
			return (await failureOf(store.list('').finally(async () => await store.close()))).message;
		};
		expect(await attempt(one)).not.toContain('No login was tried');
		expect(await attempt(other)).toContain('No login was tried');
		expect(await attempt(one)).toContain('No login was tried');
		expect(door.allConnections()).toBe(1);
		await forgetRefusedLogin(settings, other);
		expect(await attempt(one)).not.toContain('No login was tried');
		expect(door.allConnections()).toBe(2);
		await redis.stop();
		// Without Redis it is what this process has met itself.
		expect(await attempt(one)).toContain('No login was tried');
		expect(door.allConnections()).toBe(2);
	}, 60_000);
});
