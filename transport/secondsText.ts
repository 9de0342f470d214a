/** Such as `30 s`, for a limit in milliseconds. */
export function secondsText(milliseconds: number): string {
	return `${Math.round(milliseconds / 100) / 10} s`;
}
