import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { areInstalled } from '../../../scripts/installedPackages.mjs';

interface LockedPackage {
	readonly version: string;
	readonly optional?: boolean;
}

describe('whether the packages of the lock file are installed', () => {
	let directory = '';
	beforeAll(() => {
		directory = mkdtempSync(join(tmpdir(), '8x8-lock-'));
	});
	afterAll(() => rmSync(directory, { recursive: true, force: true }));

	function lockFile(name: string, packages: Record<string, LockedPackage>): string {
		const path = join(directory, name);
		writeFileSync(path, JSON.stringify({ lockfileVersion: 3, packages }));
		return path;
	}

	const WANTED = {
		'': { version: '0.1.0' },
		'node_modules/luxon': { version: '3.7.2' },
		'node_modules/fsevents': { version: '2.3.3', optional: true },
	};
	const installed = (packages: Record<string, LockedPackage>): boolean =>
		areInstalled(lockFile('package-lock.json', WANTED), lockFile('hidden.json', packages));

	it('says yes to the same versions, whatever the root is and without packages of other platforms', () => {
		expect(installed({ 'node_modules/luxon': { version: '3.7.2' } })).toBe(true);
		expect(installed({ ...WANTED, '': { version: '9.9.9' } })).toBe(true);
	});

	it.each([
		['a package is missing', {}],
		['a package has another version', { 'node_modules/luxon': { version: '3.7.1' } }],
		['an optional package has another version', { ...WANTED, 'node_modules/fsevents': { version: '2.0.0' } }],
		['there is a package more', { ...WANTED, 'node_modules/left-over': { version: '1.0.0' } }],
	])('says no when %s', (_what, packages) => {
		expect(installed(packages)).toBe(false);
	});

	it('says no when an installation did not get to its end', () => {
		expect(areInstalled(lockFile('package-lock.json', WANTED), join(directory, 'absent.json'))).toBe(false);
	});
});
