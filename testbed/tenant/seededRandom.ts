import { createHash } from 'node:crypto';

/** Numbers that look random and are the same on every run for the same seed. */
export interface SeededRandom {
	/** 0 <= n < 1. */
	next(): number;
	/** A whole number from `least` to `most`, both included. */
	between(least: number, most: number): number;
	/** One of the choices; throws on an empty list. */
	pick<T>(choices: readonly T[]): T;
}

/** Mulberry32: 32 bits of state are plenty for a demo's call plan, and every run and platform gives the same calls. */
export function seededRandom(seed: string): SeededRandom {
	let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
	const next = (): number => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
	return {
		next,
		between: (least, most) => least + Math.floor(next() * (most - least + 1)),
		pick(choices) {
			const choice = choices[Math.floor(next() * choices.length)];
			if (choice === undefined) throw new RangeError('There is nothing to pick from');
			return choice;
		},
	};
}
