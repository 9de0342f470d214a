import { describe, expect, test } from 'vitest';

import { Shortcut } from '../../../transport/ftps/shortcut';

describe('a shortcut', () => {
	test('is tried by one, while the others do without', () => {
		const shortcut = new Shortcut();
		expect([shortcut.begin(), shortcut.begin(), shortcut.isRuledOut]).toEqual([true, false, false]);
	});

	test('that worked is taken by all, also after a failure', () => {
		const shortcut = new Shortcut();
		shortcut.begin();
		shortcut.worked();
		shortcut.failed();
		expect([shortcut.begin(), shortcut.begin()]).toEqual([true, true]);
	});

	test('that failed the first time is never taken again', () => {
		const shortcut = new Shortcut();
		shortcut.begin();
		shortcut.failed();
		shortcut.worked();
		expect([shortcut.begin(), shortcut.isRuledOut]).toEqual([false, true]);
	});

	test('that is refused is never taken again, whatever came before', () => {
		const shortcut = new Shortcut();
		shortcut.begin();
		shortcut.worked();
		shortcut.refused();
		expect([shortcut.begin(), shortcut.isRuledOut]).toEqual([false, true]);
	});
});
