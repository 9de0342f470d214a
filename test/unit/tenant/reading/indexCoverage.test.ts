import { describe, expect, it } from 'vitest';

import { IndexCoverage, uncoveredParts } from '../../../../tenant/reading/indexCoverage';
import { byDetail, hasDetail, indexFileOf, indexSearchFor } from '../../../../tenant/reading/indexFile';
import type { IndexFile } from '../../../../tenant/reading/indexFile';
import { tenantDay } from '../../../../recordings/tenantDay';
import { ZoneClock } from '../../../../recordings/zoneClock';

const day = tenantDay('2016-06-06', new ZoneClock('America/Los_Angeles'));
const present = day.directories.map((part) => ({ ...part, isAbsent: false }));

function file(path: string): IndexFile {
	const [directory = '', name = ''] = path.split('/');
	const found = indexFileOf(directory, name);
	if (found === undefined) throw new Error(`${path} is no index`);
	return found;
}

/** Coverage of a file with so many rows of each tenant day. */
function coverage(path: string, rows: Record<string, number> = {}, directories: string[] = []): IndexCoverage {
	const made = new IndexCoverage(file(path));
	for (const [date, count] of Object.entries(rows))
		for (let row = 0; row < count; row++) made.add(date, directories[row] ?? null);
	return made;
}

function missing(...coverages: IndexCoverage[]): string[] {
	return uncoveredParts(day.date, present, coverages).map((part) => part.directory);
}

const both = ['S20160606', 'S20160607'];

describe('a tenant day is covered', () => {
	it('by an index stamped with it, or with the day it was written, when its rows say so', () => {
		expect(missing(coverage('Index/I20160606.csv', { '2016-06-06': 5 }))).toEqual([]);
		expect(missing(coverage('Index/I20160607.csv', { '2016-06-06': 5 }))).toEqual([]);
	});

	it("not by the neighbours' index, even when it lists one late call of the day", () => {
		expect(missing(coverage('Index/I20160607.csv', { '2016-06-07': 9, '2016-06-06': 1 }))).toEqual(both);
		expect(missing(coverage('Index/I20160606.csv', { '2016-06-05': 9 }))).toEqual(both);
	});

	it('by an index without calls, read as this tenant stamps its files', () => {
		expect(missing(coverage('Index/I20160606.csv'))).toEqual([]);
		expect(missing(coverage('Index/I20160607.csv'))).toEqual(both);
		const stampedNextDay = coverage('Index/I20160608.csv', { '2016-06-07': 3 });
		expect(missing(coverage('Index/I20160607.csv'), stampedNextDay)).toEqual([]);
		expect(missing(coverage('Index/I20160606.csv'), stampedNextDay)).toEqual(both);
	});

	it('by the copies in its day directories, each for its own directory', () => {
		const first = coverage('S20160606/I20160606.csv', { '2016-06-06': 2, '2016-06-05': 1 }, [
			'S20160606',
			'S20160606',
			'S20160606',
		]);
		const second = coverage('S20160607/I20160607.csv', { '2016-06-07': 2 }, ['S20160607', 'S20160607']);
		expect(missing(first, second)).toEqual([]);
		expect(missing(first)).toEqual(['S20160607']);
	});

	it('by one copy that lists the whole day over both directories', () => {
		expect(missing(coverage('S20160606/I20160606.csv', { '2016-06-06': 2 }, both))).toEqual([]);
	});

	it('by one directory when the other is not on the server, because nothing was recorded in it', () => {
		const first = coverage('S20160606/I20160606.csv', { '2016-06-06': 1 }, ['S20160606']);
		const parts = present.map((part) => ({ ...part, isAbsent: part.directory === 'S20160607' }));
		expect(uncoveredParts(day.date, parts, [first])).toEqual([]);
		expect(uncoveredParts(day.date, parts, [])).toHaveLength(2);
	});
});

describe('the search for index files', () => {
	it('looks wherever rows of the day can be, on both sides of UTC', () => {
		expect(indexSearchFor(day).directories).toEqual(['S20160606', 'S20160607']);
		expect([...indexSearchFor(day).dates].sort()).toEqual(['2016-06-06', '2016-06-07', '2016-06-08']);
		const sydney = indexSearchFor(tenantDay('2016-06-06', new ZoneClock('Australia/Sydney')));
		expect(sydney.directories).toEqual(['S20160605', 'S20160606', 'S20160607']);
		expect([...sydney.dates].sort()).toEqual(['2016-06-05', '2016-06-06', '2016-06-07', '2016-06-08']);
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
