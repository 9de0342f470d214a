import type { IExecuteFunctions } from 'n8n-workflow';

import { ExplainedError } from '../../tenant/explainedError';
import { CREDENTIAL } from './tenantConnection';

/** The zone in the node's 'Time Zone', else the credential's; a node without either cannot know what a day is. */
export async function tenantTimeZone(context: IExecuteFunctions, itemIndex: number): Promise<string> {
	const given = String(context.getNodeParameter('timeZone', itemIndex, '') ?? '').trim();
	if (given !== '') return given;
	const advice =
		"Choose a credential with a 'Tenant Time Zone', or fill in 'Time Zone', for example America/Los_Angeles.";
	const data = await context.getCredentials(CREDENTIAL).catch(() => {
		throw new ExplainedError('No time zone is given', advice);
	});
	const timeZone = String(data['tenantTimeZone'] ?? '').trim();
	if (timeZone === '') throw new ExplainedError('The credential has no tenant time zone', advice);
	return timeZone;
}
