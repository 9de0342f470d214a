/** A file that holds no index at all; `advice` says what to do next. */
export class IndexFormatError extends Error {
	override readonly name = 'IndexFormatError';

	constructor(
		readonly indexFile: string,
		message: string,
		readonly advice: string,
	) {
		super(message);
	}
}
