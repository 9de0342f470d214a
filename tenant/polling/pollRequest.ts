import type { IndexRow } from '../../recordings/indexRow';
import type { CallJudge } from '../../recordings/callFilter';
import type { PollState } from './pollState';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';
import { ifThere } from '../../transport/ifThere';
import type { TransportError } from '../../transport/transportError';
import { listTop } from '../reading/indexListing';
import type { IndexFormatError } from '../../recordings/indexFormatError';
import type { CalendarDate } from '../../recordings/calendarDate';
import type { AudioFile } from './audioFile';
import type { Emission } from './emittedRecordings';
import type { PollBudget } from './pollBudget';
import type { RedeliveryRules } from './redeliveryRules';

/** One poll: what it is asked to do, and with what. */
export interface PollRequest {
	readonly store: RemoteStore;
	/** As the credential names it. */
	readonly tenantDirectory: string;
	readonly isSftp: boolean;
	readonly clock: ZoneClock;
	/** Milliseconds since the epoch. */
	readonly now: number;
	readonly judge: CallJudge;
	readonly lookbackDays: number;
	readonly maximumItems: number;
	readonly emitExisting: boolean;
	readonly budget: PollBudget;
	/** Only where a mark counts as delivered. */
	readonly redelivery?: RedeliveryRules | undefined;
	/** Tells the log what no item can tell. */
	readonly warn: (message: string) => void;
}

export interface PollOutcome {
	/** Oldest first. */
	readonly items: ReadonlyArray<IndexRow | AudioFile>;
	readonly state: PollState;
	/** Index files that could not be read, which kept nothing else back. */
	readonly unreadable: ReadonlyMap<string, IndexFormatError | TransportError>;
	/** Tenant days of the look-back that have been over for a day and that no index file is named for. */
	readonly withoutIndex: readonly CalendarDate[];
	/** Recordings that were emitted as often as they may and never marked. */
	readonly givenUp: readonly Emission[];
}

/**
 * SFTP interleaves requests on one connection. Over FTPS each takes a connection, and every further one a log-in: polls that follow
 * each other every minute do with one. The first poll, which has to look at everything in the same time, may have two.
 */
export function requestsAtOnce({ isSftp }: PollRequest, isFirst: boolean): number {
	if (isSftp) return 8;
	return isFirst ? 2 : 1;
}

/** What is in a directory, `undefined` when it is not there. */
export async function listIfThere(
	{ store, budget }: PollRequest,
	directory: string,
): Promise<RemoteEntry[] | undefined> {
	return await ifThere(store.list(directory, { signal: budget.signal }));
}

/** The names at the top of the tenant that may be directories. Fails when the tenant is not where the credential says. */
export async function listTopDirectories({ store, tenantDirectory, budget }: PollRequest): Promise<string[]> {
	const top = await listTop(store, tenantDirectory, budget.signal);
	return top.filter(({ type }) => type !== 'file').map(({ name }) => name);
}
