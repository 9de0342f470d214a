import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ConnectionLease, ConnectionRun } from '../../coordination/connectionRun';
import { NoConnection } from '../../coordination/connectionRun';
import type { Coordination } from '../../coordination/coordination';

const PATIENCE = 20_000;

export interface CoordinationRig {
	/** Of one process each; the only one when there are none but this. */
	readonly processes: readonly Coordination[];
	close(): Promise<void>;
}

let accounts = 0;

const reasonOf = async (work: Promise<unknown>): Promise<string> =>
	await work.then(
		() => 'granted',
		(error: unknown) => (error instanceof NoConnection ? error.reason : String(error)),
	);

/** Releases of what was granted, in the order of granting. */
class Granted {
	readonly names: string[] = [];

	readonly leases: ConnectionLease[] = [];

	add(name: string, lease: Promise<ConnectionLease>): void {
		void lease.then(
			(granted) => {
				this.names.push(name);
				this.leases.push(granted);
			},
			() => undefined,
		);
	}

	async until(count: number): Promise<void> {
		const deadline = Date.now() + PATIENCE;
		while (this.names.length < count && Date.now() < deadline) await pause(10);
	}
}

/** What both implementations keep: the one within a process and the one in Redis. */
export function coordinationContract(name: string, start: () => Promise<CoordinationRig>): void {
	describe(`connections to one account, ${name}`, () => {
		let rig: CoordinationRig;
		let username = '';
		/** Runs take turns in the processes, so that neighbours are never in the same one. */
		let runs = 0;

		const run = (limit: number, user = username): ConnectionRun => {
			const process = rig.processes[(runs += 1) % rig.processes.length];
			if (process === undefined) throw new Error('no process');
			return process.desk({ host: 'files.example.com', port: 990, username: user }).run(limit);
		};

		/** In the process of the run before it. */
		const runBeside = (limit: number): ConnectionRun => {
			runs -= 1;
			return run(limit);
		};

		beforeEach(async () => {
			rig = await start();
			username = `tenant-${(accounts += 1)}`;
			// The first question about an account may have to wait until Redis is sure that nobody holds anything.
			(await run(1).first(PATIENCE)).release();
		});
		afterEach(async () => {
			await rig.close();
		});

		test('are granted up to the limit; then runs wait their turn, first come, first served', async () => {
			const granted = new Granted();
			for (const each of ['a', 'b', 'c', 'd', 'e']) {
				granted.add(each, run(2).first(PATIENCE));
				await pause(15);
			}
			await granted.until(2);
			await pause(600);
			expect(granted.names).toEqual(['a', 'b']);
			for (let count = 3; count <= 5; count += 1) {
				granted.leases[count - 3]?.release();
				await granted.until(count);
				await pause(300);
				expect(granted.names).toEqual(['a', 'b', 'c', 'd', 'e'].slice(0, count));
			}
		});

		test('those asked for in the same moment in one process come in the order of asking', async () => {
			const granted = new Granted();
			const desk = rig.processes[0]?.desk({ host: 'files.example.com', port: 990, username });
			for (const each of ['a', 'b', 'c']) if (desk) granted.add(each, desk.run(1).first(PATIENCE));
			for (let count = 1; count <= 3; count += 1) {
				await granted.until(count);
				granted.leases[count - 1]?.release();
			}
			expect(granted.names).toEqual(['a', 'b', 'c']);
		});

		test('releasing twice gives back one', async () => {
			const lease = await run(1).first(PATIENCE);
			lease.release();
			const second = await run(1).first(PATIENCE);
			lease.release();
			expect(await reasonOf(run(1).first(700))).toBe('busy');
			second.release();
		});

		test('further ones are given while there are some, and none while somebody waits', async () => {
			const first = run(3);
			const second = run(3);
			const leases = [await first.first(PATIENCE), await first.another(), await first.another()];
			expect(leases.every((lease) => lease !== undefined)).toBe(true);
			expect(await first.another()).toBeUndefined();
			const granted = new Granted();
			granted.add('second', second.first(PATIENCE));
			await pause(300);
			leases[0]?.release();
			leases[1]?.release();
			const more = await first.another();
			await granted.until(1);
			expect([granted.names, more === undefined || (await second.another()) === undefined]).toEqual([['second'], true]);
		});

		test('a run with several is asked for one back when another waits, and never for its last one', async () => {
			const rich = run(3);
			const leases = [await rich.first(PATIENCE), await rich.another(), await rich.another()];
			expect(rich.claimSurplus()).toBe(false);
			let calls = 0;
			rich.whenWanted(() => (calls += 1));
			const granted = new Granted();
			granted.add('poor', run(3).first(PATIENCE));
			const deadline = Date.now() + PATIENCE;
			while (calls === 0 && Date.now() < deadline) await pause(10);
			expect([rich.claimSurplus(), rich.claimSurplus()]).toEqual([true, false]);
			leases[2]?.release();
			await granted.until(1);
			granted.add('poorer', run(3).first(PATIENCE));
			granted.add('poorest', run(3).first(PATIENCE));
			await pause(1_500);
			expect([rich.claimSurplus(), rich.claimSurplus()]).toEqual([true, false]);
			leases[1]?.release();
			await granted.until(2);
			await pause(1_500);
			expect([rich.claimSurplus(), granted.names]).toEqual([false, ['poor', 'poorer']]);
		});

		test('whoever aborts leaves the queue, and the next in it is served', async () => {
			const lease = await run(1).first(PATIENCE);
			const abort = new AbortController();
			const stopped = reasonOf(run(1).first(PATIENCE, abort.signal));
			const granted = new Granted();
			await pause(100);
			granted.add('next', run(1).first(PATIENCE));
			await pause(100);
			abort.abort();
			expect(await stopped).toBe('aborted');
			expect(await reasonOf(run(1).first(PATIENCE, AbortSignal.abort()))).toBe('aborted');
			lease.release();
			await granted.until(1);
			expect(granted.names).toEqual(['next']);
		});

		test('whoever waits too long is told so, and holds nothing up', async () => {
			const lease = await run(1).first(PATIENCE);
			expect(await reasonOf(run(1).first(300))).toBe('busy');
			lease.release();
			(await run(1).first(PATIENCE)).release();
		});

		test('a run that lost its connection comes before those who came later', async () => {
			const early = run(1);
			const filler = run(1);
			(await early.first(PATIENCE)).release();
			const lease = await filler.first(PATIENCE);
			const granted = new Granted();
			granted.add('late', run(1).first(PATIENCE));
			await pause(400);
			granted.add('early', early.first(PATIENCE));
			await pause(400);
			lease.release();
			await granted.until(1);
			granted.leases[0]?.release();
			await granted.until(2);
			expect(granted.names).toEqual(['early', 'late']);
		});

		test('one that rests counts, is adopted once, and is given up at once for a run that waits', async () => {
			const first = run(2);
			const leases = [await first.first(PATIENCE), await first.another()];
			const givenUp: number[] = [];
			for (const [number, lease] of leases.entries()) {
				lease?.rest(() => {
					givenUp.push(number);
					lease.release();
				});
			}
			expect([first.held, givenUp]).toEqual([0, []]);
			// A run of the same process works on, with the second one.
			const next = runBeside(2);
			const lent = leases[1] as ConnectionLease;
			expect([next.adopt(lent), runBeside(2).adopt(lent), next.held]).toEqual([true, false, 1]);
			const granted = new Granted();
			granted.add('poor', run(2).first(PATIENCE));
			await granted.until(1);
			expect([granted.names, givenUp]).toEqual([['poor'], [0]]);
			// And nobody else's, as long as it is lent.
			granted.add('poorer', run(2).first(PATIENCE));
			await pause(500);
			expect([granted.names, givenUp, next.claimSurplus()]).toEqual([['poor'], [0], false]);
			lent.rest(() => {
				givenUp.push(1);
				lent.release();
			});
			await granted.until(2);
			expect([granted.names, givenUp]).toEqual([
				['poor', 'poorer'],
				[0, 1],
			]);
		});

		test('one that rests is given up for a run that has one and would like another', async () => {
			const resting = await run(2).first(PATIENCE);
			resting.rest(() => resting.release());
			const busy = run(2);
			await busy.first(PATIENCE);
			const deadline = Date.now() + PATIENCE;
			let more = await busy.another();
			while (more === undefined && Date.now() < deadline) {
				await pause(50);
				more = await busy.another();
			}
			expect(more).toBeDefined();
		});

		test('another account has its own', async () => {
			await run(1).first(PATIENCE);
			(await run(1, `${username}-other`).first(PATIENCE)).release();
		});

		test('whatever runs take and give back, there are never more than the limit, and every run gets its turn', async () => {
			const limit = 3;
			let open = 0;
			let peak = 0;
			const use = async (lease: ConnectionLease): Promise<void> => {
				open += 1;
				peak = Math.max(peak, open);
				await pause(Math.random() * 20);
				open -= 1;
				lease.release();
			};
			const work = async (): Promise<number> => {
				const own = run(limit);
				let uses = 0;
				for (let turn = 0; turn < 4; turn += 1) {
					const first = await own.first(PATIENCE);
					const others = await Promise.all([own.another(), own.another()]);
					const leases = [first, ...others].filter((lease) => lease !== undefined);
					uses += leases.length;
					await Promise.all(leases.map(use));
				}
				return uses;
			};
			const uses = await Promise.all(Array.from({ length: 8 }, work));
			expect(Math.min(...uses)).toBeGreaterThanOrEqual(4);
			expect(peak).toBeLessThanOrEqual(limit);
			expect(peak).toBe(limit);
		});
	});

	describe(`turns, ${name}`, () => {
		let rig: CoordinationRig;
		beforeEach(async () => {
			rig = await start();
		});
		afterEach(async () => {
			await rig.close();
		});

		test('come one at a time for each name, whatever the work throws', async () => {
			const names = [`x${(accounts += 1)}`, `y${accounts}`];
			const running = new Map<string, number>();
			let most = 0;
			let done = 0;
			const work = async (name: string, fails: boolean): Promise<void> => {
				running.set(name, (running.get(name) ?? 0) + 1);
				most = Math.max(most, running.get(name) ?? 0);
				await pause(5 + Math.random() * 10);
				running.set(name, (running.get(name) ?? 0) - 1);
				done += 1;
				if (fails) throw new Error('no luck');
			};
			const takings = Array.from({ length: 24 }, async (_, at) => {
				const turns = rig.processes[at % rig.processes.length]?.turns;
				const name = names[at % 3 === 0 ? 0 : 1] ?? '';
				return await turns?.take(name, async () => {
					await work(name, at % 4 === 0);
					return at;
				});
			});
			const outcomes = await Promise.allSettled(takings);
			expect([most, done]).toEqual([1, 24]);
			expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value : 'no luck'))).toEqual(
				takings.map((_, at) => (at % 4 === 0 ? 'no luck' : at)),
			);
		});

		test('do not wait for those of another name', async () => {
			const [first, last = first] = [rig.processes[0]?.turns, rig.processes.at(-1)?.turns];
			let letGo: () => void = () => undefined;
			const slow = first?.take('slow', async () => await new Promise<void>((resolve) => (letGo = resolve)));
			expect(await last?.take('other', async () => await Promise.resolve('done'))).toBe('done');
			letGo();
			await slow;
		});
	});
}
