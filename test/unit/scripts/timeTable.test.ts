import { expect, it } from 'vitest';

import { timeTable } from '../../../scripts/timeTable.mjs';

it('tells how long each part took, and of its files the ones that took ten seconds or more, longest first', () => {
	const files = [
		{ name: 'quick.test.ts', seconds: 9.9 },
		{ name: 'slow.test.ts', seconds: 10 },
		{ name: 'slowest.test.ts', seconds: 754.6 },
	];
	const parts = [
		{ title: 'Build', seconds: 59.6 },
		{ title: 'Tests', seconds: 780, files },
	];
	expect(timeTable(parts)).toEqual([
		' 1:00  Build',
		'13:00  Tests',
		'   12:35  slowest.test.ts',
		'    0:10  slow.test.ts',
	]);
});
