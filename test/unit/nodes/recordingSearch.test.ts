import type { ILoadOptionsFunctions } from 'n8n-workflow';
import { beforeEach, describe, expect, it } from 'vitest';

import { searchDirectories, searchRecordings } from '../../../nodes/form/recordingSearch';
import { TransportError } from '../../../transport/transportError';
import { MemoryStore } from './memoryStore';
import { credential } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

function contextWith(directory: unknown): ILoadOptionsFunctions {
	return {
		getCredentials: async () => credential,
		getNode: () => ({ name: 'Download' }),
		getCurrentNodeParameter: (name: string, options?: { extractValue?: boolean }) => {
			if (name !== 'directory' || options?.extractValue !== true) throw new Error(`There is no parameter ${name}`);
			return directory;
		},
	} as unknown as ILoadOptionsFunctions;
}

beforeEach(() => {
	store = new MemoryStore();
});

describe('the list of directories', () => {
	it('has the day directories only, newest first, with the UTC day that each stands for', async () => {
		store.put('S20160606/x.wav', '').put('S20160607/x.wav', '').put('Index/I20160606.csv', '').put('S20160608', '');
		expect(await searchDirectories.call(contextWith(''))).toEqual({
			results: [
				{ name: 'S20160607, 2016-06-07 UTC', value: 'S20160607' },
				{ name: 'S20160606, 2016-06-06 UTC', value: 'S20160606' },
			],
		});
		expect((await searchDirectories.call(contextWith(''), '06-06')).results).toHaveLength(1);
		expect(store.closed).toBe(true);
	});
});

describe('the list of recordings', () => {
	it('has the files of the chosen directory, newest first, with their tenant time and size', async () => {
		store
			.put('S20160607/R201606070130000001.wav', Buffer.alloc(482_304))
			.put('S20160607/R201606070630000002.wav', 'x')
			.put('S20160607/I20160607.csv', 'x');
		const context = contextWith('S20160607');
		expect(await searchRecordings.call(context)).toEqual({
			results: [
				{ name: '2016-06-06 23:30, 1 byte, R201606070630000002.wav', value: 'R201606070630000002.wav' },
				{ name: '2016-06-06 18:30, 471.0 KB, R201606070130000001.wav', value: 'R201606070130000001.wav' },
				{ name: '1 byte, I20160607.csv', value: 'I20160607.csv' },
			],
		});
		expect((await searchRecordings.call(context, '18:30')).results).toHaveLength(1);
	});

	it('comes in pages, each file in one of them', async () => {
		for (let call = 1_000; call < 1_450; call++) store.put(`S20160607/R20160607013000${call}.wav`, 'x');
		const context = contextWith('S20160607');
		const names: unknown[] = [];
		let token: unknown;
		let pages = 0;
		do {
			const page = await searchRecordings.call(context, 'R2016', token);
			names.push(...page.results.map(({ value }) => value));
			token = page.paginationToken;
			pages += 1;
		} while (token !== undefined);
		expect(pages).toBe(3);
		expect(names).toHaveLength(450);
		expect(new Set(names).size).toBe(450);
	});

	it.each(['={{ $json.directory }}', '', undefined])(
		'cannot be made for the directory %j, and says why',
		async (directory) => {
			await expect(searchRecordings.call(contextWith(directory))).rejects.toMatchObject({
				message: 'The directory comes from each item, so its recordings cannot be listed here',
				description: expect.stringContaining("Choose a 'Directory' from the list first"),
			});
			expect(store.requests).toEqual([]);
		},
	);

	it('says what is wrong with the server', async () => {
		store.failures.set('list S20160607', [new TransportError('permission-denied', 'The server does not allow access')]);
		await expect(searchRecordings.call(contextWith('S20160607'))).rejects.toMatchObject({
			message: 'The server does not allow access',
			description: 'Check that this user may read the path on the server.',
		});
	});
});
