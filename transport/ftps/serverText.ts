const LONGEST = 200;
/** A name this short is in half of all sentences; blanking it out would only make the text unreadable. */
const SHORTEST_NAME = 3;
const BLANK = '***';
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** How servers tell that a directory is empty. */
export const NO_FILES_TEXT = /\bno files\b|\bis empty\b|\bempty directory\b/iu;

/** What must never be shown, although a server may echo it. */
export interface Secrets {
	readonly username: string;
	readonly password: string;
}

function withoutSecrets(text: string, { username, password }: Secrets): string {
	const hidden = [password, username.length < SHORTEST_NAME ? '' : username].filter((secret) => secret !== '');
	return hidden.sort((a, b) => b.length - a.length).reduce((shown, secret) => shown.replaceAll(secret, BLANK), text);
}

/**
 * What a server or a library said, as one line of at most 200 characters: no line ends, no control or formatting
 * characters, and without the password and the user name.
 */
export function safeLine(text: string, secrets: Secrets): string {
	const line = withoutSecrets(text, secrets).replace(NOT_PRINTABLE, ' ').replace(/\s+/gu, ' ').trim();
	const characters = [...withoutSecrets(line, secrets)];
	return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join('')}…` : characters.join('');
}
