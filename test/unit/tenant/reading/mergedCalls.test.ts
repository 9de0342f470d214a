import { describe, expect, it } from 'vitest';

import { MergedCalls } from '../../../../tenant/reading/mergedCalls';
import { groupByTransaction } from '../../../../recordings/transaction';
import { richnessOf } from '../../../../recordings/indexRow';
import type { IndexRow, ReadRow } from '../../../../recordings/indexRow';
import { indexRow } from '../../recordings/indexRowFixture';

function read(fields: Partial<IndexRow>, at?: number): ReadRow {
	const row = indexRow(fields);
	return { row, at, richness: richnessOf(row) };
}

const everything = (): boolean => true;

describe('a list of calls', () => {
	it('holds each recording once, its richer row, whichever comes first', () => {
		const poor = read({ indexLine: 2 }, 1);
		const rich = read({ indexLine: 9, wrapUpCode: 'Sale' }, 1);
		for (const order of [
			[poor, rich],
			[rich, poor],
		]) {
			const list = new MergedCalls(everything);
			order.forEach((row, priority) => list.add(row, priority));
			expect(list.rows).toEqual([rich.row]);
			expect(list.seen).toBe(1);
		}
	});

	it('of two equally rich rows keeps that of the file that counts more, whichever arrives first', () => {
		const first = read({ indexLine: 1 }, 1);
		const second = read({ indexLine: 2 }, 1);
		const list = new MergedCalls(everything);
		list.add(second, 1);
		list.add(first, 0);
		expect(list.rows).toEqual([first.row]);
	});

	it('never lets a poorer copy of a row in that the filter has dropped', () => {
		const rich = read({ wrapUpCode: 'Complaint', agentName: 'Agent One' }, 1);
		const poor = read({}, 1);
		const wants = (row: IndexRow): boolean => row.wrapUpCode !== 'Complaint';
		for (const order of [
			[poor, rich],
			[rich, poor],
		]) {
			const list = new MergedCalls(wants);
			order.forEach((row, priority) => list.add(row, priority));
			expect(list.rows).toEqual([]);
		}
	});

	it('never merges rows without a recording', () => {
		const list = new MergedCalls(everything);
		list.add(read({ recordingId: null }, 1), 0);
		list.add(read({ recordingId: null }, 1), 0);
		expect(list.rows).toHaveLength(2);
	});

	it('comes out by start time, then recording, rows without a time last', () => {
		const list = new MergedCalls(everything);
		[
			read({ recordingId: 'z' }),
			read({ recordingId: 'b' }, 5),
			read({ recordingId: 'a' }, 5),
			read({ recordingId: 'c' }, 1),
		].forEach((row) => list.add(row, 0));
		expect(list.rows.map((row) => row.recordingId)).toEqual(['c', 'a', 'b', 'z']);
	});
});

describe('calls grouped by transaction', () => {
	it('give what the recordings share, and the recordings, oldest first', () => {
		const rows = [
			indexRow({ recordingId: 'a', transactionId: '1', agentName: 'Agent One', queueName: 'Sales', sequence: 1 }),
			indexRow({ recordingId: 'b', transactionId: '2', agentName: 'Agent Two' }),
			indexRow({ recordingId: 'c', transactionId: '1', agentName: 'Agent Two', queueName: 'Sales', sequence: 2 }),
		];
		const [first, second] = groupByTransaction(rows);
		expect(first).toMatchObject({
			transactionId: '1',
			queueName: 'Sales',
			recordingCount: 2,
			recordings: [rows[0], rows[2]],
		});
		expect(first).not.toHaveProperty('agentName');
		expect(first).not.toHaveProperty('recordingId');
		expect(second).toMatchObject({ transactionId: '2', agentName: 'Agent Two', recordingCount: 1 });
	});

	it('never join rows that have none', () => {
		expect(groupByTransaction([indexRow(), indexRow()])).toHaveLength(2);
	});
});
