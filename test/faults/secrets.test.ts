import { randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { sshKeyPair } from '../../testbed/servers/sshKeyPair';
import type { FtpsSettings, SftpSettings } from '../../transport/connectionSettings';
import { openStore } from '../../transport/openStore';
import { TransportError } from '../../transport/transportError';
import { cleanups, drain, everythingShownOf, proxyFor, scriptedFtps, scriptedSftp, sftpSettings } from './tenant';

const PASSWORD = `Canary-password-${randomUUID()}`;
const PASSPHRASE = `Canary-passphrase-${randomUUID()}`;
const PAIR = sshKeyPair('ed25519', PASSPHRASE);
const SECRETS = [
	PASSWORD,
	PASSPHRASE,
	...PAIR.private.split('\n').filter((line) => line.length > 30 && !line.startsWith('---')),
];

/** Where a server says nothing, and the error is looked into, not its code. */
const IMPATIENT = { connectTimeout: 400, stallTimeout: 300 };

const written: string[] = [];

beforeEach(() => {
	written.length = 0;
	for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
		vi.spyOn(console, method).mockImplementation(
			(...parts: unknown[]) => void written.push(inspect(parts, { depth: 9 })),
		);
	}
});
afterEach(() => {
	vi.restoreAllMocks();
});

function expectNoSecret(shown: string, where: string): void {
	for (const secret of SECRETS) expect(shown.includes(secret), `${where} shows a secret`).toBe(false);
}

/** Lists, looks up and reads with these settings, and looks into every error that comes of it. */
async function provoke(settings: SftpSettings | FtpsSettings, title: string): Promise<string[]> {
	const store = openStore(settings);
	const works = [
		store.list(''),
		store.stat('a.wav'),
		drain(store.read('a.wav')),
		drain(store.read(`${PASSWORD}/../a.wav`).on('error', () => undefined)),
	];
	const outcomes = await Promise.allSettled(works);
	await store.close();
	const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
	// The last path is refused, and quoted: it is the caller's own, and no secret unless a test makes it one.
	for (const error of errors.slice(0, -1)) {
		expect(error, title).toBeInstanceOf(TransportError);
		if (error instanceof TransportError) expectNoSecret(everythingShownOf(error), title);
	}
	return errors.map((error) => (error instanceof TransportError ? error.code : String(error)));
}

test('T28: no failure of an SFTP server shows the password, the key or its passphrase', async () => {
	const { STATUS_CODE } = ssh2.utils.sftp;
	const files = { 'a.wav': randomBytes(200_000) };
	const login = { password: PASSWORD, privateKey: PAIR.private, passphrase: PASSPHRASE };
	const server = await scriptedSftp({ files });
	expect(await provoke(sftpSettings(server, login), 'a refused login')).toContain('login-failed');
	expect(
		await provoke(sftpSettings(server, { ...login, passphrase: `${PASSPHRASE}x` }), 'a wrong passphrase'),
	).toContain('invalid-settings');
	expect(
		await provoke(sftpSettings(server, { ...login, privateKey: PAIR.private.slice(0, 200) }), 'half a key'),
	).toContain('invalid-settings');
	expect(
		await provoke(
			sftpSettings(server, { ...login, privateKey: PAIR.private.replace('OPENSSH', 'RSA') }),
			'another kind of key',
		),
	).toContain('invalid-settings');
	expect(
		await provoke(sftpSettings(server, { ...login, allowUnknownHostKey: false }), 'an unknown host key'),
	).toContain('host-key-unknown');
	expect(
		await provoke(
			sftpSettings(server, { ...login, allowUnknownHostKey: false, hostKeyFingerprints: [`SHA256:${'A'.repeat(43)}`] }),
			'a changed host key',
		),
	).toContain('host-key-changed');
	expect(
		await provoke(sftpSettings(server, { ...login, hostKeyFingerprints: [PAIR.private] }), 'a key in the wrong field'),
	).toContain('invalid-settings');
	expect(await provoke(sftpSettings(server, { ...login, port: 1 }), 'nobody there')).toContain('unreachable');

	const open = { ...login, password: 'right', privateKey: undefined, passphrase: PASSWORD };
	const echo = `no ${PASSWORD} right ${PASSWORD}\r\n`;
	const echoing = await scriptedSftp({ files, openStatus: STATUS_CODE.FAILURE, openMessage: echo });
	await provoke(sftpSettings(echoing, open), 'a server that repeats what it was told');
	for (const after of [0, 40, 700, 1_300, 2_000, 3_000]) {
		for (const kind of ['reset', 'cut', 'stall'] as const) {
			const proxy = await proxyFor(server.port, () => ({ kind, after }));
			await provoke(sftpSettings(proxy, { ...login, ...IMPATIENT }), `${kind} after ${after} bytes`);
		}
	}
	expectNoSecret(written.join('\n'), 'the console');
	expect(written).toEqual([]);
});

test('T28: no failure of an FTPS server shows the password', async () => {
	const files = { '/a.wav': randomBytes(200_000) };
	const server = await scriptedFtps({ files });
	const login = { ...server.settings, password: PASSWORD };
	for (const reply of [
		`530 ${PASSWORD} is wrong`,
		`421 ${PASSWORD}`,
		`332 account for ${PASSWORD}?`,
		'999 what',
		`5${PASSWORD}`,
	]) {
		const refusing = await scriptedFtps({ script: (command) => (command === 'PASS' ? reply : undefined) });
		await provoke({ ...refusing.settings, password: PASSWORD }, reply);
	}
	for (const command of ['CWD', 'SIZE', 'RETR', 'LIST', 'EPSV', 'TYPE', 'MLST']) {
		for (const reply of [`550 ${PASSWORD}`, `425 ${PASSWORD}`, `150 ${PASSWORD}`, `nonsense ${PASSWORD}`, 'silent']) {
			const lying = await scriptedFtps({ files, script: (one) => (one === command ? reply : undefined) });
			await provoke({ ...lying.settings, password: PASSWORD, ...IMPATIENT }, `${command}: ${reply}`);
			await lying.close();
		}
	}
	expect(await provoke({ ...login, caCertificate: undefined }, 'an untrusted certificate')).toContain(
		'certificate-untrusted',
	);
	expect(await provoke({ ...login, caCertificate: PASSWORD }, 'a password in the wrong field')).toContain(
		'invalid-settings',
	);
	expect(await provoke({ ...login, password: `${PASSWORD}\r\nDELE a` }, 'a password with a line end')).toContain(
		'invalid-settings',
	);
	expect(await provoke({ ...login, ...IMPATIENT, protocol: 'ftpsExplicit' }, 'the wrong mode')).toContain('timeout');
	expect(await provoke({ ...login, port: 1 }, 'nobody there')).toContain('unreachable');
	for (const after of [0, 40, 700, 1_300, 2_000, 3_000]) {
		for (const kind of ['reset', 'cut', 'stall'] as const) {
			const proxy = await proxyFor(server.settings.port, () => ({ kind, after }));
			await provoke({ ...login, ...IMPATIENT, port: proxy.port }, `${kind} after ${after} bytes`);
		}
	}
	expectNoSecret(written.join('\n'), 'the console');
	expect(written).toEqual([]);
	expect(cleanups.length).toBeGreaterThan(0);
});
