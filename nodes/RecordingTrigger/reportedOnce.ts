/**
 * What triggers have told about while n8n runs: index files that cannot be read, days without one, recordings that came too often; and
 * how often each was met.
 */
const met = new Map<string, number>();

/** More than any tenant has; a memory of names that never shrinks would be a leak. */
const MOST_KEPT = 10_000;

/**
 * Which of these files to make a failed execution of. The first time, a file may only be half written, so it goes to the log; when
 * it still cannot be read the next time it is reported, once; after that the log is enough.
 */
export function filesToReport(trigger: string, paths: Iterable<string>, mayReport: boolean): string[] {
	if (met.size > MOST_KEPT) met.clear();
	return [...paths].filter((path) => {
		const key = `${trigger} ${path}`;
		const times = met.get(key) ?? 0;
		// What could not be reported this time, because there were items to emit, is reported the next.
		if (times !== 1 || mayReport) met.set(key, times + 1);
		return times === 1 && mayReport;
	});
}

/** Which of these tenant days, or emissions of recordings, this trigger has not met yet while n8n runs. */
export function firstMet(trigger: string, names: readonly string[]): string[] {
	return names.filter((name) => {
		const key = `${trigger} ${name}`;
		const isFirst = !met.has(key);
		met.set(key, 1);
		return isFirst;
	});
}
