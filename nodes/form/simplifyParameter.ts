import type { INodeProperties } from 'n8n-workflow';

/** *Simplify*, an option of the nodes that give calls with all their columns. Without it every column comes out. */
export const simplifyParameter: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};
