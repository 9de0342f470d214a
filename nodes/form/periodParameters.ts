import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import type { Period } from '../../recordings/period';
import { optionChoice } from './optionChoice';

type Shown = NonNullable<INodeProperties['displayOptions']>['show'];

/** What the period says, as a part of a subtitle expression. A date may carry a time of day, which is of no interest there. */
export const PERIOD_SUBTITLE =
	'({ yesterday: "Yesterday", today: "Today", date: String($parameter["date"]).slice(0, 10), dateRange: String($parameter["startDate"]).slice(0, 10) + " to " + String($parameter["endDate"]).slice(0, 10), lastDays: "Last " + $parameter["days"] + " days" })[$parameter["period"]]';

/** For nodes that need the index of the days: today has none yet. */
export function todayNotice(show: Shown = {}): INodeProperties {
	return {
		displayName:
			"8x8 writes the index of a tenant day between 00:00 and 01:00 tenant time after it, so today usually has none yet. For calls of today let 8x8 Recording Trigger watch 'Files'.",
		name: 'todayNotice',
		type: 'notice',
		displayOptions: { show: { ...show, period: ['today'] } },
		default: '',
	};
}

/** Whose midnight a tenant day begins at, where it is not the credential's. */
export const timeZoneParameter: INodeProperties = {
	displayName: 'Time Zone',
	name: 'timeZone',
	type: 'string',
	default: '',
	placeholder: 'e.g. America/Los_Angeles',
	hint: 'Empty: the tenant time zone of the credential',
	description: 'IANA name of the tenant time zone. Leave empty to use the one in the credential.',
};

/**
 * The fields that choose tenant days, the same in every node that works on days.
 *
 * @param show further conditions under which they are shown
 */
export function periodParameters(show: Shown = {}): INodeProperties[] {
	return [
		{
			displayName: 'Period',
			name: 'period',
			type: 'options',
			noDataExpression: true,
			displayOptions: { show },
			options: [
				{ name: 'Date', value: 'date', description: 'One tenant day' },
				{ name: 'Date Range', value: 'dateRange', description: 'From one tenant day to another, both included' },
				{ name: 'Last Days', value: 'lastDays', description: 'A number of complete tenant days, up to yesterday' },
				{ name: 'Today', value: 'today', description: 'The tenant day that is running; its index is not written yet' },
				{ name: 'Yesterday', value: 'yesterday', description: 'The last complete tenant day' },
			],
			default: 'yesterday',
			description:
				'Which tenant days, from midnight to midnight in the tenant time zone. What is today and yesterday goes by that zone too, not by the clock of n8n or of this computer.',
		},
		{
			displayName: 'Date',
			name: 'date',
			type: 'dateTime',
			required: true,
			displayOptions: { show: { ...show, period: ['date'] } },
			default: '',
			placeholder: 'e.g. 2016-06-06',
			description: 'The tenant day, as yyyy-MM-dd. A date with a time stands for the tenant day that holds it.',
		},
		{
			displayName: 'Start Date',
			name: 'startDate',
			type: 'dateTime',
			required: true,
			displayOptions: { show: { ...show, period: ['dateRange'] } },
			default: '',
			placeholder: 'e.g. 2016-06-01',
			description: 'The first tenant day, as yyyy-MM-dd',
		},
		{
			displayName: 'End Date',
			name: 'endDate',
			type: 'dateTime',
			required: true,
			displayOptions: { show: { ...show, period: ['dateRange'] } },
			default: '',
			placeholder: 'e.g. 2016-06-30',
			description: 'The last tenant day, as yyyy-MM-dd, included',
		},
		{
			displayName: 'Days',
			name: 'days',
			type: 'number',
			typeOptions: { minValue: 1 },
			displayOptions: { show: { ...show, period: ['lastDays'] } },
			default: 7,
			description: 'How many complete tenant days, up to yesterday',
		},
		{ ...timeZoneParameter, displayOptions: { show } },
	];
}

/** The period as the fields give it for an item; dates are not read yet. */
export function readPeriod(node: IExecuteFunctions, itemIndex: number): Period {
	const given = node.getNodeParameter('period', itemIndex, '');
	const period = optionChoice('Period', given, ['yesterday', 'today', 'date', 'dateRange', 'lastDays']);
	switch (period) {
		case 'date':
			return { period, date: node.getNodeParameter('date', itemIndex) };
		case 'dateRange':
			return {
				period,
				startDate: node.getNodeParameter('startDate', itemIndex),
				endDate: node.getNodeParameter('endDate', itemIndex),
			};
		case 'lastDays':
			return { period, days: node.getNodeParameter('days', itemIndex) };
		default:
			return { period };
	}
}
