import { linkSeconds, type TransferResult } from './transferRun';
import type { Link } from './wan';

/** The runs of one contestant on one tree, link and protocol, summed up. */
export interface Summary {
	readonly tree: string;
	readonly files: number;
	readonly roundTrip: number;
	readonly protocol: string;
	readonly contestant: string;
	readonly kind: TransferResult['kind'];
	/** Medians of the runs that came to their end. */
	readonly seconds: number | undefined;
	readonly cpuSeconds: number | undefined;
	readonly peakMegabytes: number | undefined;
	readonly longestTurn: number | undefined;
	readonly busiestTurn: number | undefined;
	/** Seconds over those of the fastest peer, at whichever setting. */
	readonly toBestPeer: number | undefined;
	/** Seconds over those that the link alone needs. */
	readonly toLink: number | undefined;
	readonly runs: number;
	readonly failure: string | undefined;
	readonly stoppedAfter: number | undefined;
}

/** The middle one, or half way between the middle two, of those that are known; `undefined` when none is. */
export function median(values: readonly (number | undefined)[]): number | undefined {
	const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
	const upper = known[Math.floor(known.length / 2)];
	const lower = known[Math.floor((known.length - 1) / 2)];
	return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

const ratio = (value: number | undefined, to: number | undefined): number | undefined =>
	value === undefined || to === undefined || to === 0 ? undefined : value / to;

const groupOf = ({ tree, link, protocol }: TransferResult): string => `${tree}, ${link.roundTrip} ms, ${protocol}`;

function groupsBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
	const groups = new Map<string, T[]>();
	for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
	return [...groups.values()];
}

function summariesOfGroup(runs: readonly TransferResult[]): Summary[] {
	const byContestant = groupsBy(runs, ({ contestant }) => contestant);
	const secondsOf = (group: readonly TransferResult[]): number | undefined =>
		median(group.map(({ seconds }) => seconds));
	const peers = byContestant.filter(([first]) => first?.kind.startsWith('peer')).map(secondsOf);
	const bestPeer = Math.min(...peers.filter((seconds) => seconds !== undefined));
	return byContestant.flatMap((group): Summary[] => {
		const [first] = group;
		if (first === undefined) return [];
		const seconds = secondsOf(group);
		return [
			{
				tree: first.tree,
				files: first.files,
				roundTrip: first.link.roundTrip,
				protocol: first.protocol,
				contestant: first.contestant,
				kind: first.kind,
				seconds,
				cpuSeconds: median(group.map(({ cpuSeconds }) => cpuSeconds)),
				peakMegabytes: median(group.map(({ peakMegabytes }) => peakMegabytes)),
				longestTurn: median(group.map(({ longestTurn }) => longestTurn)),
				busiestTurn: median(group.map(({ busiestTurn }) => busiestTurn)),
				toBestPeer: Number.isFinite(bestPeer) ? ratio(seconds, bestPeer) : undefined,
				toLink: ratio(seconds, linkSeconds(first.bytes, first.link)),
				runs: group.length,
				failure: group.find(({ failure }) => failure !== undefined)?.failure,
				stoppedAfter: group.find(({ stoppedAfter }) => stoppedAfter !== undefined)?.stoppedAfter,
			},
		];
	});
}

/** One summary for each contestant of each tree, link and protocol. */
export function summaries(results: readonly TransferResult[]): Summary[] {
	return groupsBy(results, groupOf).flatMap(summariesOfGroup);
}

const digits = (value: number | undefined, places: number): string =>
	value === undefined ? '' : value.toFixed(places);

function secondsCell({ seconds, failure, stoppedAfter }: Summary): string {
	if (seconds !== undefined) return seconds.toFixed(2);
	return stoppedAfter === undefined ? `failed: ${failure?.split('\n')[0]?.slice(0, 60) ?? ''}` : `> ${stoppedAfter}`;
}

/** Rows under headers, aligned, for a terminal. */
export function textTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
	const widths = headers.map((header, i) => Math.max(header.length, ...rows.map((row) => row[i]?.length ?? 0)));
	const line = (cells: readonly string[]): string =>
		cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
	return [line(headers), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

/** How fast a link is, and whether its connections begin slowly. */
export function linkText({ downlink, slowStart }: Link): string {
	const rate = `${downlink ?? 'unlimited'} Mbit/s`;
	if (slowStart === undefined) return rate;
	return `${rate}, slow start${slowStart.restartsAfterIdle ? '' : ', windows stay open over pauses'}`;
}

/** What the summaries say, a table for each tree, link and protocol. */
export function transferTables(results: readonly TransferResult[]): string {
	const headers = ['', 's', 'x best peer', 'x link', 'CPU s', 'peak MB', 'longest turn, ms', 'busiest, CPU ms'];
	return groupsBy(results, groupOf)
		.map((group) => {
			const rows = summariesOfGroup(group).map((summary) => [
				summary.contestant,
				secondsCell(summary),
				digits(summary.toBestPeer, 2),
				digits(summary.toLink, 2),
				digits(summary.cpuSeconds, 1),
				digits(summary.peakMegabytes, 0),
				digits(summary.longestTurn, 0),
				digits(summary.busiestTurn, 0),
			]);
			const [first] = group;
			const title = first === undefined ? '' : `${groupOf(first)}, ${linkText(first.link)}`;
			return `${title}\n${textTable(headers, rows)}`;
		})
		.join('\n\n');
}

/**
 * How many times as long n8n's own FTP node takes over SFTP, which is all it has, as our node takes over each protocol;
 * `undefined` without a run of it.
 */
export function besideFtpNode(results: readonly TransferResult[]): string | undefined {
	const all = summaries(results);
	const rows = all
		.filter(({ contestant }) => contestant.startsWith('node'))
		.flatMap(({ tree, roundTrip, protocol, contestant, seconds }) => {
			const other = all.find(
				(one) => one.contestant === 'FTP node' && one.tree === tree && one.roundTrip === roundTrip,
			);
			const times = ratio(other?.seconds ?? other?.stoppedAfter, seconds);
			if (times === undefined) return [];
			const least = other?.seconds === undefined ? '> ' : '';
			return [[`${tree}, ${roundTrip} ms: ${contestant}, ${protocol}`, `${least}${times.toFixed(1)} x`]];
		});
	return rows.length === 0 ? undefined : textTable(['n8n FTP node over SFTP takes longer', 'by'], rows);
}
