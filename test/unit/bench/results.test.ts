import { describe, expect, it } from 'vitest';

import { readOptions } from '../../../bench/benchOptions';
import { linkOf } from '../../../bench/benchSet';
import { drawPicture } from '../../../bench/picture';
import { roundsTable } from '../../../bench/rounds';
import { besideFtpNode, summaries, transferTables } from '../../../bench/resultTable';
import { linkSeconds, type TransferResult } from '../../../bench/transferRun';

function result(contestant: string, kind: TransferResult['kind'], seconds: number | undefined): TransferResult {
	const base = { tree: 'recordings', files: 200, bytes: 195_000_000, link: linkOf(80), protocol: 'sftp' } as const;
	return seconds === undefined
		? { ...base, contestant, kind, failure: 'stopped after 60 s', stoppedAfter: 60 }
		: { ...base, contestant, kind, seconds, cpuSeconds: 1, peakMegabytes: 100 };
}

const RESULTS = [
	result('node', 'ours', 9),
	result('lftp -P16', 'peer best', 12),
	result('rclone', 'peer default', 24),
	result('sftp', 'peer default', undefined),
	result('FTP node', 'n8n FTP node', 8),
	result('node', 'ours', 11),
	result('lftp -P16', 'peer best', 10),
];

describe('the results', () => {
	it('compare medians with the best peer, at whichever setting, and with the link', () => {
		const node = summaries(RESULTS).find(({ contestant }) => contestant === 'node');
		expect(node?.seconds).toBe(10);
		expect(node?.toBestPeer).toBeCloseTo(10 / 11);
		expect(node?.toLink).toBeCloseTo(10 / 7.8);
		expect(node?.runs).toBe(2);
	});

	it('say in the table which download was stopped', () => {
		expect(transferTables(RESULTS)).toMatch(/^sftp\s+> 60\s*$/m);
	});

	it('have no link time for the loopback', () => {
		expect(linkSeconds(195_000_000, linkOf(0))).toBe(0);
		expect(linkSeconds(195_000_000, linkOf(80))).toBeCloseTo(7.8);
	});
});

describe('the rounds', () => {
	const rounds = { rounds: 4, files: 50, link: linkOf(80), protocol: 'sftp', kind: 'ours' } as const;

	it('are told as the first one and the median of the later ones, with the log-ins of each', () => {
		const table = roundsTable([
			{ ...rounds, contestant: 'node runs', seconds: [1.9, 0.4, 0.2, 0.3], logIns: [2, 0, 1, 0] },
			{ ...rounds, contestant: 'lftp', seconds: [3], logIns: [4], failure: 'ended with SIGTERM after 1 rounds' },
		]);
		expect(table).toMatch(/node runs +1\.90 +2 +0\.30 +0\s*$/mu);
		expect(table).toMatch(/lftp +3\.00 +4 +only 1 rounds$/mu);
	});
});

describe("n8n's own FTP node", () => {
	it('is set beside our node over each protocol', () => {
		const ours = [result('node', 'ours', 10), { ...result('node -16', 'ours', 12), protocol: 'ftps' as const }];
		const table = besideFtpNode([...ours, result('FTP node', 'n8n FTP node', 300)]);
		expect(table).toMatch(/node, sftp\s+30\.0 x/u);
		expect(table).toMatch(/node -16, ftps\s+25\.0 x/u);
		expect(besideFtpNode([...ours, result('FTP node', 'n8n FTP node', undefined)])).toMatch(/node, sftp\s+> 6\.0 x/u);
		expect(besideFtpNode(ours)).toBeUndefined();
	});
});

describe('a picture', () => {
	it.each([true, false])('is a whole SVG with every line and its name (logarithmic: %s)', (isLogarithmic) => {
		const svg = drawPicture({
			title: 'Time <b>',
			xLabel: 'round trip',
			yLabel: 'seconds',
			xValues: [0, 80, 200],
			isLogarithmic,
			lines: [
				{
					name: 'node & co',
					isOurs: true,
					points: [
						[0, 0.9],
						[80, 9],
						[200, 14],
					],
				},
				{
					name: 'sftp',
					isOurs: false,
					points: [
						[0, 0.8],
						[80, 96],
					],
				},
			],
		});
		expect(svg.match(/<polyline/g)).toHaveLength(2);
		expect(svg).toContain('node &amp; co');
		expect(svg).toContain('Time &lt;b&gt;');
		expect(svg).toContain('prefers-color-scheme: dark');
		expect(svg).not.toContain('NaN');
		expect(svg.trimEnd().endsWith('</svg>')).toBe(true);
	});

	it.each([
		[99, 'below'],
		[101, 'above'],
		[150, 'beside its end'],
	])(
		'writes the name of a line that ends early at %i %s, so that a line at 100 does not cross it out',
		(value, where) => {
			const point = (y: number): number => Number(new RegExp(`cx="64" cy="([\\d.]+)"`, 'g').exec(svgOf(y))?.[1]);
			const svgOf = (y: number): string =>
				drawPicture({
					...{ title: 'Memory', xLabel: 'files', yLabel: 'MB', xValues: [20, 200], isLogarithmic: false },
					lines: [
						{ name: 'short', isOurs: false, points: [[20, y]] },
						{
							name: 'long',
							isOurs: true,
							points: [
								[20, 100],
								[200, 100],
							],
						},
					],
				});
			const label = Number(/x="76" y="([\d.]+)" dy="4">short</.exec(svgOf(value))?.[1]);
			const shift = Math.round(label - point(value));
			expect(shift).toBe({ below: 15, above: -15, 'beside its end': 0 }[where]);
		},
	);

	it('needs something to draw', () => {
		const nothing = { title: 'None', xLabel: '', yLabel: '', xValues: [], isLogarithmic: true, lines: [] };
		expect(() => drawPicture(nothing)).toThrow('There is nothing to draw in "None"');
	});
});

describe('the command line', () => {
	const namesOf = (...args: string[]): string[] => readOptions(args).sets.map(({ name }) => name);

	it('takes the standard sets when nothing is said, a short one with --quick, and all with --full', () => {
		expect(namesOf()).toEqual(['round trips', 'FTP node', 'memory', 'mp3', 'rounds', 'index']);
		expect(readOptions([])).toMatchObject({ name: 'standard', pictures: true, resume: false });
		expect(readOptions(['--quick'])).toMatchObject({ name: 'quick', pictures: false });
		expect(namesOf('--full').length).toBeGreaterThan(4);
	});

	it('takes parts of the standard or the full sets, which add to the same results', () => {
		expect(namesOf('--set', 'memory, index')).toEqual(['memory', 'index']);
		expect(readOptions(['--set', 'memory', '--resume'])).toMatchObject({ name: 'standard', resume: true });
		expect(namesOf('--full', '--set', 'tiny')).toEqual(['tiny']);
		expect(() => readOptions(['--set', 'tiny'])).toThrow('"tiny" is none of round trips');
	});

	it('lets connections begin slowly on every link when asked to, and leaves the usual results alone then', () => {
		const restarting = readOptions(['--set', 'rounds', '--slow-start']);
		expect(restarting).toMatchObject({ name: 'custom', pictures: false });
		expect(linkOf(80, restarting.link).slowStart).toEqual({ restartsAfterIdle: true });
		const { link } = readOptions(['--slow-start', '--keep-windows', '--megabits', '50']);
		expect(linkOf(300, link)).toMatchObject({ downlink: 50, slowStart: { restartsAfterIdle: false } });
		expect(linkOf(80, readOptions([]).link)).toEqual({ roundTrip: 80, downlink: 200, uplink: 200 });
		expect(() => readOptions(['--keep-windows'])).toThrow('--keep-windows goes with --slow-start');
	});

	it('takes rounds of so many files, and other checkouts beside this one', () => {
		const { sets, beside, name } = readOptions(['--rounds', '3x20', '--beside', '/checkouts/old, /checkouts/new']);
		expect(sets[0]).toMatchObject({ trees: [], indexes: [], rounds: { rounds: 3, files: 20 } });
		expect(sets[0]?.contestants).toBeUndefined();
		expect({ beside, name }).toEqual({ beside: ['/checkouts/old', '/checkouts/new'], name: 'custom' });
		expect(() => readOptions(['--rounds', 'ten'])).toThrow('--rounds takes numbers');
		expect(() => readOptions(['--rounds', '3'])).toThrow('--rounds takes ROUNDSxFILES, not "3"');
	});

	it('makes a set of what is chosen, and names what it does not know', () => {
		const { sets, name, pictures } = readOptions(['--trees', 'tiny', '--round-trips', '1,200', '--indexes', '100x10']);
		expect(sets[0]).toMatchObject({ trees: ['tiny'], roundTrips: [1, 200], indexes: [{ rows: 100, kept: 10 }] });
		expect({ name, pictures }).toEqual({ name: 'custom', pictures: false });
		expect(() => readOptions(['--trees', 'oak'])).toThrow('"oak" is none of tiny');
		expect(() => readOptions(['--repeat', 'often'])).toThrow('--repeat takes numbers');
	});
});
