import { existsSync, readFileSync } from 'node:fs';

/** The packages of a lock file by their place, without the project itself. */
function packagesOf(lockFile) {
	const { packages } = JSON.parse(readFileSync(lockFile, 'utf8'));
	return new Map(Object.entries(packages).filter(([place]) => place !== ''));
}

/**
 * Whether just the packages of a lock file are installed, in its versions. npm writes what it has installed into
 * `node_modules/.package-lock.json` when it is done ("hidden lockfiles", docs.npmjs.com, package-lock.json), and `npm ci`
 * removes that first: an interrupted installation counts as none. Optional packages of other platforms may be absent.
 *
 * @param {string} lockFile path of package-lock.json
 * @param {string} hiddenLockFile path of node_modules/.package-lock.json
 */
export function areInstalled(lockFile, hiddenLockFile) {
	if (!existsSync(hiddenLockFile)) return false;
	const [wanted, installed] = [packagesOf(lockFile), packagesOf(hiddenLockFile)];
	const isThere = ([place, { version, optional }]) =>
		installed.has(place) ? installed.get(place).version === version : optional === true;
	return [...wanted].every(isThere) && [...installed.keys()].every((place) => wanted.has(place));
}
