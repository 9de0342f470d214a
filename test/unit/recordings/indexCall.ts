import fc from 'fast-check';

/** How a text cell is written: as CSV has it, or with one of the faults of hand-made exports. */
export type Writing =
	| 'legal'
	/** A quote before it and none behind. */
	| 'unclosed'
	/** A quote behind it and none before. */
	| 'stray'
	/** Enclosed in quotes, with others in it that are not doubled. */
	| 'inner'
	/** With quotes in it, and not enclosed in any. */
	| 'bare inner'
	/** With delimiters in it, and not enclosed in quotes. */
	| 'bare'
	/** With delimiters in it, enclosed in apostrophes in a file whose quotes are others. */
	| 'in apostrophes';

export interface TextCell {
	readonly writing: Writing;
	/** What a legal cell says. */
	readonly text: string;
	/** What the others say, with quotes or delimiters between them. */
	readonly words: readonly [string, string, string];
}

/** A call as a tenant knows it, before it is written in some dialect. */
export interface Call {
	readonly start: number;
	readonly seconds: number;
	readonly sequence: number;
	/** Sequences of its other recordings, and what stands between their names. */
	readonly others: readonly number[];
	readonly between: string;
	readonly isBareBetween: boolean;
	readonly outbound: boolean;
	readonly agent: TextCell;
	readonly customer: string;
	readonly called: string;
	readonly account: string;
	readonly transaction: string;
	readonly note: TextCell;
	readonly code: TextCell;
	readonly unknown: TextCell;
	/** Columns at the end of the row that are left out, at most: only those of text can be. */
	readonly leftOut: number;
	/** Cells behind the last column. */
	readonly surplus: readonly string[];
}

/** Letters that every encoding tried here can write, and everything that is special in a CSV. */
const anyText = fc
	.string({ unit: fc.constantFrom(...'abcXYZ019 ,;"\'|=\n\täöüéß€–'), maxLength: 14 })
	.map((value) => value.trim())
	// At the beginning these would be taken off as guards, in whatever column they stand.
	.filter((value) => !/^['=]/m.test(value));
const anyWord = fc.string({ unit: fc.constantFrom(...'abcXYZäé'), minLength: 1, maxLength: 5 });
const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 12 });

const anyCell: fc.Arbitrary<TextCell> = fc.record({
	writing: fc.oneof(
		{ weight: 8, arbitrary: fc.constant('legal' as const) },
		{
			weight: 3,
			arbitrary: fc.constantFrom(...(['unclosed', 'stray', 'inner', 'bare inner', 'bare', 'in apostrophes'] as const)),
		},
	),
	text: anyText,
	words: fc.tuple(anyWord, anyWord, anyWord),
});

const anySequence = fc.integer({ min: 1, max: 9_999 });

export const anyCall: fc.Arbitrary<Call> = fc.record({
	start: fc
		.integer({ min: Date.parse('2016-06-06T07:00:00Z') / 1_000, max: Date.parse('2016-06-07T06:59:59Z') / 1_000 })
		.map((second) => second * 1_000),
	seconds: fc.integer({ min: 0, max: 40_000 }),
	sequence: anySequence,
	others: fc.oneof(
		{ weight: 5, arbitrary: fc.constant([]) },
		{ weight: 1, arbitrary: fc.array(anySequence, { minLength: 1, maxLength: 2 }) },
	),
	between: fc.constantFrom(',', ', ', ';', ' ; ', '|', ' ', '\n'),
	isBareBetween: fc.boolean(),
	outbound: fc.boolean(),
	agent: anyCell,
	customer: digits,
	called: digits,
	account: digits,
	transaction: digits,
	note: anyCell,
	code: anyCell,
	unknown: anyCell,
	leftOut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) }),
	surplus: fc.oneof(
		{ weight: 6, arbitrary: fc.constant([]) },
		{ weight: 1, arbitrary: fc.array(anyWord, { minLength: 1, maxLength: 3 }) },
	),
});

/** The directory of a call's recordings. */
export function directoryOf(call: Call): string {
	return `S${new Date(call.start).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** The names of a call's recordings. */
export function fileNamesOf(call: Call): string[] {
	const stamp = new Date(call.start).toISOString().replace(/\D/g, '').slice(0, 14);
	return [call.sequence, ...call.others].map((sequence) => `R${stamp}${String(sequence).padStart(4, '0')}.wav`);
}
