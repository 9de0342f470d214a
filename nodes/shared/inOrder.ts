/**
 * Maps items with several at work at once; results come in the order of the items. The mapper has to catch what it can go on
 * from: its first rejection is passed on at once and nothing new is started; whoever owns what the others work on ends it.
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
	await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
	return results;
}
