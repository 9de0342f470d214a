const LONGEST = 40;

/** A cell's text as a message quotes it, cut when it is long. */
export function clip(text: string): string {
	return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
