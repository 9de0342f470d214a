import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { DETAILED_HEADER, EXAMPLE_ROW, readText } from './readText';

const FIRST = 'S20160607/R201606070130000001.wav';
const SECOND = 'S20160607/R201606070130000002.wav';
const THIRD = 'S20160607/R201606070130000003.wav';
const later = EXAMPLE_ROW.replace('0001.wav', '0002.wav');
const last = EXAMPLE_ROW.replace('0001.wav', '0003.wav');

const readCase = async (name: string): ReturnType<typeof readText> =>
	await readText(await readFile(join(__dirname, 'cases', name)));

const file = (...lines: string[]): string => [DETAILED_HEADER, ...lines, ''].join('\n');

/** The example row with some cells replaced, by position. */
const row = (changes: Record<number, string>): string =>
	EXAMPLE_ROW.split(',')
		.map((cell, position) => changes[position] ?? cell)
		.join(',');

const idsOf = async (content: string | Uint8Array): Promise<Array<string | null>> =>
	(await readText(content)).rows.map(({ recordingId }) => recordingId);

describe('FILENAME and DIRECTORY', () => {
	it('with a placeholder name no recording, and the calls stay apart', async () => {
		const { rows, hints } = await readCase('placeholder-file-names.csv');
		expect(rows.map(({ recordingId, transactionId }) => [recordingId, transactionId])).toEqual(
			['20001', '20002', '20003', '20004', '20005'].map((id) => [null, id]),
		);
		expect(hints[0]).toContain("line 2: it names no recording, but 'NULL'");
	});

	it.each([
		'N/A',
		'NULL',
		'null',
		'-',
		'YES',
		'no',
		'--',
		'0',
		'n/a',
		'"-"',
		'none',
		'Not recorded',
		'.wav',
		'R20160607',
	])('of %s name no recording', async (cell) => {
		const { rows } = await readText(file(row({ 9: cell })));
		expect(rows).toHaveLength(1);
		expect(rows[0]).toMatchObject({ recordingId: null, fileName: null, path: null, wrapUpCode: 'Sale' });
	});

	it('in a spreadsheet guard come out without it, as every other value does', async () => {
		const { rows, hints } = await readCase('spreadsheet-guard.csv');
		expect(rows[0]).toMatchObject({ recordingId: FIRST, customerNumber: '4155550100' });
		expect(hints).toEqual([]);
	});

	it.each([
		'="R201606070130000001.wav"',
		'"=""R201606070130000001.wav"""',
		"'R201606070130000001.wav",
		"'R201606070130000001.wav'",
		'"""R201606070130000001.wav"""',
		'  R201606070130000001.wav ',
		'\u00a0R201606070130000001.wav',
		'/export/acme/S20160607/R201606070130000001.wav',
		'D:\\rec files\\R201606070130000001.wav',
		'\\\\server\\share\\R201606070130000001.wav',
		'./R201606070130000001.wav',
		'\u201cR201606070130000001.wav\u201d',
		'<R201606070130000001.wav>',
		'"[""R201606070130000001.wav""]"',
		'@R201606070130000001.wav',
		'R201606070130000001.wav.',
		'https://host/rec/R201606070130000001.wav?token=1',
	])('written as %s are one name', async (cell) => {
		expect(await idsOf(file(row({ 9: cell })))).toEqual([FIRST]);
		expect(await idsOf(file(row({ 9: cell, 10: '' })))).toEqual([FIRST]);
	});

	it.each(['.WAV', '.mp3', '.Ogg', '.m4a', '.GSM'])('name a recording that ends in %s', async (ending) => {
		const name = `r201606070130000001${ending}`;
		const { rows } = await readText(file(row({ 9: name })));
		expect(rows[0]).toMatchObject({ recordingId: `S20160607/${name}`, recordedAtUtc: '2016-06-07T01:30:00.000Z' });
		expect(await idsOf(file(row({ 9: `acme${ending}` })))).toEqual([`S20160607/acme${ending}`]);
	});

	it.each([',', ', ', ';', ' ; ', '|', ' ', '\n'])(
		'of several names parted by %j are as many calls',
		async (between) => {
			const cell = `"R201606070130000001.wav${between}R201606070130000002.wav"`;
			const { rows, hints } = await readText(file(row({ 9: cell })));
			expect(
				rows.map(({ recordingId, sequence, transactionId, indexLine }) => [
					recordingId,
					sequence,
					transactionId,
					indexLine,
				]),
			).toEqual([
				[FIRST, 1, '10733', 2],
				[SECOND, 2, '10733', 2],
			]);
			expect(hints).toEqual([]);
		},
	);

	it.each([
		'[""R201606070130000001.wav"",""R201606070130000002.wav""]',
		'R201606070130000001.wav+R201606070130000002.wav',
		'R201606070130000001.wav<br>R201606070130000002.wav',
		'R201606070130000001.wavR201606070130000002.wav',
		'R201606070130000001.wav, (R201606070130000002.wav)',
	])('of several names in %s are as many calls', async (cell) => {
		expect(await idsOf(file(row({ 9: `"${cell}"` })))).toEqual([FIRST, SECOND]);
	});

	it('keep the day directory that stands before a name between other characters', async () => {
		expect(await idsOf(file(row({ 9: '(S20160606/R201606070130000001.wav)', 10: '' })))).toEqual([
			'S20160606/R201606070130000001.wav',
		]);
	});

	it.each<[string, string[]]>([
		['acme_R201606070130000001.wav', ['acme_R201606070130000001.wav']],
		['R201606070130000001.wav.ogg', ['R201606070130000001.wav.ogg']],
		['[one.wav]+R201606070130000001.wav', ['R201606070130000001.wav']],
		['Smith, John.wav', ['Smith, John.wav']],
		['{a;b}|c.wav', ['{a;b}|c.wav']],
		['Smith, John.wav; Doe, Jane.wav', ['Smith, John.wav', 'Doe, Jane.wav']],
		['one.wav,two.wav;three.wav', ['one.wav', 'two.wav', 'three.wav']],
		['N/A, one.wav', ['one.wav']],
		['see notes, R201606070130000001.wav', ['R201606070130000001.wav']],
	])('of %s part names where each part is one, and belong to a name otherwise', async (cell, names) => {
		const { rows } = await readText(file(row({ 9: `"${cell}"` })));
		expect(rows.map(({ fileName }) => fileName)).toEqual(names);
	});

	it('of a name with blanks in it, which is not one of 8x8, are one name', async () => {
		const { rows } = await readText(file(row({ 9: 'my first call.wav', 10: 'Archive/June' })));
		expect(rows.map(({ recordingId }) => recordingId)).toEqual(['Archive/June/my first call.wav']);
	});

	it.each([
		'/export/acme/S20160607/',
		'D:\\rec\\S20160607',
		'./S20160607',
		's20160607',
		'="S20160607"',
		'"S20160606/S20160607"',
		'ftp://host/acme/S20160607?x',
		'S20160607 ',
		'N/A',
		'-',
		'',
		'/export/acme',
		'S20161399',
	])('of directory %j are in S20160607', async (cell) => {
		expect(await idsOf(file(row({ 10: cell })))).toEqual([FIRST]);
	});
});

describe('quotes and delimiters', () => {
	it('that are never closed take no legal row after them', async () => {
		const { rows } = await readCase('unclosed-quote-then-legal-line-break.csv');
		expect(
			rows.map(({ sequence, externalVariable1, wrapUpCode }) => [sequence, externalVariable1, wrapUpCode]),
		).toEqual([
			[1, 'en', 'Sale'],
			[2, 'two\nlines', 'Sale'],
			[3, 'en', 'Sale'],
		]);
	});

	it.each(['"', 'x,"y', '"x', 'a"b,"', ',"",', '"",""",', '"a""', '","'])(
		'of a scrap (%s) take no row around it',
		async (scrap) => {
			const legal = row({ 3: '"⏎Agent ""A"", One"'.replace('⏎', '\n'), 17: '"two\nlines"' });
			for (const before of [EXAMPLE_ROW, legal]) {
				const { rows } = await readText(file(before, scrap, legal, scrap, last));
				const calls = rows.filter(({ recordingId }) => recordingId !== null);
				expect(calls.map(({ sequence }) => sequence)).toEqual([1, 1, 3]);
				expect(calls[1]).toMatchObject({
					agentName: 'Agent "A", One',
					externalVariable1: 'two\nlines',
					wrapUpCode: 'Sale',
				});
			}
		},
	);

	it('with blanks around them are quotes', async () => {
		const cells = EXAMPLE_ROW.split(',').map((cell) => `\t"${cell === 'en' ? 'a, ""b""\nc' : cell}" `);
		const { rows, hints } = await readText(file(cells.join(' ,'), later));
		expect(
			rows.map(({ sequence, externalVariable1, wrapUpCode }) => [sequence, externalVariable1, wrapUpCode]),
		).toEqual([
			[1, 'a, "b"\nc', 'Sale'],
			[2, 'en', 'Sale'],
		]);
		expect(hints).toEqual([]);
	});

	it('of apostrophes quote in a file that has no others', async () => {
		const quoted = (line: string): string =>
			line
				.split(',')
				.map((cell) => `'${cell}'`)
				.join(',');
		const named = quoted(row({ 3: "O''Brien" })).replace("'en'", "'a, b\nc'");
		for (const header of [DETAILED_HEADER, quoted(DETAILED_HEADER)]) {
			const { rows, hints } = await readText([header, named, quoted(later), ''].join('\n'));
			expect(
				rows.map(({ sequence, agentName, externalVariable1 }) => [sequence, agentName, externalVariable1]),
			).toEqual([
				[1, "O'Brien", 'a, b\nc'],
				[2, 'Agent One', 'en'],
			]);
			expect(hints).toEqual([]);
		}
	});

	it('of apostrophes around one value hold it together, and an apostrophe in a name is one', async () => {
		const { rows } = await readText(file(row({ 3: "'One, Agent'", 15: '"Sales, West"' }), row({ 3: "'t Hooft" })));
		expect(rows.map(({ agentName }) => agentName)).toEqual(['One, Agent', "'t Hooft"]);
	});

	it('hold a line break in rows that are shorter or longer than the header', async () => {
		const short = row({ 17: '"two\nlines"' }).replace(',gold,,Sale', '');
		const long = `${row({ 9: 'R201606070130000002.wav', 17: '"two\nlines"' })},"more"`;
		const { rows } = await readText(file(short, long, last));
		expect(rows.map(({ sequence, externalVariable1 }) => [sequence, externalVariable1])).toEqual([
			[1, 'two\nlines'],
			[2, 'two\nlines'],
			[3, 'en'],
		]);
	});

	it.each([
		['stray at the end of a value', row({ 3: 'Agent One"' }), 'Agent One'],
		['inside a quoted value', row({ 3: '"Agent "The, One" Smith"' }), 'Agent "The, One" Smith'],
		['of inches', row({ 3: 'Screen 19"' }), 'Screen 19"'],
		['behind a backslash', row({ 3: '"Agent \\"A\\" One"' }), 'Agent \\"A\\" One'],
		['unclosed before others that are closed', row({ 3: '"Agent One', 15: '"Sales, West"' }), 'Agent One'],
	])('%s lose nothing', async (_, line, agentName) => {
		const { rows } = await readText(file(line, later));
		expect(rows.map((read) => [read.agentName, read.sequence])).toEqual([
			[agentName, 1],
			['Agent One', 2],
		]);
		expect(rows[0]?.wrapUpCode).toBe('Sale');
	});

	it.each<[string, Record<number, string>, object]>([
		['a name', { 3: 'One, Agent' }, { agentName: 'One, Agent' }],
		['two values', { 3: 'One, Agent', 15: 'Sales, West' }, { agentName: 'One, Agent', queueName: 'Sales, West' }],
		[
			'three values',
			{ 3: 'One, A, Jr.', 11: '0,1', 15: 'S, W' },
			{ agentName: 'One, A, Jr.', accountNumber: '0,1', queueName: 'S, W' },
		],
		['the last value', { 20: 'Sale, big, fast' }, { wrapUpCode: 'Sale, big, fast' }],
		['a time', { 1: '06/06/2016, 18:30:00' }, { startTime: '2016-06-06T18:30:00.000-07:00' }],
	])('that are missing around %s are put right', async (_, changes, expected) => {
		const { rows, hints } = await readText(file(row(changes), later));
		expect(rows).toHaveLength(2);
		expect(rows[0]).toMatchObject({ recordingId: FIRST, transactionId: '10733', ...expected });
		if (!(1 in changes)) expect(hints[0]).toContain('line 2: it has more delimiters than columns');
	});

	it('that are missing are put right in a row that has lost its last value too', async () => {
		const { rows } = await readText(file(row({ 3: 'One, Agent' }).replace(/,Sale$/, ''), later));
		expect(rows[0]).toMatchObject({ recordingId: FIRST, agentName: 'One, Agent', transactionId: '10733' });
	});

	it.each<[string, Record<number, string>, object]>([
		['a quoted value that begins with a quote', { 3: '"Agent One', 17: '"""A"", B"' }, { externalVariable1: '"A", B' }],
		['a guard', { 3: '"Agent One', 4: '="4155550100"' }, { customerNumber: '4155550100' }],
		[
			'several names',
			{ 9: '"R201606070130000001.wav,R201606070130000002.wav"', 18: '"gold' },
			{ externalVariable1: 'en' },
		],
	])('that are never closed end before %s', async (_, changes, expected) => {
		const { rows } = await readText(file(row(changes), row(changes).replace(',,Sale', ''), last));
		expect(rows.filter(({ recordingId }) => recordingId === FIRST)).toHaveLength(2);
		for (const one of rows.slice(0, -1)) expect(one).toMatchObject({ transactionId: '10733', ...expected });
		expect(rows.at(-1)?.sequence).toBe(3);
	});

	it('that are never closed in the last row leave its recording in place where bare commas stand before it', async () => {
		const { rows } = await readText(
			`AGENT NAME,EXT VAR1,DURATION,DIRECTORY,CALL TYPE,FILENAME,EXT VAR2,ACCOUNT,WRAP UP CODE,CASE ID\n"One,'a, b, c',30,S20160607,Inbound,R201606070130000001.wav\n`,
		);
		expect(rows).toMatchObject([{ recordingId: FIRST, callType: 'inbound', durationSeconds: 30, agentName: 'One' }]);
	});

	it('that are never closed end before a row whose first value begins with a quote and a line break', async () => {
		const header = 'WRAP UP CODE,AGENT NAME,START TIME,FILENAME,TRANSACTION ID,CALL TYPE,EXT VAR1,EXT VAR2,ACCOUNT';
		const rest = (name: string): string => `06/06/2016 06:30:00 PM,${name},10733,Inbound`;
		const open = `Sale,One,${rest('R201606070130000001.wav')},"gold,silver,1`;
		const whole = `,"""\nTwo",${rest('"R201606070130000002.wav,R201606070130000003.wav"')},en,de,2`;
		const { rows } = await readText(`${header}\n${open}\n${whole}\n`);
		expect(
			rows.map(({ recordingId, agentName, externalVariable2 }) => [recordingId, agentName, externalVariable2]),
		).toEqual([
			[FIRST, 'One', 'silver'],
			[SECOND, '"\nTwo', 'de'],
			['S20160607/R201606070130000003.wav', '"\nTwo', 'de'],
		]);
	});

	it('that are never closed in the last row leave the names side by side in it those of its calls', async () => {
		const names = 'R201606070130000001.wav;R201606070130000002.wav';
		const { rows } = await readText(
			`CALL TYPE;EXT VAR1;DIRECTORY;FILENAME;TRANSACTION ID;WRAP UP CODE;EXT VAR2\nInbound;"en;S20160607;${names};10733\n`,
		);
		expect(rows.map(({ recordingId, transactionId }) => [recordingId, transactionId])).toEqual([
			[FIRST, '10733'],
			[SECOND, '10733'],
		]);
	});

	it('that are never closed end before the next one between tabs too', async () => {
		const quoted = EXAMPLE_ROW.split(',').map((cell) => `"${cell}"`);
		quoted[3] = '"Agent One';
		const { rows } = await readText(`${DETAILED_HEADER.replaceAll(',', '\t')}\n${quoted.join('\t')}\n`);
		expect(rows[0]).toMatchObject({ recordingId: FIRST, agentName: 'Agent One', wrapUpCode: 'Sale' });
	});

	it('that are never closed above and below a row leave it whole', async () => {
		const { rows } = await readText('EXT VAR1,FILENAME,EXT VAR2\n"ab\n",",R201606070130000001.wav,","\nx"\n');
		const [call] = rows.filter(({ recordingId }) => recordingId !== null);
		expect(call).toMatchObject({ recordingId: FIRST, externalVariable1: ',', externalVariable2: ',', indexLine: 3 });
	});

	it.each([
		[
			'the next row has a line break',
			'WRAP UP CODE,EXT VAR1,DIRECTORY,FILENAME,CALL TYPE',
			'"Sale,en,S20160607,R201606070130000001.wav,Inbound\nLost","two\nlines",S20160607,R201606070130000002.wav,Inbound',
		],
		[
			'a header follows',
			'FILENAME,EXT VAR1,WRAP UP CODE,AGENT NAME',
			'R201606070130000001.wav,en,"Sale,One\nWRAP UP CODE,EXT VAR1,FILENAME,AGENT NAME\nLost",en,R201606070130000002.wav',
		],
		[
			'both rows are short',
			'FILENAME,EXT VAR1,WRAP UP CODE,AGENT NAME',
			'R201606070130000001.wav,"en,Sale\nR201606070130000002.wav,de",Lost',
		],
	])('that lack partners in two rows make no cell of both when %s', async (_, header, lines) => {
		const { rows } = await readText(`${header}\n${lines}\n`);
		expect(rows.map(({ recordingId, wrapUpCode }) => [recordingId, wrapUpCode])).toEqual([
			[FIRST, 'Sale'],
			[SECOND, 'Lost'],
		]);
	});

	it('that lack partners in two short rows take neither call', async () => {
		const short = (sequence: number, code: string): string =>
			row({ 9: `R20160607013000000${sequence}.wav`, 3: code }).replace(',gold,,Sale', '');
		const { rows } = await readText(file(short(1, '"Agent One'), short(2, 'Agent Two"'), last));
		expect(rows.map(({ sequence, agentName }) => [sequence, agentName])).toEqual([
			[1, 'Agent One'],
			[2, 'Agent Two'],
			[3, 'Agent One'],
		]);
	});

	it('that are never closed take no call with a line break after them, nor a header', async () => {
		const open = row({ 17: '"en' });
		const broken = row({ 9: 'R201606070130000002.wav', 3: 'Agent Two"', 15: '"Sales\nWest"' });
		const first = await readText(file(open, broken, last));
		expect(first.rows.map(({ sequence }) => sequence)).toContain(2);
		expect(first.rows.filter(({ sequence }) => sequence !== null).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
		const reversed = (line: string): string => line.split(',').reverse().join(',');
		const second = [DETAILED_HEADER, open, reversed(DETAILED_HEADER), reversed(row({ 3: 'Agent Two"' })), ''];
		expect((await readText(second.join('\n'))).rows.map(({ agentName }) => agentName)).toEqual([
			'Agent One',
			'Agent Two',
		]);
	});

	it('that are never closed take no row after them that names several recordings', async () => {
		const header = 'FILENAME,DIRECTORY,CALL TYPE,START TIME,WRAP UP CODE,EXT VAR1,TRANS ID';
		const call = (names: string, texts: string): string => `${names},S20160607,Inbound,06/06/2016 18:30:00,${texts},0`;
		const both = 'R201606070130000002.wav R201606070130000003.wav';
		const lines = [header, call('R201606070130000001.wav', 'the "best" sale,"en'), call(both, '",\nde",')];
		const { rows } = await readText(`${lines.join('\n')}\n`);
		expect(rows.filter(({ sequence }) => sequence !== null).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
	});

	it.each<[string, string, string]>([
		['the one of its first cell', row({ 17: '"two\n"' }), later.replace('Inbound,', 'Inbound",')],
		['one in a row that says more', row({ 9: 'NULL', 17: '"two\n"' }), later.replace('18:30:00,', '18:30:00",')],
	])('that lack partners below a line break, %s, leave it in its value', async (_, above, below) => {
		const { rows } = await readText(file(above, below));
		expect(rows.map(({ indexLine, externalVariable1 }) => [indexLine, externalVariable1])).toEqual([
			[2, 'two'],
			[4, 'en'],
		]);
	});

	it('that lack partners above and below a row of little leave it whole', async () => {
		const little = 'Inbound,,,Agent Two,4155550101,,,,30,NULL,,,,,,,,,,,","';
		const { rows } = await readText(file(row({ 17: '"en' }), little, later.replace('Inbound,', 'Inbound",')));
		expect(rows.map(({ recordingId, agentName, wrapUpCode }) => [recordingId, agentName, wrapUpCode])).toEqual([
			[FIRST, 'Agent One', 'Sale'],
			[null, 'Agent Two', ','],
			[SECOND, 'Agent One', 'Sale'],
		]);
	});

	it('around every value leave each in its column, whatever it looks like', async () => {
		const odd = row({ 11: 'call.wav', 14: '-', 15: '341', 16: 'none yet' });
		const quoted = odd.split(',').map((cell) => `"${cell}"`);
		const { rows, hints } = await readText(file(quoted.join(',')));
		expect(rows[0]).toMatchObject({
			...{ accountNumber: 'call.wav', queue: '-', queueName: '341', transactionId: 'none yet' },
			...{ externalVariable1: 'en', wrapUpCode: 'Sale' },
		});
		expect(hints).toEqual([]);
	});

	it('hold a line break whose second line would be a call by itself', async () => {
		const { rows } = await readText(file(row({ 0: '"by phone\nInbound"' })));
		expect(rows.map(({ callTypeLabel, indexLine }) => [callTypeLabel, indexLine])).toEqual([['by phone\nInbound', 2]]);
	});

	it('that are never closed take no line at the end of the file', async () => {
		const { rows } = await readText(`${file(row({ 20: '"Sale' }))}----`);
		expect(rows.map(({ wrapUpCode }) => wrapUpCode)).toEqual(['Sale']);
	});

	it('around names on lines of their own are those of one row, whichever column they stand in', async () => {
		const names = '"R201606070130000001.wav\nR201606070130000002.wav"';
		const { rows, hints } = await readText(`FILENAME,AGENT NAME,TRANS ID\n${names},"Agent One",10733\n`);
		expect(rows.map(({ sequence, agentName }) => [sequence, agentName])).toEqual([
			[1, 'Agent One'],
			[2, 'Agent One'],
		]);
		expect(hints).toEqual([]);
	});

	it('with tabs between them and the commas part cells at the commas', async () => {
		const padded = (line: string): string =>
			`${line
				.split(',')
				.map((cell) => `"${cell}"\t`)
				.join(',')}\n`;
		const { rows, hints } = await readText(padded(DETAILED_HEADER) + padded(EXAMPLE_ROW));
		expect(rows[0]).toMatchObject({ recordingId: FIRST, agentName: 'Agent One', extra: {} });
		expect(hints).toEqual([]);
	});

	it('of apostrophes in the header quote the rows, whatever other quotes these have', async () => {
		const quoted = (line: string): string => `'${line.replaceAll(',', "','")}'`;
		const content = [quoted(DETAILED_HEADER), quoted(row({ 3: 'Ann "A" One' })).replace("'en'", '\'a, "b"\''), ''];
		const { rows, hints } = await readText(content.join('\n'));
		expect(rows[0]).toMatchObject({ recordingId: FIRST, agentName: 'Ann "A" One', externalVariable1: 'a, "b"' });
		expect(hints).toEqual([]);
	});

	it.each<[string, string, string, object]>([
		[
			'a name',
			'AGENT NAME,FILENAME,CALL TYPE',
			'One, Agent,R201606070130000001.wav,Inbound',
			{ agentName: 'One, Agent' },
		],
		[
			'a directory',
			'EXT VAR1,DIRECTORY,FILENAME',
			'a, b,S20160607,R201606070130000001.wav',
			{ externalVariable1: 'a, b' },
		],
		[
			'an empty last cell',
			'FILENAME,QUEUE NAME,CALL TYPE,EXT VAR1',
			'R201606070130000001.wav,S, W,Inbound,',
			{ queueName: 'S, W' },
		],
		[
			'letters beyond ASCII',
			'FILENAME,QUEUE NAME,DIRECTORY,EXT VAR1,EXT VAR2',
			'R201606070130000001.wav,S, \u00e4, W,S20160607,,',
			{ queueName: 'S, \u00e4, W' },
		],
		[
			'a call type',
			'FILENAME,CALL TYPE',
			'R201606070130000001.wav,Inbound,more',
			{ callType: 'inbound', callTypeLabel: 'Inbound' },
		],
	])('that are missing before %s are put right', async (_, header, line, expected) => {
		const { rows, hints } = await readText(`${header}\n${line}\n`);
		expect(rows[0]).toMatchObject({ recordingId: FIRST, ...expected });
		expect(hints).toHaveLength(1);
	});

	it('that are missing between names never lose one', async () => {
		const names = 'R201606070130000001.wav,R201606070130000002.wav';
		for (const line of [`${names},Sale`, `${names}`, `${names},`]) {
			const { rows } = await readText(`FILENAME,WRAP UP CODE\n${line}\n`);
			expect(rows.map(({ recordingId }) => recordingId)).toEqual([FIRST, SECOND]);
		}
	});

	it.each<[string, Record<number, string>, string, object]>([
		['one', { 15: 'Sales, West' }, ',Sale', { queueName: 'Sales, West' }],
		['three', { 3: 'One, Agent' }, ',gold,,Sale', { agentName: 'One, Agent' }],
		[
			'three, and a path',
			{ 3: 'One, A, Jr.', 9: '/x/R201606070130000001.wav' },
			',gold,,Sale',
			{ agentName: 'One, A, Jr.' },
		],
		['one, and two names', { 9: 'R201606070130000001.wav,R201606070130000002.wav' }, ',Sale', { sequence: 1 }],
	])('that are missing are put right in a row that lacks %s', async (_, changes, lost, expected) => {
		const { rows, hints } = await readText(file(row(changes).slice(0, -lost.length), later));
		expect(rows[0]).toMatchObject({ recordingId: FIRST, transactionId: '10733', durationSeconds: 341, ...expected });
		expect(hints[0]).toContain('line 2: it');
	});

	it.each<[string, (line: string) => string]>([
		['', (line) => line],
		[' with its commas behind it', (line) => `${line}${','.repeat(20)}`],
		[' with other delimiters', (line) => line.replaceAll(',', ';')],
	])('may stand in a row that is quoted as a whole%s', async (_, changed) => {
		const whole = changed(`"${row({ 3: '"Doe, Jane"' }).replaceAll('"', '""')}"`);
		const agent = whole.includes(',') ? 'Doe, Jane' : 'Doe; Jane';
		const { rows, hints } = await readText(file(whole, later));
		expect(rows.map(({ recordingId, agentName, wrapUpCode }) => [recordingId, agentName, wrapUpCode])).toEqual([
			[FIRST, agent, 'Sale'],
			[SECOND, 'Agent One', 'Sale'],
		]);
		expect(hints).toEqual([]);
	});

	it('in the only value of a row of few columns are part of it', async () => {
		const { rows } = await readText('FILENAME\n"Smith, John.wav"\n"Doe, Jane.wav"\n');
		expect(rows.map(({ fileName }) => fileName)).toEqual(['Smith, John.wav', 'Doe, Jane.wav']);
	});

	it('may change in the middle of a file', async () => {
		const other = file(later).replaceAll(',', ';').replace('Agent One', 'Doe, Jane');
		const { rows } = await readText(`${file(EXAMPLE_ROW)}${other}`);
		expect(rows.map(({ recordingId, agentName }) => [recordingId, agentName])).toEqual([
			[FIRST, 'Agent One'],
			[SECOND, 'Doe, Jane'],
		]);
	});
});

describe('the header', () => {
	it('stands below a title', async () => {
		const { rows, hints } = await readCase('title-above-header.csv');
		expect(rows.map(({ recordingId, indexLine }) => [recordingId, indexLine])).toEqual([
			[FIRST, 4],
			[SECOND, 5],
		]);
		expect(hints).toEqual([
			'Index/I20160606.csv: 1 line is no call and was left out, such as a title, a total or dashes: line 1',
		]);
	});

	it('may have a comma in one of its cells', async () => {
		const { rows } = await readCase('comma-in-a-header.csv');
		expect(rows[0]).toMatchObject({ wrapUpCode: 'Sale', outdialCode: null, externalVariable1: 'en' });
	});

	it.each([
		['nineteen lines of title', 'Report,of,calls\n'.repeat(19), ''],
		['a title that names two columns', 'Agent,Queue\n\n', ''],
		['a title with commas and quotes', '"Calls, by ""day""",,\n;;\n', ''],
		['blank lines', '\n\n \n', ''],
		['a second mark', '\ufeff\ufeff', ''],
	])('stands below %s', async (_, above) => {
		expect(await idsOf(`${above}${file(EXAMPLE_ROW, later)}`)).toEqual([FIRST, SECOND]);
	});

	it('may have line breaks and quotes in its cells', async () => {
		const header = DETAILED_HEADER.replace('START TIME,', '"START\nTIME",').replace(
			'WRAP UP CODE',
			'"WRAP UP\r\nCODE"',
		);
		const { rows } = await readText(`${header}\n${EXAMPLE_ROW}\n`);
		expect(rows[0]).toMatchObject({ startTime: '2016-06-06T18:30:00.000-07:00', wrapUpCode: 'Sale', indexLine: 4 });
	});

	it('may call its columns as exports for people do', async () => {
		const names =
			'Type of Call,Start,End,Agent,Customer Phone,Channel,Called Number,Case,Duration (seconds),File,Folder,Account No.';
		const others = 'Start (UTC),End (UTC),Queue Type,Queue Name,Transaction,Ext Var 1,Ext Var 2,Outdial,Wrap-Up';
		const { rows } = await readText([`${names},${others}`, row({ 3: 'Agent Two' }), ''].join('\n'));
		const usual = await readText(file(row({ 3: 'Agent Two' })));
		expect(rows).toEqual(usual.rows);
		const { rows: inUtc } = await readText(`FILENAME,UTC Start,UTC End\n${FIRST},2016-06-07 01:30,2016-06-07 01:31\n`);
		expect(inUtc[0]).toMatchObject({ startTimeUtc: '2016-06-07T01:30:00.000Z', durationSeconds: 60 });
	});

	it('may be quoted as a whole, and its rows too', async () => {
		const whole = [DETAILED_HEADER, EXAMPLE_ROW, later].map((line) => `"${line}"`);
		const { rows, hints } = await readText([...whole, ''].join('\n'));
		expect(rows.map(({ recordingId, wrapUpCode }) => [recordingId, wrapUpCode])).toEqual([
			[FIRST, 'Sale'],
			[SECOND, 'Sale'],
		]);
		expect(hints).toEqual([]);
		expect(await idsOf([`"${DETAILED_HEADER}",,,`, EXAMPLE_ROW, ''].join('\n'))).toEqual([FIRST]);
	});

	it('names a column by its own name before an alias, wherever they stand', async () => {
		const { rows } = await readText(`TYPE,RECORDING,${DETAILED_HEADER},AGENT\nBusiness,YES,${EXAMPLE_ROW},Somebody\n`);
		expect(rows[0]).toMatchObject({
			recordingId: FIRST,
			callType: 'inbound',
			agentName: 'Agent One',
			extra: { TYPE: 'Business', RECORDING: 'YES', AGENT: 'Somebody' },
		});
	});

	it.each(['Audio', 'SOUND', '', 'Link'])('tells FILENAME by its cells when %j does not name it', async (name) => {
		const header = DETAILED_HEADER.replace('FILENAME', name);
		const { rows } = await readText([header, row({ 9: '' }), later, last, ''].join('\n'));
		expect(rows.map(({ sequence }) => sequence)).toEqual([null, 2, 3]);
		expect(rows[1]?.extra).toEqual({});
	});

	it('takes cells that are names before an alias whose cells are none', async () => {
		const header = DETAILED_HEADER.replace('CASEID', 'RECORDING').replace('FILENAME', 'Audio');
		const { rows } = await readText([header, row({ 7: 'YES' }), ''].join('\n'));
		expect(rows[0]).toMatchObject({ recordingId: FIRST, extra: { RECORDING: 'YES' } });
	});

	it('in another order in the middle of a file starts that order', async () => {
		const reversed = (line: string): string => line.split(',').reverse().join(',');
		const content = [
			DETAILED_HEADER,
			EXAMPLE_ROW,
			reversed(DETAILED_HEADER),
			reversed(later),
			DETAILED_HEADER,
			last,
			'',
		];
		const { rows, hints } = await readText(content.join('\n'));
		expect(
			rows.map(({ recordingId, agentName, wrapUpCode, extra }) => [recordingId, agentName, wrapUpCode, extra]),
		).toEqual([FIRST, SECOND, 'S20160607/R201606070130000003.wav'].map((id) => [id, 'Agent One', 'Sale', {}]));
		expect(hints).toEqual([]);
	});

	it('of fewer columns in the middle of a file counts for what follows it', async () => {
		const { rows } = await readText(
			`${file(EXAMPLE_ROW)}FILENAME,AGENT NAME,"START TIME UTC"\nR201606070130000002.wav,Two,06/07/2016 01:30:00\n`,
		);
		expect(rows[1]).toMatchObject({ recordingId: SECOND, agentName: 'Two', callType: null });
	});

	it('stands below calls that are read by it too', async () => {
		expect(await idsOf([EXAMPLE_ROW, DETAILED_HEADER, later, ''].join('\n'))).toEqual([FIRST, SECOND]);
	});

	it.each(['sep=;', 'SEP=;', '"sep=;"', 'sep=;;;;;', ' sep = ; ', '\ufeffsep=;', "'sep=;'"])(
		'follows a line %j that names the delimiter',
		async (line) => {
			const { rows, hints } = await readText(`${line}\n${file(row({ 3: 'Agent| One' })).replaceAll(',', ';')}`);
			expect(rows[0]).toMatchObject({ recordingId: FIRST, agentName: 'Agent| One' });
			expect(hints).toEqual([]);
		},
	);

	it.each(['sep=\t', 'sep=\\t', 'sep=tab', '"sep=\t"', 'sep=\t\t\t'])('follows a line %j for tabs', async (line) => {
		const { rows, hints } = await readText(`${line}\n${file(EXAMPLE_ROW).replaceAll(',', '\t')}`);
		expect(rows[0]?.recordingId).toBe(FIRST);
		expect(hints).toEqual([]);
	});

	it('that reads in two ways is parted as the line above it says', async () => {
		const header = 'DIRECTORY (a;FILENAME (b,AGENT NAME';
		const { rows } = await readText(`sep=;\n${header}\nS20160607;R201606070130000001.wav\n`);
		expect(rows[0]).toMatchObject({ recordingId: FIRST, agentName: null });
	});

	it('of a file whose only rows are out of place names the columns all the same', async () => {
		const columns = 'CALL TYPE,QUEUE NAME,CALLED NUMBER,FILENAME,Link';
		const { rows } = await readText(`${columns}\nInbound,S, W,8005550199,R201606070130000001.wav\n`);
		expect(rows[0]).toMatchObject({ recordingId: FIRST, queueName: 'S, W', extra: { Link: null } });
	});

	it('that is cut off makes the file unreadable', async () => {
		await expect(readCase('header-cut-off.csv')).rejects.toThrow(/ends inside its header/);
	});
});

describe('rows whose line end is lost', () => {
	it.each(['', ' ', '"'])('come out as several, parted by %j', async (between) => {
		const { rows, hints } = await readText(file(EXAMPLE_ROW + between + later + between + last, EXAMPLE_ROW));
		const wholeCalls = rows.map(({ recordingId, wrapUpCode, callType, startTimeUtc, indexLine }) => [
			...[recordingId, wrapUpCode, callType, startTimeUtc, indexLine],
		]);
		const call = (id: string, line: number): unknown[] => [id, 'Sale', 'inbound', '2016-06-07T01:30:00.000Z', line];
		expect(wholeCalls).toEqual([call(FIRST, 2), call(SECOND, 2), call(THIRD, 2), call(FIRST, 3)]);
		expect(hints[0]).toContain('line 2: a line end behind it is lost');
	});

	it('come out as several where the first one is cut short', async () => {
		const cut = EXAMPLE_ROW.slice(0, EXAMPLE_ROW.indexOf(' 01:30:00'));
		const { rows } = await readText(file(cut + later));
		expect(rows.map(({ recordingId, wrapUpCode }) => [recordingId, wrapUpCode])).toEqual([
			[FIRST, null],
			[SECOND, 'Sale'],
		]);
	});

	it.each([
		[`${DETAILED_HEADER},COPY`, `${row({ 20: 'Sale, by phone' })},R201606070130000002.wav`],
		[DETAILED_HEADER, row({ 20: 'a,b,c,d,e,f,g,h,i,j,R201606070130000002.wav' })],
	])('are told by a whole row behind the first, not by a second name', async (...lines) => {
		expect(await idsOf([...lines, ''].join('\n'))).toEqual([FIRST]);
	});

	it('are told by the header above them', async () => {
		const reversed = (line: string): string => line.split(',').reverse().join(',');
		const merged = reversed(later) + reversed(last);
		expect(await idsOf(file(EXAMPLE_ROW, reversed(DETAILED_HEADER), merged))).toEqual([FIRST, SECOND, THIRD]);
	});

	it('are told from names that stand side by side', async () => {
		const names = ['1', '2', '3'].map((sequence) => `R20160607013000000${sequence}.wav`);
		const { rows } = await readText(
			['CALL TYPE,FILENAME,DIRECTORY,DURATION,WRAP UP CODE', `In,${names.join(',')},,30,,`].join('\n'),
		);
		expect(rows.map(({ fileName, callType, durationSeconds }) => [fileName, callType, durationSeconds])).toEqual(
			names.map((name) => [name, 'inbound', 30]),
		);
	});
});

describe('rows that a line break without quotes has parted', () => {
	it.each([1, 3, 8])('before their recording, in column %d, are put together again', async (column) => {
		const value = EXAMPLE_ROW.split(',')[column] ?? '';
		const { rows, hints } = await readText(file(last, row({ [column]: `${value}\nx` }), later));
		expect(
			rows.map(({ recordingId, callType, wrapUpCode, indexLine }) => [recordingId, callType, wrapUpCode, indexLine]),
		).toEqual([
			['S20160607/R201606070130000003.wav', 'inbound', 'Sale', 2],
			[FIRST, 'inbound', 'Sale', 3],
			[SECOND, 'inbound', 'Sale', 5],
		]);
		expect(hints[0]).toContain('line 3: a line break without quotes stands in it');
	});

	it('are none where a whole row names another recording before its own', async () => {
		const { rows } = await readText(
			`CALL TYPE,START TIME,EXT VAR1,FILENAME,TRANSACTION ID\nInbound,06/06/2016 06:30:00 PM\nInbound,06/06/2016 06:30:00 PM,R201606070130000002.wav,R201606070130000001.wav,10733\n`,
		);
		expect(rows.map(({ recordingId, transactionId }) => [recordingId, transactionId])).toEqual([
			[null, null],
			[FIRST, '10733'],
		]);
	});

	it('are no part of a row above that has a recording of its own', async () => {
		const short = last.split(',').slice(5, 11).join(',');
		expect(await idsOf(file(short, later.split(',').slice(5).join(',')))).toEqual([THIRD, SECOND]);
	});

	it('are told by the header above them', async () => {
		const reversed = (line: string): string[] => line.split(',').reverse();
		const lines = [reversed(DETAILED_HEADER), reversed(EXAMPLE_ROW).slice(0, 5), reversed(later).slice(6)];
		const { rows } = await readText(file(EXAMPLE_ROW, ...lines.map((cells) => cells.join(','))));
		expect(rows.map(({ recordingId, indexLine }) => [recordingId, indexLine])).toEqual([
			[FIRST, 2],
			[SECOND, 5],
		]);
	});

	it('come out with what they hold where their last values are missing too', async () => {
		const { rows } = await readText(file(row({ 3: 'Agent\nOne' }).split(',').slice(0, -3).join(','), later));
		expect(
			rows.map(({ recordingId, agentName, queueName, wrapUpCode }) => [recordingId, agentName, queueName, wrapUpCode]),
		).toEqual([
			[FIRST, 'Agent\nOne', 'Sales', null],
			[SECOND, 'Agent One', 'Sales', 'Sale'],
		]);
	});

	it('are put together where the parts come apart too', async () => {
		const rows = Array.from({ length: 499 }, () => EXAMPLE_ROW);
		expect(await idsOf(file(...rows, later.replace('Agent One', 'Agent\nOne')))).toHaveLength(500);
	});

	it.each([
		['Report,June 6', later],
		['Inbound,06/06/2016 18:30:00', later.split(',').slice(0, 20).join(',')],
	])('are told from short rows above a row that is whole, such as %s', async (above, below) => {
		expect((await idsOf(file(above, below, EXAMPLE_ROW))).slice(-2)).toEqual([SECOND, FIRST]);
	});
});

describe('lines that are no calls', () => {
	it('are no items and are counted in a hint', async () => {
		const { rows, hints } = await readCase('totals-line.csv');
		expect(rows.map(({ recordingId }) => recordingId)).toEqual([FIRST]);
		expect(hints).toEqual([
			'Index/I20160606.csv: 1 line is no call and was left out, such as a title, a total or dashes: line 3',
		]);
	});

	it.each([
		'Total,,,,,,,,341,,,,,,,,,,,,',
		'Grand Total:,06/06/2016 00:00:00,06/06/2016 23:59:59,,,,,,12345',
		'"Total calls",2',
		'Subtotal,,,,,,,,341',
		'Totals,06/06/2016 00:00:00,06/06/2016 23:59:59,,,,,,12345',
		'Gesamt,,,,,,,,341',
		'Generated by,06/07/2016 00:15:00',
		'Report date,06/07/2016 00:15:00',
		'17 rows selected.',
		'Count: 17',
		'(2 rows affected)',
		'--------------------',
		'----,----,----',
		',,,,,,,,,,,,,,,,,,,,',
		';;;;',
		'"","",""',
		'Inbound,12',
		'End of report',
		'\x1a',
		'\0\0\0\0\0\0',
	])('such as %j', async (line) => {
		for (const content of [file(EXAMPLE_ROW, line, later), `${file(EXAMPLE_ROW, later)}${line}`]) {
			const { rows, hints } = await readText(content);
			expect(rows.map(({ recordingId }) => recordingId)).toEqual([FIRST, SECOND]);
			expect(hints).toHaveLength(1);
		}
	});

	it('are counted, and a few of them named', async () => {
		const { hints } = await readText(file(EXAMPLE_ROW, ...Array<string>(7).fill('----'), later));
		expect(hints).toEqual([
			'Index/I20160606.csv: 7 lines are no calls and were left out, such as a title, a total or dashes: lines 3, 4, 5, 6, 7 (and 2 more)',
		]);
	});

	it('in UTF-16 at the end of a file that is not are left out, and what follows them is not', async () => {
		const content = Buffer.concat([
			Buffer.from(file(EXAMPLE_ROW)),
			Buffer.from('\ufeffTotal: 2 calls\r\n', 'utf16le'),
			Buffer.from(`${later}\n`),
		]);
		const { rows, hints } = await readText(content);
		expect(rows.map(({ recordingId }) => recordingId)).toEqual([FIRST, SECOND]);
		expect(hints).toEqual([expect.stringContaining('line 3: the line is written in UTF-16')]);
	});

	it('such as zero bytes before a row take nothing from it', async () => {
		const { rows } = await readText(`${file(EXAMPLE_ROW)}\0\0\0\0${later}\0\n${row({ 3: 'Ag\0ent' })}\x1a`);
		expect(rows.map(({ sequence, agentName }) => [sequence, agentName])).toEqual([
			[1, 'Agent One'],
			[2, 'Agent One'],
			[1, 'Agent'],
		]);
	});

	it('are told from calls that name no recording', async () => {
		const { rows } = await readText(
			file(row({ 9: '' }), row({ 1: '', 2: '', 9: 'NULL', 10: '', 12: '', 13: '' }), 'Inbound,06/06/2016 19:00:00'),
		);
		expect(rows.map(({ callType }) => callType)).toEqual(['inbound', 'inbound', 'inbound']);
	});
});

describe('a row that the file cuts short', () => {
	it('inside a value of several lines is one row', async () => {
		const { rows } = await readText(
			file(EXAMPLE_ROW) + row({ 9: 'R201606070130000002.wav', 17: '"two\nli' }).split(',gold')[0],
		);
		expect(rows.map(({ sequence, externalVariable1 }) => [sequence, externalVariable1])).toEqual([
			[1, 'en'],
			[2, 'two\nli'],
		]);
	});

	it('before it tells anything is left out with a hint', async () => {
		const { rows, hints } = await readText(`${file(EXAMPLE_ROW)}Inb`);
		expect(rows).toHaveLength(1);
		expect(hints).toEqual([expect.stringContaining('line 3: the file ends here')]);
	});
});
