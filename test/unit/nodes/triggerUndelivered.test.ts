import { NodeOperationError } from 'n8n-workflow';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { MarkDelivered } from '../../../nodes/MarkDelivered/MarkDelivered.node';
import { RecordingTrigger } from '../../../nodes/RecordingTrigger/RecordingTrigger.node';
import { seededRandom } from '../../../testbed/tenant/seededRandom';
import { TransportError } from '../../../transport/transportError';
import { GrowingTenant } from './growingTenant';
import { DeduplicationModel, keepMarksIn } from './markStore';
import { PollingHost } from './runPoll';
import { credential, runNode } from './runNode';
import { serveFrom } from './servedStore';

let tenant = new GrowingTenant();
serveFrom(() => tenant);

const model = new DeduplicationModel();
const MINUTE = 60_000;
const HEADER = 'FILENAME,DIRECTORY,AGENT NAME\r\n';
const INDEX = 'Index/I20160606.csv';

function idOf(stamp: string): string {
	return `S${stamp.slice(0, 8)}/R${stamp}0001.wav`;
}

/** A call that is on the server, and in the index of this name. */
function come(stamp: string, index = INDEX): string {
	if (!tenant.files.has(index)) tenant.put(index, HEADER);
	tenant.append(index, `R${stamp}0001.wav,S${stamp.slice(0, 8)},Agent\r\n`).put(idOf(stamp), 'sound');
	return idOf(stamp);
}

function pass(minutes: number): void {
	vi.setSystemTime(Date.now() + minutes * MINUTE);
}

function ids(items: readonly IDataObject[]): unknown[] {
	return items.map((item) => item['recordingId']);
}

async function mark(recordingIds: readonly unknown[], deliveryName = ''): Promise<void> {
	await runNode(new MarkDelivered(), {
		parameters: { operation: 'mark', options: { deliveryName } },
		items: recordingIds.map((recordingId) => ({ json: { recordingId: String(recordingId) } })),
	});
}

function host(watch: string, options: IDataObject = {}): PollingHost {
	const parameters = { watch, options: { onlyUndelivered: true, ...options } } as INodeParameters;
	return new PollingHost(new RecordingTrigger(), { parameters, credential });
}

/** An active trigger that has emitted these calls just now. */
async function emitting(watch: string, stamps: readonly string[], options: IDataObject = {}): Promise<PollingHost> {
	const n8n = host(watch, options);
	await n8n.activate();
	pass(1);
	for (const stamp of stamps) come(stamp);
	pass(2);
	expect(ids(await n8n.tick())).toEqual(stamps.map(idOf));
	return n8n;
}

const [FIRST, SECOND, THIRD] = ['20160606190000', '20160606200000', '20160606210000'] as const;

beforeAll(async () => {
	await keepMarksIn(model);
});

beforeEach(() => {
	vi.spyOn(Math, 'random').mockReturnValue(0);
	vi.useFakeTimers({ toFake: ['Date'] });
	vi.setSystemTime(new Date('2016-06-07T08:00:00Z'));
	model.rows.clear();
	tenant = new GrowingTenant();
	come('20160606150000');
});

afterEach(() => {
	vi.useRealTimers();
});

describe.each(['index', 'files'])('Only Undelivered of a trigger that watches the %s', (watch) => {
	it('brings what is not marked again when its time has come, and what is marked never', async () => {
		const n8n = await emitting(watch, [FIRST, SECOND]);
		await mark([idOf(FIRST)]);
		pass(29);
		expect(await n8n.tick()).toEqual([]);
		pass(1);
		const again = await n8n.tick();
		expect(ids(again)).toEqual([idOf(SECOND)]);
		expect(again[0]).toMatchObject(watch === 'index' ? { agentName: 'Agent', indexFile: INDEX } : { bytes: 5 });
		await mark([idOf(SECOND)]);
		pass(60);
		expect(await n8n.tick()).toEqual([]);
		pass(60);
		expect(await n8n.restart()).toEqual([]);
	});

	it('counts on through a restart, comes as often as it may, and is then named once', async () => {
		// Each of the two triggers at a time of its own: what was named is known by it.
		pass(watch === 'index' ? 0 : 1);
		const n8n = await emitting(watch, [FIRST, SECOND], { repeatAfter: 10, maximumAttempts: 3 });
		await mark([idOf(SECOND)]);
		for (let attempt = 2; attempt <= 3; attempt += 1) {
			pass(10);
			expect(ids(await n8n.restart())).toEqual([idOf(FIRST)]);
		}
		pass(10);
		const [third] = [come(THIRD)];
		pass(2);
		const failure: unknown = await n8n.tick().catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(NodeOperationError);
		expect((failure as NodeOperationError).message).toContain(`not marked as delivered: ${idOf(FIRST)}`);
		expect((failure as NodeOperationError).description).toContain('8x8 List Index');
		pass(1);
		expect(ids(await n8n.tick())).toEqual([third]);
		await mark([third]);
		pass(30);
		expect(await n8n.tick()).toEqual([]);
		expect(await n8n.restart()).toEqual([]);
	});

	it('leaves out what was marked before it ever came', async () => {
		await mark([idOf('20160606150000')]);
		const n8n = host(watch, { emitExisting: true });
		expect(await n8n.activate()).toEqual([]);
		pass(2);
		come(FIRST);
		pass(2);
		await mark([idOf(FIRST)]);
		expect(await n8n.tick()).toEqual([]);
		pass(31);
		expect(await n8n.tick()).toEqual([]);
	});

	it('keeps the deliveries of one name apart from those of another', async () => {
		const n8n = await emitting(watch, [FIRST, SECOND], { deliveryName: 'CRM' });
		await mark([idOf(FIRST)]);
		await mark([idOf(SECOND)], 'CRM');
		pass(30);
		expect(ids(await n8n.tick())).toEqual([idOf(FIRST)]);
	});

	it('keeps to Maximum Items, so that what is due and does not fit comes with the next poll', async () => {
		const n8n = await emitting(watch, [FIRST, SECOND, THIRD]);
		n8n.node = { ...n8n.node, parameters: { watch, options: { onlyUndelivered: true, maximumItems: 2 } } };
		pass(30);
		const polls = [await n8n.activate('update'), await n8n.tick(), await n8n.tick()];
		expect(polls.map(ids)).toEqual([[idOf(FIRST), idOf(SECOND)], [idOf(THIRD)], []]);
		pass(30);
		expect(ids(await n8n.tick())).toEqual([idOf(FIRST), idOf(SECOND)]);
	});

	it('says in the log what was to come again and is no longer there', async () => {
		const n8n = await emitting(watch, [FIRST, SECOND]);
		tenant.files.delete(idOf(FIRST));
		tenant.put(INDEX, `${HEADER}R${SECOND}0001.wav,S20160606,Agent\r\n`);
		pass(30);
		expect(ids(await n8n.tick())).toEqual([idOf(SECOND)]);
		expect(n8n.log.filter((message) => message.includes(`${idOf(FIRST)} was to come again`))).toHaveLength(1);
		await mark([idOf(SECOND)]);
		pass(30);
		expect(await n8n.tick()).toEqual([]);
	});

	it('brings nothing twice because the clock was ahead for a poll', async () => {
		const n8n = await emitting(watch, [FIRST]);
		const now = Date.now();
		pass(10 * 24 * 60);
		// In that poll its time has come.
		expect(ids(await n8n.tick())).toEqual([idOf(FIRST)]);
		vi.setSystemTime(now + MINUTE);
		expect(await n8n.tick()).toEqual([]);
		pass(30);
		expect(ids(await n8n.tick())).toEqual([idOf(FIRST)]);
	});

	it('looks up nothing in a poll that has nothing to emit and nothing due', async () => {
		const n8n = await emitting(watch, [FIRST]);
		const { writes } = model;
		pass(5);
		await n8n.tick();
		expect(model.writes).toBe(writes);
	});

	it('delivers each recording of a week exactly once to a CRM that refuses three in ten', async () => {
		const random = seededRandom(`a week of a trigger that watches the ${watch}`);
		const chance = (): number => random.between(0, 999) / 1_000;
		const n8n = host(watch, { repeatAfter: 20, maximumAttempts: 50 });
		await n8n.activate();
		const crm: string[] = [];
		const expected: string[] = [];
		const deliver = async (items: readonly IDataObject[]): Promise<void> => {
			const arrived = ids(items)
				.map(String)
				.filter(() => chance() >= 0.3);
			crm.push(...arrived);
			if (arrived.length > 0) await mark(arrived);
		};
		for (let day = 0; day < 7; day += 1) {
			const date = `2016060${day + 1}`.replace('20160601', '20160608').replace(/2016060([2-7])$/, '2016061$1');
			for (let call = 0; call < 12; call += 1)
				expected.push(come(`${date}${String(8 + call).padStart(2, '0')}0000`, `Index/I${date}.csv`));
			vi.setSystemTime(Date.parse(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T21:00:00Z`));
			for (let poll = 0; poll < 14; poll += 1) {
				pass(10);
				await deliver(chance() < 0.15 ? await n8n.restart() : await n8n.tick());
			}
		}
		for (let poll = 0; poll < 60; poll += 1) {
			pass(20);
			await deliver(await n8n.tick());
		}
		expect([...crm].sort()).toEqual([...expected].sort());
	}, 30_000);
});

describe('Only Undelivered of a trigger', () => {
	it('looks back as far as what may come again, however short the look-back', async () => {
		const n8n = await emitting('index', [FIRST], { lookbackDays: 1, repeatAfter: 10_080 });
		for (let day = 1; day <= 6; day += 1) {
			pass(24 * 60);
			expect(await n8n.tick()).toEqual([]);
		}
		pass(24 * 60);
		expect(ids(await n8n.tick())).toEqual([idOf(FIRST)]);
		await mark([idOf(FIRST)]);
		pass(10_080);
		expect(await n8n.tick()).toEqual([]);
	});

	it('waits with what is due while its index cannot be read', async () => {
		const n8n = await emitting('index', [FIRST]);
		const { bytes } = tenant.files.get(INDEX) ?? { bytes: '' };
		tenant.put(INDEX, '<html>');
		pass(30);
		expect(await n8n.tick()).toEqual([]);
		tenant.put(INDEX, bytes);
		expect(ids(await n8n.tick())).toEqual([idOf(FIRST)]);
	});

	it('brings what is due when the server refuses to tell of one file, and that one as soon as it does', async () => {
		const n8n = await emitting('files', [FIRST, SECOND]);
		tenant.failures.set(`stat ${idOf(FIRST)}`, [new TransportError('permission-denied', 'no')]);
		pass(30);
		expect(ids(await n8n.tick())).toEqual([idOf(SECOND)]);
		expect(n8n.log.filter((message) => message.includes(`${idOf(FIRST)} cannot be read`))).toHaveLength(1);
		expect(ids(await n8n.tick())).toEqual([idOf(FIRST)]);
	});

	it.each([
		[{ repeatAfter: 0 }, "'0' in 'Repeat After' cannot be used"],
		[{ maximumAttempts: 1.5 }, "'1.5' in 'Maximum Attempts' cannot be used"],
		[{ deliveryName: { a: 1 } }, "'Delivery Name' is a name"],
	])('names an option that cannot be used %j', async (options, message) => {
		await expect(host('index', options).activate()).rejects.toThrow(message);
	});
});
