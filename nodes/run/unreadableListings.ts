import type { UnreadableLines } from '../../transport/remoteStore';
import { warning, type Hint } from './executionHints';

/** Lines of listings that could not be read in a run: there may be recordings among them, so somebody has to look. */
export class UnreadableListings {
	/** The last listing of each directory counts, because a directory may be listed several times. */
	readonly #found = new Map<string, UnreadableLines>();

	readonly onUnreadable = (found: UnreadableLines): void => {
		this.#found.set(found.directory, found);
	};

	get hints(): Hint[] {
		return [...this.#found.values()].map((found) => warning(unreadableText(found)));
	}
}

/** What to tell people of such lines. */
export function unreadableText({ directory, lines, example }: UnreadableLines): string {
	const where = directory === '' ? 'the tenant directory' : `'${directory}'`;
	const what = lines === 1 ? '1 line' : `${lines} lines`;
	return `The server's listing of ${where} has ${what} that cannot be read, so names may be missing here, for example: ${example}. Compare with another client, and report the line as a bug.`;
}
