import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DateTime } from 'luxon';
import type { ICredentialDataDecryptedObject, ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startEmbeddedFtps } from '../../testbed/servers/embeddedFtps';
import { startEmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import { generateTenant } from '../../testbed/tenant/generateTenant';
import type { TenantManifest } from '../../testbed/tenant/tenantCall';
import { ftpsCredential, sftpCredential } from '../../testbed/tenant/tenantCredential';
import { searchIndexFiles } from '../../nodes/form/indexFileSearch';
import { listAgentNames, listQueueNames, listWrapUpCodes } from '../../nodes/form/namesInIndex';
import { searchDirectories, searchRecordings } from '../../nodes/form/recordingSearch';

const login = { username: 'acmejets', password: 'canary-password', tenantTimeZone: 'America/Los_Angeles' };

/** How often each name comes up, by the alphabet. */
function counted(names: ReadonlyArray<string | null>): INodePropertyOptions[] {
	const distinct = [...new Set(names.filter((name) => name !== null))].sort((a, b) => a.localeCompare(b, 'en'));
	return distinct.map((name) => {
		const calls = names.filter((other) => other === name).length;
		return { name, value: name, description: calls === 1 ? '1 call' : `${calls} calls` };
	});
}

describe.each(['ftpsImplicit', 'sftp'] as const)('the lists of the forms over %s', (protocol) => {
	let directory = '';
	let tenant: TenantManifest;
	let close: () => Promise<void>;
	let data: ICredentialDataDecryptedObject;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-lists-'));
		tenant = await generateTenant({ root: join(directory, 'tenant'), now: DateTime.now(), days: 3, seed: 'lists' });
		const access = { root: tenant.root, username: login.username, password: login.password };
		if (protocol === 'sftp') {
			const server = await startEmbeddedSftp(access);
			data = sftpCredential({ ...login, host: server.host, port: server.port }, server.fingerprint) as typeof data;
			close = async () => await server.close();
			return;
		}
		const server = await startEmbeddedFtps({ ...access, mode: 'implicit' });
		data = ftpsCredential(
			protocol,
			{ ...login, host: server.host, port: server.port },
			server.caCertificate,
		) as typeof data;
		close = async () => await server.close();
	});

	afterAll(async () => {
		await close?.();
		await rm(directory, { recursive: true, force: true });
	});

	function contextWith(chosen = ''): ILoadOptionsFunctions {
		return {
			getCredentials: async () => data,
			getNode: () => ({ name: 'Form' }),
			getCurrentNodeParameter: () => chosen,
		} as unknown as ILoadOptionsFunctions;
	}

	it('have the agents, queues and wrap-up codes of the last days, with the number of their calls', async () => {
		const { calls } = tenant;
		expect(await listAgentNames.call(contextWith())).toEqual(counted(calls.map(({ agentName }) => agentName)));
		expect(await listQueueNames.call(contextWith())).toEqual(counted(calls.map(({ queueName }) => queueName)));
		expect(await listWrapUpCodes.call(contextWith())).toEqual(counted(calls.map(({ wrapUpCode }) => wrapUpCode)));
	});

	it('have the directories, and the recordings of one with their tenant time and size', async () => {
		const directories = [...new Set(tenant.calls.map((call) => call.directory))].sort().reverse();
		const { results } = await searchDirectories.call(contextWith());
		expect(results.map(({ value }) => value)).toEqual(directories);

		const newest = tenant.calls.at(-1);
		if (newest === undefined) throw new Error('The tenant has no calls');
		const found = await searchRecordings.call(contextWith(newest.directory), newest.fileName);
		const began = DateTime.fromISO(newest.recordedAtUtc, { zone: tenant.timeZone }).toFormat('yyyy-MM-dd HH:mm');
		const size = `${(newest.bytes / 1_024).toFixed(1)} KB`;
		expect(found.results).toEqual([{ name: `${began}, ${size}, ${newest.fileName}`, value: newest.fileName }]);
	});

	it('have the index files, newest first, with size and the tenant time at which they were written', async () => {
		const { results } = await searchIndexFiles.call(contextWith());
		const days = [...tenant.days].reverse();
		expect(results.map(({ name }) => name.split(',')[0])).toEqual(days);
		// The embedded FTPS server lists no times to the minute, so none are shown.
		const written =
			protocol === 'sftp' ? /^[\d-]+, [\d.]+ KB, written \d{4}-\d\d-\d\d 00:\d\d$/ : /^[\d-]+, [\d.]+ KB$/;
		for (const { name } of results) expect(name).toMatch(written);
	});
});
