import { describe, expect, it } from 'vitest';

import { DayJudge, uncoveredParts } from '../../../../tenant/reading/dayEvidence';
import type { Cover } from '../../../../tenant/reading/dayEvidence';
import { FileEvidence } from '../../../../tenant/reading/fileEvidence';
import { byDetail, hasDetail, indexFileOf } from '../../../../tenant/reading/indexFile';
import type { IndexFile } from '../../../../tenant/reading/indexFile';
import { indexSearchFor } from '../../../../tenant/reading/indexSearch';
import { IndexFormatError } from '../../../../recordings/indexFormatError';
import { tenantDay } from '../../../../recordings/tenantDay';
import { ZoneClock } from '../../../../recordings/zoneClock';
import { indexRow } from '../../recordings/indexRowFixture';

const clock = new ZoneClock('America/Los_Angeles');
const day = tenantDay('2016-06-06', clock);
const HOUR = 3_600_000;

function file(path: string): IndexFile {
	const [directory = '', name = ''] = path.split('/');
	const found = indexFileOf(directory, name);
	if (found === undefined) throw new Error(`${path} is no index`);
	return found;
}

interface Rows {
	/** How many rows of each tenant day. */
	readonly [date: string]: number;
}

/** Evidence of a file with so many rows of each tenant day, from noon on, or shortly before the end of the day. */
function evidence(path: string, rows: Rows = {}, directories: string[] = [], late: string[] = []): FileEvidence {
	const made = new FileEvidence(file(path), clock);
	for (const [date, count] of Object.entries(rows)) {
		const { fromUtc, toUtc } = tenantDay(date, clock);
		for (let row = 0; row < count; row++) {
			const at = (late.includes(date) ? toUtc - HOUR : fromUtc + 12 * HOUR) + row;
			const directory = directories[row] ?? null;
			made.add({ row: indexRow({ tenantDay: date, directory, recordingId: `${date} ${late.length} ${row}` }), at });
		}
	}
	return made;
}

/** The directories of the day whose part no index covers. */
function missing(...files: FileEvidence[]): string[] {
	return missingWithout([], ...files);
}

function missingWithout(absent: string[], ...files: FileEvidence[]): string[] {
	const judge = new DayJudge({ files, unreadable: [], absent: new Set(absent) });
	return uncoveredParts(judge.evidenceOf(day)).map((part) => part.directory);
}

function covers(...files: FileEvidence[]): Array<Cover | undefined> {
	const judge = new DayJudge({ files, unreadable: [], absent: new Set() });
	return judge.evidenceOf(day).parts.map(({ cover }) => cover);
}

const both = ['S20160606', 'S20160607'];

describe('a tenant day is covered', () => {
	it('by an index stamped with it, or with the day it was written, when its rows say so', () => {
		expect(missing(evidence('Index/I20160606.csv', { '2016-06-06': 5 }))).toEqual([]);
		expect(missing(evidence('Index/I20160607.csv', { '2016-06-06': 5 }))).toEqual([]);
		const [cover] = covers(evidence('Index/I20160607.csv', { '2016-06-06': 5 }));
		expect(cover).toMatchObject({ by: 'rows', file: { path: 'Index/I20160607.csv' } });
	});

	it("not by the neighbours' index, even when it lists one late call of the day", () => {
		for (const late of [[], ['2016-06-06']])
			expect(missing(evidence('Index/I20160607.csv', { '2016-06-07': 9, '2016-06-06': 1 }, [], late))).toEqual(both);
		expect(missing(evidence('Index/I20160607.csv', { '2016-06-07': 1, '2016-06-06': 1 }, [], ['2016-06-06']))).toEqual(
			both,
		);
		expect(missing(evidence('Index/I20160606.csv', { '2016-06-05': 9 }))).toEqual(both);
	});

	it('by an index of several days, each of which it lists', () => {
		expect(missing(evidence('Index/I20160607.csv', { '2016-06-06': 5, '2016-06-07': 6 }))).toEqual([]);
	});

	it('by an index without calls, read as this tenant stamps its files', () => {
		expect(missing(evidence('Index/I20160606.csv'))).toEqual([]);
		expect(covers(evidence('Index/I20160606.csv'))[0]).toMatchObject({ by: 'name' });
		expect(missing(evidence('Index/I20160607.csv'))).toEqual(both);
		const stampedNextDay = evidence('Index/I20160608.csv', { '2016-06-07': 3 });
		expect(missing(evidence('Index/I20160607.csv'), stampedNextDay)).toEqual([]);
		expect(missing(evidence('Index/I20160606.csv'), stampedNextDay)).toEqual(both);
	});

	it('by an index that is named for it and lists nothing but calls that ran into it, unless it is a copy of their own', () => {
		const yesterday = evidence('Index/I20160605.csv', { '2016-06-05': 5 });
		const ranOver = evidence('Index/I20160606.csv', { '2016-06-05': 1 }, [], ['2016-06-05']);
		expect(missing(yesterday, ranOver)).toEqual([]);
		const lateOnly = evidence('Index/I20160605.csv', { '2016-06-05': 2 }, [], ['2016-06-05']);
		expect(missing(lateOnly, ranOver)).toEqual(both);
	});

	it('by the copies in its day directories, each for its own directory', () => {
		const first = evidence('S20160606/I20160606.csv', { '2016-06-06': 2, '2016-06-05': 1 }, [
			'S20160606',
			'S20160606',
			'S20160606',
		]);
		const second = evidence('S20160607/I20160607.csv', { '2016-06-07': 2 }, ['S20160607', 'S20160607']);
		expect(missing(first, second)).toEqual([]);
		expect(missing(first)).toEqual(['S20160607']);
	});

	it("not by a copy of yesterday's index in today's directory, with calls or without", () => {
		const elsewhere = ['S20160605', 'S20160606'];
		const yesterday = evidence('S20160606/I20160605.csv', { '2016-06-05': 2 }, elsewhere);
		expect(missing(yesterday)).toEqual(both);
		expect(missing(evidence('S20160606/I20160605.csv'))).toEqual(both);
		expect(missingWithout(['S20160607'], yesterday)).toEqual(both);
		expect(missing(evidence('S20160606/I20160606.csv', { '2016-06-05': 2 }, elsewhere))).toEqual(both);
		const original = evidence('Index/I20160605.csv', { '2016-06-05': 2 }, elsewhere);
		const copy = evidence('S20160606/I20160606.csv', { '2016-06-05': 1 }, ['S20160606']);
		expect(missing(original, copy)).toEqual(both);
	});

	it('by one copy that lists the whole day over both directories', () => {
		expect(missing(evidence('S20160606/I20160606.csv', { '2016-06-06': 2 }, both))).toEqual([]);
	});

	it('by one directory when the other is not on the server, because nothing was recorded in it', () => {
		const first = evidence('S20160606/I20160606.csv', { '2016-06-06': 1 }, ['S20160606']);
		expect(missingWithout(['S20160607'], first)).toEqual([]);
		expect(missingWithout(['S20160607'])).toHaveLength(2);
	});
});

describe('a file that cannot be read', () => {
	it.each([
		['Index/I20160606.csv', true],
		['Index/I20160607.csv', true],
		['S20160607/I20160607.csv', true],
		['Index/I20160605.csv', false],
		['Index/I20160608.csv', false],
	])('concerns the day that it may list: %s', (path, isConcerned) => {
		const reason = new IndexFormatError(path, `${path} is empty`, '');
		const files = [evidence('Index/I20160604.csv', { '2016-06-04': 3 })];
		const judge = new DayJudge({ files, unreadable: [{ file: file(path), reason }], absent: new Set() });
		expect(judge.evidenceOf(day).unreadable).toHaveLength(isConcerned ? 1 : 0);
	});
});

describe('the search for index files', () => {
	it('looks wherever rows of the day can be, on both sides of UTC, and where richer ones may say that they are of the day before', () => {
		expect(indexSearchFor(day, clock).directories).toEqual(['S20160605', 'S20160606', 'S20160607']);
		expect([...indexSearchFor(day, clock).dates].sort()).toEqual([
			'2016-06-05',
			'2016-06-06',
			'2016-06-07',
			'2016-06-08',
		]);
		const sydney = new ZoneClock('Australia/Sydney');
		const search = indexSearchFor(tenantDay('2016-06-06', sydney), sydney);
		expect(search.directories).toEqual(['S20160605', 'S20160606', 'S20160607']);
		expect([...search.dates].sort()).toEqual(['2016-06-05', '2016-06-06', '2016-06-07', '2016-06-08']);
	});

	it('reads richer editions first, and only those asked for', () => {
		const files = ['S20160606/I20160606.csv', 'Index/I20160606.csv', 'S20160606/I20160606_version2.csv'].map(file);
		expect(files.sort(byDetail).map(({ path }) => path)).toEqual([
			'S20160606/I20160606_version2.csv',
			'Index/I20160606.csv',
			'S20160606/I20160606.csv',
		]);
		expect(files.filter((found) => hasDetail(found, 'detailed'))).toHaveLength(1);
		expect(files.filter((found) => hasDetail(found, 'basic'))).toHaveLength(2);
	});
});
