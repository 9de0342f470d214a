import type { INodeProperties } from 'n8n-workflow';

import { directoryParameter } from '../form/directoryParameter';

/** The form of *Download Recording*. */
export const downloadRecordingParameters: INodeProperties[] = [
	{
		displayName: 'Download',
		name: 'download',
		type: 'options',
		noDataExpression: true,
		options: [
			{
				name: 'Recording',
				value: 'recording',
				description: 'The recording of each item; takes the items of List Index as they are',
			},
			{
				name: 'Directory',
				value: 'directory',
				description: 'Every file of a directory that matches a pattern, one item per file',
			},
			{ name: 'File', value: 'file', description: 'Any file by its path, index files included' },
		],
		default: 'recording',
		description: 'What to download',
	},
	directoryParameter({ download: ['recording', 'directory'] }),
	{
		displayName: 'File Name',
		name: 'fileName',
		type: 'resourceLocator',
		required: true,
		displayOptions: { show: { download: ['recording'] } },
		default: '={{ $json.fileName }}',
		description: 'The recording in the directory',
		modes: [
			{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. R201606070130000001.wav' },
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a recording…',
				typeOptions: { searchListMethod: 'searchRecordings', searchable: true },
			},
		],
	},
	{
		displayName: 'Pattern',
		name: 'pattern',
		type: 'string',
		displayOptions: { show: { download: ['directory'] } },
		default: '*.wav',
		description: 'Which files to download: * stands for any characters, ? for one, in any case',
	},
	{
		displayName: 'Path',
		name: 'path',
		type: 'resourceLocator',
		required: true,
		displayOptions: { show: { download: ['file'] } },
		default: { mode: 'path', value: '' },
		description: 'Path of the file below the tenant directory; the list has the index files',
		modes: [
			{ displayName: 'By Path', name: 'path', type: 'string', placeholder: 'e.g. Index/I20160606.csv' },
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select an index file…',
				typeOptions: { searchListMethod: 'searchIndexFiles', searchable: true },
			},
		],
	},
	{
		displayName: 'Put Output File in Field',
		name: 'binaryPropertyName',
		type: 'string',
		required: true,
		default: 'data',
		hint: 'The name of the output binary field to put the file in',
		description: 'Name of the binary field that the file is put in',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			{
				displayName: 'Checksum',
				name: 'checksum',
				type: 'options',
				options: [
					{ name: 'MD5', value: 'md5' },
					{ name: 'None', value: 'none' },
					{ name: 'SHA-256', value: 'sha256' },
				],
				default: 'sha256',
				description: 'Which checksum to compute in passing',
			},
			{
				displayName: 'Concurrency',
				name: 'concurrency',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 0,
				description: 'Most files downloaded at once; 0 means automatic',
			},
			{
				displayName: 'Maximum File Size (MB)',
				name: 'maximumFileSize',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 1024,
				description: 'A larger file is refused before anything of it is read. 1 MB is 1,048,576 bytes.',
			},
			{
				displayName: 'On Missing File',
				name: 'onMissingFile',
				type: 'options',
				options: [
					{ name: 'Stop With an Error', value: 'error' },
					{ name: 'Skip', value: 'skip', description: 'Leave the item out, and say so in a hint' },
				],
				default: 'error',
				description: 'What to do when a file or directory is not on the server',
			},
			{
				displayName: 'Output File Name',
				name: 'outputFileName',
				type: 'string',
				default: '',
				placeholder: 'e.g. {{ $json.agentName }} {{ $json.fileName }}',
				description: 'Name of the file in the output. Leave empty to keep its name on the server.',
			},
			{
				displayName: 'Retries',
				name: 'retries',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 5,
				description:
					'New attempts after a broken connection that brought nothing new; failed logins are never tried again',
			},
			{
				displayName: 'Stall Timeout (Seconds)',
				name: 'stallTimeout',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 30,
				description: 'How long to wait for a server that has stopped sending',
			},
			{
				displayName: 'Verify WAV',
				name: 'verifyWav',
				type: 'boolean',
				default: true,
				description: 'Whether to refuse a .wav file that is no WAV, is cut short or holds no sound',
			},
		],
	},
];
