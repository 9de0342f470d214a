import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isListableName, joinTenantPath, legalRemotePath, ownName, quotedPath } from '../../../transport/remotePath';
import { TransportError } from '../../../transport/transportError';
import { fuzzRuns } from '../fuzzRuns';

function refusalOf(work: () => unknown): TransportError {
	try {
		work();
	} catch (error) {
		if (error instanceof TransportError) return error;
		throw error;
	}
	throw new Error('It was not refused');
}

describe('a legal remote path', () => {
	test.each([
		['', ''],
		['.', ''],
		['./', ''],
		['S20160607', 'S20160607'],
		['S20160607/', 'S20160607'],
		['S20160607//R201606070130000001.wav', 'S20160607/R201606070130000001.wav'],
		['./a/./b', 'a/b'],
		['with space, comma and "quotes".wav', 'with space, comma and "quotes".wav'],
		['żółć/日本😀.wav', 'żółć/日本😀.wav'],
		['..hidden/...', '..hidden/...'],
		[`${'a'.repeat(255)}`, 'a'.repeat(255)],
		['time 12:30.wav', 'time 12:30.wav'],
	])('%j is %j', (path, expected) => {
		expect(legalRemotePath(path)).toBe(expected);
	});

	test.each([
		['/etc/passwd', 'absolute'],
		['/', 'absolute'],
		['..', 'up'],
		['a/../b', 'up'],
		['a/..', 'up'],
		['a\\b', 'backslash'],
		['C:', 'drive'],
		['c:/x', 'drive'],
		['a/C:/x', 'drive'],
		['a\0b', 'control'],
		['a\nb', 'control'],
		['a\rb', 'control'],
		['a\tb', 'control'],
		['a\u001bb', 'control'],
		['a\u007fb', 'control'],
		['a\u0085b', 'control'],
		['a\u2028b', 'control'],
		['a\u2029b', 'control'],
		['a\ud800b', 'Unicode'],
		['ü'.repeat(128), '255 bytes'],
		['abc/'.repeat(1_025), '4096 bytes'],
	])('refuses %j', (path, why) => {
		const error = refusalOf(() => legalRemotePath(path));
		expect(error.code).toBe('illegal-path');
		expect(error.message).toContain(why);
		expect(error.message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
	});

	test('whatever the input, the result has no control character, no .., and never leaves the directory', () => {
		const pieces = fc.constantFrom('..', '.', '/', '//', 'a', 'ü', '\\', 'C:', '\n', '\0', ' ', '\u2028', 'R1.wav');
		fc.assert(
			fc.property(
				fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 12 }),
				(parts) => {
					const outcome = ((): string | TransportError => {
						try {
							return legalRemotePath(parts.join(''));
						} catch (error) {
							return error as TransportError;
						}
					})();
					if (outcome instanceof TransportError) return outcome.code === 'illegal-path';
					const safe = outcome
						.split('/')
						.every((part) => part !== '..' && part !== '.' && !/[\\\p{Cc}\u2028\u2029]/u.test(part));
					return safe && !outcome.startsWith('/') && legalRemotePath(outcome) === outcome;
				},
			),
			fuzzRuns(500),
		);
	});
});

describe('a name in a listing', () => {
	test.each(['R1.wav', 'with space', '...', 'ü', '-rf', 'a,b'])('%j can be an entry', (name) => {
		expect(isListableName(name)).toBe(true);
		expect(legalRemotePath(`dir/${name}`)).toBe(`dir/${name}`);
	});

	test.each([
		'',
		'.',
		'..',
		'/',
		'a/b',
		'../x',
		'/etc/passwd',
		'a\\b',
		'a\nb',
		'a\0',
		'C:x',
		'a\u2029',
		'x'.repeat(256),
	])('%j cannot', (name) => {
		expect(isListableName(name)).toBe(false);
	});
});

describe('a path below the tenant directory', () => {
	test.each([
		['', '', ''],
		['', 'a/b', 'a/b'],
		['/', '', '/'],
		['/', 'a', '/a'],
		['/tenants/acme', '', '/tenants/acme'],
		['/tenants/acme/', 'S1/R1.wav', '/tenants/acme/S1/R1.wav'],
		['tenants//acme', 'S1', 'tenants/acme/S1'],
		['./acme', 'S1', 'acme/S1'],
		['/C:/tenants', 'S1', '/C:/tenants/S1'],
	])('%j and %j is %j', (tenant, path, expected) => {
		expect(joinTenantPath(tenant, path)).toBe(expected);
	});

	test.each(['..', '/a/../b', 'a\nb', 'a\0', 'a\\b', 'C:/x', 'x'.repeat(300)])(
		'the tenant directory %j is an invalid setting',
		(tenant) => {
			const error = refusalOf(() => joinTenantPath(tenant, 'a'));
			expect([error.code, error.setting]).toEqual(['invalid-settings', 'tenantDirectory']);
		},
	);

	test('the path is still checked', () => {
		expect(refusalOf(() => joinTenantPath('/tenants/acme', '../other')).code).toBe('illegal-path');
		expect(refusalOf(() => joinTenantPath('/tenants/acme', '/etc')).code).toBe('illegal-path');
	});
});

test('a path is quoted as one short line', () => {
	expect(quotedPath('a\r\nb\u2028\u0085')).toBe('"a\\r\\nb\\u2028\\u0085"');
	expect(quotedPath('😀'.repeat(500)).length).toBeLessThan(260);
});

test.each([
	['R1.wav', 'R1.wav'],
	['S20160607/', 'S20160607'],
	['./R1.wav', 'R1.wav'],
	['/home/tenant/S1/R1.wav', 'R1.wav'],
	['/home/tenant/S1/deep/', 'deep'],
	// What lies elsewhere, or only looks as if it lay here, stays no name.
	['/home/tenant/S1', '/home/tenant/S1'],
	['/home/tenant/S10/R1.wav', '/home/tenant/S10/R1.wav'],
	['/home/tenant/S1/../R1.wav', '../R1.wav'],
	['/etc/passwd', '/etc/passwd'],
	['../evil', '../evil'],
	['../', '..'],
	['a//', 'a/'],
	['/', '/'],
])('%j listed in a directory is %j', (name, expected) => {
	expect(ownName(name, ['/home/tenant/S1'])).toBe(expected);
	expect(isListableName(expected)).toBe(!/[/]|^[.][.]$/u.test(expected));
});

test('a name listed in the root of a server may begin with its slash', () => {
	expect([ownName('/S1/', ['/']), ownName('/', ['/'])]).toEqual(['S1', '']);
});
