import type { INodeProperties } from 'n8n-workflow';

import { deliveryNameParameter } from '../form/deliveryNameParameter';
import { directoryParameter } from '../form/directoryParameter';
import { filterParameters } from '../form/filterParameters';
import { periodParameters, timeZoneParameter, todayNotice } from '../form/periodParameters';
import { simplifyParameter } from '../form/simplifyParameter';

const directoryShown = { readFrom: ['directory'] };

/** The form of *List Index*. */
export const listIndexParameters: INodeProperties[] = [
	{
		displayName: 'Read From',
		name: 'readFrom',
		type: 'options',
		noDataExpression: true,
		options: [
			{
				name: 'Tenant Day',
				value: 'tenantDay',
				description: 'Each call of the tenant days, exactly once, from every index file that may list it',
			},
			{
				name: 'Directory',
				value: 'directory',
				description:
					'The calls of a UTC directory, cut to a time window; takes the items of Resolve Tenant Day as they are',
			},
			{ name: 'Index File', value: 'indexFile', description: 'Everything in one index file' },
		],
		default: 'tenantDay',
		description: 'Where to look for the calls',
	},
	...periodParameters({ readFrom: ['tenantDay'] }),
	todayNotice({ readFrom: ['tenantDay'] }),
	directoryParameter(directoryShown),
	{
		displayName: 'From (UTC)',
		name: 'fromUtc',
		type: 'string',
		displayOptions: { show: directoryShown },
		default: '={{ $json.fromUtc }}',
		placeholder: 'e.g. 2016-06-06T07:00:00.000Z',
		description:
			'Calls that began before this time are left out. Leave both times empty for everything that the index of the directory lists.',
	},
	{
		displayName: 'To (UTC)',
		name: 'toUtc',
		type: 'string',
		displayOptions: { show: directoryShown },
		default: '={{ $json.toUtc }}',
		placeholder: 'e.g. 2016-06-07T00:00:00.000Z',
		description: 'Calls that began at this time or later are left out',
	},
	{
		...timeZoneParameter,
		// With the name of a tenant day's, the editor would keep what stood there, empty as a rule, in place of this default.
		name: 'directoryTimeZone',
		displayOptions: { show: directoryShown },
		default: '={{ $json.timeZone }}',
	},
	{
		displayName: 'Index File',
		name: 'indexFile',
		type: 'resourceLocator',
		required: true,
		displayOptions: { show: { readFrom: ['indexFile'] } },
		default: { mode: 'list', value: '' },
		description: 'The index file to read',
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select an index file…',
				typeOptions: { searchListMethod: 'searchIndexFiles', searchable: true },
			},
			{ displayName: 'By Path', name: 'path', type: 'string', placeholder: 'e.g. Index/I20160606.csv' },
		],
	},
	filterParameters(),
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			{
				displayName: 'Date Order',
				name: 'dateOrder',
				type: 'options',
				options: [
					{
						name: 'Automatic',
						value: 'auto',
						description: "Settled for each file by the UTC times in its recordings' names",
					},
					{ name: 'Day First', value: 'dmy' },
					{ name: 'Month First', value: 'mdy' },
					{ name: 'Year First', value: 'ymd' },
				],
				default: 'auto',
				description: 'How dates in the index are written',
			},
			deliveryNameParameter,
			{
				displayName: 'Encoding',
				name: 'encoding',
				type: 'options',
				options: [
					{ name: 'Automatic', value: 'auto' },
					{ name: 'UTF-16LE', value: 'utf-16le' },
					{ name: 'UTF-8', value: 'utf-8' },
					{ name: 'Windows-1252', value: 'windows-1252' },
				],
				default: 'auto',
				description: 'How letters in the index are written',
			},
			{
				displayName: 'Group By',
				name: 'groupBy',
				type: 'options',
				options: [
					{ name: 'None', value: 'none', description: 'One item per recording' },
					{
						name: 'Transaction',
						value: 'transaction',
						description: 'One item per phone call, with its recordings in a list',
					},
				],
				default: 'none',
				description: 'What each item stands for',
			},
			{
				displayName: 'Include Raw Row',
				name: 'includeRawRow',
				type: 'boolean',
				default: false,
				description: 'Whether to add every cell of the row as it is written, by its header, in rawRow',
			},
			{
				displayName: 'Index Detail',
				name: 'indexDetail',
				type: 'options',
				options: [
					{ name: 'Automatic', value: 'auto', description: 'The most detailed version found of each call' },
					{ name: 'Basic', value: 'basic', description: 'Only index files named with nothing but the date' },
					{ name: 'Detailed', value: 'detailed', description: 'Only index files named _version2 and the like' },
				],
				default: 'auto',
				description: '8x8 writes two kinds of index file, one with more columns than the other',
			},
			{
				displayName: 'Limit',
				name: 'limit',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 50,
				description: 'Max number of results to return',
			},
			{
				displayName: 'On Missing Index',
				name: 'onMissingIndex',
				type: 'options',
				options: [
					{ name: 'Stop With an Error', value: 'error', description: 'So that no call is missed unnoticed' },
					{ name: 'Skip', value: 'skip', description: 'Go on with what there is, and say so in a hint' },
				],
				default: 'error',
				description: 'What to do when a day or directory has no index',
			},
			{
				displayName: 'Only Undelivered',
				name: 'onlyUndelivered',
				type: 'boolean',
				default: true,
				description:
					'Whether to leave out recordings that an 8x8 Mark Delivered node of this workflow has marked, so that each one is delivered once and what failed comes again',
			},
			simplifyParameter,
		],
	},
];
