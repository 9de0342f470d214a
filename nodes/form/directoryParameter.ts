import type { INodeProperties } from 'n8n-workflow';

type Shown = NonNullable<INodeProperties['displayOptions']>['show'];

/**
 * A day directory: that of each item unless another is given, by its name or from the list. As a default, and in workflows
 * that were written by hand, it is a plain text or expression, which n8n takes for a resource locator just as well.
 */
export function directoryParameter(show: Shown): INodeProperties {
	return {
		displayName: 'Directory',
		name: 'directory',
		type: 'resourceLocator',
		required: true,
		displayOptions: { show },
		default: '={{ $json.directory }}',
		description: 'The UTC directory',
		modes: [
			{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. S20160607' },
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a directory…',
				typeOptions: { searchListMethod: 'searchDirectories', searchable: true },
			},
		],
	};
}
