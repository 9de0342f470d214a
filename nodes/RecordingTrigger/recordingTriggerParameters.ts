import type { INodeProperties } from 'n8n-workflow';

import { deliveryNameParameter } from '../form/deliveryNameParameter';
import { filterParameters } from '../form/filterParameters';
import { timeZoneParameter } from '../form/periodParameters';
import { simplifyParameter } from '../form/simplifyParameter';

/** The form of the *Recording Trigger*. */
export const recordingTriggerParameters: INodeProperties[] = [
	{
		displayName: 'Watch',
		name: 'watch',
		type: 'options',
		noDataExpression: true,
		options: [
			{
				name: 'Index',
				value: 'index',
				description:
					'New calls in the index, with agent, queue, wrap-up code and so on. 8x8 writes the index of a day in the night after it.',
			},
			{
				name: 'Files',
				value: 'files',
				description: 'New audio files as soon as they are on the server, before an index tells about them',
			},
		],
		default: 'index',
		description:
			'What starts the workflow. When you change this for the first time, what is there at that moment counts as known.',
	},
	filterParameters({ watch: ['index'] }),
	timeZoneParameter,
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			deliveryNameParameter,
			{
				displayName: 'Emit Existing',
				name: 'emitExisting',
				type: 'boolean',
				default: false,
				description:
					'Whether to begin with the recordings of the look-back days that are already there when the workflow is activated for the first time. What another tenant has, or another Watch finds, counts as known later on all the same.',
			},
			{
				displayName: 'Lookback Days',
				name: 'lookbackDays',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 60 },
				default: 3,
				description:
					'How many days back to look for calls and index files that come late. After a longer time off, the trigger goes on where it stopped. With 10,000 recordings a day, up to 3.',
			},
			{
				displayName: 'Maximum Attempts',
				name: 'maximumAttempts',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 5,
				description:
					'With Only Undelivered: how often a recording comes at most. One that is not marked even then is named in a failed execution, once.',
			},
			{
				displayName: 'Maximum Items',
				name: 'maximumItems',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 500,
				description: 'Most recordings that one poll emits, the oldest first. The others come with the next poll.',
			},
			{
				displayName: 'Only Undelivered',
				name: 'onlyUndelivered',
				type: 'boolean',
				default: false,
				description:
					'Whether a recording that no 8x8 Mark Delivered node of this workflow has marked comes again, so that what fails after the trigger is not lost. What is marked already does not come.',
			},
			{
				displayName: 'Repeat After',
				name: 'repeatAfter',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 10_080 },
				default: 30,
				description:
					'With Only Undelivered: minutes after which a recording that is not marked comes again. Longer than an execution takes, or what is still being delivered comes twice.',
			},
			{ ...simplifyParameter, displayOptions: { show: { '/watch': ['index'] } } },
		],
	},
];
