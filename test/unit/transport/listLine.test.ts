import { describe, expect, test } from 'vitest';

import { parseListing } from '../../../transport/ftps/directoryListing';
import { parseListLine } from '../../../transport/ftps/listLine';

describe('a line of LIST', () => {
	test.each([
		['with the dot of SELinux', '-rw-r--r--. 1 0 0 482044 Jun 07 01:30 a.wav'],
		['with the plus of an ACL', '-rw-r--r--+ 1 0 0 482044 Jun 07 01:30 a.wav'],
		['with a leading blank', ' -rw-r--r-- 1 0 0 482044 Jun 07 01:30 a.wav'],
		['with a tab before the name', '-rw-r--r-- 1 0 0 482044 Jun 07 01:30\ta.wav'],
		['with a blank and a tab before the name', '-rw-r--r-- 1 0 0 482044 Jun 07 01:30 \ta.wav'],
		['in French', '-rw-r--r-- 1 0 0 482044 août 07 2016 a.wav'],
		['in German', '-rw-r--r-- 1 0 0 482044  7. Mär 01:30 a.wav'],
		['in Russian', '-rw-r--r-- 1 0 0 482044 июн 07 01:30 a.wav'],
		['in Chinese', '-rw-r--r-- 1 0 0 482044  6月  7 01:30 a.wav'],
		['in Japanese', '-rw-r--r-- 1 0 0 482044  6月  7日 2016年 a.wav'],
		['with an ISO date', '-rw-r--r-- 1 0 0 482044 2016-06-07 01:30 a.wav'],
		['with groups set apart by commas', '-rw-r--r-- 1 0 0 482,044 Jun 07 01:30 a.wav'],
		['with groups set apart by dots', '-rw-r--r-- 1 0 0 482.044 Jun 07 01:30 a.wav'],
		['with groups set apart by blanks', '-rw-r--r-- 1 owner group 482 044 Jun 07 01:30 a.wav'],
		['without a group', '-rw-r--r-- 1 owner 482044 Jun 07 01:30 a.wav'],
		['with blanks in the group', '-rw-r--r-- 1 owner domain users 482044 Jun 07 01:30 a.wav'],
		['of DOS, with groups', '06-07-16  01:30AM              482,044 a.wav'],
	])('%s gives name and size', (_, line) => {
		expect(parseListLine(line)).toMatchObject({ name: 'a.wav', type: 'file', size: 482_044 });
	});

	test('a name may hold blanks, dates and arrows, and numbers of owner and group are no date', () => {
		expect(parseListLine('-rw-r--r-- 1 10 12 2016 Jun 7 01:30  5 Jun 07 2016 -> x')).toMatchObject({
			name: ' 5 Jun 07 2016 -> x',
			size: 2016,
		});
	});

	test('a link is named without what it points to', () => {
		const line = 'lrwxrwxrwx 1 0 0 3 Jun 07 01:30 link -> /x';
		expect(parseListLine(line)).toMatchObject({ name: 'link', type: 'other', isLink: true });
	});

	test('what cannot be read is told, and a line that counts blocks is not among it', () => {
		const unreadable: string[] = [];
		const text = 'insgesamt 12\r\n-rw-r--r-- 1 0 0 3 Jun 07 01:30 a\r\nls: b: Input/output error\r\n';
		expect(parseListing(text, (line) => unreadable.push(line)).map((entry) => entry.name)).toEqual(['a']);
		expect(unreadable).toEqual(['ls: b: Input/output error']);
		expect(parseListing('total 0\r\n')).toEqual([]);
	});
});
