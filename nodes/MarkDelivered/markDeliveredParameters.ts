import type { INodeProperties } from 'n8n-workflow';

import { deliveryNameParameter } from '../form/deliveryNameParameter';

/** The form of *Mark Delivered*. */
export const markDeliveredParameters: INodeProperties[] = [
	{
		displayName:
			"Put this node after the one that delivers, and turn on 'Only Undelivered' in the options of 8x8 List Index, in the same workflow. What did not arrive here comes again in the next run.",
		name: 'howToUse',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		options: [
			{
				name: 'Mark as Delivered',
				value: 'mark',
				action: 'Mark recordings as delivered',
				description: 'From now on 8x8 List Index leaves these recordings out',
			},
			{
				name: 'Forget',
				value: 'forget',
				action: 'Forget that recordings were delivered',
				description: 'These recordings come again, to be delivered once more',
			},
		],
		default: 'mark',
	},
	{
		displayName: 'Recording ID',
		name: 'recordingId',
		type: 'string',
		required: true,
		default: '={{ $json.recordingId }}',
		placeholder: 'e.g. S20160607/R201606070130000001.wav',
		description:
			'The recordingId that 8x8 List Index gave. After a node that replaces the fields, as HTTP Request does, drag it in from an earlier node.',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [deliveryNameParameter],
	},
];
