import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cellsOf, formOf } from '../../../recordings/csvCells';
import type { CsvDialect } from '../../../recordings/csvCells';
import { fuzzRuns } from '../fuzzRuns';

const anyDialect: fc.Arbitrary<CsvDialect> = fc.record({
	delimiter: fc.constantFrom(',', ';', '\t', '|'),
	quote: fc.constantFrom('"', "'"),
});

/** A value, and whether it is enclosed in quotes even where it need not be. */
const anyCell = fc.record({
	value: fc.string({ unit: fc.constantFrom(...'ab1 =,;|\t"\'\n\r'), maxLength: 8 }),
	isQuoted: fc.boolean(),
});

describe('a legal row', () => {
	it('has the cells that csv-parse, which knows nothing of this package, finds in it', () => {
		fc.assert(
			fc.property(fc.array(anyCell, { minLength: 1, maxLength: 6 }), anyDialect, (values, dialect) => {
				const { delimiter, quote } = dialect;
				const text = values
					.map(({ value, isQuoted }) => {
						const hasToBe = [delimiter, quote, '\n', '\r'].some((special) => value.includes(special));
						return isQuoted || hasToBe ? `${quote}${value.replaceAll(quote, quote + quote)}${quote}` : value;
					})
					.join(delimiter);
				const expected = parse(text, { delimiter, quote, escape: quote, record_delimiter: '\r\n' })[0] ?? [''];
				expect(cellsOf(text, dialect)).toEqual(expected);
				expect(expected).toEqual(values.map(({ value }) => value));
				expect(formOf(text, dialect)).toBe('legal');
			}),
			fuzzRuns(300),
		);
	}, 900_000);
});
