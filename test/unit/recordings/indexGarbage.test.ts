import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DETAILED_HEADER, EXAMPLE_ROW, readText } from './readText';
import { fuzzRuns } from '../fuzzRuns';

/** Texts that a legal row may hold, full of what is special in a CSV. */
const anyText = fc
	.string({ unit: fc.constantFrom(...'abX01 ,;"\'\n\r\t|='), maxLength: 14 })
	.map((value) => value.trim())
	.filter((value) => !/^[='"]/.test(value) && !/^[^\p{L}\p{N}]*$/u.test(value));

interface LegalRow {
	readonly kind: 'legal';
	readonly sequence: number;
	readonly agent: string;
	readonly note: string;
	readonly code: string;
	readonly quoting: 'all' | 'needed';
	/** Cells left out at the end, or added there. */
	readonly length: 'whole' | 'shorter' | 'longer';
}

const anyLegal: fc.Arbitrary<LegalRow> = fc.record({
	kind: fc.constant('legal' as const),
	sequence: fc.integer({ min: 1, max: 9_999 }),
	agent: anyText,
	note: anyText,
	code: anyText,
	quoting: fc.constantFrom('all', 'needed'),
	length: fc.constantFrom('whole', 'shorter', 'longer'),
});

/** Scraps that stand around rows: quotes without partners, pieces of rows, other alphabets, totals. */
const anyGarbage = fc.oneof(
	fc.constantFrom(
		...[
			'"',
			'""',
			'","',
			'x,"y',
			',,"',
			'"x"y',
			'Total,,,"',
			'----',
			',,,,',
			'=SUM("A1")',
			"'",
			'"""',
			'Inbound,"',
			'\0',
			'\x1a',
		],
	),
	fc.string({ unit: fc.constantFrom(...'ab",; \''), minLength: 1, maxLength: 20 }),
	fc
		.record({
			at: fc.integer({ min: 0, max: EXAMPLE_ROW.length }),
			scrap: fc.constantFrom('"', '""', ',"', '",', "'", ''),
		})
		.map(({ at, scrap }) => EXAMPLE_ROW.replace('0001.wav', '0000.wav').slice(0, at) + scrap),
	fc
		.record({
			at: fc.integer({ min: 0, max: EXAMPLE_ROW.length }),
			scrap: fc.constantFrom('"', '"""', ',"', '",', ','),
		})
		.map(({ at, scrap }) => {
			const row = EXAMPLE_ROW.replace('0001.wav', '0000.wav');
			return row.slice(0, at) + scrap + row.slice(at);
		}),
);

function lineOf(row: LegalRow): string {
	const cells = EXAMPLE_ROW.split(',');
	cells[3] = row.agent;
	cells[9] = `R20160607013000${String(row.sequence).padStart(4, '0')}.wav`;
	cells[17] = row.note;
	cells[20] = row.code;
	const present = row.length === 'shorter' ? cells.slice(0, 19) : cells;
	const written = row.length === 'longer' ? [...present, '"more'] : present;
	return written
		.map((cell) => (row.quoting === 'all' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
		.join(',');
}

const empty = (value: string): string | null => (value === '' ? null : value);

describe('a row that is legal CSV', () => {
	it('comes out whole, whatever stands in the rows around it', async () => {
		const anyLine = fc.oneof(
			anyLegal,
			anyGarbage.map((text) => ({ kind: 'garbage' as const, text })),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(anyLine, { minLength: 1, maxLength: 9 }), async (lines) => {
				const text = lines.map((line) => (line.kind === 'legal' ? lineOf(line) : line.text));
				const { rows } = await readText([DETAILED_HEADER, ...text, ''].join('\n'));
				const found = rows.filter(({ sequence }) => sequence !== null && sequence > 0);
				const legal = lines.filter((line): line is LegalRow => line.kind === 'legal');
				expect(found).toHaveLength(legal.length);
				legal.forEach((row, position) =>
					expect(found[position]).toMatchObject({
						recordingId: `S20160607/R20160607013000${String(row.sequence).padStart(4, '0')}.wav`,
						startTimeUtc: '2016-06-07T01:30:00.000Z',
						transactionId: '10733',
						agentName: empty(row.agent),
						externalVariable1: empty(row.note),
						...(row.length === 'whole' ? { wrapUpCode: empty(row.code) } : {}),
					}),
				);
			}),
			fuzzRuns(120),
		);
	}, 900_000);
});
