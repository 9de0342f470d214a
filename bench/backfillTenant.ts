import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { callAudio, soundLibrary } from '../testbed/tenant/callAudio';
import { indexFile } from '../testbed/tenant/indexFile';
import { seededRandom, type SeededRandom } from '../testbed/tenant/seededRandom';
import type { PlannedCall } from '../testbed/tenant/tenantCall';
import { callAt } from '../testbed/tenant/diskTenant';

const MINUTES_BETWEEN_CALLS = 6;
/** 8:00 in Los Angeles in winter: a day's calls lie in two UTC directories. */
const FIRST_CALL = 'T16:00:00Z';
/** Change it with what is written, so that an older tree is not taken for this one. */
const VERSION = 1;

export interface BackfillTenant {
	/** The tenant directory. */
	readonly root: string;
	/** Tenant days, yyyy-MM-dd, oldest first. */
	readonly days: readonly string[];
	/** SHA-256 of each recording by its id. */
	readonly sums: Readonly<Record<string, string>>;
	readonly bytes: number;
}

const noon = (day: number): Date => new Date(Date.UTC(2026, 0, 2 + day, 12));

function callsOf(day: string, count: number, firstSequence: number, random: SeededRandom): PlannedCall[] {
	return Array.from({ length: count }, (_, i) => {
		const start = new Date(Date.parse(`${day}${FIRST_CALL}`) + i * MINUTES_BETWEEN_CALLS * 60_000);
		// 8 to 24 kB of G.711.
		return { ...callAt(start.toISOString(), firstSequence + i), durationSeconds: random.between(1, 3) };
	});
}

/** Writes a tenant of small recordings below `directory`, so many a day, or takes the one that is there. */
export async function makeBackfillTenant(
	directory: string,
	days: number,
	callsPerDay: number,
): Promise<BackfillTenant> {
	const root = join(directory, `backfill-${VERSION}-${days}x${callsPerDay}`);
	const manifest = `${root}.json`;
	if (existsSync(manifest)) {
		const made: BackfillTenant = JSON.parse(await readFile(manifest, 'utf8'));
		return made;
	}
	const unfinished = `${root}.new`;
	await rm(unfinished, { recursive: true, force: true });
	const write = async (path: string, content: string | Buffer): Promise<void> => {
		await mkdir(dirname(join(unfinished, path)), { recursive: true });
		await writeFile(join(unfinished, path), content);
	};
	const random = seededRandom('backfill');
	const sounds = soundLibrary();
	const sums: Record<string, string> = {};
	const dates = Array.from({ length: days }, (_, day) => noon(day).toISOString().slice(0, 10));
	let bytes = 0;
	for (const [position, date] of dates.entries()) {
		const calls = callsOf(date, callsPerDay, position * callsPerDay, random);
		for (const call of calls) {
			const audio = callAudio(call, sounds, random);
			await write(call.path, audio);
			sums[call.recordingId] = createHash('sha256').update(audio).digest('hex');
			bytes += audio.length;
		}
		await write(`Index/I${date.replaceAll('-', '')}.csv`, indexFile('basic', calls));
	}
	await rename(unfinished, root);
	const tenant: BackfillTenant = { root, days: dates, sums, bytes };
	await writeFile(manifest, JSON.stringify(tenant));
	return tenant;
}
