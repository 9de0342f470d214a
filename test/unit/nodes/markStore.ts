import { createHash } from 'node:crypto';

import { DataDeduplicationService } from 'n8n-core';
import type {
	DeduplicationItemTypes,
	ICheckProcessedOptions,
	IDataDeduplicator,
	IDeduplicationOutput,
} from 'n8n-workflow';

/**
 * n8n's deduplication store in memory, with what matters of it: a workflow's keys are one list, read and written whole in two
 * steps; hashes are compared with the list as it was before the call; the oldest go first. Written after
 * `packages/cli/src/deduplication/deduplication-helper.ts` of n8n 2.8; the end-to-end test runs against the real one.
 */
export class DeduplicationModel implements IDataDeduplicator {
	readonly rows = new Map<string, string>();

	writes = 0;

	/** Whether the process dies when it is about to make this write (`before`), or has just made it (`after`). */
	dieAt: { readonly write: number; readonly when: 'before' | 'after' } | undefined;

	/** Waits between reading and writing, so that calls can overtake each other. */
	pause: () => Promise<void> = async () => await Promise.resolve();

	async checkProcessedAndRecord(
		items: DeduplicationItemTypes[],
		scope: string,
		{ workflow }: { workflow: { id: string } },
		{ maxEntries }: ICheckProcessedOptions,
	): Promise<IDeduplicationOutput> {
		const key = `${workflow.id} ${scope}`;
		const list = this.#read(key);
		await this.pause();
		const before = new Set(list);
		const hashed = items.map((item) => ({ item, key: hash(item) }));
		const fresh = hashed.filter(({ key: one }) => !before.has(one));
		for (const { key: one } of fresh) list.push(one);
		if (maxEntries !== undefined && list.length > maxEntries) list.splice(0, list.length - maxEntries);
		await this.#write(key, list);
		const processed = hashed.filter(({ key: one }) => before.has(one));
		return { new: fresh.map(({ item }) => item), processed: processed.map(({ item }) => item) };
	}

	async removeProcessed(
		items: DeduplicationItemTypes[],
		scope: string,
		{ workflow }: { workflow: { id: string } },
	): Promise<void> {
		const key = `${workflow.id} ${scope}`;
		const list = this.#read(key);
		await this.pause();
		// Each takes out the first that is like it, as n8n does in a walk through the list for each.
		const left = new Map<string, number>();
		for (const one of items.map(hash)) left.set(one, (left.get(one) ?? 0) + 1);
		const kept = list.filter((one) => {
			const count = left.get(one) ?? 0;
			if (count > 0) left.set(one, count - 1);
			return count === 0;
		});
		await this.#write(key, kept);
	}

	async clearAllProcessedItems(): Promise<void> {
		await Promise.reject(new Error('The nodes never clear what other nodes of the workflow keep'));
	}

	async getProcessedDataCount(scope: string, { workflow }: { workflow: { id: string } }): Promise<number> {
		return await Promise.resolve(this.#read(`${workflow.id} ${scope}`).length);
	}

	#read(key: string): string[] {
		return JSON.parse(this.rows.get(key) ?? '[]') as string[];
	}

	async #write(key: string, list: string[]): Promise<void> {
		this.writes += 1;
		const { dieAt } = this;
		if (dieAt?.write === this.writes && dieAt.when === 'before') await Promise.reject(new Crash());
		this.rows.set(key, JSON.stringify(list));
		if (dieAt?.write === this.writes && dieAt.when === 'after') await Promise.reject(new Crash());
	}
}

export class Crash extends Error {
	override readonly message = 'The process died';
}

function hash(item: DeduplicationItemTypes): string {
	return createHash('md5').update(String(item)).digest('base64');
}

let model: DeduplicationModel | undefined;

function kept(): DeduplicationModel {
	if (model === undefined) throw new Error('This test marks, and says nowhere into what: call keepMarksIn first');
	return model;
}

/** n8n takes one store for the life of a process, which test files share: it leads to the one that is kept in now. */
let leading: Promise<void> | undefined;

/** From now on nodes of this process look marks up, and keep them, in `next`. */
export async function keepMarksIn(next: DeduplicationModel): Promise<void> {
	model = next;
	leading ??= DataDeduplicationService.init({
		checkProcessedAndRecord: async (items, scope, context, options) =>
			await kept().checkProcessedAndRecord(items, scope, context, options),
		removeProcessed: async (items, scope, context) => await kept().removeProcessed(items, scope, context),
		clearAllProcessedItems: async () => await kept().clearAllProcessedItems(),
		getProcessedDataCount: async (scope, context) => await kept().getProcessedDataCount(scope, context),
	});
	await leading;
}
