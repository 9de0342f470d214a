import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { drawPicture, type Line, type Picture } from './picture';
import { summaries, type Summary } from './resultTable';
import { linkSeconds, type TransferResult } from './transferRun';

/** What a reader who has not seen the bench knows the contestants by. */
const KNOWN_AS: Readonly<Record<string, string>> = {
	node: 'this node, 4 connections',
	'node -16': 'this node, 16 connections',
	'FTP node': 'n8n FTP node over SFTP',
};

function linesOf(
	all: readonly Summary[],
	x: (summary: Summary) => number,
	y: (summary: Summary) => number | undefined,
	nameOf: (summary: Summary) => string,
): { readonly xValues: number[]; readonly lines: Line[] } {
	const lines = new Map<string, { name: string; points: Array<[number, number]>; isOurs: boolean }>();
	for (const summary of all) {
		const value = y(summary);
		if (value === undefined) continue;
		const name = nameOf(summary);
		const line = lines.get(name) ?? { name, points: [], isOurs: summary.kind === 'ours' };
		line.points.push([x(summary), value]);
		lines.set(name, line);
	}
	for (const line of lines.values()) line.points.sort(([a], [b]) => a - b);
	const xValues = [...new Set([...lines.values()].flatMap(({ points }) => points.map(([at]) => at)))].sort(
		(a, b) => a - b,
	);
	return { xValues, lines: [...lines.values()] };
}

const knownAs = ({ contestant }: Summary): string => KNOWN_AS[contestant] ?? contestant;

/** Seconds for the recordings' tree over a protocol and for n8n's own node over SFTP, against the round trip. */
function timePicture(results: readonly TransferResult[], protocol: 'sftp' | 'ftps'): Picture {
	const onLinks = results.filter(({ tree, link }) => tree === 'recordings' && link.roundTrip > 0);
	const chosen = summaries(onLinks).filter((one) => one.protocol === protocol || one.contestant === 'FTP node');
	const { xValues, lines } = linesOf(
		chosen,
		({ roundTrip }) => roundTrip,
		({ seconds }) => seconds,
		knownAs,
	);
	const alone = xValues.flatMap((roundTrip): Array<[number, number]> => {
		const one = onLinks.find(({ link }) => link.roundTrip === roundTrip);
		return one === undefined ? [] : [[roundTrip, linkSeconds(one.bytes, one.link)]];
	});
	return {
		title: `200 recordings, 195 MB, over ${protocol.toUpperCase()}`,
		xLabel: 'round trip, ms (1 ms: 1 Gbit/s, others: 200 Mbit/s)',
		yLabel: 'seconds',
		xValues,
		isLogarithmic: true,
		lines: [...lines, { name: 'the link alone', points: alone, isOurs: false }],
	};
}

/** Peak memory against the number of files of 1 MB. */
function memoryPicture(results: readonly TransferResult[]): Picture {
	const chosen = summaries(results).filter(
		({ tree, contestant }) => tree.startsWith('megabytes') && contestant in KNOWN_AS,
	);
	const { xValues, lines } = linesOf(
		chosen,
		({ files }) => files,
		({ peakMegabytes }) => peakMegabytes,
		(summary) =>
			summary.kind === 'ours' ? `${knownAs(summary)}, ${summary.protocol.toUpperCase()}` : knownAs(summary),
	);
	return {
		title: 'Peak memory of n8n',
		xLabel: 'files of 1 MB',
		yLabel: 'megabytes',
		xValues,
		isLogarithmic: false,
		lines,
	};
}

/** Draws what the results are enough for; gives the files' names. */
export async function drawPictures(results: readonly TransferResult[], directory: string): Promise<string[]> {
	const pictures: ReadonlyArray<readonly [file: string, picture: Picture]> = [
		['time-sftp.svg', timePicture(results, 'sftp')],
		['time-ftps.svg', timePicture(results, 'ftps')],
		['memory.svg', memoryPicture(results)],
	];
	const worth = pictures.filter(([, { xValues }]) => xValues.length > 1);
	await mkdir(directory, { recursive: true });
	for (const [file, picture] of worth) await writeFile(join(directory, file), drawPicture(picture));
	return worth.map(([file]) => file);
}
