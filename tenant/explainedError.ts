/** A failure that says what to do next, found by us rather than by a server. */
export class ExplainedError extends Error {
	override readonly name = 'ExplainedError';

	/** @param advice what a person can do about it, as sentences */
	constructor(
		message: string,
		readonly advice: string,
	) {
		super(message);
	}
}
