/** How many inputs a property is tried with: `FUZZ_RUNS`, or as many as a quick run can afford. */
export function fuzzRuns(usual: number): { readonly numRuns: number } {
	return { numRuns: Number(process.env['FUZZ_RUNS'] ?? usual) };
}
