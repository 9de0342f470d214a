import { access, appendFile, mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DateTime } from 'luxon';
import { indexFile } from './indexFile';
import type { PlannedCall } from './tenantCall';

const ZONE = 'America/Los_Angeles';

/** A recorded call that began at this moment (ISO 8601, UTC), in a tenant in Los Angeles. */
export function callAt(utc: string, sequence: number, wrapUpCode: string | null = 'Sale'): PlannedCall {
	const start = DateTime.fromISO(utc, { zone: 'utc' });
	if (!start.isValid) throw new Error(`Not a moment in time: ${utc}`);
	const stop = start.plus({ seconds: 30 });
	const local = (moment: DateTime<true>): string => moment.setZone(ZONE).toISO() ?? '';
	const directory = `S${start.toFormat('yyyyLLdd')}`;
	const fileName = `R${start.toFormat('yyyyLLddHHmmss')}${String(sequence).padStart(4, '0')}.wav`;
	return {
		recordingId: `${directory}/${fileName}`,
		tenantDay: start.setZone(ZONE).toISODate() ?? '',
		callType: 'inbound',
		callTypeLabel: 'Inbound',
		startTime: local(start),
		stopTime: local(stop),
		startTimeUtc: start.toISO(),
		stopTimeUtc: stop.toISO(),
		durationSeconds: 30,
		agentName: 'Agent One',
		customerNumber: '4155550150',
		calledNumber: '4155550100',
		phoneChannel: '4155550100',
		customerPhone: '4155550150',
		caseId: null,
		accountNumber: null,
		transactionId: String(sequence),
		queue: '501',
		queueName: 'Sales',
		externalVariable1: null,
		externalVariable2: null,
		outdialCode: null,
		wrapUpCode,
		directory,
		fileName,
		path: `${directory}/${fileName}`,
		recordedAtUtc: start.toISO(),
		sequence,
		codec: 'mulaw',
		channels: 1,
	};
}

/** A tenant on disk that a test lets grow. Files are dated by the tenant's own clock, `now`. */
export class DiskTenant {
	constructor(
		readonly root: string,
		private readonly now: () => number,
	) {}

	async put(path: string, content: string | Buffer): Promise<void> {
		await mkdir(dirname(join(this.root, path)), { recursive: true });
		await writeFile(join(this.root, path), content);
		await this.#date(path);
	}

	async append(path: string, text: string): Promise<void> {
		await appendFile(join(this.root, path), text);
		await this.#date(path);
	}

	async rename(from: string, to: string): Promise<void> {
		await rename(join(this.root, from), join(this.root, to));
	}

	/** Adds calls to an index file, which begins with its header when it was not there. */
	async index(path: string, edition: 'basic' | 'detailed', calls: readonly PlannedCall[]): Promise<void> {
		const text = indexFile(edition, calls);
		const isThere = await access(join(this.root, path)).then(
			() => true,
			() => false,
		);
		if (isThere) await this.append(path, text.slice(text.indexOf('\r\n') + 2));
		else await this.put(path, text);
	}

	async text(path: string): Promise<string> {
		return await readFile(join(this.root, path), 'utf8');
	}

	async #date(path: string): Promise<void> {
		const date = new Date(this.now());
		await utimes(join(this.root, path), date, date);
	}
}
