import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ProcessTurns } from '../../../coordination/turns';
import { DeliveredMarks, MOST_MARKS } from '../../../nodes/run/deliveredMarks';
import { DeduplicationModel } from './markStore';
import { fuzzRuns } from '../fuzzRuns';

const entries = { mode: 'entries' } as const;
let workflows = 0;

/** A workflow of its own, and the marks that a process of it sees. */
class TestWorkflow {
	readonly id = `workflow-${(workflows += 1)}`;

	readonly model = new DeduplicationModel();

	readonly #turns = new Map<string, ProcessTurns>();

	/** `process` tells apart the processes of n8n that run this workflow: only those of one process wait for each other. */
	marks(delivery = '', process = 'main'): DeliveredMarks {
		const data = { workflow: { id: this.id, active: true } };
		const turns = this.#turns.get(process) ?? new ProcessTurns();
		this.#turns.set(process, turns);
		return new DeliveredMarks(
			{
				record: async (keys, most) => {
					const options = most === undefined ? entries : { ...entries, maxEntries: most };
					return new Set(
						(await this.model.checkProcessedAndRecord([...keys], 'workflow', data, options)).processed.map(String),
					);
				},
				remove: async (keys) => await this.model.removeProcessed([...keys], 'workflow', data),
			},
			turns,
			this.id,
			delivery,
		);
	}

	get size(): number {
		return [...this.model.rows.values()].reduce((sum, row) => sum + (JSON.parse(row) as string[]).length, 0);
	}
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `S20160606/R2016060615${i}.wav`);

async function undelivered(marks: DeliveredMarks, asked: readonly string[]): Promise<string[]> {
	const found = await marks.undelivered('acme', asked);
	return asked.filter((id) => found.has(id));
}

describe('the marks of delivered recordings', () => {
	it('give what is not marked each time, and what is marked never again', async () => {
		const workflow = new TestWorkflow();
		const all = ids(5);
		const [first = '', , third = ''] = all;
		expect(await undelivered(workflow.marks(), all)).toEqual(all);
		expect(await undelivered(workflow.marks(), all)).toEqual(all);
		await workflow.marks().mark([first, third, third]);
		const left = all.filter((id) => id !== first && id !== third);
		expect(await undelivered(workflow.marks(), all)).toEqual(left);
		expect(await undelivered(workflow.marks(), all)).toEqual(left);
		await workflow.marks().forget([first]);
		expect(await undelivered(workflow.marks(), all)).toEqual([first, ...left]);
	});

	it('are one key for each delivered recording, and none for others, when nobody looks', async () => {
		const workflow = new TestWorkflow();
		const all = ids(2_500);
		await undelivered(workflow.marks(), all);
		await workflow.marks().mark(all.slice(0, 1_200));
		expect(await undelivered(workflow.marks(), all)).toEqual(all.slice(1_200));
		// Two more: that the delivery is this tenant's.
		expect(workflow.size).toBe(1_200 + 2);
	});

	it('are kept apart by delivery', async () => {
		const workflow = new TestWorkflow();
		const all = ids(3);
		await workflow.marks('CRM').mark(all);
		expect(await undelivered(workflow.marks('CRM'), all)).toEqual([]);
		expect(await undelivered(workflow.marks('Archive'), all)).toEqual(all);
	});

	it('are refused to a second tenant, whose recordings may have the same names', async () => {
		const workflow = new TestWorkflow();
		const all = ids(3);
		await undelivered(workflow.marks(), all);
		await workflow.marks().mark(all);
		for (const attempt of [1, 2]) {
			await expect(workflow.marks().undelivered('umbrella', all), `attempt ${attempt}`).rejects.toMatchObject({
				message: expect.stringContaining("another tenant than 'umbrella'"),
				advice: expect.stringContaining("'Delivery Name' of its own"),
			});
		}
		expect(await undelivered(workflow.marks(), all)).toEqual([]);
		expect((await workflow.marks('Umbrella').undelivered('umbrella', all)).size).toBe(3);
	});

	it('drop the oldest when they are too many, and more than they can hold is refused', async () => {
		const workflow = new TestWorkflow();
		const [oldest = '', ...rest] = ids(MOST_MARKS + 1);
		await workflow.marks().mark([oldest]);
		await workflow.marks().mark(rest);
		expect(workflow.size).toBe(MOST_MARKS);
		expect(await undelivered(workflow.marks(), [oldest, ...rest.slice(0, 1_500)])).toEqual([oldest]);
		await expect(workflow.marks().undelivered('acme', [oldest, ...rest])).rejects.toThrow(/100001 recordings are more/);
	});
});

describe('marks and crashes', () => {
	const all = ids(3);
	const [delivered = '', , fresh = ''] = all;

	/** A night: looks up, delivers some of what came out, marks it, and looks up again. */
	async function night(marks: DeliveredMarks, deliveries: Set<string>): Promise<void> {
		const found = await undelivered(marks, all);
		for (const id of found.filter((one) => one !== fresh)) deliveries.add(id);
		await marks.mark(found.filter((one) => one !== fresh));
		await undelivered(marks, all);
	}

	it.each(['before', 'after'] as const)(
		'lose nothing when the process dies just %s any write, and repeat only what was being looked at',
		async (when) => {
			let crashes = 0;
			for (let write = 1; write < 40; write += 1) {
				const workflow = new TestWorkflow();
				await workflow.marks().mark([delivered]);
				const deliveries = new Set([delivered]);
				workflow.model.dieAt = { write: workflow.model.writes + write, when };
				const died = await night(workflow.marks(), deliveries).then(
					() => false,
					() => true,
				);
				crashes += died ? 1 : 0;
				workflow.model.dieAt = undefined;
				const found = await undelivered(workflow.marks(), all);
				// What was never delivered always comes again.
				for (const id of all.filter((one) => !deliveries.has(one))) expect(found, `write ${write}`).toContain(id);
				// And after one whole run everything is as it should be.
				await workflow.marks().mark(found);
				expect(await undelivered(workflow.marks(), all)).toEqual([]);
			}
			expect(crashes).toBeGreaterThanOrEqual(6);
		},
	);

	it('lose nothing when processes overtake each other at every step and die', async () => {
		const universe = ids(6);
		const step = fc.record({
			process: fc.constantFrom('a', 'b', 'c'),
			kind: fc.constantFrom('look', 'mark'),
			some: fc.subarray(universe, { minLength: 1 }),
			dies: fc.boolean(),
		});
		await fc.assert(
			fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), fc.scheduler(), async (steps, scheduler) => {
				const workflow = new TestWorkflow();
				workflow.model.pause = async () => await scheduler.schedule(Promise.resolve());
				const mayBeMarked = new Set<string>();
				const runs = steps.map(async ({ process, kind, some, dies }) => {
					const marks = workflow.marks('', process);
					if (dies) workflow.model.dieAt = { write: workflow.model.writes + 2, when: 'before' };
					if (kind === 'look') return await undelivered(marks, some);
					for (const id of some) mayBeMarked.add(id);
					await marks.mark(some);
					return [];
				});
				const settled = Promise.allSettled(runs);
				await scheduler.waitFor(settled);
				workflow.model.dieAt = undefined;
				workflow.model.pause = async () => await Promise.resolve();
				const found = await undelivered(workflow.marks('', 'later'), universe);
				expect(found).toEqual(expect.arrayContaining(universe.filter((id) => !mayBeMarked.has(id))));
			}),
			fuzzRuns(120),
		);
	});

	it('are exact within one process, however many runs look and mark at the same time', async () => {
		const workflow = new TestWorkflow();
		workflow.model.pause = async () => await new Promise((go) => setImmediate(go));
		const universe = ids(40);
		await Promise.all(
			universe.map(async (id, i) => {
				await undelivered(workflow.marks(), universe.slice(i));
				await workflow.marks().mark([id]);
			}),
		);
		expect(await undelivered(workflow.marks(), universe)).toEqual([]);
	});
});
