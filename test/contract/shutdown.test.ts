import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { afterEach, describe, expect, test } from 'vitest';

import { startProcess, temporaryDirectory, type RunningProcess } from '../../testbed/servers/process';
import { REST_MILLISECONDS } from '../../transport/account/serverAccount';
import { startEmbeddedTenant, type EmbeddedProtocol, type EmbeddedTenant } from './embeddedTenant';
import type { Ending } from './farTenant';

const NODE = fileURLToPath(new URL('./shutdownProcess.ts', import.meta.url));
const PATH = 'S20160607/R201606070130000001.wav';
const SLOW_MACHINE = 30_000;
/** Less than what rests would take to be closed by itself. */
const AT_ONCE = REST_MILLISECONDS / 2;

const ending: Ending = [];
afterEach(async () => {
	for (const end of ending.splice(0).reverse()) await end();
});

async function tenant(protocol: EmbeddedProtocol): Promise<EmbeddedTenant> {
	const root = await temporaryDirectory('8x8-shutdown');
	ending.push(() => root.remove());
	await mkdir(join(root.path, 'S20160607'));
	await writeFile(join(root.path, PATH), 'sound');
	return await startEmbeddedTenant(protocol, { root: root.path, tenantTimeZone: 'Etc/UTC' }, ending);
}

async function atRest(credential: ICredentialDataDecryptedObject, manner: string): Promise<RunningProcess> {
	const node = startProcess(process.execPath, ['--import', 'tsx', NODE, JSON.stringify(credential), PATH, manner]);
	ending.push(() => node.kill());
	await expect.poll(() => node.output(), { timeout: SLOW_MACHINE, interval: 20 }).toBe('at rest\n');
	return node;
}

describe.each(['sftp', 'ftpsImplicit'] as const)('when n8n is told to end, over %s', (protocol) => {
	test('connections that rest are closed at once, and those of runs that go on with their run', async () => {
		const { credential, door } = await tenant(protocol);
		const node = await atRest(credential, 'listening');
		expect(door.openConnections()).toBe(1);
		process.kill(node.pid ?? 0, 'SIGTERM');
		await expect.poll(() => node.output(), { timeout: SLOW_MACHINE, interval: 20 }).toBe('at rest\nworked on\n');
		await expect.poll(() => door.openConnections(), { timeout: AT_ONCE, interval: 20 }).toBe(0);
		expect(door.allConnections()).toBe(2);
	});

	test('a process that does not listen to the signal ends by it, as ever', async () => {
		const { credential } = await tenant(protocol);
		const node = await atRest(credential, 'deaf');
		process.kill(node.pid ?? 0, 'SIGTERM');
		await expect
			.poll(() => node.output(), { timeout: SLOW_MACHINE, interval: 20 })
			.toBe(`at rest\n[${process.execPath} ended: SIGTERM]\n`);
	});
});
