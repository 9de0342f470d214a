import { FTPError, type FTPContext, type FTPResponse } from 'basic-ftp';

/** An answer, be it a refusal. */
export type Answer = FTPResponse | FTPError;

/** The server lost commands that were sent together, or mixed up their answers. */
export class BurstFailure extends Error {}

/**
 * Sends commands together; resolves with their answers, in order. Most servers read the next command when they have
 * answered the last. Rejects with a `BurstFailure` when an answer is missing `milliseconds` after the one before it.
 *
 * @param answers takes each answer when it comes
 */
export function sendTogether(
	ftp: FTPContext,
	commands: readonly string[],
	milliseconds: number,
	answers: Answer[] = [],
): Promise<readonly Answer[]> {
	let late: NodeJS.Timeout | undefined;
	const answered: Promise<readonly Answer[]> = ftp.handle(undefined, (reply, task) => {
		if (reply instanceof Error && !(reply instanceof FTPError)) return task.reject(reply);
		answers.push(reply);
		if (answers.length === commands.length) return task.resolve(answers);
		late?.refresh();
	});
	for (const command of commands) ftp.send(command);
	const missed = new Promise<never>((_resolve, reject) => {
		late = setTimeout(() => {
			reject(new BurstFailure(`no answer to ${commands[answers.length]?.split(' ')[0] ?? 'a command'}`));
		}, milliseconds);
	});
	return Promise.race([answered, missed]).finally(() => clearTimeout(late));
}
