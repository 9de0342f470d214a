import type { IExecuteFunctions } from 'n8n-workflow';

import { isCalendarDate } from '../../recordings/calendarDate';
import { callJudge } from '../../recordings/callFilter';
import type { CallFilters } from '../../recordings/callFilter';
import { parseDirectoryName } from '../../recordings/remoteName';
import { tenantDaysOf } from '../../recordings/period';
import { skippedDays } from '../../recordings/tenantDay';
import type { TenantDay } from '../../recordings/tenantDay';
import { ExplainedError } from '../../tenant/explainedError';
import { optionChoice } from '../form/optionChoice';
import { readPeriod } from '../form/periodParameters';
import { remotePathText } from '../form/remotePathText';
import {
	readDirectory,
	readDirectoryWindow,
	readOneFile,
	readTenantDays,
	windowOfDirectory,
} from '../../tenant/reading/tenantReading';
import type { ReadingRequest, TenantReading } from '../../tenant/reading/tenantReading';
import { readingHints } from '../run/indexFindings';
import type { TenantSession } from '../connection/tenantSession';
import type { ListIndexOptions } from './listIndexOptions';

/** The calls that an item's parameters ask for, and a sentence on each thing that a person should know about them. */
export async function requestedCalls(
	context: IExecuteFunctions,
	session: TenantSession,
	itemIndex: number,
	options: ListIndexOptions,
): Promise<{ readonly reading: TenantReading; readonly hints: readonly string[] }> {
	const given = context.getNodeParameter('readFrom', itemIndex, '');
	const readFrom = optionChoice('Read From', given, ['tenantDay', 'directory', 'indexFile']);
	const text = (name: string): string => {
		const value = (context.getNodeParameter(name, itemIndex, '') ?? '') as unknown;
		return (value instanceof Date ? value.toISOString() : String(value)).trim();
	};
	const located = (name: string): string =>
		remotePathText(String(context.getNodeParameter(name, itemIndex, '', { extractValue: true }) ?? '').trim());
	const filters = context.getNodeParameter('filters', itemIndex, {}) as CallFilters;
	const request: ReadingRequest = {
		store: session.store,
		tenantDirectory: session.tenantDirectory,
		clock: session.clock(text(readFrom === 'directory' ? 'directoryTimeZone' : 'timeZone')),
		detail: options.indexDetail,
		format: options.format,
		judge: callJudge(filters),
		signal: context.getExecutionCancelSignal(),
	};

	switch (readFrom) {
		case 'tenantDay': {
			const now = Date.now();
			const days = tenantDaysOf(readPeriod(context, itemIndex), request.clock, now);
			const reading = await readTenantDays(request, days);
			return { reading, hints: [...readingHints(reading), ...skippedDays(days), ...runningDays(days, now, reading)] };
		}
		case 'indexFile': {
			const reading = await readOneFile(request, located('indexFile'));
			return { reading, hints: readingHints(reading) };
		}
		case 'directory': {
			const reading = await readFromDirectory(request, located('directory'), text('fromUtc'), text('toUtc'));
			return { reading, hints: readingHints(reading) };
		}
	}
}

/** A day that is not over may have an index all the same; nobody should take its calls for all of them. */
function runningDays(days: readonly TenantDay[], now: number, { gaps }: TenantReading): string[] {
	const withoutIndex = new Set(gaps.flatMap((gap) => (gap.kind === 'day' ? [gap.evidence.day.date] : [])));
	return days
		.filter(({ date, toUtc }) => toUtc > now && !withoutIndex.has(date))
		.map(({ date, timeZone }) => `Tenant day ${date} is not over yet in ${timeZone}: more calls may come.`);
}

async function readFromDirectory(
	request: ReadingRequest,
	directory: string,
	from: string,
	to: string,
): Promise<TenantReading> {
	if (directory === '') {
		throw new ExplainedError(
			'No directory is given',
			"Fill in 'Directory', for example S20160607, or put 8x8 Resolve Tenant Day before this node, its 'Output' set to 'Directories'.",
		);
	}
	if (from === '' && to === '') return await readDirectory(request, directory);
	const date = parseDirectoryName(directory);
	if (date === undefined) {
		throw new ExplainedError(
			`'${directory}' is not a day directory, so 'From (UTC)' and 'To (UTC)' cannot be used`,
			'Give a directory named S and a date, such as S20160607, or leave both times empty.',
		);
	}
	const whole = windowOfDirectory(date);
	const window = {
		fromUtc: from === '' ? whole.fromUtc : utcTime('From (UTC)', from),
		toUtc: to === '' ? whole.toUtc : utcTime('To (UTC)', to),
	};
	if (window.toUtc <= window.fromUtc) {
		throw new ExplainedError("'To (UTC)' is not after 'From (UTC)'", 'Swap the two times, or leave both empty.');
	}
	return await readDirectoryWindow(request, directory, window);
}

function utcTime(field: string, text: string): number {
	const withZone = /(?:z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`;
	const [, date = ''] = /^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}/.exec(text) ?? [];
	const millis = isCalendarDate(date) ? Date.parse(withZone.replace(' ', 'T')) : Number.NaN;
	if (!Number.isNaN(millis)) return millis;
	throw new ExplainedError(
		`'${text.slice(0, 60)}' in '${field}' is not a time`,
		'Give it in UTC, such as 2016-06-07T07:00:00.000Z.',
	);
}
