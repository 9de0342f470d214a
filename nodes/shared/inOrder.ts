/**
 * Maps items with several at work at once; results come in the order of the items. The mapper has to catch what it can go on from:
 * after its first rejection nothing new is started, and that rejection is thrown when those at work have ended.
 */
export async function inOrder<Item, Result>(
	items: readonly Item[],
	concurrency: number,
	mapper: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
	const results: Result[] = [];
	let next = 0;
	let failed = false;
	const work = async (): Promise<void> => {
		while (next < items.length && !failed) {
			const index = next;
			next += 1;
			results[index] = await mapper(items[index] as Item, index).catch((error: unknown) => {
				failed = true;
				throw error;
			});
		}
	};
	const workers = await Promise.allSettled(Array.from({ length: Math.min(concurrency, items.length) }, work));
	const rejected = workers.find((worker) => worker.status === 'rejected');
	if (rejected !== undefined) throw rejected.reason;
	return results;
}
