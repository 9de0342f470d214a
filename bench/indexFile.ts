import { existsSync } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Wrap-up code of the rows that the measured filter keeps. */
export const KEPT_CODE = 'Sale';

const HEADERS = [
	...[
		'CALL TYPE',
		'START TIME',
		'STOP TIME',
		'AGENT NAME',
		'CUSTOMER NUMBER',
		'PHONE CHANNEL',
		'CALLED NUMBER',
		'CASEID',
	],
	...['DURATION', 'FILENAME', 'DIRECTORY', 'ACCOUNT NUMBER', 'START TIME UTC', 'STOP TIME UTC', 'QUEUE', 'QUEUE NAME'],
	...['TRANS ID', 'EXT VAR1', 'EXT VAR2', 'OUT DIAL CODE', 'WRAP UP CODE'],
];
const MIDNIGHT_UTC = Date.UTC(2026, 10, 1);
/** Los Angeles in the first hours of 2026-11-01 UTC and until 02:00 local is 7 hours behind; the file stays in there. */
const ZONE_MILLISECONDS = 7 * 3_600_000;
const SPAN_MILLISECONDS = 8 * 3_600_000;

export interface IndexPlan {
	readonly rows: number;
	/** Rows with the wrap-up code `KEPT_CODE`, spread evenly. */
	readonly kept: number;
}

const two = (value: number): string => String(value).padStart(2, '0');

function clock(milliseconds: number): string {
	const time = new Date(milliseconds);
	const date = `${two(time.getUTCMonth() + 1)}/${two(time.getUTCDate())}/${time.getUTCFullYear()}`;
	return `${date} ${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
}

function row(index: number, { rows, kept }: IndexPlan): string {
	const start = MIDNIGHT_UTC + Math.floor((index / rows) * SPAN_MILLISECONDS);
	const seconds = 20 + ((index * 37) % 600);
	const stop = start + seconds * 1_000;
	const stamp = new Date(start).toISOString().slice(0, 19).replace(/\D/g, '');
	const isKept = Math.floor(((index + 1) * kept) / rows) > Math.floor((index * kept) / rows);
	return [
		...['Inbound', clock(start - ZONE_MILLISECONDS), clock(stop - ZONE_MILLISECONDS), `"Agent, Number ${index % 200}"`],
		...[
			`1408555${String(index % 10_000).padStart(4, '0')}`,
			'Main line',
			'14085550100',
			`CASE-${index}`,
			String(seconds),
		],
		...[`R${stamp}${String(index % 10_000).padStart(4, '0')}.wav`, 'S20261101', `AC${index % 5_000}`, clock(start)],
		...[clock(stop), String(100 + (index % 12)), `Queue ${index % 12}`, `T${String(index).padStart(8, '0')}`, '', ''],
		...['', isKept ? KEPT_CODE : `Code ${index % 20}`],
	].join(',');
}

/** An index of the day, detailed, about 250 bytes a row. Made once; gives its path below `root`. */
export async function makeIndex(plan: IndexPlan, root: string): Promise<{ path: string; bytes: number }> {
	const path = `indexes${plan.rows}x${plan.kept}/I20261101_version2.csv`;
	const file = join(root, path);
	if (!existsSync(file)) {
		await mkdir(join(file, '..'), { recursive: true });
		const lines = [HEADERS.join(','), ...Array.from({ length: plan.rows }, (_, i) => row(i, plan)), ''];
		await writeFile(`${file}.new`, lines.join('\r\n'));
		await rename(`${file}.new`, file);
	}
	return { path, bytes: (await stat(file)).size };
}
