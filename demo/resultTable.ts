import type { ExampleRun } from './runExample';

const thousands = new Intl.NumberFormat('en-US');

const COLUMNS: readonly (readonly [title: string, value: (run: ExampleRun) => string])[] = [
	['protocol', (run) => run.label],
	['rows listed', (run) => thousands.format(run.listed)],
	['kept', (run) => thousands.format(run.kept)],
	['downloaded', (run) => thousands.format(run.downloaded)],
	['delivered', (run) => thousands.format(run.delivered)],
	['bytes', (run) => thousands.format(run.bytes)],
	['seconds', (run) => run.seconds.toFixed(2)],
	['checksums equal to the tenant', (run) => `${run.equal}/${run.toKeep}`],
];

/** The runs as a table of text: names to the left, numbers to the right. */
export function resultTable(runs: readonly ExampleRun[]): string {
	const cells = [COLUMNS.map(([title]) => title), ...runs.map((run) => COLUMNS.map(([, value]) => value(run)))];
	const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
	const line = (row: readonly string[]): string =>
		row
			.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
			.join('  ');
	const [titles = [], ...rows] = cells;
	return [line(titles), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
