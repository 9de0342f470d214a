import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { anyCall } from './indexCall';
import { anyDialect, looksLikeUtf8, writtenIndex } from './indexDialect';
import { readText } from './readText';
import { fuzzRuns } from '../fuzzRuns';

describe('an index written in any dialect', () => {
	it('gives the same rows when it is read', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 12 }), anyDialect, async (calls, dialect) => {
				// Bytes of windows-1252 that happen to be UTF-8 too (ß€) have to be told; the others are detected.
				const encoding = dialect.encoding === 'windows-1252' && calls.some(looksLikeUtf8) ? 'windows-1252' : 'auto';
				const { bytes, expected, isOdd } = writtenIndex(calls, dialect);
				const { rows, hints } = await readText(bytes, { chunkSize: dialect.chunkSize, encoding });
				expect(rows).toHaveLength(expected.length);
				rows.forEach((row, position) => expect(row).toMatchObject(expected[position] ?? {}));
				if (isOdd === true) expect(hints).not.toEqual([]);
				if (isOdd === false) expect(hints).toEqual([]);
			}),
			fuzzRuns(100),
		);
	}, 900_000);
});

describe('bytes that are no index', () => {
	it('end in rows or in a clear message, never in anything else', async () => {
		const scraps = fc.constantFrom(
			'"',
			',',
			';',
			'\n',
			'\r',
			'\0',
			'FILENAME',
			'CALL TYPE',
			'START TIME',
			'R201606070130000001.wav',
			'\ufeff',
			'=1+1',
			'__proto__',
		);
		const noise = fc.oneof(
			fc.uint8Array({ maxLength: 400 }),
			fc
				.array(fc.oneof(scraps, fc.string({ maxLength: 8 })), { maxLength: 60 })
				.map((parts) => Buffer.from(parts.join(''))),
		);
		await fc.assert(
			fc.asyncProperty(noise, fc.boolean(), async (bytes, withHeader) => {
				const content = withHeader ? Buffer.concat([Buffer.from('CALL TYPE,FILENAME,START TIME\n'), bytes]) : bytes;
				const outcome = await readText(content, { chunkSize: 50 }).catch((error: Error) => error);
				if (outcome instanceof Error) expect(outcome.name).toBe('IndexFormatError');
			}),
			fuzzRuns(500),
		);
	}, 900_000);
});
