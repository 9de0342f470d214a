import { dayAt, dayOfRow, daySentence, isComplete, noCounts } from '../../tenant/comparison/reconciliation';
import type { DayCounts } from '../../tenant/comparison/reconciliation';
import { info, warning } from '../run/executionHints';
import type { Hint } from '../run/executionHints';
import type { TenantDay } from '../../recordings/tenantDay';
import type { CheckedMatches, MatchedRecording } from '../../tenant/comparison/checkMatched';
import { uncoveredParts } from '../../tenant/reading/dayEvidence';
import type { DayEvidence } from '../../tenant/reading/dayEvidence';
import type { ComparedDays } from '../../tenant/comparison/compareDays';

/** Files named one by one in a hint; more are counted. */
const MOST_NAMED = 5;
/** Days with a sentence of their own, complete or not. */
const MOST_DAYS = 5;

/** A sentence on each day that sums it up, and which recordings are broken and how. Only a complete day is no warning. */
export function dayHints(
	{ days, unproven, unindexed }: ComparedDays,
	{ matched, missing, unreadable }: CheckedMatches,
): Hint[] {
	const counts = new Map(days.map((day) => [day, noCounts()]));
	const countsOf = (day: TenantDay | undefined): DayCounts =>
		(day === undefined ? undefined : counts.get(day)) ?? noCounts();
	for (const { row, status } of matched) {
		const ofDay = countsOf(dayOfRow(row, days));
		ofDay.matched += 1;
		if (status !== 'ok') ofDay[status] += 1;
	}
	for (const row of missing) countsOf(dayOfRow(row, days)).missing += 1;
	for (const file of unindexed) countsOf(dayAt(file.recordedAt, days)).unindexed += 1;
	for (const { row } of unreadable) countsOf(dayOfRow(row, days)).unreadable += 1;
	const notCompared = unproven.map(
		(evidence) => `${evidence.day.date}: not compared, because ${whyUnproven(evidence)}.`,
	);
	return [...summaries([...counts], unproven.length), ...[...notCompared, ...shortHint(matched)].map(warning)];
}

function whyUnproven(evidence: DayEvidence): string {
	if (uncoveredParts(evidence).length > 0) return 'no index covers it';
	return `${evidence.unreadable.map(({ file }) => file.path).join(' and ')} cannot be read`;
}

/** Of a long period the days that are complete share one sentence, so that the others show. */
function summaries(counted: ReadonlyArray<readonly [TenantDay, DayCounts]>, notCompared: number): Hint[] {
	const told = counted.length <= MOST_DAYS ? counted : counted.filter(([, counts]) => !isComplete(counts));
	const sentences = told.map(([day, counts]) => {
		const sentence = daySentence(day.date, counts);
		return isComplete(counts) ? info(sentence) : warning(sentence);
	});
	const complete = counted.length - told.length;
	if (complete === 0) return sentences;
	const recordings = counted
		.filter(([, counts]) => isComplete(counts))
		.reduce((sum, [, counts]) => sum + counts.matched, 0);
	const all = counted.length + notCompared;
	const which = complete === all ? `All ${complete} days` : `${complete} of ${all} days`;
	return [info(`${which} complete: ${recordings} matched.`), ...sentences];
}

function shortHint(matched: readonly MatchedRecording[]): string[] {
	const short = matched.filter(({ status }) => status === 'short');
	if (short.length === 0) return [];
	const named = short.slice(0, MOST_NAMED).map(({ file, reason }) => `${file.recordingId} (${reason ?? 'too short'})`);
	const more = short.length > named.length ? ` (and ${short.length - named.length} more)` : '';
	return [`Short: ${named.join('; ')}${more}`];
}
