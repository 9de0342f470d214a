import { NodeOperationError } from 'n8n-workflow';
import type { ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { listAgentNames, listQueueNames, listWrapUpCodes } from '../../../nodes/form/namesInIndex';
import { TransportError } from '../../../transport/transportError';
import { DETAILED_HEADER } from '../recordings/readText';
import { MemoryStore } from './memoryStore';
import { credential } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

const context = {
	getCredentials: async () => credential,
	getNode: () => ({ name: 'List' }),
} as unknown as ILoadOptionsFunctions;

function call(agent: string, queue: string, code: string): string {
	return `Inbound,,,${agent},4155550100,8005550199,,1,30,,,,,,Inbound,${queue},1,,,,${code}`;
}

function index(...calls: string[]): string {
	return [DETAILED_HEADER, ...calls, ''].join('\r\n');
}

function namesOf(options: INodePropertyOptions[]): string[] {
	return options.map(({ name }) => name);
}

beforeEach(() => {
	store = new MemoryStore();
});

describe('the drop-downs of the filters', () => {
	it('offer the names of the newest days by the alphabet, with the number of their calls', async () => {
		store
			.put(
				'Index/I20261121_version2.csv',
				index(call('Kim', 'Sales', 'Sale'), call('', 'Support', ''), call('Bo', '', '')),
			)
			.put('Index/I20261120_version2.csv', index(call('kim', 'Sales', '"Sale, again"')));
		expect(await listAgentNames.call(context)).toEqual([
			{ name: 'Bo', value: 'Bo', description: '1 call' },
			{ name: 'Kim', value: 'Kim', description: '2 calls' },
		]);
		expect(namesOf(await listQueueNames.call(context))).toEqual(['Sales', 'Support']);
		expect(namesOf(await listWrapUpCodes.call(context))).toEqual(['Sale', 'Sale, again']);
		expect(store.closed).toBe(true);
	});

	it('read the most detailed index of each of the seven newest days, and no other', async () => {
		for (let day = 10; day < 20; day++) {
			store.put(`Index/I202611${day}.csv`, index(call(`Basic ${day}`, '', '')));
			store.put(`Index/I202611${day}_version2.csv`, index(call(`Agent ${day}`, '', '')));
		}
		expect(namesOf(await listAgentNames.call(context))).toEqual(
			[13, 14, 15, 16, 17, 18, 19].map((day) => `Agent ${day}`),
		);
		expect(store.requests.filter((request) => request.startsWith('read'))).toHaveLength(7);
	});

	it('find the index beside the recordings of a tenant without Index', async () => {
		store
			.put('S20261121/I20261121.csv', index(call('Kim', '', '')))
			.put('S20261121/R202611210000000001.wav', 'x')
			.put('S20261120/I20261120.csv', index(call('Bo', '', '')));
		expect(namesOf(await listAgentNames.call(context))).toEqual(['Bo', 'Kim']);
	});

	it('look beside the recordings when the files in Index are basic ones without such a column', async () => {
		store
			.put('Index/I20261121.csv', 'CALL TYPE,AGENT NAME,FILENAME\r\nInbound,Kim,\r\n')
			.put('S20261121/I20261121_version2.csv', index(call('Kim', 'Sales', 'Sale')))
			.put('S20261120/I20261120_version2.csv', index(call('Kim', 'Support', 'Complaint')));
		expect(namesOf(await listWrapUpCodes.call(context))).toEqual(['Complaint', 'Sale']);
		store.requests.length = 0;
		expect(namesOf(await listAgentNames.call(context))).toEqual(['Kim']);
		expect(store.requests).not.toContain('list S20261121');
	});

	it('go without a day whose index cannot be read', async () => {
		store
			.put('Index/I20261121.csv', index(call('Kim', '', '')))
			.put('Index/I20261120.csv', '<html>not an index</html>');
		expect(namesOf(await listAgentNames.call(context))).toEqual(['Kim']);
	});

	it('stop reading a server that does not answer, and offer what there is', async () => {
		const timeout = new AbortController();
		vi.spyOn(AbortSignal, 'timeout').mockReturnValue(timeout.signal);
		store
			.put('Index/I20261121.csv', index(call('Kim', '', '')))
			.put('Index/I20261120.csv', index(call('Bo', '', '')))
			.put('Index/I20261119.csv', index(call('Lee', '', '')))
			.hanging.add('Index/I20261120.csv');
		const options = listAgentNames.call(context);
		await vi.waitFor(() => expect(store.requests).toContain('read Index/I20261120.csv'));
		await vi.waitFor(() => expect(store.openReads).toBe(1));
		timeout.abort();
		expect(namesOf(await options)).toEqual(['Kim']);
		expect(store.requests).not.toContain('read Index/I20261119.csv');
		vi.restoreAllMocks();
	});

	it('say what to do when there are no names, or the server cannot be asked', async () => {
		store.put('Index/I20261121.csv', index(call('Kim', '', '')));
		await expect(listWrapUpCodes.call(context)).rejects.toMatchObject({
			message: 'The newest index files name no wrap-up codes',
			description: "Type them into the filter 'Wrap-Up Codes' instead.",
		});
		store.failures.set('read Index/I20261121.csv', [
			new TransportError('permission-denied', 'The server does not allow access'),
		]);
		await expect(listAgentNames.call(context)).rejects.toThrow('does not allow access');
		store.failures.set('list ', [new TransportError('login-failed', 'The server refused the login')]);
		const failure = await listAgentNames.call(context).catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(NodeOperationError);
		expect(failure).toMatchObject({ description: expect.stringContaining("Check 'Tenant Name'") });
		expect(JSON.stringify(failure)).not.toContain('canary-password');
	});
});
