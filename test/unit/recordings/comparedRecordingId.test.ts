import { describe, expect, it } from 'vitest';

import { comparedRecordingId } from '../../../recordings/comparedRecordingId';

const ID = 'S20160607/R201606070130000001.wav';

describe('the form in which ids are compared', () => {
	it.each([
		ID,
		`/${ID}`,
		` ./${ID} `,
		`export/acme/${ID}`,
		'D:\\rec\\s20160607\\R201606070130000001.wav',
		`S20160606/${ID}`,
	])('is day directory and file name for %j', (id) => {
		expect(comparedRecordingId(id)).toBe(ID);
	});

	it('keeps the file name to the letter', () => {
		expect(comparedRecordingId('S20160607/r201606070130000001.WAV')).toBe('S20160607/r201606070130000001.WAV');
	});

	it('keeps files of the same name in other directories apart', () => {
		expect(comparedRecordingId('/archive/2016/a.wav')).toBe('archive/2016/a.wav');
		expect(comparedRecordingId('old/2016/a.wav')).toBe('old/2016/a.wav');
		// No day: February has no 31st.
		expect(comparedRecordingId('x/S20160231/a.wav')).toBe('x/S20160231/a.wav');
	});
});
