import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { indexFile } from '../../../testbed/tenant/indexFile';
import { until } from '../../../testbed/n8nHost/activeWorkflow';
import { callAt } from '../../../testbed/tenant/diskTenant';
import type { SupportedN8n } from '../matrix/supportedN8n';
import { TriggeredN8n } from './triggeredN8n';

/** Between two polls there is time for what a test does. */
const SECONDS_TO_ACT = 20;

/** The detailed index of a day after it was renamed. */
const DETAILED = 'S20261031/I20261031_version3.csv';

/** The days around 2026-11-01, which in Los Angeles has 25 hours: its hour from 01:00 to 02:00 comes twice. */
export function describeIndexTrigger(host: SupportedN8n): void {
	describe('the Recording Trigger in an active workflow', () => {
		let n8n: TriggeredN8n;

		beforeAll(async () => {
			n8n = await TriggeredN8n.at('2026-10-31T18:00:00Z', host);
		});

		afterAll(async () => {
			await n8n?.close();
		});

		const dayBefore = [callAt('2026-10-30T16:00:00Z', 1), callAt('2026-10-30T20:00:00Z', 2)];
		const late = [callAt('2026-10-30T21:00:00Z', 3), callAt('2026-10-30T22:00:00Z', 4)];
		const halloween = [
			callAt('2026-10-31T16:00:00Z', 10),
			callAt('2026-10-31T21:00:00Z', 11),
			// 23:50 in Los Angeles, and in the next UTC directory.
			callAt('2026-11-01T06:50:00Z', 12),
		];
		const onlyDetailed = callAt('2026-10-31T17:00:00Z', 13);
		const afterRename = callAt('2026-10-31T19:00:00Z', 14);
		const unfinished = callAt('2026-10-31T19:30:00Z', 16);
		const whileOff = callAt('2026-10-31T20:00:00Z', 15);
		const longDay = [
			callAt('2026-11-01T07:30:00Z', 20),
			// 01:30, and an hour later 01:30 again.
			callAt('2026-11-01T08:30:00Z', 21),
			callAt('2026-11-01T09:30:00Z', 22),
			callAt('2026-11-01T10:30:00Z', 23),
			callAt('2026-11-02T07:50:00Z', 24),
		];
		const whileSilent = callAt('2026-11-01T09:50:00Z', 26);
		const soon = callAt('2026-11-01T09:51:00Z', 27);
		const beforeRenaming = callAt('2026-11-01T09:52:00Z', 28);
		const afterRenaming = callAt('2026-11-01T09:53:00Z', 29);
		const lateInLongDay = callAt('2026-11-01T09:45:00Z', 25);

		it('takes what is there when it is activated as known', async () => {
			await n8n.tenant.index('Index/I20261030.csv', 'basic', dayBefore);
			await n8n.activate('index');
			await n8n.expectNothingNew();
		});

		it('emits rows that are appended late, each once it is whole', async () => {
			const text = indexFile('basic', late).split('\r\n').slice(1).join('\r\n');
			const middle = text.indexOf('\r\n') + 20;
			await n8n.tenant.append('Index/I20261030.csv', text.slice(0, middle));
			await until('the first late row', async () => (await n8n.emittedIds()).length > 0);
			await n8n.tenant.append('Index/I20261030.csv', text.slice(middle));
			await n8n.expectNew(...late);
		});

		it('emits the calls of a day when its index appears after midnight', async () => {
			await n8n.setClock('2026-11-01T07:45:00Z');
			await n8n.tenant.index('Index/I20261031.csv', 'basic', halloween);
			await n8n.expectNew(...halloween);
		});

		it('emits of a second index file of the day only what the first did not list', async () => {
			await n8n.tenant.index('S20261031/I20261031_version2.csv', 'detailed', [onlyDetailed, ...halloween]);
			await n8n.expectNew(onlyDetailed);
		});

		it('emits nothing again when an edition of the index is renamed, and goes on with it', async () => {
			await n8n.tenant.rename('Index/I20261031.csv', 'Index/I20261031_version1.csv');
			await n8n.tenant.rename('S20261031/I20261031_version2.csv', DETAILED);
			await n8n.expectNothingNew();
			await n8n.tenant.index(DETAILED, 'detailed', [afterRename]);
			await n8n.expectNew(afterRename);
		});

		it('waits with a call that only the basic index lists, until its row is in the detailed one', async () => {
			await n8n.tenant.index('Index/I20261031_version1.csv', 'basic', [unfinished]);
			await n8n.expectNothingNew();
			await n8n.tenant.index(DETAILED, 'detailed', [unfinished]);
			await n8n.expectNew(unfinished);
		});

		it('emits after a restart what came while n8n was off, and a day of 25 hours', async () => {
			await n8n.stop();
			await n8n.tenant.index(DETAILED, 'detailed', [whileOff]);
			await n8n.setClock('2026-11-02T08:45:00Z');
			await n8n.tenant.index('Index/I20261101_version2.csv', 'detailed', longDay);
			await n8n.start();
			await n8n.expectNew(whileOff, ...longDay);
			const times = new Map((await n8n.emitted()).map((row) => [row['recordingId'], row['startTime']]));
			expect(longDay.map(({ recordingId }) => times.get(recordingId))).toEqual([
				'2026-11-01T00:30:00.000-07:00',
				'2026-11-01T01:30:00.000-07:00',
				'2026-11-01T01:30:00.000-08:00',
				'2026-11-01T02:30:00.000-08:00',
				'2026-11-01T23:50:00.000-08:00',
			]);
		});

		it('emits nothing twice when n8n is killed and starts again, and then what comes late', async () => {
			await n8n.kill();
			await n8n.start();
			await n8n.expectNothingNew();
			await n8n.tenant.index('Index/I20261101_version2.csv', 'detailed', [lateInLongDay]);
			await n8n.expectNew(lateInLongDay);
		});

		it('misses and repeats nothing when the server says nothing for longer than a poll may take', async () => {
			const append = async (): Promise<void> =>
				await n8n.tenant.index('Index/I20261101_version2.csv', 'detailed', [whileSilent]);
			await n8n.silence(host.isDurable === true ? 18 : 6, append, /ran out of time/);
			await n8n.expectNew(whileSilent);
		});

		it('has emitted every recording once in the end, none missed and none twice', async () => {
			await n8n.expectNothingNew();
			const all = [
				...late,
				...halloween,
				onlyDetailed,
				afterRename,
				unfinished,
				whileOff,
				...longDay,
				lateInLongDay,
				whileSilent,
			];
			expect([...(await n8n.emittedIds())].sort()).toEqual(all.map(({ recordingId }) => recordingId).sort());
		});

		it('emits in the first poll at its time what came after the one at its activation', async () => {
			await n8n.activate('index', SECONDS_TO_ACT);
			await n8n.tenant.index('Index/I20261101_version2.csv', 'detailed', [soon]);
			await n8n.expectNew(soon);
		});

		const renaming = host.isDurable === true ? 'goes on where it was' : 'begins anew';
		it(`${renaming} when its node gets another name`, async () => {
			await n8n.tenant.index('Index/I20261101_version2.csv', 'detailed', [beforeRenaming]);
			await n8n.renameTrigger('Renamed');
			if (host.isDurable === true) await n8n.expectNew(beforeRenaming);
			await n8n.tenant.index('Index/I20261101_version2.csv', 'detailed', [afterRenaming]);
			await n8n.expectNew(afterRenaming);
		});
	});
}
