import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { drawPicture, type Line, type Picture } from './picture';
import { summaries, type Summary } from './resultTable';
import type { TransferResult } from './transferRun';

function linesOf(
	all: readonly Summary[],
	x: (summary: Summary) => number,
	y: (summary: Summary) => number | undefined,
): { readonly xValues: number[]; readonly lines: Line[] } {
	const lines = new Map<string, { name: string; points: Array<[number, number]>; isOurs: boolean }>();
	for (const summary of all) {
		const value = y(summary);
		if (value === undefined) continue;
		const name = `${summary.contestant} (${summary.protocol.toUpperCase()})`;
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

/** Seconds for the recordings' tree over each protocol, against the round trip. */
function timePicture(results: readonly TransferResult[], protocol: 'sftp' | 'ftps'): Picture {
	const chosen = summaries(results).filter((summary) => summary.tree === 'recordings' && summary.protocol === protocol);
	const { xValues, lines } = linesOf(
		chosen,
		({ roundTrip }) => roundTrip,
		({ seconds }) => seconds,
	);
	return {
		title: `200 recordings, 195 MB, over ${protocol.toUpperCase()}`,
		xLabel: 'round trip, ms (0 = loopback)',
		yLabel: 'seconds',
		xValues,
		isLogarithmic: true,
		lines: lines.map((line) => ({ ...line, name: line.name.replace(/ \(\w+\)$/, '') })),
	};
}

/** Peak memory against the number of files of 1 MB. */
function memoryPicture(results: readonly TransferResult[]): Picture {
	const chosen = summaries(results).filter(({ tree }) => tree.startsWith('megabytes'));
	const { xValues, lines } = linesOf(
		chosen,
		({ files }) => files,
		({ peakMegabytes }) => peakMegabytes,
	);
	return {
		title: 'Peak memory of the process',
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
