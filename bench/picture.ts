export interface Line {
	readonly name: string;
	readonly points: ReadonlyArray<readonly [x: number, y: number]>;
	/** Drawn thick and in colour; the others are there to compare with. */
	readonly isOurs: boolean;
}

export interface Picture {
	readonly title: string;
	readonly xLabel: string;
	readonly yLabel: string;
	/** Places on the horizontal axis, evenly spaced in this order. */
	readonly xValues: readonly number[];
	/** Seconds span decades; megabytes do not. */
	readonly isLogarithmic: boolean;
	readonly lines: readonly Line[];
}

const WIDTH = 760;
const HEIGHT = 440;
const LEFT = 64;
const RIGHT = 220;
const TOP = 48;
const BOTTOM = 52;
const LABEL_HEIGHT = 15;
/** Between the end of a line and its name. */
const LABEL_GAP = 12;
/** Of most letters, at the size that they are drawn in. */
const LETTER_WIDTH = 7;

/** Readable on white and on near-black: the page's own colours decide, as far as a picture in a page can know them. */
const STYLE = `
	text { font: 13px system-ui, sans-serif; fill: #24292f; }
	.title { font-size: 16px; font-weight: 600; }
	.grid { stroke: #d0d7de; stroke-width: 1; }
	.line { fill: none; stroke-width: 1.5; stroke: #8c959f; }
	.dot { fill: #8c959f; }
	.ours.line { stroke-width: 3; }
	.o0.line { stroke: #0969da; } .o0.dot, text.o0 { fill: #0969da; }
	.o1.line { stroke: #bf3989; } .o1.dot, text.o1 { fill: #bf3989; }
	.o2.line { stroke: #1a7f37; } .o2.dot, text.o2 { fill: #1a7f37; }
	.o3.line { stroke: #9a6700; } .o3.dot, text.o3 { fill: #9a6700; }
	@media (prefers-color-scheme: dark) {
		text { fill: #e6edf3; }
		.grid { stroke: #30363d; }
		.o0.line { stroke: #58a6ff; } .o0.dot, text.o0 { fill: #58a6ff; }
		.o1.line { stroke: #ff7bc5; } .o1.dot, text.o1 { fill: #ff7bc5; }
		.o2.line { stroke: #3fb950; } .o2.dot, text.o2 { fill: #3fb950; }
		.o3.line { stroke: #d29922; } .o3.dot, text.o3 { fill: #d29922; }
	}`;

const escaped = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number): string => String(Math.round(value * 10) / 10);

/** 1, 2 and 5 times the powers of ten that lie between. */
function decadeTicks(lowest: number, highest: number): number[] {
	const ticks: number[] = [];
	for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power += 1) {
		for (const step of [1, 2, 5]) ticks.push(step * 10 ** power);
	}
	const first = ticks.findLastIndex((tick) => tick <= lowest);
	const last = ticks.findIndex((tick) => tick >= highest);
	return ticks.slice(Math.max(0, first), last === -1 ? undefined : last + 1);
}

/** From 0 to above the highest value, in about five equal steps. */
function evenTicks(highest: number): number[] {
	const raw = highest / 5;
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10) * power;
	return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, i) => i * step);
}

/** Where a path of straight pieces, from left to right, is at `x`; `undefined` beside its ends. */
function heightAt(path: ReadonlyArray<readonly [x: number, y: number]>, x: number): number | undefined {
	const next = path.findIndex(([at]) => at >= x);
	const [from, to] = [path[next - 1], path[next]];
	if (from === undefined || to === undefined) return undefined;
	return from[1] + ((to[1] - from[1]) * (x - from[0])) / (to[0] - from[0]);
}

interface Label {
	readonly x: number;
	readonly y: number;
	readonly text: string;
	readonly style: string;
}

/** Keeps labels at the same place from lying on each other: each is moved down just as far as those above it need. */
function spread(labels: readonly Label[]): Label[] {
	const free = new Map<number, number>();
	return [...labels]
		.sort((a, b) => a.y - b.y)
		.map((label) => {
			const y = Math.max(label.y, free.get(label.x) ?? 0);
			free.set(label.x, y + LABEL_HEIGHT);
			return { ...label, y };
		});
}

/** A line chart as a whole SVG file, with a label at the end of each line instead of a key. */
export function drawPicture({ title, xLabel, yLabel, xValues, isLogarithmic, lines }: Picture): string {
	const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
	if (values.length === 0) throw new RangeError(`There is nothing to draw in "${title}"`);
	const ticks = isLogarithmic ? decadeTicks(Math.min(...values), Math.max(...values)) : evenTicks(Math.max(...values));
	const scale = (value: number): number => (isLogarithmic ? Math.log10(value) : value);
	const low = scale(ticks[0] ?? 0);
	const high = scale(ticks.at(-1) ?? 1);
	const width = WIDTH - LEFT - RIGHT;
	const height = HEIGHT - TOP - BOTTOM;
	const xOf = (value: number): number => LEFT + (width * xValues.indexOf(value)) / Math.max(1, xValues.length - 1);
	const yOf = (value: number): number => TOP + height * (1 - (scale(value) - low) / (high - low || 1));

	const grid = ticks.map((tick) => {
		const y = round(yOf(tick));
		return `<line class="grid" x1="${LEFT}" x2="${LEFT + width}" y1="${y}" y2="${y}"/><text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${tick.toLocaleString('en')}</text>`;
	});
	const places = xValues.map(
		(value) =>
			`<text x="${round(xOf(value))}" y="${TOP + height + 20}" text-anchor="middle">${value.toLocaleString('en')}</text>`,
	);
	let ours = 0;
	const drawn = lines.map((line) => ({ ...line, style: line.isOurs ? `ours o${ours++ % 4}` : '' }));
	// Ours last, so that they lie on top.
	const strokes = [...drawn]
		.sort((a, b) => Number(a.isOurs) - Number(b.isOurs))
		.map(({ points, style }) => {
			const places = points.map(([x, y]) => `${round(xOf(x))},${round(yOf(y))}`);
			const dots = points.map(
				([x, y]) => `<circle class="dot ${style}" cx="${round(xOf(x))}" cy="${round(yOf(y))}" r="3"/>`,
			);
			return `<polyline class="line ${style}" points="${places.join(' ')}"/>${dots.join('')}`;
		});
	const paths = drawn.map(({ points }) => points.map(([x, y]) => [xOf(x), yOf(y)] as const));
	/** The height nearest to a line's end where no line crosses its name; at the right edge there are none to cross it. */
	const clearOf = (name: string, x: number, y: number): number => {
		const places = Array.from(
			{ length: Math.ceil(name.length / 2) + 1 },
			(_, i) => x + LABEL_GAP + i * 2 * LETTER_WIDTH,
		);
		const crossed = places.flatMap((place) => paths.flatMap((path) => heightAt(path, place) ?? []));
		const isClear = (height: number): boolean => crossed.every((line) => Math.abs(line - height) >= LABEL_HEIGHT);
		return [0, 1, -1, 2, -2, 3, -3, 4, -4].map((step) => y + step * LABEL_HEIGHT).find(isClear) ?? y;
	};
	const labels = spread(
		drawn.flatMap(({ name, points, style }) => {
			const end = points.at(-1);
			if (end === undefined) return [];
			const x = xOf(end[0]);
			return [{ x, y: clearOf(name, x, yOf(end[1])), text: name, style }];
		}),
	).map(
		({ x, y, text, style }) =>
			`<text class="${style}" x="${round(x + LABEL_GAP)}" y="${round(y)}" dy="4">${escaped(text)}</text>`,
	);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
		`<style>${STYLE}</style>`,
		`<text class="title" x="${LEFT}" y="24">${escaped(title)}</text>`,
		`<text x="${LEFT}" y="${TOP - 8}">${escaped(yLabel)}</text>`,
		`<text x="${LEFT + width / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(xLabel)}</text>`,
		...grid,
		...places,
		...strokes,
		...labels,
		'</svg>',
		'',
	].join('\n');
}
