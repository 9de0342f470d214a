import { describe, expect, it } from 'vitest';

import { IndexFormatError } from '../../../recordings/indexFormatError';
import { IndexNotes } from '../../../recordings/indexNotes';
import { readIndex } from '../../../recordings/indexReader';
import { ZoneClock } from '../../../recordings/zoneClock';
import { DETAILED_HEADER, EXAMPLE_ROW, readText } from './readText';

const EXAMPLE = {
	recordingId: 'S20160607/R201606070130000001.wav',
	tenantDay: '2016-06-06',
	callType: 'inbound',
	callTypeLabel: 'Inbound',
	startTime: '2016-06-06T18:30:00.000-07:00',
	stopTime: '2016-06-06T18:35:41.000-07:00',
	startTimeUtc: '2016-06-07T01:30:00.000Z',
	stopTimeUtc: '2016-06-07T01:35:41.000Z',
	durationSeconds: 341,
	agentName: 'Agent One',
	customerNumber: '4155550100',
	calledNumber: null,
	phoneChannel: '8005550199',
	customerPhone: '4155550100',
	caseId: '4711',
	accountNumber: '0010023',
	transactionId: '10733',
	queue: 'Inbound',
	queueName: 'Sales',
	externalVariable1: 'en',
	externalVariable2: 'gold',
	outdialCode: null,
	wrapUpCode: 'Sale',
	directory: 'S20160607',
	fileName: 'R201606070130000001.wav',
	path: 'S20160607/R201606070130000001.wav',
	recordedAtUtc: '2016-06-07T01:30:00.000Z',
	sequence: 1,
	indexFile: 'Index/I20160606.csv',
	indexLine: 2,
	indexDetail: 'detailed',
	extra: {},
};

function file(...lines: string[]): string {
	return [DETAILED_HEADER, ...lines, ''].join('\n');
}

/** The example row with some cells replaced, by position. */
function row(changes: Record<number, string>): string {
	return EXAMPLE_ROW.split(',')
		.map((cell, position) => changes[position] ?? cell)
		.join(',');
}

describe('an index row', () => {
	it('comes out typed, field by field', async () => {
		const { rows, hints } = await readText(file(EXAMPLE_ROW));
		expect(rows).toEqual([EXAMPLE]);
		expect(hints).toEqual([]);
	});

	it("is the same under the 8x8 page's header names, in any case and order", async () => {
		const header =
			'wrap up code,Outdial Code,EXTERNAL VARIABLE 2,External Variable 1,Transaction ID,QUEUE NAME,queue,stop time utc,start time utc,ACCOUNT,directory,FileName,duration,Case ID,called number,phone channel,customer number,agent name,stop time,start time,call type';
		const { rows } = await readText(`${header}\n${EXAMPLE_ROW.split(',').reverse().join(',')}\n`);
		expect(rows).toEqual([EXAMPLE]);
	});

	it('keeps unknown columns in extra under their own header, and never touches a prototype', async () => {
		const { rows } = await readText(`${DETAILED_HEADER},Survey Score,__proto__,Empty\n${EXAMPLE_ROW},9,x,\n`);
		expect(rows[0]?.extra).toEqual({ 'Survey Score': '9', 'column __proto__': 'x', Empty: null });
		expect(Object.getPrototypeOf(rows[0]?.extra)).toBe(Object.prototype);
	});

	it('takes the called number as the customer of an outbound call', async () => {
		const { rows } = await readText(file(row({ 0: 'Outbound', 6: '+1 (415) 555-0111' })));
		expect(rows[0]).toMatchObject({
			callType: 'outbound',
			customerPhone: '+1 (415) 555-0111',
			calledNumber: '+1 (415) 555-0111',
		});
	});

	it.each([
		['Direct Agent Access', 'directAgentAccess'],
		['INBOUND', 'inbound'],
		['busy', 'other'],
	])('of call type %s is %s', async (label, callType) => {
		const { rows } = await readText(file(row({ 0: label })));
		expect(rows[0]).toMatchObject({ callType, callTypeLabel: label });
	});

	it('keeps identifiers to the letter', async () => {
		const { rows } = await readText(file(row({ 7: '00042', 11: '1E5', 16: '12345678901234567890' })));
		expect(rows[0]).toMatchObject({ caseId: '00042', accountNumber: '1E5', transactionId: '12345678901234567890' });
	});

	it('without a directory or with slashes around it finds its place all the same', async () => {
		const { rows } = await readText(
			file(row({ 10: '' }), row({ 10: '/S20160607/' }), row({ 9: 'S20160607/R201606070130000001.wav', 10: '' })),
		);
		expect(rows.map((read) => read.recordingId)).toEqual(Array(3).fill('S20160607/R201606070130000001.wav'));
	});

	it('without a file name keeps recordingId null and its times', async () => {
		const { rows, hints } = await readText(file(row({ 9: '' })));
		expect(rows[0]).toMatchObject({
			recordingId: null,
			fileName: null,
			path: null,
			startTimeUtc: '2016-06-07T01:30:00.000Z',
			tenantDay: '2016-06-06',
		});
		expect(hints[0]).toContain('line 2: it names no recording');
	});
});

describe('times of an index', () => {
	it.each([
		['06/06/2016 18:30:00', '06/06/2016 18:35:41'],
		['6/6/2016 6:30:00 PM', '6/6/2016 6:35:41 PM'],
		['6/6/16 6:30:00pm', '6/6/16 6:35:41 p.m.'],
		['2016-06-06 18:30:00', '2016-06-06 18:35:41'],
		['2016-06-06T18:30:00', '2016-06-06T18:35:41.000'],
		['2016-06-06T18:30:00-07:00', '2016-06-07T01:35:41Z'],
		['2016/06/06 18:30:00', '2016/06/06 18:35:41'],
		['06.06.2016 18:30:00', '06.06.2016, 18:35:41'],
		['Jun 6 2016 6:30:00 PM', 'June 6 2016 6:35:41 PM'],
		['Mon 06-Jun-2016 18:30:00', '06 Jun 2016 18:35:41'],
		['20160606183000', '20160606183541'],
	])('local only, written as %s, are read in the tenant zone', async (start, stop) => {
		const { rows, hints } = await readText(file(row({ 1: start, 2: stop, 12: '', 13: '' })));
		expect(hints).toEqual([]);
		expect(rows[0]).toMatchObject({
			startTimeUtc: EXAMPLE.startTimeUtc,
			stopTimeUtc: EXAMPLE.stopTimeUtc,
			startTime: EXAMPLE.startTime,
		});
	});

	it('in UTC win over local ones', async () => {
		const { rows } = await readText(file(row({ 1: '01/01/2016 00:00:00' })));
		expect(rows[0]).toMatchObject({ startTimeUtc: EXAMPLE.startTimeUtc, startTime: EXAMPLE.startTime });
	});

	it('with the day first are told from month first by the stamps in the file names', async () => {
		const day = row({
			1: '07/06/2016 10:00:00',
			2: '07/06/2016 10:01:00',
			9: 'R201606071700000001.wav',
			12: '',
			13: '',
		});
		expect((await readText(file(day))).rows[0]?.startTimeUtc).toBe('2016-06-07T17:00:00.000Z');
		const month = row({
			1: '06/07/2016 10:00:00',
			2: '06/07/2016 10:01:00',
			9: 'R201606071700000001.wav',
			12: '',
			13: '',
		});
		expect((await readText(file(month))).rows[0]?.startTimeUtc).toBe('2016-06-07T17:00:00.000Z');
	});

	it("without any stamp follow the date in the index file's name, and a setting above all", async () => {
		const unstamped = row({ 1: '07/06/2016 10:00:00', 2: '', 9: '', 10: '', 12: '', 13: '' });
		const read = async (options: object): Promise<string | null | undefined> =>
			(await readText(file(unstamped), options)).rows[0]?.startTime;
		expect(await read({ path: 'Index/I20160607.csv' })).toBe('2016-06-07T10:00:00.000-07:00');
		expect(await read({ path: 'Index/I20160706.csv' })).toBe('2016-07-06T10:00:00.000-07:00');
		expect(await read({ path: 'Index/I20160607.csv', dateOrder: 'mdy' })).toBe('2016-07-06T10:00:00.000-07:00');
	});

	it("in a repeated hour are settled by the file name's stamp", async () => {
		const repeated = (stamp: string): string =>
			row({
				1: '11/06/2016 01:30:00',
				2: '11/06/2016 01:40:00',
				8: '',
				9: `R${stamp}0001.wav`,
				10: '',
				12: '',
				13: '',
			});
		const { rows } = await readText(file(repeated('20161106083000'), repeated('20161106093000')));
		expect(rows.map((read) => [read.startTime, read.durationSeconds])).toEqual([
			['2016-11-06T01:30:00.000-07:00', 600],
			['2016-11-06T01:30:00.000-08:00', 600],
		]);
	});

	it('that a clock skips are read as one that nobody has put forward', async () => {
		const skipped = row({
			1: '03/13/2016 02:30:00',
			2: '03/13/2016 02:40:00',
			8: '',
			9: 'R201603131030000001.wav',
			10: '',
			12: '',
			13: '',
		});
		expect((await readText(file(skipped))).rows[0]).toMatchObject({
			startTime: '2016-03-13T03:30:00.000-07:00',
			stopTime: '2016-03-13T03:40:00.000-07:00',
			durationSeconds: 600,
		});
	});

	it('of which only the date is written are no times, so the file name tells the day', async () => {
		const dated = row({ 1: '06/07/2016', 2: '', 9: 'R201606071200000001.wav', 10: '', 12: '06/07/2016', 13: '' });
		const { rows, hints } = await readText(file(dated));
		expect(rows[0]).toMatchObject({ startTime: null, startTimeUtc: null, tenantDay: '2016-06-07' });
		expect(hints[0]).toContain("'06/07/2016' is not a time");
	});

	it('that cannot be read leave null, a hint and the rest of the row', async () => {
		const { rows, hints } = await readText(
			file(EXAMPLE_ROW, row({ 1: 'soon', 2: '99/99/9999', 12: '31/31/2016 10:00', 13: '' })),
		);
		expect(rows[1]).toMatchObject({
			startTime: null,
			startTimeUtc: null,
			stopTimeUtc: null,
			durationSeconds: 341,
			recordedAtUtc: EXAMPLE.recordedAtUtc,
			tenantDay: '2016-06-06',
		});
		expect(hints).toEqual([
			"Index/I20160606.csv: line 3: '31/31/2016 10:00' is not a time, 'soon' is not a time, '99/99/9999' is not a time",
		]);
	});

	it.each([
		['341', 341],
		['341.5', 341.5],
		['5:41', 341],
		['0:05:41', 341],
		['00:05:41', 341],
		['', 341],
		['unknown', 341],
	])('give a DURATION of "%s" as %d seconds', async (written, seconds) => {
		expect((await readText(file(row({ 8: written })))).rows[0]?.durationSeconds).toBe(seconds);
	});
});

describe('a file with faults', () => {
	it('keeps every other row when one is ragged', async () => {
		const { rows, hints } = await readText(
			file(EXAMPLE_ROW, 'Inbound,06/06/2016 19:00:00', EXAMPLE_ROW.replace('0001.wav', '0002.wav')),
		);
		expect(rows).toHaveLength(3);
		expect(rows[1]).toMatchObject({
			callType: 'inbound',
			startTime: '2016-06-06T19:00:00.000-07:00',
			agentName: null,
			recordingId: null,
		});
		expect(rows[2]?.sequence).toBe(2);
		expect(hints[0]).toContain('line 3: it has 2 of 21 columns');
	});

	it('reads a value that an unquoted delimiter has split under its own column', async () => {
		const { rows } = await readText(file(row({ 3: 'One, Agent' })));
		expect(rows[0]).toMatchObject({ ...EXAMPLE, agentName: 'One, Agent' });
	});

	it('keeps surplus cells and takes a trailing comma for nothing', async () => {
		const { rows, hints } = await readText(`${DETAILED_HEADER},\n${EXAMPLE_ROW},\n${EXAMPLE_ROW}\n`);
		expect(rows).toEqual([EXAMPLE, { ...EXAMPLE, indexLine: 3 }]);
		expect(hints).toEqual([]);
	});

	it('does not let a quote that nobody closes swallow the rows after it', async () => {
		const later = EXAMPLE_ROW.replace('0001.wav', '0002.wav');
		const { rows, hints } = await readText(
			file(row({ 3: '"Agent One' }), later, row({ 3: '5" Agent' }), later, row({ 18: '"gold' }), later),
		);
		expect(rows.map((read) => [read.indexLine, read.sequence, read.agentName])).toEqual([
			[2, 1, 'Agent One'],
			[3, 2, 'Agent One'],
			[4, 1, '5" Agent'],
			[5, 2, 'Agent One'],
			[6, 1, 'Agent One'],
			[7, 2, 'Agent One'],
		]);
		expect(hints[0]).toContain('line 2: a quote is never closed');
	});

	it('counts the lines inside quoted values, whatever their line ends', async () => {
		for (const end of ['\n', '\r\n', '\r']) {
			const content = [
				DETAILED_HEADER,
				row({ 17: `"first${end}second ""quoted"", third${end}"` }),
				'',
				EXAMPLE_ROW,
				'',
			].join(end);
			const { rows, hints } = await readText(content);
			expect(rows.map((read) => read.indexLine)).toEqual([2, 6]);
			expect(rows[0]?.externalVariable1).toBe(`first${end}second "quoted", third`);
			expect(hints).toEqual([]);
		}
	});

	it('that ends inside its last row still gives that row, with a hint', async () => {
		const whole = file(EXAMPLE_ROW, EXAMPLE_ROW.replace('0001.wav', '0002.wav')).trimEnd();
		const { rows, hints } = await readText(whole.slice(0, whole.lastIndexOf('.wav') - 6));
		expect(rows).toHaveLength(2);
		expect(rows[1]).toMatchObject({ agentName: 'Agent One', durationSeconds: 341, recordingId: null, fileName: null });
		expect(hints[0]).toContain('line 3: the file ends inside this row');
	});

	it('that ends inside a value puts no part of it into another column', async () => {
		const whole = file(EXAMPLE_ROW, EXAMPLE_ROW.replace('0001.wav', '0002.wav'));
		const { rows } = await readText(whole.slice(0, whole.lastIndexOf('S20160607') + 6));
		expect(rows[1]).toMatchObject({ sequence: 2, accountNumber: null, wrapUpCode: null });
	});

	it('that was written in several goes, with its header again, has no call named by the header', async () => {
		const later = EXAMPLE_ROW.replace('0001.wav', '0002.wav');
		const { rows, hints } = await readText(`${file(EXAMPLE_ROW)}\ufeff${file(later)}`);
		expect(rows.map((read) => [read.indexLine, read.sequence])).toEqual([
			[2, 1],
			[4, 2],
		]);
		expect(hints).toEqual([]);
	});

	it('with every cut of its last row never loses the row before it nor invents a recording', async () => {
		const first = file(EXAMPLE_ROW);
		const last = EXAMPLE_ROW.replace('0001.wav', '0002.wav').replace('Agent One', '"Agent, One"');
		for (let length = 1; length <= last.length; length++) {
			const { rows } = await readText(first + last.slice(0, length));
			expect(rows[0]).toEqual(EXAMPLE);
			const ids = rows.slice(1).map((read) => read.recordingId);
			expect(ids.every((id) => id === null || id === 'S20160607/R201606070130000002.wav')).toBe(true);
		}
	});

	it('without a header is read by order when that fits, and at least by its recordings when it does not', async () => {
		expect((await readText(`${EXAMPLE_ROW}\n`)).rows).toEqual([{ ...EXAMPLE, indexLine: 1 }]);
		const { rows, hints } = await readText('x,R201606070130000001.wav,y\n');
		expect(rows[0]).toMatchObject({
			recordingId: 'S20160607/R201606070130000001.wav',
			extra: { 'column 1': 'x', 'column 3': 'y' },
		});
		expect(hints[0]).toContain('no header');
	});

	it('that is no index says so and what to do', async () => {
		await expect(readText('<html><body>Not found</body></html>')).rejects.toThrow(IndexFormatError);
		await expect(readText(`${'a,'.repeat(100_000)}b\n`)).rejects.toThrow(/100001 columns/);
		await expect(readText('x'.repeat(3_000_000))).rejects.toThrow(/longer than 1 MB/);
	});

	it('skips a line beyond all measure and goes on after it', async () => {
		const { rows, hints } = await readText(
			file(EXAMPLE_ROW, 'y'.repeat(3_000_000), EXAMPLE_ROW.replace('0001.wav', '0002.wav')),
			{ chunkSize: 65_536 },
		);
		expect(rows.map((read) => [read.indexLine, read.sequence])).toEqual([
			[2, 1],
			[4, 2],
		]);
		expect(hints[0]).toContain('line 3: the line is longer than 1 MB');
	});

	it('that holds only its header has no rows', async () => {
		expect((await readText(file())).rows).toEqual([]);
		expect((await readText(DETAILED_HEADER)).rows).toEqual([]);
	});

	it.each(['', '\n\n', ' \r\n', '\0\0\0', '\x1a', '\ufeff'])(
		'that is empty (%j) is unreadable: nothing shows that its day had no calls',
		async (content) => {
			await expect(readText(content)).rejects.toThrow(/I20160606\.csv is empty/);
		},
	);

	it('that ends anywhere inside its header is unreadable', async () => {
		for (let length = 1; length < DETAILED_HEADER.length; length++)
			await expect(readText(DETAILED_HEADER.slice(0, length))).rejects.toThrow(IndexFormatError);
	});
});

describe('letters of an index', () => {
	const name = 'Zoë Müller – “Quality” €';
	it.each(['utf-8', 'utf-8 with a mark', 'utf-16le', 'utf-16le with a mark', 'utf-16be with a mark', 'windows-1252'])(
		'in %s',
		async (encoding) => {
			const text = file(row({ 3: name }));
			const utf16 = Buffer.from(text, 'utf16le');
			const content = {
				'utf-8': Buffer.from(text),
				'utf-8 with a mark': Buffer.from(`\ufeff${text}`),
				'utf-16le': utf16,
				'utf-16le with a mark': Buffer.from(`\ufeff${text}`, 'utf16le'),
				'utf-16be with a mark': Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
				'windows-1252': Buffer.from(
					text.replace('–', '\x96').replace('“', '\x93').replace('”', '\x94').replace('€', '\x80'),
					'latin1',
				),
			}[encoding];
			for (const chunkSize of [1, 7, 100_000]) {
				expect((await readText(content ?? '', { chunkSize })).rows).toEqual([{ ...EXAMPLE, agentName: name }]);
			}
		},
	);

	it('of UTF-16 never come out with zero bytes, even when another encoding is set', async () => {
		const text = file(EXAMPLE_ROW);
		for (const encoding of ['utf-8', 'windows-1252'] as const) {
			const marked = await readText(Buffer.from(`\ufeff${text}`, 'utf16le'), { encoding });
			expect(marked.rows).toEqual([EXAMPLE]);
			await expect(readText(Buffer.from(text, 'utf16le'), { encoding })).rejects.toMatchObject({
				message: expect.stringContaining('is not an index that can be read'),
				advice: expect.stringContaining("'Encoding'"),
			});
		}
	});

	it('that are broken in one value leave the others alone', async () => {
		const broken = Buffer.concat([
			Buffer.from(file(row({ 3: 'Zoë' }))),
			Buffer.from(row({ 3: 'Zo\xeb' }), 'latin1'),
			Buffer.from(`\n${row({ 3: '東京' })}\n`),
		]);
		expect((await readText(broken)).rows.map((read) => read.agentName)).toEqual(['Zoë', 'Zoë', '東京']);
	});
});

describe('what is read', () => {
	const format = { encoding: 'auto', dateOrder: 'auto', includeRawRow: false } as const;
	/** A file in pieces, and how it was left: a file on a server holds a connection until it is ended. */
	const pieces = (...lines: string[]) => {
		const told = { pieces: 0, isEnded: false };
		async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
			try {
				for (const line of lines) {
					told.pieces += 1;
					yield await Promise.resolve(Buffer.from(`${line}\n`));
				}
			} finally {
				told.isEnded = true;
			}
		}
		const path = 'Index/I20160606.csv';
		return { told, rows: readIndex({ path, bytes: bytes() }, new ZoneClock('Etc/UTC'), format, new IndexNotes()) };
	};
	const many = (line: string): string[] => Array<string>(5_000).fill(line);

	it('is ended where it turns out to be no index', async () => {
		const { told, rows } = pieces(...many('no index'));
		await expect(rows.next()).rejects.toBeInstanceOf(IndexFormatError);
		expect(told.isEnded).toBe(true);
		expect(told.pieces).toBeLessThan(100);
	});

	it.each([
		[1, 1],
		[3_000, 1],
		// All of them in the piece that the header is in.
		[1, 2_000],
	])('is ended by who leaves after row %i of a file whose first piece has %i rows', async (wanted, inFirst) => {
		const first = [DETAILED_HEADER, ...many(EXAMPLE_ROW).slice(0, inFirst)].join('\n');
		const { told, rows } = pieces(first, ...many(EXAMPLE_ROW));
		let count = 0;
		for await (const { row: one } of rows) {
			count += one.fileName === EXAMPLE.fileName ? 1 : 0;
			if (count === wanted) break;
		}
		expect(count).toBe(wanted);
		expect(told.isEnded).toBe(true);
		expect(told.pieces).toBeLessThan(5_001);
	});
});
