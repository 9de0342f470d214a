import type { IPollFunctions } from 'n8n-workflow';

import type { Deduplication } from '../run/deliveredMarks';
import { ExplainedError } from '../../tenant/explainedError';

/**
 * n8n's deduplication store for a poll. n8n hands it to nodes that run and not to those that poll (`PollContext` of n8n-core 1.122 to
 * 2.41), so it is asked for where n8n itself gets it from: n8n puts its own modules on the path of every node that it loads.
 *
 * @throws ExplainedError when this n8n has it no longer there
 */
export async function pollDeduplication(context: IPollFunctions): Promise<Deduplication> {
	const { helpers } = context;
	if (hasDeduplication(helpers)) return helpers;
	const { DataDeduplicationService } = await import('n8n-core').catch(async () => await Promise.reject(notThere()));
	const service = DataDeduplicationService?.getInstance();
	if (typeof service?.checkProcessedAndRecord !== 'function') throw notThere();
	const workflow = context.getWorkflow();
	const owner = { node: context.getNode(), workflow: { ...workflow, id: workflow.id ?? '' } };
	return {
		checkProcessedAndRecord: async (keys, scope, options) =>
			await service.checkProcessedAndRecord(keys, scope, owner, options),
		removeProcessed: async (keys, scope, options) => await service.removeProcessed(keys, scope, owner, options),
	};
}

function hasDeduplication(helpers: object): helpers is Deduplication {
	return 'checkProcessedAndRecord' in helpers && 'removeProcessed' in helpers;
}

function notThere(): ExplainedError {
	return new ExplainedError(
		"This n8n gives a trigger no access to what its workflow has delivered, so 'Only Undelivered' cannot be used here",
		"Take it out of the trigger's options, or let a schedule do the work: 8x8 List Index with 'Only Undelivered'. Please report it with the version of n8n.",
	);
}
