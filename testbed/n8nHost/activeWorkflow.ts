import { setTimeout as pause } from 'node:timers/promises';
import type { ExecutionResult } from './executionResult';
import { N8nRefusal, type N8nClient } from './n8nClient';

const fieldOf = (value: unknown, name: string): unknown =>
	typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/** n8n 1 has a switch in the workflow where n8n 2 has two addresses. */
async function publish(client: N8nClient, workflowId: string, active: boolean): Promise<void> {
	const path = `/rest/workflows/${workflowId}`;
	const versionId = fieldOf(await client.request('GET', path), 'versionId');
	await client
		.request('POST', `${path}/${active ? 'activate' : 'deactivate'}`, active ? { versionId } : {})
		.catch(async (error: unknown) => {
			if (!(error instanceof N8nRefusal) || error.status !== 404) throw error;
			await client.request('PATCH', path, { active, versionId });
		});
}

/** What the editor's "Publish" does. Until n8n 2.8 the first poll of its triggers has run when n8n answers, later it may not have. */
export async function activate(client: N8nClient, workflowId: string): Promise<void> {
	await publish(client, workflowId, true);
}

export async function deactivate(client: N8nClient, workflowId: string): Promise<void> {
	await publish(client, workflowId, false);
}

/** Ids of the workflow's executions, oldest first. */
export async function executionIds(client: N8nClient, workflowId: string): Promise<string[]> {
	const filter = encodeURIComponent(JSON.stringify({ workflowId }));
	const answer = await client.request('GET', `/rest/executions?filter=${filter}&limit=100`);
	const results = fieldOf(answer, 'results');
	if (!Array.isArray(results)) throw new Error(`n8n listed no executions: ${JSON.stringify(answer).slice(0, 300)}`);
	return results.map((result) => String(fieldOf(result, 'id'))).sort((a, b) => Number(a) - Number(b));
}

/** Every execution of the workflow once it has ended, oldest first. */
export async function executionsOf(client: N8nClient, workflowId: string): Promise<ExecutionResult[]> {
	const ids = await executionIds(client, workflowId);
	return await Promise.all(ids.map(async (id) => await client.waitForExecution(id)));
}

/** Waits until `isReached` holds; rejects after `milliseconds` with what was waited for. */
export async function until(
	what: string,
	isReached: () => boolean | Promise<boolean>,
	milliseconds = 60_000,
): Promise<void> {
	const deadline = Date.now() + milliseconds;
	while (!(await isReached())) {
		if (Date.now() > deadline) throw new Error(`Waited ${milliseconds} ms in vain for ${what}`);
		await pause(200);
	}
}

/** Poll Times for a poll every `seconds` seconds. n8n refuses an expression that fires more than once a minute, not several that do so once. */
export function everySeconds(seconds: number): { readonly item: ReadonlyArray<Readonly<Record<string, string>>> } {
	const times = Array.from({ length: Math.floor(60 / seconds) }, (_, index) => index * seconds);
	return { item: times.map((second) => ({ mode: 'custom', cronExpression: `${second} * * * * *` })) };
}
