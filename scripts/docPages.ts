import { join } from 'node:path';
import type { INodeProperties } from 'n8n-workflow';

import { EightByEightSftpApi } from '../credentials/EightByEightSftpApi.credentials.js';
import { DownloadRecording } from '../nodes/DownloadRecording/DownloadRecording.node.js';
import { ListIndex } from '../nodes/ListIndex/ListIndex.node.js';
import { MarkDelivered } from '../nodes/MarkDelivered/MarkDelivered.node.js';
import { ReconcileDay } from '../nodes/ReconcileDay/ReconcileDay.node.js';
import { RecordingTrigger } from '../nodes/RecordingTrigger/RecordingTrigger.node.js';
import { ResolveTenantDay } from '../nodes/ResolveTenantDay/ResolveTenantDay.node.js';

const nodePage = (name: string): string => join(__dirname, '..', 'docs', 'nodes', `${name}.md`);

/** The pages whose parameter tables are written from the forms themselves. */
export const DOC_PAGES: ReadonlyMap<string, readonly INodeProperties[]> = new Map([
	[join(__dirname, '..', 'docs', 'credentials.md'), new EightByEightSftpApi().properties],
	[nodePage('resolve-tenant-day'), new ResolveTenantDay().description.properties],
	[nodePage('list-index'), new ListIndex().description.properties],
	[nodePage('download-recording'), new DownloadRecording().description.properties],
	[nodePage('recording-trigger'), new RecordingTrigger().description.properties],
	[nodePage('reconcile-day'), new ReconcileDay().description.properties],
	[nodePage('mark-delivered'), new MarkDelivered().description.properties],
]);
