/** One rule of the product broken in one line, to see whether a unit test notices. */
export interface Mutation {
	/** Path from the project's root. */
	readonly file: string;
	/** Text within one line that stands in the file exactly once. */
	readonly find: string;
	readonly replace: string;
	/** The rule that it breaks, in words. */
	readonly rule: string;
}

/** Throws unless a list has mutations that can be made: every file holds its text once, and the replacement is another one. */
export function mutated(content: string, { file, find, replace }: Mutation): string {
	const found = content.split(find).length - 1;
	if (found !== 1) throw new Error(`${file} holds ${JSON.stringify(find)} ${found} times, and it must be once`);
	if (find === replace) throw new Error(`${file}: ${JSON.stringify(find)} is replaced by itself`);
	if (find.includes('\n')) throw new Error(`${file}: ${JSON.stringify(find)} is more than one line`);
	// As a function: in a text, $ would stand for something else.
	return content.replace(find, () => replace);
}
