import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DateTime } from 'luxon';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { DownloadRecording } from '../../nodes/DownloadRecording/DownloadRecording.node';
import { ListIndex } from '../../nodes/ListIndex/ListIndex.node';
import { RecordingTrigger } from '../../nodes/RecordingTrigger/RecordingTrigger.node';
import { ResolveTenantDay } from '../../nodes/ResolveTenantDay/ResolveTenantDay.node';
import { REST_MILLISECONDS } from '../../transport/account/serverAccount';
import { temporaryDirectory, type TemporaryDirectory } from '../../testbed/servers/process';
import { generateTenant, TENANT_TIME_ZONE } from '../../testbed/tenant/generateTenant';
import type { TenantManifest } from '../../testbed/tenant/tenantCall';
import { runNode, useBinaryStore } from '../unit/nodes/runNode';
import { PollingHost } from '../unit/nodes/runPoll';
import { startEmbeddedTenant, type EmbeddedProtocol, type EmbeddedTenant } from './embeddedTenant';
import type { Ending } from './farTenant';

const EXECUTIONS = 20;
const POLLS = 5;
/** Names in a directory that is not listed each time: its indexes are asked about one by one. */
const MANY_NAMES = 600;

/** What a credential that leaves the number to us may have. */
const MOST = { sftp: 4, ftpsImplicit: 8 } as const;
const PROTOCOLS = ['sftp', 'ftpsImplicit'] as const;

/** Milliseconds for a test; the embedded FTPS server takes a tenth of a second for each transfer. */
const BUSY_MACHINE = 240_000;

const ending: Ending = [];

async function startTenant(protocol: EmbeddedProtocol, root: string, maxConnections: number): Promise<EmbeddedTenant> {
	const { credential, door } = await startEmbeddedTenant(protocol, { root, tenantTimeZone: TENANT_TIME_ZONE }, ending);
	return { door, credential: { ...credential, maxConnections } };
}

/** A workflow that downloads what was said on one tenant day. */
async function execute(
	credential: ICredentialDataDecryptedObject,
	{ days: [date], calls }: TenantManifest,
): Promise<void> {
	const resolved = await runNode(new ResolveTenantDay(), { parameters: { period: 'date', date }, credential });
	const listed = await runNode(new ListIndex(), {
		parameters: { readFrom: 'directory' },
		items: resolved.output.map(({ json }) => ({ json })),
		credential,
	});
	const downloaded = await runNode(new DownloadRecording(), {
		parameters: { download: 'recording' },
		items: listed.output.map(({ json }) => ({ json })),
		credential,
	});
	const wanted = calls.filter(({ tenantDay }) => tenantDay === date).map(({ recordingId }) => recordingId);
	expect(downloaded.output.map(({ json }) => json['recordingId'])).toEqual(wanted);
}

/** What a poll has more to ask about: directories with many names, each with an index in both editions. */
async function makeLarge({ root, calls }: TenantManifest): Promise<void> {
	for (const directory of new Set(calls.map((call) => call.directory))) {
		const index = join(root, directory, `I${directory.slice(1)}`);
		await copyFile(`${index}_version2.csv`, `${index}.csv`);
		for (let n = 0; n < MANY_NAMES; n += 1) await writeFile(join(root, directory, `note${n}.txt`), '');
	}
}

describe('how often nodes log in', () => {
	let directory: TemporaryDirectory;
	let manifest: TenantManifest;

	const generate = async (name: string): Promise<TenantManifest> => {
		const root = join(directory.path, name);
		return await generateTenant({ root, now: DateTime.now(), days: 2, callsPerDay: 4, seed: 'log-ins' });
	};

	beforeAll(async () => {
		await useBinaryStore('filesystem');
		directory = await temporaryDirectory('8x8-log-ins');
		manifest = await generate('tenant');
	});
	afterEach(async () => {
		for (const end of ending.splice(0).reverse()) await end();
	});
	afterAll(async () => {
		await directory.remove();
	});

	test.for(PROTOCOLS)(
		'over %s twenty executions of three nodes log in as often as one',
		{ timeout: BUSY_MACHINE },
		async (protocol) => {
			const { credential, door } = await startTenant(protocol, manifest.root, 1);
			await execute(credential, manifest);
			expect(door.allConnections()).toBe(1);
			for (let execution = 2; execution <= EXECUTIONS; execution += 1) await execute(credential, manifest);
			expect(door.allConnections()).toBe(1);
		},
	);

	test.for(PROTOCOLS)(
		'over %s they log in no more often than one may that has all it wants',
		{ timeout: BUSY_MACHINE },
		async (protocol) => {
			const { credential, door } = await startTenant(protocol, manifest.root, 0);
			for (let execution = 1; execution <= EXECUTIONS; execution += 1) await execute(credential, manifest);
			expect(door.allConnections()).toBeLessThanOrEqual(MOST[protocol]);
		},
	);

	test.for(PROTOCOLS)(
		'over %s an idle poll logs in at most once after a rest, and not at all within it',
		{ timeout: BUSY_MACHINE },
		async (protocol) => {
			const large = await generate('large');
			await makeLarge(large);
			const { credential, door } = await startTenant(protocol, large.root, 0);
			const n8n = new PollingHost(new RecordingTrigger(), { parameters: { watch: 'index' }, credential });
			expect(await n8n.activate()).toEqual([]);
			expect(await n8n.tick()).toEqual([]);
			const afterRest = { timeout: REST_MILLISECONDS + 20_000, interval: 200 };
			await expect.poll(() => door.openConnections(), afterRest).toBe(0);
			const before = door.allConnections();
			for (let poll = 1; poll <= POLLS; poll += 1) expect(await n8n.tick()).toEqual([]);
			expect(door.allConnections() - before).toBe(1);
		},
	);
});
