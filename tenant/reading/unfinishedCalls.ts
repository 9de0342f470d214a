import type { IndexRow, ReadRow } from '../../recordings/indexRow';
import type { CallJudge, Judgement } from '../../recordings/callFilter';

/** How long after its start a call may wait for the detailed index, which comes up to a day after the basic one. */
const MOST_WAITED = 36 * 3_600_000;

/**
 * Whether only the basic edition lists a call so far.
 *
 * @param writesDetailed the tenant writes detailed index files too
 */
export function isUnfinished({ indexDetail }: IndexRow, writesDetailed: boolean): boolean {
	return writesDetailed && indexDetail === 'basic';
}

/** When an unfinished call is not waited for any longer, in milliseconds; one without any time is not waited for at all. */
export function waitsUntil({ at }: Pick<ReadRow, 'at'>): number {
	return at === undefined ? -Infinity : at + MOST_WAITED;
}

/** The judgement on a call: of one that is finished, whatever its file does not tell does not meet a filter. */
export function judgementOf({ row, columns }: ReadRow, judge: CallJudge, writesDetailed: boolean): Judgement {
	const judgement = judge(row, columns);
	return judgement === 'unknown' && !isUnfinished(row, writesDetailed) ? 'unmet' : judgement;
}
