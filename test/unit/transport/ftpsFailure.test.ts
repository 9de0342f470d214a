import { FTPError } from 'basic-ftp';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';

import { ftpsFailure, isAmbiguousRefusal, pathVerdict, type FailureContext } from '../../../transport/ftps/ftpsFailure';
import { parseFtpSize, parseFtpTime, parseListing, parseMlstReply } from '../../../transport/ftps/directoryListing';
import { extendedPassivePort, passivePort } from '../../../transport/ftps/passivePort';
import { safeLine } from '../../../transport/ftps/serverText';

const secrets = { username: 'tenant-name', password: 'Canary-4711' };
const base: FailureContext = { server: 'host:990', mode: 'ftpsImplicit', secrets, phase: 'request' };

const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code });
const reply = (message: string): FTPError => new FTPError({ code: Number(message.slice(0, 3)), message });

describe('what went wrong on FTPS', () => {
	test.each([
		['ENOTFOUND', 'connect', 'unreachable'],
		['EAI_AGAIN', 'connect', 'unreachable'],
		['ECONNREFUSED', 'connect', 'unreachable'],
		['EHOSTUNREACH', 'connect', 'unreachable'],
		['ECONNREFUSED', 'data', 'unreachable'],
		['ETIMEDOUT', 'connect', 'timeout'],
		['ECONNRESET', 'tls', 'connection-lost'],
		['ECONNRESET', 'transfer', 'connection-lost'],
		['ERR_STREAM_PREMATURE_CLOSE', 'transfer', 'connection-lost'],
		['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', 'certificate-untrusted'],
		['SELF_SIGNED_CERT_IN_CHAIN', 'tls', 'certificate-untrusted'],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls', 'certificate-untrusted'],
		['CERT_HAS_EXPIRED', 'tls', 'certificate-untrusted'],
		['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', 'certificate-untrusted'],
		['CERT_HAS_EXPIRED', 'data', 'certificate-untrusted'],
		['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', 'tls-refused'],
		['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls', 'tls-refused'],
		['ERR_SSL_UNSUPPORTED_PROTOCOL', 'tls', 'tls-refused'],
		['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'tls', 'tls-refused'],
		['ERR_SSL_WRONG_VERSION_NUMBER', 'data', 'tls-refused'],
		['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'transfer', 'tls-session-refused'],
	] as const)('%s while it is at %s is %s', (code, phase, expected) => {
		expect(ftpsFailure(coded(code), { ...base, phase }).code).toBe(expected);
	});

	test.each([
		['ENOTFOUND', 'connect', 'The server host:990 cannot be reached: its name was not found'],
		['ECONNRESET', 'tls', 'The server host:990 ended the connection: it reset the connection during the TLS handshake'],
		[
			'ECONNREFUSED',
			'data',
			"The server host:990 cannot be reached: it refused the connection on the data connection; a firewall may block the server's passive ports",
		],
		['EUNHEARDOF', 'connect', 'The server host:990 answered in a way that cannot be used: EUNHEARDOF'],
	] as const)('%s while it is at %s is told in words', (code, phase, message) => {
		expect(ftpsFailure(coded(code), { ...base, phase }).message).toBe(message);
	});

	test('a connection that just ended has no reason', () => {
		const ended = new Error('Server sent FIN packet unexpectedly, closing connection.');
		expect(ftpsFailure(ended, base).message).toBe('The server host:990 ended the connection');
	});

	test('unencrypted text in the middle of an encrypted session is a lost connection', () => {
		const error = coded('ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number (control socket)');
		expect(ftpsFailure(error, { ...base, phase: 'transfer' }).code).toBe('connection-lost');
	});

	test.each([
		['421 Too many connections', 'greeting', 'busy'],
		['120 Ready in 5 minutes', 'greeting', 'busy'],
		['500 OOPS: cannot start', 'greeting', 'protocol'],
		['530 Sorry, too many users', 'greeting', 'busy'],
		['502 Command not implemented', 'auth', 'tls-refused'],
		['530 Login incorrect', 'login', 'login-failed'],
		['430 Invalid username or password', 'login', 'login-failed'],
		['332 Need account', 'login', 'login-failed'],
		['530 Maximum login attempts exceeded', 'login', 'login-failed'],
		['530 Sorry, the maximum number of clients (4) for this user are already connected.', 'login', 'busy'],
		['421 There are too many connections from your internet address.', 'login', 'busy'],
		['530 Service temporarily unavailable', 'login', 'busy'],
		['530 The user database did not answer, try again later', 'login', 'busy'],
		['530 Server is down for maintenance', 'login', 'busy'],
		['530 Server is down for maintenance', 'greeting', 'busy'],
		['530 Login incorrect, try again later', 'login', 'login-failed'],
		['530 Login failed, try again later', 'login', 'login-failed'],
		['530 Account temporarily locked', 'login', 'login-failed'],
		['530 User banned, try again later', 'login', 'login-failed'],
		['530 tenant-name may not log in', 'login', 'login-failed'],
		['500 OOPS: cannot change directory:/home/acme', 'login', 'protocol'],
		['530 User cannot log in, home directory inaccessible.', 'login', 'protocol'],
		['421 Timeout', 'request', 'busy'],
		['425 Unable to build data connection: Operation not permitted', 'transfer', 'tls-session-refused'],
		['522 SSL connection failed: session reuse required', 'transfer', 'tls-session-refused'],
		['450 TLS session of data connection has not resumed', 'transfer', 'tls-session-refused'],
		['426 Connection closed', 'transfer', 'connection-lost'],
		['530 Please login', 'request', 'connection-lost'],
		['550 No such file', 'request', 'not-found'],
		["550 Can't find it: The system cannot find the file specified.", 'request', 'not-found'],
		['550 Permission denied', 'request', 'permission-denied'],
		['550 x: not a plain file', 'request', 'not-a-file'],
		['550 Failed to open file.', 'request', 'protocol'],
		['450 File busy', 'request', 'busy'],
		['504 Not for that parameter', 'request', 'protocol'],
	] as const)('the reply %j at %s is %s', (message, phase, expected) => {
		expect(ftpsFailure(reply(message), { ...base, phase }).code).toBe(expected);
	});

	test.each([
		['Timeout (control socket)', 'request', 'timeout'],
		['Timeout when trying to open data connection', 'data', 'timeout'],
		['Timeout (data socket)', 'transfer', 'stalled'],
		['Timeout (control socket)', 'transfer', 'stalled'],
		['Server closed connection unexpectedly.', 'request', 'connection-lost'],
		['Server sent FIN packet unexpectedly, closing connection.', 'request', 'connection-lost'],
		['Socket closed due to transmission error (control socket)', 'request', 'connection-lost'],
		['FTP control response exceeded maximum allowed size', 'request', 'protocol'],
		['StringWriter: Maximum bytes exceeded, maxByteLength=41943040.', 'transfer', 'protocol'],
	] as const)('the library saying %j at %s is %s', (message, phase, expected) => {
		expect(ftpsFailure(new Error(message), { ...base, phase }).code).toBe(expected);
	});

	test('a server that lets nobody in for now is to be waited for, and the password to be left as it is', () => {
		const error = ftpsFailure(reply('530 Service temporarily unavailable'), { ...base, phase: 'login' });
		expect(error.message).toBe(
			'The server host:990 takes no more requests for now: 530 Service temporarily unavailable',
		);
		expect(error.advice).toContain('whatever the password is');
		expect([error.isTransient, ftpsFailure(reply('421 Full'), { ...base, phase: 'login' }).advice]).toEqual([
			true,
			undefined,
		]);
	});

	test('a password that the server repeats does not decide what the reply means', () => {
		const context = { ...base, phase: 'login', secrets: { username: 'acme', password: 'maintenance 1' } } as const;
		expect(ftpsFailure(reply('530 No: maintenance 1'), context).code).toBe('login-failed');
	});

	test('that there is no such file is said once, and the words of the server are kept apart', () => {
		const error = ftpsFailure(reply('550 No such file or directory'), { ...base, path: 'S20160607/a.wav' });
		expect(error.message).toBe('The server host:990 has no such file or directory ("S20160607/a.wav")');
		expect(error.detail).toBe('550 No such file or directory');
		const denied = ftpsFailure(reply('550 Permission denied'), { ...base, path: 'S20160607/a.wav' });
		expect(denied.message).toBe('The server host:990 does not allow access ("S20160607/a.wav"): 550 Permission denied');
	});

	test('a path that holds telling words does not decide what the reply means', () => {
		const path = 'day/No such file, permission denied.wav';
		expect(pathVerdict(`550 /${path}: Not a regular file`, path)).toBe('not-a-file');
		expect(isAmbiguousRefusal(reply(`550 /${path}: Failed to open file.`), path)).toBe(true);
		expect(pathVerdict('550 a: Not a regular file', 'a')).toBe('not-a-file');
	});

	test('carries nothing of the error it is made from, neither password nor user name', () => {
		const source = Object.assign(new Error('PASS Canary-4711 for tenant-name failed'), {
			client: { password: 'Canary-4711' },
		});
		const error = ftpsFailure(source, base);
		const shown = [
			JSON.stringify(error),
			error.message,
			error.stack,
			inspect(error, { depth: 9, showHidden: true }),
		].join();
		expect(shown).not.toContain('Canary-4711');
		expect(shown).not.toContain('tenant-name');
		expect(error.cause).toBeUndefined();
	});

	test('names the server, the reason and the fingerprint of an untrusted certificate', () => {
		const error = ftpsFailure(coded('CERT_HAS_EXPIRED'), { ...base, phase: 'tls', fingerprint: 'SHA256:AB:CD' });
		expect(error).toMatchObject({ server: 'host:990', fingerprint: 'SHA256:AB:CD', detail: 'it has expired' });
		expect(error.message).toContain('SHA256:AB:CD');
	});

	test('reduces a reply to one line of at most 200 characters', () => {
		expect(safeLine(`550-a\r\n b\u0007\u001b[1m\u202e Canary-4711 tenant-name\n${'x'.repeat(500)}`, secrets)).toMatch(
			/^550-a b \[1m \*\*\* \*\*\* x{1,200}…$/u,
		);
		expect([...safeLine('é'.repeat(500), secrets)]).toHaveLength(200);
		expect(safeLine('abc', { username: '', password: '' })).toBe('abc');
	});
});

describe('what FTP servers write', () => {
	test('the reply to MLST, indented, not indented, and about a directory', () => {
		const facts = { type: 'file', size: 5, modifiedAt: new Date('2016-06-07T01:30:00.000Z') };
		expect(parseMlstReply('250-Start\n type=file;size=5;modify=20160607013000; /a b\n250 End')).toEqual(facts);
		expect(parseMlstReply('250-Start\n250-Type=file;Size=5;Modify=20160607013000; a\n250 End')).toEqual(facts);
		expect(parseMlstReply('250-Start\n type=cdir;size=4096; /\n250 End')?.type).toBe('directory');
		expect(parseMlstReply('250 done')).toBeUndefined();
	});

	test('times are UTC or none', () => {
		expect(parseFtpTime('20160607013000.5')?.toISOString()).toBe('2016-06-07T01:30:00.500Z');
		for (const text of ['', '2016', '20161301000000', '20160231000000', '20160607013000Z', '191160607013000']) {
			expect(parseFtpTime(text), text).toBeUndefined();
		}
	});

	test('sizes are whole numbers or none', () => {
		expect([parseFtpSize('0'), parseFtpSize(' 482044 ')]).toEqual([0, 482_044]);
		for (const text of ['', '-1', '1.5', 'NaN', '99999999999999999999', '9007199254740993']) {
			expect(parseFtpSize(text), text).toBeUndefined();
		}
	});

	test('ports of EPSV and PASV', () => {
		expect(extendedPassivePort('229 Entering Extended Passive Mode (|||6446|)')).toBe(6446);
		expect(extendedPassivePort('229 Entering Extended Passive Mode (!!!6446!)')).toBe(6446);
		expect(extendedPassivePort('229 (|||99999|)')).toBeUndefined();
		expect(passivePort('227 Entering Passive Mode (192,168,1,100,10,229).')).toBe(2789);
		expect(passivePort('227 no port')).toBeUndefined();
	});

	test('an empty listing and DOS lines', () => {
		expect(parseListing('\r\n \r\n')).toEqual([]);
		expect(
			parseListing('12-05-96  05:03PM       <DIR>          S20160607\r\n12-05-96  05:03PM  482044 a b.wav'),
		).toEqual([
			{ name: 'S20160607', type: 'directory', size: undefined, modifiedAt: undefined },
			{ name: 'a b.wav', type: 'file', size: 482_044, modifiedAt: undefined },
		]);
	});

	test('a long hostile line takes no time', () => {
		const started = Date.now();
		for (const line of ['a='.repeat(200_000), `${'a=b;'.repeat(100_000)}x`, `type=file;${' '.repeat(300_000)}`]) {
			try {
				parseListing(line);
			} catch (error) {
				expect(error).toBeInstanceOf(Error);
			}
			parseMlstReply(line);
		}
		expect(Date.now() - started).toBeLessThan(2_000);
	});
});
