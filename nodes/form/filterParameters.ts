import type { INodeProperties, INodePropertyCollection } from 'n8n-workflow';

import { listAgentNames, listQueueNames, listWrapUpCodes } from './namesInIndex';

type Shown = NonNullable<INodeProperties['displayOptions']>['show'];

const LIST_HINT =
	'Separate several with commas. Each matches the whole value in any case; * stands for anything, and alone for any value that is there.';

function textList(displayName: string, name: string, what: string, placeholder: string): INodeProperties {
	return { displayName, name, type: 'string', default: '', placeholder, description: [what, LIST_HINT].join('. ') };
}

const LISTED_HINT =
	'They count beside the names typed in. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.';

/** Names to choose from the server's newest index files; what is typed into the filter above it stays as good. */
function listed(displayName: string, name: string, loadOptionsMethod: string, what: string): INodeProperties {
	const description = [what, LISTED_HINT].join('. ');
	return { displayName, name, type: 'multiOptions', typeOptions: { loadOptionsMethod }, default: [], description };
}

/** Filters that a subtitle tells of, the first one that is set: its label, and the names typed in and chosen. */
const TOLD_FILTERS = [
	['wrap-up', 'wrapUpCodes', 'listedWrapUpCodes'],
	['queue', 'queueNames', 'listedQueueNames'],
	['agent', 'agentNames', 'listedAgentNames'],
];

/**
 * What the filters ask for, as a part of a subtitle expression, such as ` · wrap-up: Sale +1`: the canvas cuts a subtitle after
 * about 28 characters, so only the first name is told.
 */
export const FILTER_SUBTITLE = [
	`((filters) => ${JSON.stringify(TOLD_FILTERS)}`,
	'.map(([label, typed, listed]) => ({ label, names: String(filters[typed] ?? "").split(",").concat(filters[listed] ?? []) }))',
	'.map(({ label, names }) => ({ label, names: names.map((name) => name.trim()).filter((name) => name !== "") }))',
	'.filter(({ names }) => names.length > 0).slice(0, 1)',
	'.map(({ label, names: [first, ...more] }) => " · " + label + ": " + first + (more.length > 0 ? " +" + more.length : ""))',
	'.join(""))($parameter["filters"] ?? {})',
].join('');

/** What fills the lists, for the nodes that have these parameters. */
export const filterLoadOptions = { listAgentNames, listQueueNames, listWrapUpCodes };

/** The conditions on a call, the same in every node that lists calls. All of them have to hold. */
export function filterParameters(show: Shown = {}): INodeProperties {
	const options: Array<INodeProperties | INodePropertyCollection> = [
		textList('Account Numbers', 'accountNumbers', 'Account numbers of the callers', 'e.g. 10023, 10077'),
		textList('Agent Names', 'agentNames', 'Names of the agents who took the call', 'e.g. Kim Lee, Sam*'),
		listed('Agents From List', 'listedAgentNames', 'listAgentNames', 'Agents found in the index of the last days'),
		{
			displayName: 'Call Types',
			name: 'callTypes',
			type: 'multiOptions',
			options: [
				{ name: 'Direct Agent Access', value: 'directAgentAccess' },
				{ name: 'Inbound', value: 'inbound' },
				{ name: 'Other', value: 'other' },
				{ name: 'Outbound', value: 'outbound' },
			],
			default: [],
			description: 'Kinds of call; none chosen means all',
		},
		textList('Case IDs', 'caseIds', 'Case numbers of the callers', 'e.g. 4711'),
		{
			displayName: 'Maximum Duration',
			name: 'maximumDuration',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 3600,
			description: 'Longest call in seconds, included',
		},
		{
			displayName: 'Minimum Duration',
			name: 'minimumDuration',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description: 'Shortest call in seconds, included',
		},
		textList('Outdial Codes', 'outdialCodes', 'Codes of outbound calls', 'e.g. Callback'),
		{
			displayName: 'Phone Number',
			name: 'phoneNumber',
			type: 'string',
			default: '',
			placeholder: 'e.g. 5550100',
			description: 'Digits that the customer, called or channel number ends with. Blanks and punctuation do not count.',
		},
		textList('Queue Names', 'queueNames', 'Queues that the call went through', 'e.g. Sales*, Support'),
		listed('Queues From List', 'listedQueueNames', 'listQueueNames', 'Queues found in the index of the last days'),
		textList('Transaction IDs', 'transactionIds', 'Numbers of the phone calls', 'e.g. 10733'),
		textList('Wrap-Up Codes', 'wrapUpCodes', 'Outcomes of the call', 'e.g. Sale, Complaint*'),
		listed(
			'Wrap-Up Codes From List',
			'listedWrapUpCodes',
			'listWrapUpCodes',
			'Wrap-up codes found in the index of the last days',
		),
	];
	return {
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add Filter',
		displayOptions: { show },
		default: {},
		description: 'Conditions that a call has to meet, all of them. An empty one lets every call through.',
		options: options as INodeProperties[],
	};
}
