import { expect, it } from 'vitest';

import { lettersOf } from '../../../recordings/nameLetters';

it.each([
	['differ in capitals', 'S20160607/R201606070130000001.WAV', 's20160607/r201606070130000001.wav'],
	['have their accents in one piece or two', 'S20160607/José.wav', 'S20160607/Jose\u0301.wav'],
])('takes names that %s for the same', (_, one, other) => {
	expect(lettersOf(one)).toBe(lettersOf(other));
});

it('keeps other names apart', () => {
	expect(lettersOf('S20160607/Jose.wav')).not.toBe(lettersOf('S20160607/José.wav'));
	expect(lettersOf('S20160607/R201606070130000001.wav')).not.toBe(lettersOf('S20160608/R201606070130000001.wav'));
});
