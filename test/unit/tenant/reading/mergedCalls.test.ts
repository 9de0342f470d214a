import { describe, expect, it } from 'vitest';

import type { Fate } from '../../../../tenant/reading/mergedCalls';
import { MergedCalls } from '../../../../tenant/reading/mergedCalls';
import { groupByTransaction } from '../../../../recordings/transaction';
import { richnessOf } from '../../../../recordings/indexRow';
import type { IndexColumn } from '../../../../recordings/indexColumn';
import type { IndexRow, ReadRow } from '../../../../recordings/indexRow';
import { indexRow } from '../../recordings/indexRowFixture';

function read(fields: Partial<IndexRow>, at?: number, columns: readonly IndexColumn[] = []): ReadRow {
	const row = indexRow(fields);
	return { row, at, richness: richnessOf(row), columns: new Set(columns) };
}

function rowsOf(list: MergedCalls): IndexRow[] {
	return list.result.reads.map(({ row }) => row);
}

const everything = (): Fate => 'kept';

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
			expect(rowsOf(list)).toEqual([rich.row]);
			expect(list.result.seen).toBe(1);
		}
	});

	it('of two equally rich rows keeps that of the file that counts more, whichever arrives first', () => {
		const first = read({ indexLine: 1 }, 1);
		const second = read({ indexLine: 2 }, 1);
		const list = new MergedCalls(everything);
		list.add(second, 1);
		list.add(first, 0);
		expect(rowsOf(list)).toEqual([first.row]);
	});

	it('never lets a poorer copy of a row in that the filter has dropped', () => {
		const rich = read({ wrapUpCode: 'Complaint', agentName: 'Agent One' }, 1);
		const poor = read({}, 1);
		const wants = ({ row }: ReadRow): Fate => (row.wrapUpCode === 'Complaint' ? 'filtered' : 'kept');
		for (const order of [
			[poor, rich],
			[rich, poor],
		]) {
			const list = new MergedCalls(wants);
			order.forEach((row, priority) => list.add(row, priority));
			expect(rowsOf(list)).toEqual([]);
		}
	});

	it('places a recording by its richer row alone, whatever day the poorer one tells', () => {
		const poor = read({ tenantDay: '2016-06-07' }, 2);
		const rich = read({ tenantDay: '2016-06-06', wrapUpCode: 'Sale' }, 1);
		for (const order of [
			[poor, rich],
			[rich, poor],
		]) {
			const list = new MergedCalls(({ row }) => (row.tenantDay === '2016-06-07' ? 'kept' : 'elsewhere'));
			order.forEach((row, priority) => list.add(row, priority));
			expect(list.result).toEqual({ reads: [], seen: 0, unjudged: 0 });
			expect([...list.recordingIds]).toEqual(['S20160607/R201606070130000001.wav']);
		}
	});

	describe('without a recording', () => {
		const unnamed = { recordingId: null, startTime: '2016-06-06T18:30:00.000-07:00', agentName: 'Agent One' };
		const detailed = (fields: Partial<IndexRow>): ReadRow =>
			read({ ...unnamed, indexFile: 'Index/I20160606_version2.csv', ...fields }, 1, [
				'startTime',
				'agentName',
				'wrapUpCode',
			]);
		const basic = (fields: Partial<IndexRow> = {}): ReadRow =>
			read({ ...unnamed, ...fields }, 1, ['startTime', 'agentName', 'caseId']);

		it('is one call across files when all columns that both have are equal, the richer row of it', () => {
			const list = new MergedCalls(everything);
			list.add(basic(), 1);
			list.add(detailed({ wrapUpCode: 'Sale', indexLine: 9 }), 0);
			list.add(basic({ agentName: 'Agent Two' }), 1);
			expect(rowsOf(list).map((row) => [row.agentName, row.wrapUpCode])).toEqual([
				['Agent Two', null],
				['Agent One', 'Sale'],
			]);
		});

		it('stays as many calls as a file has rows, however equal they are', () => {
			const list = new MergedCalls(everything);
			for (const line of [2, 3, 4]) list.add(basic({ indexLine: line }), 1);
			for (const line of [2, 3]) list.add(detailed({ indexLine: line }), 0);
			expect(rowsOf(list)).toHaveLength(3);
		});

		it('is the named one of a file that has names, where its own file has no column for them', () => {
			const list = new MergedCalls(everything);
			const named = { ...unnamed, recordingId: 'S20160607/R1.wav', fileName: 'R1.wav', indexFile: 'other.csv' };
			list.add(read(named, 1, ['startTime', 'agentName', 'fileName']), 0);
			list.add(basic(), 1);
			expect(rowsOf(list).map((row) => row.recordingId)).toEqual(['S20160607/R1.wav']);
		});
	});

	it('never merges rows without a recording', () => {
		const list = new MergedCalls(everything);
		list.add(read({ recordingId: null }, 1), 0);
		list.add(read({ recordingId: null }, 1), 0);
		expect(rowsOf(list)).toHaveLength(2);
	});

	it('comes out by start time, then recording, rows without a time last', () => {
		const list = new MergedCalls(everything);
		[
			read({ recordingId: 'z' }),
			read({ recordingId: 'b' }, 5),
			read({ recordingId: 'a' }, 5),
			read({ recordingId: 'c' }, 1),
		].forEach((row) => list.add(row, 0));
		expect(rowsOf(list).map((row) => row.recordingId)).toEqual(['c', 'a', 'b', 'z']);
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
