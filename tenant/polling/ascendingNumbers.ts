/** 64 letters that JSON and a database column keep as they are. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUE_OF_LETTER = new Map([...LETTERS].map((letter, value): [string, number] => [letter, value]));

/** Bits of a number that a letter carries; its sixth bit says that more letters follow (as in the VLQ of source maps). */
const BASE = 32;

/**
 * Whole numbers, sorted, as the distances between them: about four letters each for 10,000 recordings of a day, with nothing
 * between them. A bare list of names would be six times as long.
 */
export function packAscending(numbers: readonly number[]): string {
	let text = '';
	let previous = 0;
	for (const number of numbers) {
		let distance = number - previous;
		previous = number;
		while (distance >= BASE) {
			text += LETTERS.charAt((distance % BASE) + BASE);
			distance = Math.floor(distance / BASE);
		}
		text += LETTERS.charAt(distance);
	}
	return text;
}

/** The numbers of `packAscending`; `undefined` for a text that it did not write. */
export function unpackAscending(text: string): number[] | undefined {
	const numbers: number[] = [];
	let number = 0;
	let weight = 1;
	for (const letter of text) {
		const value = VALUE_OF_LETTER.get(letter);
		if (value === undefined || weight > Number.MAX_SAFE_INTEGER) return undefined;
		number += (value % BASE) * weight;
		weight *= BASE;
		if (value >= BASE) continue;
		numbers.push(number);
		weight = 1;
	}
	return weight === 1 ? numbers : undefined;
}
