import { TextDecoder } from 'node:util';

/** How the bytes of an index are to be read. `auto` detects it. */
export type IndexEncoding = 'auto' | 'utf-8' | 'windows-1252' | 'utf-16le';

/** Longest physical line that is read. A longer one is a file that is not an index, or an attack on memory. */
export const LONGEST_LINE = 1_048_576;

/** A physical line. Its text holds one character a byte (latin1) until a field is decoded by `decodeField`. */
export interface TextLine {
	/** Without its line end. */
	readonly text: string;
	/** Counted from 1. */
	readonly number: number;
	/** `'\n'`, `'\r\n'` or `'\r'`; empty on a last line that the file does not end. */
	readonly end: string;
	/** The line was longer than `LONGEST_LINE` and its text was dropped. */
	readonly tooLong: boolean;
}

/**
 * The lines of an index, whatever its encoding and line ends, in bounded memory: those of each piece that arrives together,
 * because handing over 100,000 lines one by one costs more than parsing them.
 *
 * UTF-16 is turned into UTF-8 first. UTF-8 and windows-1252 share the bytes of every character that gives a CSV its
 * structure, so lines and fields are cut first and each field is decoded by itself: one stray byte costs one field.
 */
export async function* readLines(
	source: AsyncIterable<Uint8Array>,
	encoding: IndexEncoding,
): AsyncGenerator<TextLine[], void, void> {
	let rest = '';
	let number = 0;
	let skipping = false;
	for await (const chunk of bytesAsLatin1(source, encoding)) {
		rest += chunk;
		const lines: TextLine[] = [];
		let from = 0;
		for (;;) {
			const lineEnd = findLineEnd(rest, from);
			if (lineEnd === undefined) break;
			number += 1;
			const tooLong = skipping || lineEnd.at - from > LONGEST_LINE;
			skipping = false;
			lines.push({ text: tooLong ? '' : rest.slice(from, lineEnd.at), number, end: lineEnd.end, tooLong });
			from = lineEnd.at + lineEnd.end.length;
		}
		if (lines.length > 0) yield lines;
		rest = rest.slice(from);
		if (rest.length > LONGEST_LINE) {
			skipping = true;
			// A carriage return at the very end may be half of a line end.
			rest = rest.endsWith('\r') ? '\r' : '';
		}
	}
	if (rest === '' && !skipping) return;
	const end = rest.endsWith('\r') ? '\r' : '';
	yield [{ text: skipping ? '' : rest.slice(0, rest.length - end.length), number: number + 1, end, tooLong: skipping }];
}

const LINE_END = /\r\n|\n|\r/g;

/** The next line end. A `\r` that ends the text is left until the next chunk tells whether a `\n` follows. */
function findLineEnd(text: string, from: number): { at: number; end: string } | undefined {
	LINE_END.lastIndex = from;
	const match = LINE_END.exec(text);
	if (match === null || (match[0] === '\r' && match.index === text.length - 1)) return undefined;
	return { at: match.index, end: match[0] };
}

async function* bytesAsLatin1(
	source: AsyncIterable<Uint8Array>,
	encoding: IndexEncoding,
): AsyncGenerator<string, void, void> {
	let start: Uint8Array = new Uint8Array(0);
	let decoder: TextDecoder | undefined;
	let begun = false;
	for await (const chunk of source) {
		let bytes = chunk;
		if (!begun) {
			start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
			if (start.length < 64) continue;
			begun = true;
			({ decoder, bytes } = beginning(start, encoding));
		}
		yield latin1(bytes, decoder);
	}
	if (!begun) {
		const short = beginning(start, encoding);
		decoder = short.decoder;
		yield latin1(short.bytes, decoder);
	}
	if (decoder !== undefined) yield Buffer.from(decoder.decode(), 'utf8').toString('latin1');
}

function latin1(bytes: Uint8Array, decoder: TextDecoder | undefined): string {
	if (decoder !== undefined) return Buffer.from(decoder.decode(bytes, { stream: true }), 'utf8').toString('latin1');
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/**
 * Cuts the byte order mark off. That of UTF-16 counts whatever encoding is set, because nothing in the file could be read
 * otherwise; without a mark, UTF-16 is told by the zero bytes of its ASCII header.
 */
function beginning(
	bytes: Uint8Array,
	encoding: IndexEncoding,
): { decoder: TextDecoder | undefined; bytes: Uint8Array } {
	if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
		return { decoder: undefined, bytes: bytes.subarray(3) };
	const unmarked = encoding === 'auto' ? unmarkedUtf16Of(bytes) : encoding === 'utf-16le' ? encoding : undefined;
	const utf16 = markedUtf16Of(bytes) ?? unmarked;
	// TextDecoder drops the mark itself.
	return { decoder: utf16 === undefined ? undefined : new TextDecoder(utf16), bytes };
}

type Utf16 = 'utf-16le' | 'utf-16be';

function markedUtf16Of(bytes: Uint8Array): Utf16 | undefined {
	if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
	return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

function unmarkedUtf16Of(bytes: Uint8Array): Utf16 | undefined {
	if (bytes.length < 4) return undefined;
	const odd = bytes.filter((byte, position) => position % 2 === 1 && byte === 0).length;
	const even = bytes.filter((byte, position) => position % 2 === 0 && byte === 0).length;
	if (odd > bytes.length / 3) return 'utf-16le';
	return even > bytes.length / 3 ? 'utf-16be' : undefined;
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LENIENT_UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
const NOT_ASCII = /[\u0080-\u00ff]/;

/**
 * Windows-1252 differs from latin1 in these 32 characters only (WHATWG Encoding, index-windows-1252). A table, because
 * several Node releases decode 'windows-1252' as plain latin1 (nodejs/node issue 56542).
 */
const WINDOWS_1252 =
	'\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** Characters of one field whose bytes stand as latin1. With `auto`, bytes that are not UTF-8 are windows-1252. */
export function decodeField(latin1Text: string, encoding: IndexEncoding): string {
	if (!NOT_ASCII.test(latin1Text)) return latin1Text;
	if (encoding === 'windows-1252') return windows1252(latin1Text);
	const bytes = Buffer.from(latin1Text, 'latin1');
	if (encoding !== 'auto') return LENIENT_UTF8.decode(bytes);
	return strictUtf8(bytes) ?? windows1252(latin1Text);
}

function windows1252(latin1Text: string): string {
	return latin1Text.replace(/[\u0080-\u009f]/g, (character) => WINDOWS_1252.charAt(character.charCodeAt(0) - 0x80));
}

function strictUtf8(bytes: Uint8Array): string | undefined {
	try {
		return STRICT_UTF8.decode(bytes);
	} catch {
		return undefined;
	}
}
