import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callAt } from '../../../testbed/tenant/diskTenant';
import type { SupportedN8n } from '../matrix/supportedN8n';
import { TriggeredN8n } from './triggeredN8n';

const HALF = Buffer.alloc(4_000, 1);

export function describeFilesTrigger(host: SupportedN8n): void {
	describe('the Recording Trigger watching files in an active workflow', () => {
		let n8n: TriggeredN8n;
		const put = async (call: { readonly recordingId: string }): Promise<void> => {
			await n8n.tenant.put(call.recordingId, HALF);
		};

		beforeAll(async () => {
			n8n = await TriggeredN8n.at('2026-10-31T18:00:00Z', host);
		});

		afterAll(async () => {
			await n8n?.close();
		});

		const known = callAt('2026-10-31T17:00:00Z', 1);
		const growing = callAt('2026-10-31T18:00:10Z', 2);
		const whole = callAt('2026-10-31T18:00:05Z', 3);
		const whileOff = callAt('2026-10-31T19:00:00Z', 4);
		const beforeMidnight = callAt('2026-10-31T23:59:30Z', 5);
		const afterMidnight = callAt('2026-11-01T00:00:10Z', 6);
		const late = callAt('2026-10-31T23:58:00Z', 7);

		it('takes what is there when it is activated as known', async () => {
			await put(known);
			await n8n.passTime(60);
			await n8n.activate('files');
			await n8n.expectNothingNew();
		});

		it('emits a file before any index lists it, and one that is still being written when it is whole', async () => {
			await put(growing);
			await put(whole);
			await n8n.expectNothingNew();
			const write = async (): Promise<void> => await n8n.tenant.append(growing.recordingId, 'more');
			await write();
			const writing = setInterval(() => void write(), 1_000);
			await n8n.passTime(16);
			await n8n.expectNew(whole).finally(() => clearInterval(writing));
			// It has to stay as it is for fifteen seconds.
			await n8n.passTime(16);
			await n8n.expectNew(growing);
			const file = (await n8n.emitted()).find(({ recordingId }) => recordingId === growing.recordingId);
			const { length } = await n8n.tenant.text(growing.recordingId);
			expect(length).toBeGreaterThan(HALF.length);
			expect(file).toMatchObject({ bytes: length, sequence: 2, recordedAtUtc: '2026-10-31T18:00:10.000Z' });
		});

		it('emits after a restart what came while n8n was off', async () => {
			await n8n.stop();
			await put(whileOff);
			await n8n.passTime(3_600);
			await n8n.start();
			await n8n.expectNew(whileOff);
		});

		it('goes on over UTC midnight into the next directory, and back for what comes late', async () => {
			await n8n.setClock('2026-10-31T23:59:50Z');
			await put(beforeMidnight);
			await n8n.setClock('2026-11-01T00:00:20Z');
			await put(afterMidnight);
			await n8n.passTime(20);
			await n8n.expectNew(beforeMidnight, afterMidnight);
			await put(late);
			await n8n.passTime(20);
			await n8n.expectNew(late);
		});

		it('has emitted every file once in the end, also after n8n was killed', async () => {
			await n8n.kill();
			await n8n.start();
			await n8n.expectNothingNew();
			expect(await n8n.emittedIds()).toEqual(
				[whole, growing, whileOff, beforeMidnight, afterMidnight, late].map(({ recordingId }) => recordingId),
			);
		});
	});
}
