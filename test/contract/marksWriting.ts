import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import { coordinationFor } from '../../coordination/coordination';
import { DeliveredMarks, type MarkStore } from '../../nodes/run/deliveredMarks';

export interface MarksWriting {
	/** Where the list is that all processes share. */
	readonly file: string;
	readonly recordingIds: readonly string[];
	/** Whether the process takes part in the queue mode. */
	readonly isQueueMode: boolean;
}

/** n8n's deduplication store in a file: read and written whole in two steps, with plenty of time in between. */
export function fileStore(file: string): MarkStore {
	const change = async <Result>(work: (list: string[]) => Result): Promise<Result> => {
		const list = JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as string[];
		await pause(5 + Math.random() * 15);
		const result = work(list);
		const next = `${file}.${process.pid}`;
		await writeFile(next, JSON.stringify(list));
		await rename(next, file);
		return result;
	};
	return {
		record: async (keys) =>
			await change((list) => {
				const known = new Set(keys.filter((key) => list.includes(key)));
				list.push(...keys.filter((key) => !known.has(key)));
				return known;
			}),
		remove: async (keys) =>
			await change((list) => {
				const gone = new Set(keys);
				list.splice(0, list.length, ...list.filter((key) => !gone.has(key)));
			}),
	};
}

/** The marks of the list in the file, as one process of n8n keeps them. */
export function marksIn(file: string, isQueueMode: boolean): DeliveredMarks {
	const environment = { ...process.env, EXECUTIONS_MODE: isQueueMode ? 'queue' : 'regular' };
	const { turns } = coordinationFor(environment, undefined);
	return new DeliveredMarks(fileStore(file), turns, 'workflow', 'CRM');
}

/** Looks up and marks one recording after the other, as runs do that deliver at the same time. */
export async function writeMarks({ file, recordingIds, isQueueMode }: MarksWriting): Promise<void> {
	const marks = marksIn(file, isQueueMode);
	const run = async (id: string): Promise<void> => {
		await marks.undelivered('tenant', [id]);
		await marks.mark([id]);
	};
	await Promise.all(recordingIds.map(run));
	console.log('done');
}
