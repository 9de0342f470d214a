import { NodeOperationError } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RecordingTrigger } from '../../nodes/RecordingTrigger/RecordingTrigger.node';
import { addDays } from '../../recordings/tenantDay';
import { seededRandom } from '../../testbed/tenant/seededRandom';
import { GrowingTenant } from '../unit/nodes/growingTenant';
import { PollingHost } from '../unit/nodes/runPoll';
import { credential } from '../unit/nodes/runNode';

let tenant = new GrowingTenant();
vi.mock('../../transport/openStore', () => ({ openStore: () => tenant }));

const TODAY = '2016-06-20';
const A_DAY = 10_000;
const LIMIT = 256_000;

/** Days with so many recordings each at random times and with random numbers, which is the worst for the memory. */
function plant(days: number, watch: 'index' | 'files'): void {
	const random = seededRandom('recordings of many days');
	const below = (limit: number): number => random.between(0, limit - 1);
	for (let ago = 0; ago < days; ago += 1) {
		const stamp = addDays(TODAY, -ago).replaceAll('-', '');
		const names = new Set<string>();
		while (names.size < A_DAY) {
			const time = new Date(below(86_400) * 1_000).toISOString().slice(11, 19).replaceAll(':', '');
			names.add(`R${stamp}${time}${String(below(10_000)).padStart(4, '0')}.wav`);
		}
		if (watch === 'files') for (const name of names) tenant.put(`S${stamp}/${name}`, 'x');
		const rows = [...names].map((name) => `${name},S${stamp},Agent`);
		if (watch === 'index')
			tenant.put(`Index/I${stamp}.csv`, `${['FILENAME,DIRECTORY,AGENT NAME', ...rows].join('\r\n')}\r\n`);
	}
	// Long enough for files not to pass for half written.
	vi.setSystemTime(Date.now() + 60_000);
}

function host(watch: string, options: { lookbackDays?: number; maximumItems?: number; emitExisting?: boolean }) {
	return new PollingHost(new RecordingTrigger(), { parameters: { watch, options }, credential });
}

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['Date'] });
	tenant = new GrowingTenant();
	vi.setSystemTime(new Date(`${TODAY}T23:58:00Z`));
});

afterEach(() => {
	vi.useRealTimers();
});

describe.each(['index', 'files'] as const)(
	'the memory of a trigger at 10,000 recordings a day, watching %s',
	(watch) => {
		it('stays under 256 kB with the usual look-back, whether they were there before or are emitted', async () => {
			plant(5, watch);
			for (const options of [{}, { emitExisting: true, maximumItems: 100_000 }]) {
				const n8n = host(watch, options);
				await n8n.activate();
				expect(n8n.saved.length).toBeGreaterThan(100_000);
				expect(Buffer.byteLength(n8n.saved)).toBeLessThan(LIMIT);
			}
		}, 60_000);

		it('stays under 256 kB when a thousand more are arriving', async () => {
			plant(5, watch);
			const n8n = host(watch, {});
			await n8n.activate();
			for (let n = 0; n < 2_000; n += 1)
				tenant.put(`S${TODAY.replaceAll('-', '')}/R20160620235${String(10_000 + n).slice(-3)}${n % 7}${n}.wav`, 'x');
			expect(await n8n.tick()).toEqual([]);
			expect(Buffer.byteLength(JSON.stringify(n8n.memory))).toBeLessThan(LIMIT);
		}, 60_000);

		it('is refused with a longer look-back, by a message that names one with which it goes on', async () => {
			plant(8, watch);
			const refused = host(watch, { lookbackDays: 60 });
			const refusal: unknown = await refused.activate().catch((error: unknown) => error);
			expect(refusal).toBeInstanceOf(NodeOperationError);
			const { message, description } = refusal as NodeOperationError;
			expect(message).toMatch(/^To remember .* of 60 look-back days .* takes \d+ kB/);
			expect(refused.saved).toBe('{}');
			const [, fitting] = /'Lookback Days' to (\d+)/.exec(String(description)) ?? [];
			expect(Number(fitting)).toBeGreaterThanOrEqual(3);
			const second = host(watch, { lookbackDays: Number(fitting) });
			expect(await second.activate()).toEqual([]);
			expect(Buffer.byteLength(second.saved)).toBeLessThan(LIMIT);
		}, 60_000);
	},
);
