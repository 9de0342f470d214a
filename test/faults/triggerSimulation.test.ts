import type { INodeParameters } from 'n8n-workflow';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { RecordingTrigger } from '../../nodes/RecordingTrigger/RecordingTrigger.node';
import { addDays, dateOfMillis, tenantDay } from '../../recordings/tenantDay';
import { ZoneClock } from '../../recordings/zoneClock';
import { TransportError } from '../../transport/transportError';
import { GrowingTenant } from '../unit/nodes/growingTenant';
import { PollingHost } from '../unit/nodes/runPoll';
import { credential } from '../unit/nodes/runNode';

let tenant = new GrowingTenant();
vi.mock('../../transport/openStore', () => ({ openStore: () => tenant }));

const HOUR = 3_600_000;
const DAYS = 6;

/** Zones and dates among which clocks go forward, back, by half an hour, at midnight, and over a whole day. */
const PLACES = [
	['America/Los_Angeles', '2016-11-03'],
	['America/Los_Angeles', '2016-03-10'],
	['Europe/London', '2016-10-27'],
	['Australia/Lord_Howe', '2016-03-31'],
	['America/Havana', '2016-11-03'],
	['Asia/Kolkata', '2016-06-01'],
	['Pacific/Apia', '2011-12-28'],
	['Pacific/Pago_Pago', '2016-06-01'],
	['Pacific/Tongatapu', '2016-11-04'],
	['Pacific/Kiritimati', '2016-06-01'],
] as const;

/** Where a tenant keeps its index. */
const LAYOUTS = [
	'Index',
	'Index, stamped when written',
	'day directories',
	'basic in Index, detailed in day directories',
] as const;

interface Call {
	readonly at: number;
	readonly directory: string;
	readonly fileName: string;
	readonly id: string;
	readonly code: string;
}

interface Happening {
	readonly at: number;
	readonly happen: () => void;
}

/** A generator of numbers that gives the same ones for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

const DETAILED = 'FILENAME,DIRECTORY,AGENT NAME,QUEUE NAME,WRAP UP CODE\n';
const BASIC = 'FILENAME,DIRECTORY,AGENT NAME\n';

function compact(date: string): string {
	return date.replaceAll('-', '');
}

/** Everything that happens on a tenant's server in some days, and what a trigger without filters has to emit. */
function story(seed: number): {
	zone: string;
	begin: number;
	end: number;
	happenings: Happening[];
	calls: Call[];
	watched: number[];
} {
	const random = randomOf(seed);
	const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
	const [zone, firstDate] = pick(PLACES);
	const layout = pick(LAYOUTS);
	const clock = new ZoneClock(zone);
	const happenings: Happening[] = [];
	const calls: Call[] = [];
	const watched: number[] = [];
	const renamed = new Map<string, string>();

	const write = (at: number, path: string, header: string, rows: readonly string[]): void => {
		// Some writers stop in the middle of a row for a while.
		const text = rows.join('');
		const cut = random() < 0.3 ? Math.floor(random() * text.length) : text.length;
		happenings.push({
			at,
			happen: () => {
				const now = renamed.get(path) ?? path;
				tenant.append(now, `${tenant.files.has(now) ? '' : header}${text.slice(0, cut)}`);
			},
		});
		if (cut < text.length)
			happenings.push({ at: at + 60_000, happen: () => tenant.append(renamed.get(path) ?? path, text.slice(cut)) });
		// A poll between two writes, or in the middle of one.
		if (random() < 0.5) watched.push(at + 30_000);
	};

	for (let day = -2; day < DAYS; day++) {
		const date = addDays(firstDate, day);
		const { fromUtc, toUtc } = tenantDay(date, clock);
		if (toUtc <= fromUtc) continue;
		const ofDay: Call[] = [];
		const used = new Set<number>();
		for (let count = Math.floor(random() * 9); count > 0; count--) {
			const at = fromUtc + Math.floor((random() * (toUtc - fromUtc)) / 1_000) * 1_000;
			const sequence = used.has(at) ? used.size + 1 : 1;
			used.add(at);
			const stamp = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14);
			const directory = `S${compact(dateOfMillis(at))}`;
			const fileName = `R${stamp}${String(sequence).padStart(4, '0')}.wav`;
			ofDay.push({ at, directory, fileName, id: `${directory}/${fileName}`, code: pick(['Sale', 'Complaint']) });
		}
		calls.push(...ofDay);
		for (const call of ofDay) happenings.push({ at: call.at + 60_000, happen: () => tenant.put(call.id, 'x') });

		// Written in the first hour of the next day, some a day late; some rows later still.
		const written = toUtc + random() * HOUR + (random() < 0.2 ? random() * 24 * HOUR : 0);
		const isLate = new Map(ofDay.map((call) => [call.id, random() < 0.2]));
		for (const late of [false, true]) {
			const rows = ofDay.filter((call) => isLate.get(call.id) === late);
			if (late && rows.length === 0) continue;
			const at = late ? written + HOUR + random() * 16 * HOUR : written;
			const basic = rows.map(({ fileName, directory }) => `${fileName},${directory},Agent One\n`);
			const detailed = (list: readonly Call[]): string[] =>
				list.map(({ fileName, directory, code }) => `${fileName},${directory},Agent One,Sales,${code}\n`);
			if (layout === 'Index') write(at, `Index/I${compact(date)}.csv`, DETAILED, detailed(rows));
			if (layout === 'Index, stamped when written')
				write(at, `Index/I${compact(addDays(date, 1))}.csv`, DETAILED, detailed(rows));
			if (layout.startsWith('basic')) write(at, `Index/I${compact(date)}.csv`, BASIC, basic);
			if (layout.endsWith('day directories')) {
				const pause = random() * HOUR;
				for (const directory of new Set(rows.map((call) => call.directory))) {
					const own = rows.filter((call) => call.directory === directory);
					write(at + pause, `${directory}/I${directory.slice(1)}_version2.csv`, DETAILED, detailed(own));
				}
			}
		}
		const path = `Index/I${compact(date)}.csv`;
		if (layout === 'Index' && random() < 0.3) {
			happenings.push({
				at: written + random() * 30 * HOUR,
				happen: () => {
					if (!tenant.files.has(path)) return;
					const other = path.replace('.csv', '_version2.csv');
					tenant.rename(path, other);
					renamed.set(path, other);
				},
			});
		}
	}
	const begin = tenantDay(firstDate, clock).toUtc + random() * 12 * HOUR;
	const end = begin + (DAYS + 2) * 24 * HOUR;
	return {
		zone,
		begin,
		end,
		happenings: happenings.sort((a, b) => a.at - b.at),
		calls,
		watched: watched.sort((a, b) => a - b),
	};
}

/** Lives through a story with polls at random times, restarts, failures and a time off; gives what was emitted. */
async function live(
	seed: number,
	parameters: INodeParameters,
): Promise<{ emitted: string[]; atBeginning: Set<string>; calls: Call[]; batches: string[][] }> {
	const { zone, begin, end, happenings, calls, watched } = story(seed);
	const random = randomOf(seed + 1_000_000);
	tenant = new GrowingTenant();
	tenant.tellsTimes = random() < 0.7;
	tenant.put('Index/notes.txt', '');
	const n8n = new PollingHost(new RecordingTrigger(), {
		parameters,
		credential: {
			...credential,
			tenantTimeZone: zone,
			...(random() < 0.5 ? { protocol: 'sftp', allowUnknownHostKey: true } : {}),
		},
	});
	const batches: string[][] = [];
	const pending = [...happenings];
	const liveUntil = (time: number): void => {
		for (let [next] = pending; next !== undefined && next.at <= time; [next] = pending) {
			vi.setSystemTime(next.at);
			next.happen();
			pending.shift();
		}
		vi.setSystemTime(time);
	};
	const note = (items: ReadonlyArray<{ recordingId?: unknown }>): void =>
		void batches.push(items.map((item) => String(item.recordingId)));

	liveUntil(begin);
	note(await n8n.activate());
	const text = [...tenant.files].map(([path, { bytes }]) => (path.endsWith('.csv') ? bytes.toString() : '')).join('\n');
	const atBeginning = new Set(
		calls
			.filter((call) => (parameters['watch'] === 'files' ? tenant.files.has(call.id) : text.includes(call.fileName)))
			.map((call) => call.id),
	);
	const timeOff = begin + random() * 4 * 24 * HOUR;
	let isOff = random() < 0.3;
	for (let time = begin; time < end; ) {
		const next = time + (random() < 0.2 ? 60_000 : random() * 7 * HOUR);
		time = watched.find((moment) => moment > time && moment < next) ?? next;
		if (isOff && time > timeOff) {
			isOff = false;
			time += 4 * 24 * HOUR;
		}
		liveUntil(time);
		const fate = random();
		if (fate < 0.15) tenant.failures.set('list Index', [new TransportError('login-failed', 'refused')]);
		const poll = fate > 0.75 ? n8n.restart() : n8n.tick();
		const items = await poll.catch(() => undefined);
		tenant.failures.clear();
		// A start of n8n at which the first poll fails is tried again by n8n.
		note(items ?? (await n8n.restart()));
	}
	liveUntil(end + HOUR);
	for (let poll = 0; poll < 60; poll++) {
		vi.setSystemTime(end + HOUR + poll * 60_000);
		note(await n8n.tick());
	}
	return { emitted: batches.flat(), atBeginning, calls, batches };
}

afterEach(() => {
	vi.useRealTimers();
});

describe('Recording Trigger in a life of random days', () => {
	const seeds = Array.from(
		{ length: Number(process.env['STORIES'] ?? (process.env['CI'] === undefined ? 3 : 12)) },
		(_, seed) => seed + 1,
	);

	it.each(seeds)('emits every call that comes into the index exactly once (story %i)', async (seed) => {
		vi.useFakeTimers({ toFake: ['Date'] });
		const { emitted, atBeginning, calls, batches } = await live(seed, { watch: 'index', options: { maximumItems: 3 } });
		const expected = calls.map((call) => call.id).filter((id) => !atBeginning.has(id));
		expect([...emitted].sort()).toEqual([...expected].sort());
		expect(batches.every((batch) => batch.length <= 3)).toBe(true);
	});

	it.each(seeds)(
		'emits every call with a wrap-up code exactly once, whichever edition tells it (story %i)',
		async (seed) => {
			vi.useFakeTimers({ toFake: ['Date'] });
			const { emitted, atBeginning, calls } = await live(seed, {
				watch: 'index',
				filters: { wrapUpCodes: 'Complaint' },
				options: { maximumItems: 2 },
			});
			const expected = calls
				.filter((call) => call.code === 'Complaint' && !atBeginning.has(call.id))
				.map((call) => call.id);
			expect([...emitted].sort()).toEqual(expected.sort());
		},
	);

	it.each(seeds)('emits every new audio file exactly once (story %i)', async (seed) => {
		vi.useFakeTimers({ toFake: ['Date'] });
		const { emitted, atBeginning, calls } = await live(seed, { watch: 'files', options: { maximumItems: 3 } });
		const expected = calls.map((call) => call.id).filter((id) => !atBeginning.has(id));
		expect([...emitted].sort()).toEqual(expected.sort());
	});
});
