import { DateTime } from 'luxon';
import type { PlannedCall } from './tenantCall';

type Column = readonly [header: string, value: (call: PlannedCall) => string];

/** Month first with a 24 hour clock: the page gives no example, and American tenants are what scripts were written for. */
const TIME_FORMAT = 'LL/dd/yyyy HH:mm:ss';

const wallClock = (iso: string): string => DateTime.fromISO(iso, { setZone: true }).toFormat(TIME_FORMAT);

/** What both editions hold, under the headers of 8x8's page on recordings by FTP. */
const SHARED: readonly Column[] = [
	['CALL TYPE', (call) => call.callTypeLabel],
	['START TIME', (call) => wallClock(call.startTime)],
	['STOP TIME', (call) => wallClock(call.stopTime)],
	['AGENT NAME', (call) => call.agentName],
	['CUSTOMER NUMBER', (call) => call.customerNumber ?? ''],
	['PHONE CHANNEL', (call) => call.phoneChannel],
	['CALLED NUMBER', (call) => call.calledNumber ?? ''],
	['CASEID', (call) => call.caseId ?? ''],
	['DURATION', (call) => String(call.durationSeconds)],
	['FILENAME', (call) => call.fileName],
	['DIRECTORY', (call) => call.directory],
];

/** The other ten columns, headed as a public script that archives a real tenant's recordings reads them. */
const DETAILS: readonly Column[] = [
	['ACCOUNT NUMBER', (call) => call.accountNumber ?? ''],
	['START TIME UTC', (call) => wallClock(call.startTimeUtc)],
	['STOP TIME UTC', (call) => wallClock(call.stopTimeUtc)],
	['QUEUE', (call) => call.queue ?? ''],
	['QUEUE NAME', (call) => call.queueName ?? ''],
	['TRANS ID', (call) => call.transactionId],
	['EXT VAR1', (call) => call.externalVariable1 ?? ''],
	['EXT VAR2', (call) => call.externalVariable2 ?? ''],
	['OUT DIAL CODE', (call) => call.outdialCode ?? ''],
	['WRAP UP CODE', (call) => call.wrapUpCode ?? ''],
];

const quoted = (value: string): string => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/**
 * An index file's text (RFC 4180: CRLF, quotes where needed).
 *
 * 8x8 says that there are two editions and not where each lies. This tenant does what the archive script found and the
 * page leaves open: the basic edition is `Index/Iyyyymmdd.csv`, one file a tenant day; the detailed one is
 * `Syyyymmdd/Iyyyymmdd_version2.csv`, one file a UTC directory, beside the recordings that it lists. So the wrap-up
 * codes of a tenant day in Los Angeles stand in two files, and each of those holds parts of two tenant days.
 */
export function indexFile(edition: 'basic' | 'detailed', calls: readonly PlannedCall[]): string {
	const columns = edition === 'basic' ? SHARED : [...SHARED, ...DETAILS];
	const lines = [columns.map(([header]) => header), ...calls.map((call) => columns.map(([, value]) => value(call)))];
	return lines.map((line) => `${line.map(quoted).join(',')}\r\n`).join('');
}
