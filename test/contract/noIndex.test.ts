import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

import { ListIndex } from '../../nodes/ListIndex/ListIndex.node';
import { temporaryDirectory } from '../../testbed/servers/process';
import { runNode } from '../unit/nodes/runNode';
import { startEmbeddedTenant } from './embeddedTenant';
import type { Ending } from './farTenant';

const NAME = 'R201606070130000001.wav';
/** More than lies ready on the way when nobody reads on. */
const NO_INDEX = `${'x'.repeat(99)}\n`.repeat(100_000);

const ending: Ending = [];
afterEach(async () => {
	for (const end of ending.splice(0).reverse()) await end();
});

describe.each(['ftpsImplicit', 'sftp'] as const)('an index that turns out to be none, over %s', (protocol) => {
	test('gives its connection back at once, so that the next one can be read over the only one there is', async () => {
		const root = await temporaryDirectory('8x8-no-index');
		ending.push(() => root.remove());
		await mkdir(join(root.path, 'Index'));
		await writeFile(join(root.path, 'Index', 'I20160606.csv'), NO_INDEX);
		const index = `CALL TYPE,START TIME,FILENAME,DIRECTORY\r\nInbound,,${NAME},S20160607\r\n`;
		await writeFile(join(root.path, 'Index', 'I20160607.csv'), index);
		const served = { root: root.path, tenantTimeZone: 'America/Los_Angeles' };
		const { credential } = await startEmbeddedTenant(protocol, served, ending);
		const { output, hints } = await runNode(new ListIndex(), {
			parameters: { readFrom: 'tenantDay', period: 'date', date: '2016-06-06' },
			credential: { ...credential, maxConnections: 1 },
		});
		expect(output.map(({ json }) => json['fileName'])).toEqual([NAME]);
		expect(hints.map(({ message }) => message)).toEqual([
			expect.stringContaining('Index/I20160606.csv is not an index'),
		]);
	});
});
