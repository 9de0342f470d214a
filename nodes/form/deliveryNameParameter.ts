import type { INodeProperties } from 'n8n-workflow';

/** Which delivery the marks are for, the same in *List Index* and *Mark Delivered*. */
export const deliveryNameParameter: INodeProperties = {
	displayName: 'Delivery Name',
	name: 'deliveryName',
	type: 'string',
	default: '',
	placeholder: 'e.g. CRM',
	description:
		'Only needed when one workflow delivers to several places or for several tenants: what to call this delivery, the same in 8x8 List Index and 8x8 Mark Delivered',
};
