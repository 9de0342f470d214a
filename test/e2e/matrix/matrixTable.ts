import type { MainJob } from './mainJob';
import type { BinaryMode } from './supportedN8n';

/** One n8n of the matrix and what the main job did in it. */
export interface MatrixRow {
	/** Such as `2.8.4`. */
	readonly n8n: string;
	/** The Node.js that ran it, such as `20.20.2`. */
	readonly node: string;
	readonly jobs: ReadonlyMap<BinaryMode, MainJob>;
}

const COLUMNS: readonly (readonly [BinaryMode, string])[] = [
	['filesystem', 'Binary data in files'],
	['database', 'in the database'],
	['default', 'in memory'],
];

const START = '<!-- matrix:start -->';
const END = '<!-- matrix:end -->';

function cell(job: MainJob | undefined): string {
	if (job === undefined) return 'not run';
	return job.problems.length === 0 ? `✓ ${job.delivered} recordings` : '✗';
}

/** A table in Markdown: one line for each n8n, one column for each place that it can keep binary data in. */
export function matrixTable(rows: readonly MatrixRow[], packageVersion: string, day: string): string {
	const lines = [
		['n8n', 'Node.js', ...COLUMNS.map(([, title]) => title)],
		['---', '---', ...COLUMNS.map(() => '---')],
		...rows.map((row) => [row.n8n, row.node, ...COLUMNS.map(([mode]) => cell(row.jobs.get(mode)))]),
	];
	const table = lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
	return `${table}\n\nWritten by \`npm run test:matrix\` on ${day} with version ${packageVersion} of this package: each n8n listed a day, downloaded the kept recordings and delivered them byte for byte, over FTPS and over SFTP.`;
}

/** The document with the table between its marks, `undefined` when it has no marks. */
export function withMatrix(document: string, table: string): string | undefined {
	const start = document.indexOf(START);
	const end = document.indexOf(END, start);
	if (start === -1 || end === -1) return undefined;
	return `${document.slice(0, start + START.length)}\n\n${table}\n\n${document.slice(end)}`;
}
