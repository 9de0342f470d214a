import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { callAudio, soundLibrary } from './callAudio';
import { callPlan } from './callPlan';
import { indexFile } from './indexFile';
import { seededRandom } from './seededRandom';
import type { PlannedCall, TenantCall, TenantManifest } from './tenantCall';

/** 8x8's own example zone: a day there lies in two UTC directories. */
export const TENANT_TIME_ZONE = 'America/Los_Angeles';

const DEFAULT_CALLS_PER_DAY = 40;
/** Change it with the generator, so that trees of an older one are not taken for this one's. */
const GENERATOR_VERSION = 1;
/** Index files are written between 00:00 and 01:00 tenant time, after the day they are for. */
const INDEX_WRITTEN_AFTER = { minutes: 30 };

export interface TenantOptions {
	/** The tenant directory. What lies there is replaced; the manifest is kept beside it as `<root>.json`. */
	readonly root: string;
	/** The days end with the last one that is complete in the tenant's zone at this moment. */
	readonly now: DateTime;
	/** Complete tenant days. */
	readonly days: number;
	readonly seed: string;
	/** Default 40; a tenth of them is recorded twice. */
	readonly callsPerDay?: number;
}

interface StoredManifest {
	readonly key: string;
	readonly manifest: TenantManifest;
}

interface TenantFile {
	readonly path: string;
	readonly content: string | Buffer;
	readonly modifiedAt: DateTime;
}

function completeDays(now: DateTime, days: number): DateTime<true>[] {
	const today = now.setZone(TENANT_TIME_ZONE).startOf('day');
	if (!today.isValid) throw new Error(`Not a moment in time: ${now.invalidReason ?? 'unknown'}`);
	return Array.from({ length: days }, (_, index) => today.minus({ days: days - index }).startOf('day'));
}

async function storedManifest(file: string, key: string, root: string): Promise<TenantManifest | undefined> {
	if (!existsSync(file) || !existsSync(root)) return undefined;
	const stored: StoredManifest = JSON.parse(await readFile(file, 'utf8'));
	return stored.key === key ? stored.manifest : undefined;
}

function groupBy(calls: readonly PlannedCall[], key: (call: PlannedCall) => string): Map<string, PlannedCall[]> {
	const groups = new Map<string, PlannedCall[]>();
	for (const call of calls) groups.set(key(call), [...(groups.get(key(call)) ?? []), call]);
	return groups;
}

function indexFiles(calls: readonly PlannedCall[]): TenantFile[] {
	const writtenFor = (tenantDay: string): DateTime =>
		DateTime.fromISO(tenantDay, { zone: TENANT_TIME_ZONE }).plus({ days: 1 }).plus(INDEX_WRITTEN_AFTER);
	const basic = [...groupBy(calls, (call) => call.tenantDay)].map(([tenantDay, rows]) => ({
		path: `Index/I${tenantDay.replaceAll('-', '')}.csv`,
		content: indexFile('basic', rows),
		modifiedAt: writtenFor(tenantDay),
	}));
	const detailed = [...groupBy(calls, (call) => call.directory)].map(([directory, rows]) => ({
		path: `${directory}/I${directory.slice(1)}_version2.csv`,
		content: indexFile('detailed', rows),
		modifiedAt: writtenFor(rows.at(-1)?.tenantDay ?? ''),
	}));
	return [...basic, ...detailed];
}

async function writeTenantFile(root: string, file: TenantFile): Promise<void> {
	const path = join(root, file.path);
	await writeFile(path, file.content);
	await utimes(path, file.modifiedAt.toJSDate(), file.modifiedAt.toJSDate());
}

/**
 * Writes a tenant as 8x8 lays it out: `Index/` and one `Syyyymmdd` directory for every UTC day with recordings. The
 * same days and seed give the same bytes; a tree that is already there is left as it is. The tree appears as a whole:
 * a run that is interrupted leaves the one before.
 */
export async function generateTenant(options: TenantOptions): Promise<TenantManifest> {
	const { root, now, days, seed, callsPerDay = DEFAULT_CALLS_PER_DAY } = options;
	const tenantDays = completeDays(now, days);
	const dates = tenantDays.map((day) => day.toISODate());
	const manifestFile = `${root}.json`;
	const key = JSON.stringify([GENERATOR_VERSION, seed, callsPerDay, root, dates]);
	const stored = await storedManifest(manifestFile, key, root);
	if (stored !== undefined) return stored;

	const unfinished = `${root}.new`;
	await rm(unfinished, { recursive: true, force: true });
	await rm(manifestFile, { force: true });
	await mkdir(join(unfinished, 'Index'), { recursive: true });
	const sounds = soundLibrary();
	const calls: TenantCall[] = [];
	for (const day of tenantDays) {
		// Each day has its own numbers: tomorrow's tree holds today's days unchanged.
		const random = seededRandom(`${seed} ${day.toISODate()}`);
		const plan = callPlan(day, callsPerDay, random);
		for (const { directory } of plan) await mkdir(join(unfinished, directory), { recursive: true });
		for (const call of plan) {
			const audio = callAudio(call, sounds, random);
			await writeTenantFile(unfinished, {
				path: call.path,
				content: audio,
				modifiedAt: DateTime.fromISO(call.stopTimeUtc),
			});
			calls.push({ ...call, bytes: audio.length, sha256: createHash('sha256').update(audio).digest('hex') });
		}
	}
	for (const file of indexFiles(calls)) await writeTenantFile(unfinished, file);
	await rm(root, { recursive: true, force: true });
	await rename(unfinished, root);
	const manifest: TenantManifest = { root, timeZone: TENANT_TIME_ZONE, days: dates, calls };
	await writeFile(manifestFile, JSON.stringify({ key, manifest } satisfies StoredManifest));
	return manifest;
}
