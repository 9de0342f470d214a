/**
 * How many inputs a property is tried with: as many as a quick run can afford, which are the same each time, so that a change that
 * fails is the one that broke something; or `FUZZ_RUNS`, at random, to search.
 */
export function fuzzRuns(usual: number): { readonly numRuns: number; readonly seed?: number } {
	const asked = process.env['FUZZ_RUNS'];
	return asked === undefined ? { numRuns: usual, seed: 20_160_607 } : { numRuns: Number(asked) };
}
