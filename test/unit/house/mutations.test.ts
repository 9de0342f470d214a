import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

import { mutations as ofIndexes } from '../../mutations/csv';
import { mutated } from '../../mutations/mutation';
import { mutations as ofTimes } from '../../mutations/times';
import { mutations as ofSound } from '../../mutations/wav';

const root = resolve(__dirname, '../../..');

describe('a mutation', () => {
	it.each([...ofIndexes, ...ofTimes, ...ofSound])('of $file can still be made: $rule', (mutation) => {
		const whole = readFileSync(join(root, mutation.file), 'utf8');
		expect(mutated(whole, mutation)).not.toBe(whole);
	});
});
