import { expect, test } from 'vitest';

import { secondsText } from '../../../transport/secondsText';

test.each([
	[30_000, '30 s'],
	[1_500, '1.5 s'],
	[200, '0.2 s'],
])('%d milliseconds are %s', (milliseconds, text) => {
	expect(secondsText(milliseconds)).toBe(text);
});
