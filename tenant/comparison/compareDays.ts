import { dayAt, dayOfRow, reconcile, recordedAt } from './reconciliation';
import type { ListedFile, Reconciliation } from './reconciliation';
import { lettersOf } from '../../recordings/nameLetters';
import type { IndexRow } from '../../recordings/indexRow';
import { skippedDays } from '../../recordings/tenantDay';
import type { TenantDay } from '../../recordings/tenantDay';
import type { ZoneClock } from '../../recordings/zoneClock';
import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';
import { TransportError } from '../../transport/transportError';
import { Gate } from '../../transport/gate';
import { isOfOneFile } from '../../transport/oneFileFailure';
import { ifThere } from '../../transport/ifThere';
import { isProven } from '../reading/dayEvidence';
import type { DayEvidence } from '../reading/dayEvidence';
import { AUTOMATIC_FORMAT } from '../reading/indexFileReading';
import { readTenantDays } from '../reading/tenantReading';
import type { TenantReading } from '../reading/tenantReading';
import { ListedOnce } from './listedOnce';

/** Listings fetched at once. */
const LISTINGS = 4;
/** Files asked about at once, where a listing does not tell. */
const QUESTIONS = 16;

export interface CompareRequest {
	readonly store: RemoteStore;
	/** As the credential names it. */
	readonly tenantDirectory: string;
	readonly clock: ZoneClock;
	/** Whether to ask for the time of each file where the listing does not tell it, as that of FTP without MLSD does not. */
	readonly asksForTimes: boolean;
	readonly signal: AbortSignal | undefined;
}

/** Index and directories of some tenant days, compared. */
export interface ComparedDays extends Reconciliation {
	/** Those of which an index is known to list every call. About the others nothing is said, because nothing can be proven. */
	readonly days: readonly TenantDay[];
	/** Their rows. */
	readonly rows: readonly IndexRow[];
	/** The other days. */
	readonly unproven: readonly DayEvidence[];
	readonly reading: TenantReading;
	/** One sentence each. */
	readonly hints: readonly string[];
}

/**
 * Compares what the index of tenant days says with what lies on the server. Each directory is listed once: the days' own,
 * and any other that a row names.
 */
export async function compareDays(request: CompareRequest, asked: readonly TenantDay[]): Promise<ComparedDays> {
	const store = new ListedOnce(request.store);
	const reading = await readTenantDays(
		{ ...request, store, detail: 'auto', format: AUTOMATIC_FORMAT, judge: () => 'met' },
		asked,
	);
	const real = asked.filter(({ hours }) => hours > 0);
	const unproven = reading.days.filter((evidence) => !isProven(evidence));
	const unprovenDates = new Set(unproven.map(({ day }) => day.date));
	const days = real.filter(({ date }) => !unprovenDates.has(date));
	const rows = reading.calls.map(({ row }) => row).filter((row) => !unprovenDates.has(dayOfRow(row, real)?.date ?? ''));

	const inDirectories = directoriesOf(days, rows);
	const troubles = await new Gate(() => LISTINGS).map(
		inDirectories,
		async (directory) => await tellTrouble(request, store, directory),
	);
	const rowIds = new Set(rows.map(({ recordingId }) => lettersOf(recordingId ?? '')));
	const counts = (file: ListedFile): boolean => {
		if (rowIds.has(lettersOf(file.recordingId))) return true;
		const at = recordedAt(file);
		return at !== undefined && dayAt(at, days) !== undefined;
	};
	const files = await filesIn(request, store, counts);
	const compared = reconcile({ days, rows, indexed: reading.recordingIds, files });
	const hints = troubles.flatMap((trouble) => trouble?.(compared.missing) ?? []);
	const timed = request.asksForTimes ? await withTimes(request, compared) : compared;
	return { ...timed, days, rows, unproven, reading, hints: [...hints, ...skippedDays(asked)] };
}

/** The same comparison, its files with the times that their listing left open. A file that has gone meanwhile stays as it was. */
async function withTimes({ store, signal }: CompareRequest, compared: Reconciliation): Promise<Reconciliation> {
	const gate = new Gate(() => QUESTIONS);
	const timed = async <File extends ListedFile>(file: File): Promise<File> => {
		if (file.modifiedAt !== undefined) return file;
		const entry = await ifThere(store.stat(file.recordingId, { signal })).catch((error: unknown) => {
			if (isOfOneFile(error)) return undefined;
			throw error;
		});
		return entry === undefined ? file : { ...file, bytes: entry.size ?? file.bytes, modifiedAt: entry.modifiedAt };
	};
	const [matched, unindexed] = await Promise.all([
		gate.map(compared.matched, async ({ row, file }) => ({ row, file: await timed(file) })),
		gate.map(compared.unindexed, timed),
	]);
	return { ...compared, matched, unindexed };
}

/** Where the days' recordings lie, and wherever else their rows say. */
function directoriesOf(days: readonly TenantDay[], rows: readonly IndexRow[]): string[] {
	const ofDays = days.flatMap((day) => day.directories.map(({ directory }) => directory));
	const ofRows = rows.flatMap(({ directory }) => directory ?? []);
	return [...new Set([...ofDays, ...ofRows])].sort();
}

type Trouble = (missing: readonly IndexRow[]) => string[];

/** Lists a directory; gives back what to say when it cannot be there. */
async function tellTrouble(
	{ signal }: CompareRequest,
	store: ListedOnce,
	directory: string,
): Promise<Trouble | undefined> {
	const tell =
		(what: string): Trouble =>
		(missing) => {
			const count = missing.filter((row) => row.directory === directory).length;
			const listed =
				count === 1
					? 'the recording that the index lists in it is missing'
					: `the ${count} recordings that the index lists in it are missing`;
			return count === 0 ? [] : [`${directory} ${what}, so ${listed}.`];
		};
	return await store.list(directory, { signal }).then(
		() => undefined,
		(error: unknown) => {
			const code = error instanceof TransportError ? error.code : undefined;
			if (code === 'not-found')
				return tell('is not on the server (8x8 deletes recordings at the end of their retention)');
			// A row may name anything; that is no reason to give up the others.
			if (code === 'illegal-path') return tell('is no path of a directory');
			throw error;
		},
	);
}

/** The files that count in every directory listed so far; where a listing leaves open what a name is, the server is asked. */
async function filesIn(
	{ signal }: CompareRequest,
	store: ListedOnce,
	counts: (file: ListedFile) => boolean,
): Promise<ListedFile[]> {
	const listings = store.directories.map(async (directory) => {
		// Failures other than that it is not there have ended the comparison before.
		const entries = await store.list(directory).catch((): RemoteEntry[] => []);
		return entries
			.filter(({ type }) => type !== 'directory')
			.map((entry) => ({ entry, file: fileOf(directory, entry) }));
	});
	const candidates = (await Promise.all(listings)).flat().filter(({ file }) => counts(file));
	const known = candidates
		.filter(({ entry }) => entry.type === 'file' && entry.size !== undefined)
		.map(({ file }) => file);
	const open = candidates.filter(({ entry }) => entry.type !== 'file' || entry.size === undefined);
	const asked = await new Gate(() => QUESTIONS).map(open, async ({ file }) => {
		const entry = await ifThere(store.stat(file.recordingId, { signal }));
		return entry?.type === 'file' ? [{ ...file, bytes: entry.size, modifiedAt: entry.modifiedAt }] : [];
	});
	return [...known, ...asked.flat()];
}

function fileOf(directory: string, { name, size, modifiedAt }: RemoteEntry): ListedFile {
	return {
		recordingId: directory === '' ? name : `${directory}/${name}`,
		directory,
		fileName: name,
		bytes: size,
		modifiedAt,
	};
}
