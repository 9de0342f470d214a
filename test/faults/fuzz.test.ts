import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { childPath, isListableName, joinTenantPath, legalRemotePath, quotedPath } from '../../transport/remotePath';
import { extendedPassivePort, passivePort } from '../../transport/ftps/passivePort';
import { parseFtpSize, parseFtpTime, parseListing, parseMlstReply } from '../../transport/ftps/directoryListing';
import { safeLine } from '../../transport/ftps/serverText';
import { readCaCertificates } from '../../transport/ftps/tlsTrust';
import { HostKeyPolicy } from '../../transport/sftp/hostKey';
import { restoredPrivateKey } from '../../transport/sftp/privateKey';
import { oneSafeLine } from '../../transport/sftp/sftpError';
import { TransportError } from '../../transport/transportError';
import type { Session } from '../unit/transport/ftpsScriptedServer';
import { opened, scriptedFtps, scriptedSftp, sftpSettings } from './tenant';

/** Properties that call a function, and properties that ask a server each time, which get a fiftieth of the inputs. */
const PROPERTIES = { ofFunctions: 9, ofServers: 2 };
const SERVER_SHARE = 1 / 50;
/** FUZZ_RUNS is the number of inputs of all properties together, 100000 for a long run. fast-check prints the seed of a failure. */
const total = Number(process.env['FUZZ_RUNS'] ?? 4_400);
const numRuns = Math.ceil(total / (PROPERTIES.ofFunctions + PROPERTIES.ofServers * SERVER_SHARE));
const serverRuns = Math.max(20, Math.ceil(numRuns * SERVER_SHARE));
const minutes = 10 * 60_000;

const HOSTILE = [
	'..',
	'.',
	'/',
	'//',
	'\\',
	'C:',
	'\n',
	'\r',
	'\0',
	'\t',
	' ',
	'\u0085',
	'\u2028',
	'\u202e',
	'\ud800',
	'ü',
	'__proto__',
	'constructor',
	'->',
	'*',
	'%00',
	'~',
	'-',
];
const piece = fc.oneof(
	fc.constantFrom(...HOSTILE),
	fc.string({ maxLength: 5 }),
	fc.string({ unit: 'binary', maxLength: 4 }),
);
const name = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('utf8'));

const fact = fc.tuple(
	fc.constantFrom('type', 'Size', 'modify', 'UNIX.mode', '__proto__', ''),
	fc.oneof(
		fc.constantFrom('file', 'dir', 'cdir', 'OS.unix=slink:/x', '20160607013000', '-1', '9'.repeat(30)),
		fc.string({ maxLength: 8 }),
	),
);
const machineLine = fc
	.tuple(fc.array(fact, { maxLength: 5 }), name)
	.map(([facts, entry]) => `${facts.map(([key, value]) => `${key}=${value};`).join('')} ${entry}`);
const unixLine = fc
	.tuple(fc.constantFrom('-', 'd', 'l', 'c', 'x'), fc.nat(), name)
	.map(([type, size, entry]) => `${type}rw-r--r-- 1 0 0 ${size} Jun 07 01:30 ${entry}`);
const dosLine = fc
	.tuple(fc.constantFrom('<DIR>', '123', '-1'), name)
	.map(([size, entry]) => `06-07-16  01:30AM  ${size} ${entry}`);
const listing = fc
	.tuple(
		fc.array(fc.oneof(machineLine, unixLine, dosLine, noise), { maxLength: 12 }),
		fc.constantFrom('\r\n', '\n', '\r'),
	)
	.map(([lines, end]) => lines.join(end));

/** Every path that a name of a listing gives is legal, and is one part below the directory. */
function expectInside(directory: string, entry: string): void {
	const path = childPath(directory, entry);
	expect(legalRemotePath(path)).toBe(path);
	expect(path.split('/')).toHaveLength(directory.split('/').length + 1);
}

/** The result, or `undefined` for the one kind of error that may come. */
function orRefused<T>(work: () => T, isExpected: (error: unknown) => boolean): T | undefined {
	try {
		return work();
	} catch (error) {
		if (isExpected(error)) return undefined;
		throw error;
	}
}
const isTransportError = (error: unknown): boolean => error instanceof TransportError;

describe(`whatever a server or a user writes (${numRuns} inputs each)`, () => {
	test(
		'a listing gives entries of its directory or an error',
		() => {
			fc.assert(
				fc.property(listing, (text) => {
					const names =
						orRefused(
							() => parseListing(text),
							(error) => error instanceof Error,
						) ?? [];
					for (const entry of names) {
						expect(['file', 'directory', 'other']).toContain(entry.type);
						if (entry.size !== undefined) expect(Number.isSafeInteger(entry.size) && entry.size >= 0).toBe(true);
						if (entry.modifiedAt !== undefined) expect(Number.isNaN(entry.modifiedAt.getTime())).toBe(false);
						if (isListableName(entry.name)) expectInside('S20160607', entry.name);
					}
				}),
				{ numRuns },
			);
			expect(Object.prototype).not.toHaveProperty('size');
		},
		minutes,
	);

	test(
		'a reply to MLST gives facts or nothing',
		() => {
			fc.assert(
				fc.property(fc.array(fc.oneof(machineLine, noise), { maxLength: 4 }), (lines) => {
					const facts = parseMlstReply(['250-Start', ...lines, '250 End'].join('\n'));
					if (facts?.size !== undefined) expect(Number.isSafeInteger(facts.size)).toBe(true);
				}),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'replies to EPSV and PASV give a port from 1 to 65535 or none',
		() => {
			const digits = fc.array(fc.constantFrom('1', '9', '255', '|', '!', ',', '(', ')', '-', ' ', '99999999999', '٣'), {
				maxLength: 20,
			});
			fc.assert(
				fc.property(
					fc.oneof(
						digits.map((parts) => `229 ${parts.join('')}`),
						noise,
					),
					(reply) => {
						for (const port of [extendedPassivePort(reply), passivePort(reply)]) {
							if (port !== undefined) expect(Number.isInteger(port) && port > 0 && port < 65_536).toBe(true);
						}
					},
				),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'times and sizes are right or none',
		() => {
			fc.assert(
				fc.property(
					fc.oneof(fc.string({ unit: fc.constantFrom(...'0123456789.-+Ze '), maxLength: 20 }), noise),
					(text) => {
						const size = parseFtpSize(text);
						if (size !== undefined) expect(String(size)).toBe(text.trim().replace(/^0+(?=\d)/u, ''));
						const time = parseFtpTime(text);
						if (time !== undefined) expect(Number.isNaN(time.getTime())).toBe(false);
					},
				),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'known_hosts lines that accept nothing in particular accept no key',
		() => {
			const word = fc.oneof(
				fc.constantFrom(
					'@revoked',
					'@cert-authority',
					'|1|c2FsdA==|aGFzaA==',
					'*',
					'*?*?*?*?*',
					'!*',
					'[files.example.com]:22',
					'files.example.com',
					'ssh-ed25519',
					'ssh-rsa',
					'SHA256:',
					`SHA256:${'A'.repeat(43)}`,
					'MD5:00',
					'#',
					'AAAAC3NzaC1lZDI1NTE5AAAAIA==',
					'\t',
					',',
				),
				fc.string({ maxLength: 12 }),
				fc.base64String({ maxLength: 60 }),
			);
			const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
			fc.assert(
				fc.property(
					fc.array(fc.oneof(line, noise), { maxLength: 4 }),
					fc.uint8Array({ maxLength: 60 }),
					(lines, key) => {
						const settings = {
							host: 'files.example.com',
							port: 22,
							hostKeyFingerprints: lines,
							allowUnknownHostKey: false,
						};
						const policy = orRefused(() => new HostKeyPolicy(settings), isTransportError);
						const shown = Buffer.concat([randomBytes(8), key]);
						expect(policy?.judge(shown).isAccepted ?? false).toBe(false);
						policy?.algorithms();
					},
				),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'a path is legal and stays below its directory, or is refused in one safe line',
		() => {
			fc.assert(
				fc.property(name, name, (path, directory) => {
					const legal = orRefused(() => legalRemotePath(path), isTransportError);
					expect(quotedPath(path)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
					if (legal === undefined) return;
					expect(legal.startsWith('/')).toBe(false);
					expect(legal.split('/')).not.toContain('..');
					expect(legal).not.toMatch(/[\p{Cc}\\\u2028\u2029]/u);
					const joined = orRefused(() => joinTenantPath(directory, path), isTransportError);
					if (joined !== undefined) expect(joined.endsWith(legal)).toBe(true);
				}),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'a name that may be listed is one part of a path',
		() => {
			fc.assert(
				fc.property(name, (entry) => {
					if (isListableName(entry)) expectInside('S20160607', entry);
				}),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'words of a server become one line without the secrets',
		() => {
			fc.assert(
				fc.property(fc.array(fc.oneof(piece, fc.constant('Canary-4711'), noise), { maxLength: 12 }), (parts) => {
					const text = parts.join('');
					for (const line of [
						safeLine(text, { username: 'tenant-name', password: 'Canary-4711' }),
						oneSafeLine(text, ['Canary-4711']),
					]) {
						expect(line).not.toContain('Canary-4711');
						expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
						expect([...line].length).toBeLessThanOrEqual(200);
					}
				}),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'keys and certificates are read or refused, and a refusal does not show them',
		() => {
			const armour = fc.constantFrom(
				'-----BEGIN CERTIFICATE-----',
				'-----END CERTIFICATE-----',
				'-----BEGIN RSA PRIVATE KEY-----',
				'-----END RSA PRIVATE KEY-----',
				'Proc-Type: 4,ENCRYPTED',
				'DEK-Info: AES-128-CBC,00',
				'\\n',
				'\n',
				' ',
				'Canary4711Canary4711',
			);
			fc.assert(
				fc.property(
					fc.array(fc.oneof(armour, fc.base64String({ maxLength: 40 }), noise), { maxLength: 8 }),
					(parts) => {
						const text = parts.join('');
						expect(typeof restoredPrivateKey(text)).toBe('string');
						orRefused(
							() => readCaCertificates(text),
							(error) => error instanceof TransportError && !error.message.includes('Canary4711'),
						);
					},
				),
				{ numRuns },
			);
		},
		minutes,
	);

	test(
		'an FTPS store gives entries of its directory or a TransportError',
		async () => {
			let bytes = Buffer.alloc(0);
			let isMachine = false;
			const server = await scriptedFtps({
				features: ['MLST type*;size*;modify*;'],
				script: async (command: string, _argument: string, session: Session) => {
					if (command === 'MLSD' && !isMachine) return '502 not here';
					if (command !== 'MLSD' && command !== 'LIST') return undefined;
					session.send('150 here');
					(await session.data()).end(bytes);
					return '226 done';
				},
			});
			const store = opened(server.settings);
			await fc.assert(
				fc.asyncProperty(
					fc.oneof(
						listing.map((text) => Buffer.from(text)),
						fc.uint8Array({ maxLength: 500 }).map((some) => Buffer.from(some)),
					),
					fc.boolean(),
					async (text, machine) => {
						bytes = text;
						isMachine = machine;
						const entries = await store.list('S20160607').catch((error: unknown) => {
							expect(error).toBeInstanceOf(TransportError);
							return [];
						});
						for (const entry of entries) {
							expect(entry.path).toBe(`S20160607/${entry.name}`);
							expectInside('S20160607', entry.name);
						}
					},
				),
				{ numRuns: serverRuns },
			);
		},
		minutes,
	);

	test(
		'an SFTP store gives entries of its directory or a TransportError',
		async () => {
			const names: string[] = [];
			const server = await scriptedSftp({ files: {}, names });
			const store = opened(sftpSettings(server));
			await fc.assert(
				fc.asyncProperty(fc.array(name, { maxLength: 30 }), async (listed) => {
					names.splice(0, names.length, ...listed);
					const entries = await store.list('').catch((error: unknown) => {
						expect(error).toBeInstanceOf(TransportError);
						return [];
					});
					for (const entry of entries) {
						expect(entry.path).toBe(entry.name);
						expect(isListableName(entry.name)).toBe(true);
					}
				}),
				{ numRuns: serverRuns },
			);
		},
		minutes,
	);
});
