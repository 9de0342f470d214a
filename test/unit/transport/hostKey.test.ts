import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { sshKeyPair } from '../../../testbed/servers/sshKeyPair';
import { fingerprintOf, HostKeyPolicy, keyTypeOf } from '../../../transport/sftp/hostKey';
import { TransportError } from '../../../transport/transportError';

function publicKey(line: string): Buffer {
	return Buffer.from(line.split(' ')[1] ?? '', 'base64');
}

const ed25519Line = sshKeyPair('ed25519').public;
const otherLine = sshKeyPair('ed25519').public;
const ecdsaLine = sshKeyPair('ecdsa').public;
const key = publicKey(ed25519Line);
const other = publicKey(otherLine);
const fingerprint = fingerprintOf(key);

function policy(
	lines: string[],
	changes: { port?: number; host?: string; allowUnknownHostKey?: boolean } = {},
): HostKeyPolicy {
	return new HostKeyPolicy({
		host: 'Files.Example.com',
		port: 22,
		allowUnknownHostKey: false,
		hostKeyFingerprints: lines,
		...changes,
	});
}

function judged(lines: string[], shown: Buffer, changes?: Parameters<typeof policy>[1]): string {
	const verdict = policy(lines, changes).judge(shown);
	return verdict.isAccepted ? 'accepted' : verdict.error.code;
}

function hashed(name: string): string {
	const salt = Buffer.from('0123456789abcdef0123');
	return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

function lineProblem(line: string): string {
	try {
		policy(['', line]);
	} catch (error) {
		if (error instanceof TransportError && error.code === 'invalid-settings') return error.message;
		throw error;
	}
	return 'none';
}

describe('a host key', () => {
	test.each([
		['a fingerprint', [fingerprint]],
		['a fingerprint with padding', [`${fingerprint}=`]],
		['a line of ssh-keygen -l', [`256 ${fingerprint} root@files.example.com (ED25519)`]],
		['one of several fingerprints', [fingerprintOf(other), fingerprint]],
		['one of several lines in one text', [`# ours\r\n\r\n${fingerprintOf(other)}\r\n${fingerprint}\r\n`]],
		['a public key', [ed25519Line]],
		['a known_hosts line', [`files.example.com ${ed25519Line}`]],
		['a known_hosts line with several hosts', [`backup,files.example.com,192.0.2.1 ${ed25519Line} comment here`]],
		['a known_hosts line with a pattern', [`*.example.com ${ed25519Line}`]],
		['a known_hosts line with [host]:22', [`[files.example.com]:22 ${ed25519Line}`]],
		['a hashed known_hosts line', [`${hashed('files.example.com')} ${ed25519Line}`]],
	])('is accepted by %s', (_what, lines) => {
		expect(judged(lines, key)).toBe('accepted');
		expect(judged(lines, publicKey(sshKeyPair('ed25519').public))).toBe('host-key-changed');
	});

	test.each([
		['nothing', []],
		['comments and blank lines', ['', '# SHA256:none', '   ']],
		['a line for another host', [`other.example.com ${ed25519Line}`]],
		['a hashed line for another host', [`${hashed('other.example.com')} ${ed25519Line}`]],
		['a line for another port', [`[files.example.com]:2222 ${ed25519Line}`]],
		['a line that excludes the host', [`*.example.com,!files.example.com ${ed25519Line}`]],
		['a revoked line for another key', [`@revoked * ${otherLine}`]],
	])('is unknown when there is only %s', (_what, lines) => {
		const verdict = policy(lines).judge(key);
		if (verdict.isAccepted) throw new Error('It was accepted');
		expect(verdict.error).toMatchObject({ code: 'host-key-unknown', fingerprint });
		expect(verdict.error.message).toContain(fingerprint);
		expect(verdict.error.message).toContain('ssh-ed25519');
	});

	test('on another port is named by [host]:port, plain or hashed', () => {
		expect(judged([`[files.example.com]:2222 ${ed25519Line}`], key, { port: 2222 })).toBe('accepted');
		expect(judged([`${hashed('[files.example.com]:2222')} ${ed25519Line}`], key, { port: 2222 })).toBe('accepted');
		expect(judged([`[files.example.com]:2222 ${ed25519Line}`], other, { port: 2222 })).toBe('host-key-changed');
	});

	test('on another port may be vouched for by a line without port, which never makes a key changed', () => {
		expect(judged([`files.example.com ${ed25519Line}`], key, { port: 2222 })).toBe('accepted');
		expect(judged([`files.example.com ${ed25519Line}`], other, { port: 2222 })).toBe('host-key-unknown');
	});

	test('that is revoked is refused, even with the insecure switch on and a matching fingerprint', () => {
		const lines = [fingerprint, `@revoked files.example.com ${ed25519Line}`];
		expect(judged(lines, key)).toBe('host-key-changed');
		expect(judged(lines, key, { allowUnknownHostKey: true })).toBe('host-key-changed');
	});

	test('is accepted whatever it is with the insecure switch on', () => {
		expect(judged([], key, { allowUnknownHostKey: true })).toBe('accepted');
		expect(judged([fingerprintOf(other)], key, { allowUnknownHostKey: true })).toBe('accepted');
	});

	test('of an IPv6 host', () => {
		expect(judged([`2001:db8::1 ${ed25519Line}`], key, { host: '2001:db8::1' })).toBe('accepted');
	});
});

describe('the algorithms offered', () => {
	test('begin with those of the configured keys', () => {
		expect(policy([]).algorithms()[0]).toBe('ssh-ed25519');
		expect(policy([`files.example.com ${ecdsaLine}`]).algorithms()[0]).toBe('ecdsa-sha2-nistp256');
		expect(
			policy([`3072 ${fingerprint} x (RSA)`])
				.algorithms()
				.slice(0, 3),
		).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']);
		expect(policy([]).algorithms()).toHaveLength(7);
	});

	test('leave out types that were shown and refused', () => {
		expect(policy([]).algorithms(['ssh-ed25519'])).not.toContain('ssh-ed25519');
		expect(policy([]).algorithms(['ssh-ed25519', 'ecdsa-sha2-nistp256'])).toEqual([
			'rsa-sha2-512',
			'rsa-sha2-256',
			'ssh-rsa',
		]);
	});

	test('other types are worth a try only for a fingerprint that does not tell its own', () => {
		const bare = policy([fingerprintOf(other)]).judge(key);
		const typed = policy([`files.example.com ${otherLine}`]).judge(key);
		expect(bare).toMatchObject({ canTryAnotherKey: true });
		expect(typed).toMatchObject({ canTryAnotherKey: false });
	});
});

describe('a line that cannot be used is an invalid setting, by its number', () => {
	test.each([
		['SHA256:short', 'Line 2'],
		['@cert-authority *.example.com ssh-ed25519 AAAA', 'certificates'],
		['@unknown files.example.com ssh-ed25519 AAAA', 'marker'],
		['MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff', 'MD5'],
		['00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff', 'MD5'],
		['something else', 'neither'],
		['files.example.com ssh-ed25519 AAAA', 'not complete'],
		['files.example.com ssh-ed25519', 'not complete'],
		[`files.example.com ssh-rsa ${ed25519Line.split(' ')[1]}`, 'not complete'],
	])('%s', (line, why) => {
		expect(lineProblem(line)).toContain(why);
		expect(lineProblem(line)).toContain('Line 2');
	});
});

test('the type of a broken key is unknown', () => {
	expect(keyTypeOf(key)).toBe('ssh-ed25519');
	expect(keyTypeOf(Buffer.alloc(0))).toBe('unknown');
	expect(keyTypeOf(Buffer.from([255, 255, 255, 255, 10]))).toBe('unknown');
});
