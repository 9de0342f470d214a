/**
 * How servers say that another program has a file open: the statuses of both protocols have no word for it. Windows servers pass on what
 * the system says, IIS with a 550 as for a file that is not there.
 */
export const IN_USE_TEXT = /\b(?:in use|being used|used by another|sharing violation)\b|\bfile (?:is |was )?locked\b/iu;

/** How servers say that they let nobody in for now, whoever it is: maintenance, or what knows the users is away. */
const NOT_NOW_TEXT =
	/\btemporar(?:y|ily)\b|\b(?:try|again) later\b|\bunavailable\b|\bservice[_ ](?:is )?not[_ ]available\b|\bmaintenance\b|\bshutting down\b|\boverloaded\b/iu;
/** What may be about this login all the same: asking again could get the account locked, or keep it so. */
const THIS_LOGIN_TEXT = /attempt|incorrect|invalid|wrong|fail|lock|\bban|disabled|suspend|expire|denied|password/iu;

/** Whether a refusal at the login says nothing about the user name and the password. */
export function isForNow(text: string): boolean {
	return NOT_NOW_TEXT.test(text) && !THIS_LOGIN_TEXT.test(text);
}

/** What to do about one. */
export const NOT_NOW_ADVICE =
	"The server lets nobody in for now, whatever the password is. Wait, and try again; if it stays, ask the server's operator and quote this message.";
