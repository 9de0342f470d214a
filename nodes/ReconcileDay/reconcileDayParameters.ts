import type { INodeProperties } from 'n8n-workflow';

import { periodParameters, todayNotice } from '../form/periodParameters';
import { simplifyParameter } from '../form/simplifyParameter';

/** The form of *Reconcile Day*. */
export const reconcileDayParameters: INodeProperties[] = [
	...periodParameters(),
	todayNotice(),
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			{
				displayName: 'Check Size',
				name: 'checkSize',
				type: 'boolean',
				default: true,
				description:
					'Whether to read the header of every indexed .wav file, which finds those that were cut short or hold no sound. Empty files are found either way.',
			},
			simplifyParameter,
		],
	},
];
