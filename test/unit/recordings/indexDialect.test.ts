import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ZoneClock } from '../../../recordings/zoneClock';
import { readText } from './readText';
import { fuzzRuns } from '../fuzzRuns';

/** A call as a tenant knows it, before it is written in some dialect. */
interface Call {
	readonly start: number;
	readonly seconds: number;
	readonly sequence: number;
	readonly outbound: boolean;
	readonly agent: string;
	readonly customer: string;
	readonly called: string;
	readonly account: string;
	readonly transaction: string;
	readonly note: string;
	readonly code: string;
	readonly unknown: string;
}

interface Dialect {
	readonly names: 'page' | 'script';
	readonly casing: 'as is' | 'lower' | 'title';
	readonly order: readonly number[];
	readonly delimiter: ',' | ';' | '\t';
	readonly end: '\n' | '\r\n';
	readonly quoting: 'all' | 'needed';
	readonly trailing: boolean;
	readonly blankLines: boolean;
	readonly dates:
		| 'mdy'
		| 'dmy'
		| 'iso'
		| 'named'
		| 'clock first'
		| 'java'
		| 'compact'
		| 'compact with a blank'
		| 'seconds'
		| 'milliseconds';
	readonly clock: 12 | 24;
	readonly halves: readonly [string, string];
	readonly zone: 'none' | 'abbreviation' | 'hours' | 'GMT and digits' | 'colon';
	readonly duration: 'seconds' | 'h:mm:ss' | 'thousands' | 'milliseconds' | 'units' | 'none';
	readonly utcColumns: boolean;
	readonly localColumns: boolean;
	readonly encoding: 'utf-8' | 'utf-8 with a mark' | 'utf-16le' | 'windows-1252';
	readonly lastLineEnds: boolean;
	readonly chunkSize: number;
}

const text = (unit: fc.Arbitrary<string>): fc.Arbitrary<string> =>
	fc.string({ unit, minLength: 0, maxLength: 14 }).map((value) => value.trim());
/** Letters that every encoding tried here can write, and everything that is special in a CSV. */
const anyText = text(
	fc.constantFrom(...'abcXYZ019 ,;"\n\täöüéß€–'.split('').filter((letter) => letter !== '\t'), '\t'),
);
/** A value in a file without quotes has to do without what quotes are for. */
const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 12 });

const anyCall: fc.Arbitrary<Call> = fc.record({
	start: fc
		.integer({ min: Date.parse('2016-06-06T07:00:00Z') / 1_000, max: Date.parse('2016-06-07T06:59:59Z') / 1_000 })
		.map((second) => second * 1_000),
	seconds: fc.integer({ min: 0, max: 40_000 }),
	sequence: fc.integer({ min: 1, max: 9_999 }),
	outbound: fc.boolean(),
	agent: anyText,
	customer: digits,
	called: digits,
	account: digits,
	transaction: digits,
	note: anyText,
	code: anyText,
	unknown: anyText,
});

const COLUMNS = 17;
const anyDialect: fc.Arbitrary<Dialect> = fc.record({
	names: fc.constantFrom('page', 'script'),
	casing: fc.constantFrom('as is', 'lower', 'title'),
	order: fc.shuffledSubarray(
		Array.from({ length: COLUMNS }, (_, position) => position),
		{ minLength: COLUMNS, maxLength: COLUMNS },
	),
	delimiter: fc.constantFrom(',', ';', '\t'),
	end: fc.constantFrom('\n', '\r\n'),
	quoting: fc.constantFrom('all', 'needed'),
	trailing: fc.boolean(),
	blankLines: fc.boolean(),
	dates: fc.constantFrom(
		...(['mdy', 'dmy', 'iso', 'named', 'clock first', 'java', 'compact', 'compact with a blank'] as const),
		...(['seconds', 'milliseconds'] as const),
	),
	clock: fc.constantFrom(12, 24),
	halves: fc.constantFrom(['AM', 'PM'], ['am', 'pm'], ['a.m.', 'p.m.'], ['a. m.', 'p. m.'], ['A', 'P']),
	zone: fc.constantFrom('none', 'abbreviation', 'hours', 'GMT and digits', 'colon'),
	duration: fc.constantFrom('seconds', 'h:mm:ss', 'thousands', 'milliseconds', 'units', 'none'),
	utcColumns: fc.boolean(),
	localColumns: fc.boolean(),
	encoding: fc.constantFrom('utf-8', 'utf-8 with a mark', 'utf-16le', 'windows-1252'),
	lastLineEnds: fc.boolean(),
	chunkSize: fc.integer({ min: 1, max: 5_000 }),
});

const zone = new ZoneClock('America/Los_Angeles');
const two = (value: number): string => String(value).padStart(2, '0');

/** The days that are tried lie in summer. */
const HOURS_BEHIND = 7;

function writtenZone(kind: Dialect['zone'], isUtc: boolean): string {
	const hours = `${isUtc ? '+' : '-'}${two(isUtc ? 0 : HOURS_BEHIND)}`;
	return {
		none: '',
		abbreviation: isUtc ? 'UTC' : 'PDT',
		hours,
		'GMT and digits': `GMT${hours}00`,
		colon: `${hours}:00`,
	}[kind];
}

function writtenTime(instant: number, isUtc: boolean, { dates, clock, halves, zone }: Dialect): string {
	if (dates === 'seconds') return String(instant / 1_000);
	if (dates === 'milliseconds') return String(instant);
	const wall = new Date(instant - (isUtc ? 0 : HOURS_BEHIND * 3_600_000));
	const [year, month, day] = [String(wall.getUTCFullYear()), two(wall.getUTCMonth() + 1), two(wall.getUTCDate())];
	const [hour, rest] = [wall.getUTCHours(), `${two(wall.getUTCMinutes())}:${two(wall.getUTCSeconds())}`];
	const zoned = (time: string): string => `${time} ${writtenZone(zone, isUtc)}`.trim();
	if (dates === 'compact') return zoned(`${year}${month}${day}${two(hour)}${rest.replace(':', '')}`);
	if (dates === 'compact with a blank') return zoned(`${year}${month}${day} ${two(hour)}${rest.replace(':', '')}`);

	const dial =
		clock === 24 ? `${two(hour)}:${rest}` : `${hour % 12 === 0 ? 12 : hour % 12}:${rest} ${halves[hour < 12 ? 0 : 1]}`;
	const name = wall.toUTCString().slice(8, 11);
	return {
		mdy: zoned(`${month}/${day}/${year} ${dial}`),
		dmy: zoned(`${day}/${month}/${year} ${dial}`),
		iso: zoned(`${year}-${month}-${day} ${dial}`),
		named: zoned(`${day}-${name}-${year} ${dial}`),
		'clock first': `${zoned(dial)} ${month}/${day}/${year}`,
		java: `${wall.toUTCString().slice(0, 3)} ${name} ${day} ${zoned(dial)} ${year}`,
	}[dates];
}

function writtenDuration(seconds: number, kind: Dialect['duration']): string {
	const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
	return {
		seconds: String(seconds),
		'h:mm:ss': `${hours}:${two(minutes)}:${two(seconds % 60)}`,
		thousands: seconds.toLocaleString('en-US'),
		milliseconds: String(seconds * 1_000),
		units: `${hours}h ${minutes}m ${seconds % 60}s`,
		none: '',
	}[kind];
}

function fileNameOf(call: Call): string {
	return `R${new Date(call.start).toISOString().replace(/\D/g, '').slice(0, 14)}${String(call.sequence).padStart(4, '0')}.wav`;
}

function directoryOf(call: Call): string {
	return `S${new Date(call.start).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** Header and cell of every column that the dialect writes. */
function columnsOf(dialect: Dialect): Array<[string, string, (call: Call) => string]> {
	const local = (instant: number): string => writtenTime(instant, false, dialect);
	const all: Array<[string, string, ((call: Call) => string) | undefined]> = [
		['CALL TYPE', 'CALL TYPE', (call) => (call.outbound ? 'Outbound' : 'Inbound')],
		['START TIME', 'START TIME', dialect.localColumns || !dialect.utcColumns ? (call) => local(call.start) : undefined],
		[
			'STOP TIME',
			'STOP TIME',
			dialect.localColumns || !dialect.utcColumns ? (call) => local(call.start + call.seconds * 1_000) : undefined,
		],
		[
			'START TIME UTC',
			'START TIME UTC',
			dialect.utcColumns ? (call) => writtenTime(call.start, true, dialect) : undefined,
		],
		[
			'STOP TIME UTC',
			'STOP TIME UTC',
			dialect.utcColumns ? (call) => writtenTime(call.start + call.seconds * 1_000, true, dialect) : undefined,
		],
		['AGENT NAME', 'AGENT NAME', (call) => call.agent],
		['CUSTOMER NUMBER', 'CUSTOMER NUMBER', (call) => call.customer],
		['CALLED NUMBER', 'CALLED NUMBER', (call) => call.called],
		['ACCOUNT', 'ACCOUNT NUMBER', (call) => call.account],
		[
			'DURATION',
			'DURATION',
			dialect.duration === 'none' ? undefined : (call) => writtenDuration(call.seconds, dialect.duration),
		],
		['FILENAME', 'FILENAME', fileNameOf],
		['DIRECTORY', 'DIRECTORY', directoryOf],
		['TRANSACTION ID', 'TRANS ID', (call) => call.transaction],
		['EXTERNAL VARIABLE 1', 'EXT VAR1', (call) => call.note],
		['OUTDIAL CODE', 'OUT DIAL CODE', () => ''],
		['WRAP UP CODE', 'WRAP UP CODE', (call) => call.code],
		['Sentiment', 'Sentiment', (call) => call.unknown],
	];
	return dialect.order.flatMap((position) => {
		const [page, script, cell] = all[position] ?? [];
		return page === undefined || script === undefined || cell === undefined
			? []
			: [[page, script, cell] as [string, string, (call: Call) => string]];
	});
}

function write(calls: readonly Call[], dialect: Dialect): Buffer {
	const columns = columnsOf(dialect);
	const quoted = (cell: string): string =>
		dialect.quoting === 'all' || /["\r\n]/.test(cell) || cell.includes(dialect.delimiter)
			? `"${cell.replaceAll('"', '""')}"`
			: cell;
	const line = (cells: readonly string[]): string =>
		cells.map(quoted).join(dialect.delimiter) + (dialect.trailing ? dialect.delimiter : '');
	const header = columns.map(([page, script]) => {
		const name = dialect.names === 'page' ? page : script;
		if (name === 'Sentiment' || dialect.casing === 'as is') return name;
		return dialect.casing === 'lower'
			? name.toLowerCase()
			: name.toLowerCase().replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
	});
	const lines = [line(header), ...calls.map((call) => line(columns.map(([, , cell]) => cell(call))))];
	const content =
		lines.join(dialect.blankLines ? dialect.end + dialect.end : dialect.end) +
		(dialect.lastLineEnds ? dialect.end : '');
	if (dialect.encoding === 'utf-16le') return Buffer.from(`\ufeff${content}`, 'utf16le');
	if (dialect.encoding === 'windows-1252') return windows1252(content);
	return Buffer.from(dialect.encoding === 'utf-8' ? content : `\ufeff${content}`);
}

function looksLikeUtf8(call: Call): boolean {
	return [call.agent, call.note, call.code, call.unknown].some((value) => {
		const bytes = windows1252(value);
		return bytes.some((byte) => byte > 0x7f) && !bytes.toString('utf8').includes('\ufffd');
	});
}

function windows1252(value: string): Buffer {
	return Buffer.from(value.replaceAll('€', '\x80').replaceAll('–', '\x96'), 'latin1');
}

function expectedOf(call: Call): object {
	const stop = call.start + call.seconds * 1_000;
	const empty = (value: string): string | null => (value === '' ? null : value);
	return {
		recordingId: `${directoryOf(call)}/${fileNameOf(call)}`,
		tenantDay: '2016-06-06',
		callType: call.outbound ? 'outbound' : 'inbound',
		startTimeUtc: new Date(call.start).toISOString(),
		stopTimeUtc: new Date(stop).toISOString(),
		startTime: zone.isoAt(call.start),
		durationSeconds: call.seconds,
		agentName: empty(call.agent),
		customerNumber: call.customer,
		customerPhone: call.outbound ? call.called : call.customer,
		accountNumber: call.account,
		transactionId: call.transaction,
		externalVariable1: empty(call.note),
		externalVariable2: null,
		outdialCode: null,
		wrapUpCode: empty(call.code),
		extra: { Sentiment: empty(call.unknown) },
	};
}

describe('an index written in any dialect', () => {
	it('gives the same rows when it is read', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 12 }), anyDialect, async (calls, dialect) => {
				// Bytes of windows-1252 that happen to be UTF-8 too (ß€) have to be told; the others are detected.
				const encoding = dialect.encoding === 'windows-1252' && calls.some(looksLikeUtf8) ? 'windows-1252' : 'auto';
				const { rows, hints } = await readText(write(calls, dialect), { chunkSize: dialect.chunkSize, encoding });
				expect(hints).toEqual([]);
				expect(rows).toHaveLength(calls.length);
				rows.forEach((row, position) => expect(row).toMatchObject(expectedOf(calls[position] as Call)));
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
