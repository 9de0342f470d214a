import { describe, expect, it } from 'vitest';

import { Gate } from '../../../transport/gate';

/** Tasks that run until they are told to end, and which of them are running. */
function tasks(gate: Gate) {
	const running = new Map<string, () => void>();
	const outcomes = new Map<string, unknown>();
	const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));
	return {
		running: () => [...running.keys()].join(''),
		outcomes,
		start: async (name: string, weight?: number, signal?: AbortSignal) => {
			const task = async (): Promise<string> => {
				await new Promise<void>((end) => running.set(name, end));
				return name;
			};
			gate.run(task, { weight: weight === undefined ? undefined : () => weight, signal }).then(
				(value) => outcomes.set(name, value),
				(error: unknown) => outcomes.set(name, error),
			);
			await turn();
		},
		end: async (name: string) => {
			running.get(name)?.();
			running.delete(name);
			await turn();
		},
		turn,
	};
}

describe('A gate', () => {
	it('lets in what fits together, in the order of coming, and nothing past one that waits', async () => {
		const { start, end, running } = tasks(new Gate(() => 10));
		await start('a', 6);
		await start('b', 4);
		await start('c', 5);
		await start('d', 1);
		expect(running()).toBe('ab');
		await end('b');
		expect(running()).toBe('a');
		await end('a');
		expect(running()).toBe('cd');
	});

	it('lets one that is heavier than its limit in alone', async () => {
		const { start, end, running } = tasks(new Gate(() => 10));
		await start('a', 2);
		await start('big', 25);
		await start('b', 2);
		expect(running()).toBe('a');
		await end('a');
		expect(running()).toBe('big');
		await end('big');
		expect(running()).toBe('b');
	});

	it('counts tasks without a weight one by one, and follows a limit that changes', async () => {
		let limit = 1;
		const { start, end, running } = tasks(new Gate(() => limit));
		for (const name of ['a', 'b', 'c', 'd']) await start(name);
		expect(running()).toBe('a');
		limit = 2;
		await end('a');
		expect(running()).toBe('bc');
	});

	it('asks again what one weighs whose turn has come', async () => {
		let weight = 3;
		const gate = new Gate(() => 3);
		const { start, end, running, turn } = tasks(gate);
		await start('a', 2);
		const late = gate.run(async () => 'b', { weight: () => weight });
		await start('c', 1);
		expect(running()).toBe('a');
		weight = 1;
		await end('a');
		expect(await late).toBe('b');
		await turn();
		expect(running()).toBe('c');
		await start('d', 2);
		expect(running()).toBe('cd');
	});

	it('lets one whose run was stopped leave the line, and goes on with those behind it', async () => {
		const { start, end, running, outcomes, turn } = tasks(new Gate(() => 10));
		const stop = new AbortController();
		await start('a', 6);
		await start('stopped', 9, stop.signal);
		await start('b', 4);
		expect(running()).toBe('a');
		stop.abort();
		await turn();
		expect(outcomes.get('stopped')).toMatchObject({ code: 'aborted' });
		expect(running()).toBe('ab');
		await start('too late', 9, stop.signal);
		expect(outcomes.get('too late')).toMatchObject({ code: 'aborted' });
		await end('a');
		await end('b');
		await start('c', 10);
		expect(running()).toBe('c');
	});

	it('begins nothing any more once it is closed', async () => {
		const gate = new Gate(() => 1);
		const { start, running, outcomes, turn } = tasks(gate);
		await start('a');
		await start('b');
		gate.close();
		await turn();
		expect(outcomes.get('b')).toMatchObject({ code: 'closed' });
		expect(running()).toBe('a');
	});
});
