import { parseDirectoryName } from './remoteName';

/** An id as List Index gives it: nothing to do, and there may be a hundred thousand. */
const COMPARED = /^S\d{8}\/[^/\\\s]+$/;

/**
 * A recording's id in the form in which ids are compared: the day directory, with its `S` in capitals, and the file name, whatever
 * path stands around the directory. Where no directory is a day's, all of the path counts: two may hold files of the same name.
 */
export function comparedRecordingId(id: string): string {
	if (COMPARED.test(id)) return id;
	const parts = id
		.trim()
		.split(/[/\\]+/)
		.filter((part) => part !== '' && part !== '.');
	const fileName = parts.pop() ?? '';
	const day = parts.findLast((part) => parseDirectoryName(part) !== undefined);
	return [...(day === undefined ? parts : [day.toUpperCase()]), fileName].join('/');
}
