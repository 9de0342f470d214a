import type { IndexRow } from '../../../recordings/indexRow';

/** An index row with nothing but its place, and what a test adds. */
export function indexRow(fields: Partial<IndexRow> = {}): IndexRow {
	return {
		recordingId: 'S20160607/R201606070130000001.wav',
		tenantDay: '2016-06-06',
		callType: null,
		callTypeLabel: null,
		startTime: null,
		stopTime: null,
		startTimeUtc: null,
		stopTimeUtc: null,
		durationSeconds: null,
		agentName: null,
		customerNumber: null,
		calledNumber: null,
		phoneChannel: null,
		customerPhone: null,
		caseId: null,
		accountNumber: null,
		transactionId: null,
		queue: null,
		queueName: null,
		externalVariable1: null,
		externalVariable2: null,
		outdialCode: null,
		wrapUpCode: null,
		directory: null,
		fileName: null,
		path: null,
		recordedAtUtc: null,
		sequence: null,
		indexFile: 'Index/I20160606.csv',
		indexLine: 2,
		extra: {},
		...fields,
	};
}
