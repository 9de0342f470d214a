/** How the cells of an index are parted and quoted. */
export interface CsvDialect {
	readonly delimiter: ',' | ';' | '\t' | '|';
	readonly quote: '"' | "'";
}

/** In the order in which they are tried. */
export const DELIMITERS: ReadonlyArray<CsvDialect['delimiter']> = [',', ';', '\t', '|'];

/**
 * How well the quotes of a text stand:
 * - `legal`: as RFC 4180 has it
 * - `padded`: blanks, or the `=` of a spreadsheet guard, stand around quoted cells
 * - `bare`: an unquoted cell has a quote in it
 * - `open`: the text ends inside a quoted cell; `open bare`: and had a bare quote before it
 * - `broken`: something follows a closing quote within its cell
 */
export type CsvForm = 'legal' | 'padded' | 'bare' | 'open' | 'open bare' | 'broken';

export function isOpen(form: CsvForm): boolean {
	return form === 'open' || form === 'open bare';
}

/** What may stand between a delimiter and the quote that opens a cell. */
const OPENING = /^\s*=?$/;

/** Judges the quotes of one row, which may have line ends inside its quoted cells. */
export function formOf(text: string, { delimiter, quote }: CsvDialect): CsvForm {
	let form: 'legal' | 'padded' | 'bare' = 'legal';
	let from = 0;
	for (let at = text.indexOf(quote); at !== -1; at = text.indexOf(quote, from)) {
		const begin = Math.max(from, text.lastIndexOf(delimiter, at) + 1);
		if (begin < at && !OPENING.test(text.slice(begin, at))) {
			form = 'bare';
			const end = text.indexOf(delimiter, at);
			if (end === -1) return form;
			from = end + 1;
			continue;
		}
		const close = closingQuote(text, at + 1, quote);
		if (close === -1) return form === 'bare' ? 'open bare' : 'open';
		const after = skipBlanks(text, close + 1, delimiter);
		if (form === 'legal' && (begin < at || after > close + 1)) form = 'padded';
		if (after >= text.length) return form;
		if (text[after] !== delimiter) return 'broken';
		from = after + 1;
	}
	return form;
}

function closingQuote(text: string, from: number, quote: string): number {
	let at = text.indexOf(quote, from);
	while (at !== -1 && text[at + 1] === quote) at = text.indexOf(quote, at + 2);
	return at;
}

function skipBlanks(text: string, from: number, delimiter: string): number {
	let at = from;
	while ((text[at] === ' ' || text[at] === '\t') && text[at] !== delimiter) at += 1;
	return at;
}

/**
 * Cells of one row as a person would part them, whatever its quotes: a quoted cell ends at the first quote with a delimiter behind
 * it; when another cell opens a quote before that, or none is there, the quote is a stray one and the cell ends like one without. The
 * cells of a legal row are those of RFC 4180.
 */
export function cellsOf(text: string, { delimiter, quote }: CsvDialect): string[] {
	const cells: string[] = [];
	for (let from = 0; from <= text.length; ) {
		// Most rows have no quote, or none behind the first cells: what is left then parts itself.
		if (!text.includes(quote, from)) {
			const plain = text.slice(from).split(delimiter);
			return cells.length === 0 ? plain : cells.concat(plain);
		}
		const begin = skipBlanks(text, from, delimiter);
		const isGuard = text[begin] === '=' && text[begin + 1] === quote;
		const open = isGuard ? begin + 1 : begin;
		const close = text[open] === quote ? looseClose(text, open + 1, delimiter, quote) : undefined;
		if (close === undefined) {
			const end = text.indexOf(delimiter, from);
			cells.push(withoutStrayQuote(text.slice(from, end === -1 ? text.length : end), quote));
			from = end === -1 ? text.length + 1 : end + 1;
			continue;
		}
		const inside = text.slice(open + 1, close).replaceAll(quote + quote, quote);
		cells.push(isGuard ? `="${inside}"` : inside);
		from = skipBlanks(text, close + 1, delimiter) + 1;
	}
	return cells;
}

function looseClose(text: string, from: number, delimiter: string, quote: string): number | undefined {
	for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 1)) {
		const begin = at;
		while (text[at + 1] === quote) at += 1;
		// Two quotes are one character, so that only the last of an odd number opens or closes.
		if ((at - begin) % 2 === 1) continue;
		const after = skipBlanks(text, at + 1, delimiter);
		if (after >= text.length || text[after] === delimiter) return at;
		const other = text.lastIndexOf(delimiter, begin);
		if (other >= from && OPENING.test(text.slice(other + 1, begin))) return undefined;
	}
	return undefined;
}

/** Cells of one line whose quotes mean nothing. */
export function plainCells(text: string, { delimiter, quote }: CsvDialect): string[] {
	return text.split(delimiter).map((cell) => withoutStrayQuote(cell, quote));
}

/** A single quote at either end of a cell has lost its partner; behind a digit it says inch. */
function withoutStrayQuote(cell: string, quote: string): string {
	const at = cell.indexOf(quote);
	if (at === -1 || cell.includes(quote, at + 1)) return cell;
	const [before, behind] = [cell.slice(0, at), cell.slice(at + 1)];
	if (before.trim() === '') return behind;
	return behind.trim() === '' && !/\d$/.test(before) ? before : cell;
}
