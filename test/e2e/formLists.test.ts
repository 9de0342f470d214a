import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemsOf } from '../../testbed/n8nHost/executionResult';
import type { StoredCredential } from '../../testbed/n8nHost/n8nClient';
import { startDemo, type RunningDemo } from '../../demo/startDemo';
import type { TenantCall } from '../../testbed/tenant/tenantCall';
import type { DemoProtocol } from '../../testbed/tenant/tenantCredential';
import { START, testWorkflow, type TestedNode } from './testWorkflow';

const PROTOCOLS: readonly DemoProtocol[] = ['ftpsImplicit', 'sftp'];

interface ListEntry {
	readonly name: string;
	readonly value: string;
}

/** How often each name comes up, by the alphabet. */
function counted(names: readonly (string | null)[]): { name: string; value: string; description: string }[] {
	const distinct = [...new Set(names.filter((name) => name !== null))].sort((a, b) => a.localeCompare(b, 'en'));
	return distinct.map((name) => {
		const calls = names.filter((other) => other === name).length;
		return { name, value: name, description: calls === 1 ? '1 call' : `${calls} calls` };
	});
}

describe.each(PROTOCOLS)('the lists of the forms in a real n8n over %s', (protocol) => {
	let directory = '';
	let demo: RunningDemo;
	let credential: StoredCredential;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-lists-'));
		demo = await startDemo({ directory, days: 3, protocols: [protocol] });
		const [connection] = demo.connections;
		if (connection === undefined) throw new Error('The demo has no connection');
		({ credential } = connection);
	});

	afterAll(async () => {
		await demo?.stop();
		await rm(directory, { recursive: true, force: true });
	});

	/** What the editor asks when somebody opens a list. */
	async function ask(
		kind: 'options' | 'resource-locator-results',
		type: string,
		methodName: string,
		more: { readonly filter?: string; readonly parameters?: object; readonly id?: string } = {},
	): Promise<unknown> {
		const { filter, parameters = {}, id = credential.id } = more;
		return await demo.n8n.client.request('POST', `/rest/dynamic-node-parameters/${kind}`, {
			nodeTypeAndVersion: { name: `n8n-nodes-8x8-recordings.${type}`, version: 1 },
			path: 'parameters.any',
			methodName,
			currentNodeParameters: parameters,
			credentials: { [credential.type]: { id, name: credential.name } },
			...(filter === undefined ? {} : { filter }),
		});
	}

	async function run(node: Pick<TestedNode, 'type' | 'parameters'>): Promise<Record<string, unknown>[]> {
		const tested = { ...node, name: 'Tested', credential };
		const id = await demo.n8n.client.putWorkflow(testWorkflow('form-lists', tested));
		const result = await demo.n8n.client.runWorkflow(id, START);
		expect(result.status).toBe('success');
		return itemsOf(result, 'Tested').map(({ json }) => json as Record<string, unknown>);
	}

	it.each(['listIndex', 'recordingTrigger'])('%s offers the names of the last days with their calls', async (type) => {
		const { calls } = demo.tenant;
		const agents = await ask('options', type, 'listAgentNames');
		expect(agents).toEqual(counted(calls.map(({ agentName }) => agentName)));
		const queues = await ask('options', type, 'listQueueNames');
		expect(queues).toEqual(counted(calls.map(({ queueName }) => queueName)));
		const codes = await ask('options', type, 'listWrapUpCodes');
		expect(codes).toEqual(counted(calls.map(({ wrapUpCode }) => wrapUpCode)));
	});

	it('gives exactly the calls of the names that were chosen, simplified when asked to', async () => {
		const [first, second] = (await ask('options', 'listIndex', 'listWrapUpCodes')) as ListEntry[];
		const chosen = [first?.value ?? '', second?.value ?? ''];
		const filters = { listedWrapUpCodes: chosen };
		const items = await run({ type: 'listIndex', parameters: { filters, options: { simplify: true } } });
		const yesterday = demo.tenant.days.at(-1);
		const kept = ({ tenantDay, wrapUpCode }: TenantCall): boolean =>
			tenantDay === yesterday && chosen.includes(wrapUpCode ?? '');
		const expected = demo.tenant.calls.filter(kept).map(({ recordingId }) => recordingId);
		expect(expected.length).toBeGreaterThan(0);
		expect(items.map((item) => item['recordingId'])).toEqual(expected);
		expect(items.every((item) => Object.keys(item).length === 11)).toBe(true);
	});

	it('lists directories and recordings, and downloads what was chosen from them', async () => {
		const found = (await ask('resource-locator-results', 'downloadRecording', 'searchDirectories')) as {
			results: ListEntry[];
		};
		const directories = [...new Set(demo.tenant.calls.map((call) => call.directory))].sort().reverse();
		expect(found.results.map(({ value }) => value)).toEqual(directories);

		const newest = demo.tenant.calls.at(-1);
		if (newest === undefined) throw new Error('The tenant has no calls');
		const day = { __rl: true, mode: 'list', value: newest.directory };
		const recordings = (await ask('resource-locator-results', 'downloadRecording', 'searchRecordings', {
			parameters: { download: 'recording', directory: day },
			filter: newest.fileName,
		})) as { results: ListEntry[] };
		const name = expect.stringMatching(new RegExp(`^[-\\d]+ [:\\d]+, .+B, ${newest.fileName}$`));
		expect(recordings.results).toEqual([{ name, value: newest.fileName }]);

		const file = { __rl: true, mode: 'list', value: newest.fileName };
		const [item] = await run({ type: 'downloadRecording', parameters: { directory: day, fileName: file } });
		expect(item?.['download']).toMatchObject({ path: newest.path, sha256: newest.sha256 });
	});

	it('takes plain texts in their place, as in workflows written by hand', async () => {
		const newest = demo.tenant.calls.at(-1);
		const parameters = { directory: newest?.directory, fileName: newest?.fileName };
		const [item] = await run({ type: 'downloadRecording', parameters });
		expect(item?.['download']).toMatchObject({ sha256: newest?.sha256 });
	});

	it('lists the index files, newest first, and reads the chosen one', async () => {
		const { results } = (await ask('resource-locator-results', 'listIndex', 'searchIndexFiles')) as {
			results: ListEntry[];
		};
		const days = [...demo.tenant.days].reverse();
		expect(results.map(({ name }) => name.split(',')[0])).toEqual(days);
		for (const { name } of results) expect(name).toMatch(/, [\d.]+ KB(, written \d{4}-\d\d-\d\d 00:\d\d)?$/);
		const indexFile = { __rl: true, mode: 'list', value: results[0]?.value };
		const items = await run({ type: 'listIndex', parameters: { readFrom: 'indexFile', indexFile } });
		const calls = demo.tenant.calls.filter(({ tenantDay }) => tenantDay === days[0]);
		expect(items).toHaveLength(calls.length);
	});

	it('tells the editor why a list cannot be had, without the password', async () => {
		const data = { ...demo.connections[0]?.data, password: 'canary-wrong-password' };
		const wrong = await demo.n8n.client.putCredential('Wrong', credential.type, data);
		const failure = await ask('options', 'listIndex', 'listAgentNames', { id: wrong.id }).catch(String);
		expect(failure).toMatch(/refused the (login|user name or password)/);
		expect(failure).not.toContain('canary-wrong-password');
	});
});
