import { describe, expect, it } from 'vitest';

import {
	directoryNameOf,
	parseDirectoryName,
	parseIndexName,
	parseRecordingName,
} from '../../../recordings/remoteName';

describe('a name on the server', () => {
	it("of a recording tells the UTC second and the sequence, as 8x8's own API sample proves", () => {
		expect(parseRecordingName('R202103101740420023.wav')).toEqual({
			recordedAtUtc: Math.floor(1_615_398_042_234 / 1_000) * 1_000,
			sequence: 23,
		});
	});

	it.each([
		'R20210310174042.wav',
		'R202113101740420023.wav',
		'R202103102540420023.wav',
		'X202103101740420023.wav',
		'R202103101740420023',
		'../R202103101740420023.wav',
	])('is no recording: %s', (name) => {
		expect(parseRecordingName(name)).toBeUndefined();
	});

	it('of an index tells its date and edition', () => {
		expect(parseIndexName('I20160606.csv')).toEqual({ date: '2016-06-06', edition: 1 });
		expect(parseIndexName('i20160606_VERSION2.CSV')).toEqual({ date: '2016-06-06', edition: 2 });
		expect(parseIndexName('I20160231.csv')).toBeUndefined();
		expect(parseIndexName('I20160606.csv.tmp')).toBeUndefined();
	});

	it('of a directory is the UTC date both ways', () => {
		expect(parseDirectoryName('S20160607')).toBe('2016-06-07');
		expect(parseDirectoryName('S2016060')).toBeUndefined();
		expect(directoryNameOf('2016-06-07')).toBe('S20160607');
	});
});
