/** Files that took less are not worth a line. */
const SHORTEST_LINE = 10;

/**
 * How long each part of a run took, and what in it took longest.
 *
 * @param {ReadonlyArray<{ title: string, seconds: number, files?: ReadonlyArray<{ name: string, seconds: number }> }>} parts
 * @returns {string[]} one line each, a part's files below it, the longest first
 */
export function timeTable(parts) {
	return parts.flatMap(({ title, seconds, files = [] }) => [
		`${clock(seconds)}  ${title}`,
		...files
			.filter((file) => file.seconds >= SHORTEST_LINE)
			.sort((a, b) => b.seconds - a.seconds)
			.map((file) => `   ${clock(file.seconds)}  ${file.name}`),
	]);
}

/** Minutes and seconds, such as ` 3:07`. */
export function clock(seconds) {
	const whole = Math.round(seconds);
	return `${String(Math.floor(whole / 60)).padStart(2)}:${String(whole % 60).padStart(2, '0')}`;
}
