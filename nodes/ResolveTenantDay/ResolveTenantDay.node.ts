import { NodeConnectionTypes } from 'n8n-workflow';
import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';

import { tenantDaysOf } from '../../recordings/period';
import { skippedDays } from '../../recordings/tenantDay';
import type { TenantDay } from '../../recordings/tenantDay';
import { ZoneClock } from '../../recordings/zoneClock';
import { eightByEightConnectionTest } from '../connection/credentialTest';
import { showHints, warning } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import { itemOrError } from '../run/nodeError';
import { optionChoice } from '../form/optionChoice';
import { PERIOD_SUBTITLE, periodParameters, readPeriod } from '../form/periodParameters';
import { tenantTimeZone } from '../connection/tenantTimeZone';

export class ResolveTenantDay implements INodeType {
	description: INodeTypeDescription = {
		displayName: '8x8 Resolve Tenant Day',
		name: 'resolveTenantDay',
		icon: { light: 'file:resolveTenantDay.svg', dark: 'file:resolveTenantDay.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: `={{ ${PERIOD_SUBTITLE} }}`,
		description: 'Find the UTC directories that hold the recordings of a tenant day',
		defaults: { name: '8x8 Resolve Tenant Day' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'eightByEightSftpApi', required: false, testedBy: 'eightByEightConnectionTest' }],
		properties: [
			{
				displayName:
					'A tenant day runs from midnight to midnight in the tenant time zone. 8x8 names directories by UTC, so a tenant day usually lies in two of them. Nothing is sent to the server.',
				name: 'timeZoneNotice',
				type: 'notice',
				default: '',
			},
			...periodParameters(),
			{
				displayName: 'Output',
				name: 'output',
				type: 'options',
				options: [
					{
						name: 'Directories',
						value: 'directories',
						description: 'One item per UTC directory, cut to the tenant day',
					},
					{ name: 'Days', value: 'days', description: 'One item per tenant day, with its directories in a list' },
				],
				default: 'directories',
				description: 'What each item stands for',
			},
		],
	};

	methods = { credentialTest: { eightByEightConnectionTest } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const output: INodeExecutionData[] = [];
		const hints: Hint[] = [];
		for (const [i, item] of this.getInputData().entries()) {
			const results = await itemOrError(this, i, item, async () => {
				const clock = new ZoneClock(await tenantTimeZone(this, i));
				const days = tenantDaysOf(readPeriod(this, i), clock, Date.now());
				hints.push(...skippedDays(days).map(warning));
				const unit = optionChoice('Output', this.getNodeParameter('output', i, ''), ['directories', 'days']);
				return days
					.flatMap(unit === 'days' ? dayItem : directoryItems)
					.map((json) => ({ json, pairedItem: { item: i } }));
			});
			output.push(...results);
		}
		showHints(this, hints);
		return [output];
	}
}

function iso(utcMillis: number): string {
	return new Date(utcMillis).toISOString();
}

function dayFields(day: TenantDay): IDataObject {
	return { tenantDay: day.date, timeZone: day.timeZone, dayStartUtc: iso(day.fromUtc), dayEndUtc: iso(day.toUtc) };
}

function directoryItems(day: TenantDay): IDataObject[] {
	return day.directories.map(({ directory, fromUtc, toUtc }, position) => ({
		...dayFields(day),
		directory,
		fromUtc: iso(fromUtc),
		toUtc: iso(toUtc),
		part: position + 1,
		parts: day.directories.length,
	}));
}

function dayItem(day: TenantDay): IDataObject[] {
	const directories = day.directories.map(({ directory, fromUtc, toUtc }) => ({
		directory,
		fromUtc: iso(fromUtc),
		toUtc: iso(toUtc),
	}));
	return [{ ...dayFields(day), hours: day.hours, directories }];
}
