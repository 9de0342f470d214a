import type { ZoneClock } from '../../recordings/zoneClock';

const KILOBYTE = 1_024;

/** A number with a comma between thousands. */
export function countText(count: number): string {
	return count.toLocaleString('en-US');
}

/** A number of files. */
export function filesText(count: number): string {
	return count === 1 ? '1 file' : `${countText(count)} files`;
}

/** 1 MB is 1,048,576 bytes, as in the options. */
export function bytesText(bytes: number): string {
	if (bytes === 1) return '1 byte';
	const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
	let value = bytes;
	let unit = 0;
	for (; value >= KILOBYTE && unit < units.length - 1; unit++) value /= KILOBYTE;
	return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** The two largest units, such as `2 h 5 min`. */
export function durationText(milliseconds: number): string {
	if (milliseconds < 950) return 'less than a second';
	const seconds = Math.round(milliseconds / 1_000);
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
	return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

/** A time on the tenant's clock, such as `2026-11-22 00:31`. */
export function localMinute(time: Date, clock: ZoneClock): string {
	return clock.isoAt(time.getTime()).slice(0, 16).replace('T', ' ');
}
