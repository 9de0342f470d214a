import type { IndexRow } from '../../recordings/indexRow';
import type { PollState } from './pollState';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';
import { TransportError } from '../../transport/transportError';
import { listTop } from '../reading/indexListing';
import type { ExplainedError } from '../explainedError';
import type { AudioFile } from './audioFile';
import type { PollBudget } from './pollBudget';

/** One poll: what it is asked to do, and with what. */
export interface PollRequest {
	readonly store: RemoteStore;
	/** As the credential names it. */
	readonly tenantDirectory: string;
	readonly isSftp: boolean;
	readonly clock: ZoneClock;
	/** Milliseconds since the epoch. */
	readonly now: number;
	readonly matches: (row: IndexRow) => boolean;
	readonly lookbackDays: number;
	readonly maximumItems: number;
	readonly emitExisting: boolean;
	readonly budget: PollBudget;
	/** Tells the log what no item can tell. */
	readonly warn: (message: string) => void;
}

export interface PollOutcome {
	/** Oldest first. */
	readonly items: ReadonlyArray<IndexRow | AudioFile>;
	readonly state: PollState;
	/** Index files that could not be read, which kept nothing else back. */
	readonly unreadable: ReadonlyMap<string, ExplainedError | TransportError>;
}

/** SFTP interleaves requests on one connection; over FTPS each takes a connection, and every further one a login. */
export function listingsAtOnce(request: PollRequest): number {
	return request.isSftp ? 8 : 2;
}

/** `undefined` for a directory or file that is not there. */
export async function ifThere<Result>(answer: Promise<Result>): Promise<Result | undefined> {
	return await answer.catch((error: unknown) => {
		if (error instanceof TransportError && error.code === 'not-found') return undefined;
		throw error;
	});
}

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
