import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { afterEach, describe, expect, test } from 'vitest';

import { RecordingTrigger } from '../../nodes/RecordingTrigger/RecordingTrigger.node';
import { processAccounts } from '../../nodes/connection/processAccounts';
import { tenantConnection } from '../../nodes/connection/tenantConnection';
import { addDays, dateOfMillis } from '../../recordings/tenantDay';
import { UNSHARED } from '../../transport/connectionShare';
import { openStore } from '../../transport/openStore';
import { PollingHost } from '../unit/nodes/runPoll';
import { FAR_SERVERS, type Ending, type FarTenant } from './farTenant';

/** Round trips that a poll may take after the log-in when there is nothing new. */
const MOST = { sftp: 6, ftps: 25 } as const;

/** Milliseconds for a test; a quiet machine takes a tenth. */
const BUSY_MACHINE = 240_000;
const HOUR = 3_600_000;
const INDEX_ROWS = 4_000;
const HEADER = 'CALL TYPE,START TIME,AGENT NAME,FILENAME,DIRECTORY';

const ending: Ending = [];

afterEach(async () => {
	for (const end of ending.splice(0).reverse()) await end();
});

const compact = (date: string): string => date.replaceAll('-', '');

/** Days with calls, each with its index in `Index/` and beside the recordings; and one day, long ago, on which nobody called. */
async function plant(root: string, callsOfToday: number): Promise<void> {
	const today = dateOfMillis(Date.now());
	const written = new Date(Date.now() - HOUR);
	const put = async (path: string, text: string): Promise<void> => {
		await writeFile(join(root, path), text);
		await utimes(join(root, path), written, written);
	};
	await mkdir(join(root, 'Index'));
	for (let ago = 0; ago <= 5; ago += 1) {
		const stamp = compact(addDays(today, -ago));
		const directory = `S${stamp}`;
		if (ago !== 2) {
			await mkdir(join(root, directory));
			const calls = ago === 0 ? callsOfToday : ago === 3 ? 600 : 300;
			for (let n = 0; n < calls; n += 1)
				await put(`${directory}/R${stamp}${String(100_000 + n).padStart(6, '0')}0001.wav`, 'x');
		}
		const rows = Array.from({ length: INDEX_ROWS }, (_, n) => {
			return `Inbound,,Agent ${n},R${stamp}${String(100_000 + (n % 50)).padStart(6, '0')}${String(n).padStart(4, '0')}.wav,${directory}`;
		});
		const index = `${[HEADER, ...rows].join('\r\n')}\r\n`;
		await put(`Index/I${stamp}.csv`, index);
		if (ago !== 2) await put(`${directory}/I${stamp}.csv`, index);
	}
}

/** Ends the connections that rest, as a minute does: a trigger that polls every minute finds none open. */
async function afterAMinute({ credential }: FarTenant): Promise<void> {
	const { settings } = tenantConnection(credential);
	const accounts = processAccounts();
	await (settings.protocol === 'sftp' ? accounts.sftp : accounts.ftps).of(settings).endResting();
}

/** Round trips of a log-in, and of closing down. */
async function besides(tenant: FarTenant): Promise<number> {
	await afterAMinute(tenant);
	const before = tenant.link.count;
	const store = openStore(tenantConnection(tenant.credential).settings, UNSHARED, {}, processAccounts());
	await store.stat('');
	await store.close();
	await afterAMinute(tenant);
	return tenant.link.count - before - 1;
}

async function idlePoll(
	tenant: FarTenant,
	parameters: INodeParameters,
): Promise<{ readonly trips: number; readonly bytes: number }> {
	const n8n = new PollingHost(new RecordingTrigger(), { parameters, credential: tenant.credential });
	expect(await n8n.activate()).toEqual([]);
	expect(await n8n.tick()).toEqual([]);
	await afterAMinute(tenant);
	const [trips, bytes] = [tenant.link.count, tenant.link.received];
	expect(await n8n.tick()).toEqual([]);
	await afterAMinute(tenant);
	const taken = { trips: tenant.link.count - trips, bytes: tenant.link.received - bytes };
	return { ...taken, trips: taken.trips - (await besides(tenant)) };
}

for (const { name, protocol, here, start } of FAR_SERVERS) {
	describe.skipIf(here.skip)(`an idle poll, ${here.reason ?? name}`, () => {
		const most = MOST[protocol];

		test(
			`of the index takes at most ${most} round trips after the log-in and reads no unchanged index again`,
			async () => {
				const tenant = await start(ending);
				await plant(tenant.root, 300);
				const { trips, bytes } = await idlePoll(tenant, { watch: 'index' });
				expect(trips).toBeLessThanOrEqual(most);
				// Each index is larger than this.
				expect(bytes).toBeLessThan(INDEX_ROWS * 60);
			},
			BUSY_MACHINE,
		);

		test(
			`of 10,000 files takes at most ${most} round trips after the log-in`,
			async () => {
				const tenant = await start(ending);
				await plant(tenant.root, 10_000);
				const { trips } = await idlePoll(tenant, { watch: 'files' });
				expect(trips).toBeLessThanOrEqual(most);
			},
			BUSY_MACHINE,
		);
	});
}
