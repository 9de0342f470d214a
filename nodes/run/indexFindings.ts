import type { DayEvidence, DayPart } from '../../tenant/reading/dayEvidence';
import { uncoveredParts } from '../../tenant/reading/dayEvidence';
import type { UnreadableIndex } from '../../tenant/reading/fileEvidence';
import { INDEX_DIRECTORY } from '../../tenant/reading/indexFile';
import type { SoughtDetail } from '../../tenant/reading/indexFile';
import type { IndexGap, TenantReading } from '../../tenant/reading/tenantReading';
import { ExplainedError } from '../../tenant/explainedError';

/** What a node adds to the advice on a gap. */
export interface GapWords {
	readonly detail: SoughtDetail;
	/** What the gap means for the node's user, a sentence. */
	readonly consequence: string;
}

/** What was asked for and no index speaks for, as an error that says where was looked and what to do. */
export function gapError(gap: IndexGap, { detail, consequence }: GapWords): ExplainedError {
	const isAnyKind = detail === 'auto';
	const ofKind = isAnyKind ? '' : ` that is ${detail}`;
	const otherKind = isAnyKind ? '' : " For an index of either kind set 'Index Detail' to 'Automatic'.";
	switch (gap.kind) {
		case 'day':
			return new ExplainedError(
				dayGap(gap.evidence, ofKind),
				`8x8 writes the index of a day between 00:00 and 01:00 tenant time after it, so run this later for a day that has just ended; check 'Tenant Time Zone' too. Days past the retention are gone.${otherKind} ${consequence}`,
			);
		case 'directory':
			return new ExplainedError(
				gap.isAbsent
					? `The directory ${gap.directory} is not on the server`
					: `${gap.directory} holds no index file${ofKind} (I and a date, .csv)`,
				`Check the name (S and the UTC date, such as S20160607); the index of a day is written after the day has ended.${otherKind} ${consequence}`,
			);
		case 'file':
			return new ExplainedError(
				`There is no index file ${gap.path} on the server`,
				`Check the path below the tenant directory, such as Index/I20160606.csv; 8x8 deletes files at the end of their retention. ${consequence}`,
			);
	}
}

function dayGap(evidence: DayEvidence, ofKind: string): string {
	const where = uncoveredParts(evidence)
		.map((part) => (part.isAbsent ? `${part.directory} (not on the server)` : part.directory))
		.join(' and ');
	const thatIs = evidence.unreadable.length > 0 ? ' that can be read' : ofKind;
	const { date, timeZone } = evidence.day;
	return `No index covers tenant day ${date} (${timeZone}): none${thatIs} in ${INDEX_DIRECTORY}/ and none in ${where}`;
}

/** What else a person should know about a reading: a sentence each. */
export function readingHints({ notes, openParts, unreadableAround, unjudged }: TenantReading): string[] {
	const ofFilters = unjudged === 0 ? [] : [unjudgedHint(unjudged)];
	return [...notes.hints, ...openParts.map(openPartHint), ...unreadableAround.map(unreadableHint), ...ofFilters];
}

function unjudgedHint(calls: number): string {
	const these = calls === 1 ? '1 call is left out, because its' : `${calls} calls are left out, because their`;
	return `${these} index file does not have the columns that the filters ask for.`;
}

function openPartHint({ directory, fromUtc, toUtc }: DayPart): string {
	const [from, to] = [fromUtc, toUtc].map((time) => new Date(time).toISOString().slice(0, 16));
	return `No index covers ${directory} from ${from} to ${to} UTC: more calls may come.`;
}

function unreadableHint({ file, reason }: UnreadableIndex): string {
	return `${file.path}, the index of a day beside, cannot be read, so a call that ran over midnight may be missing: ${reason.message.replace(/\.$/, '')}.`;
}
