import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';

import type { SftpSettings } from '../../transport/connectionSettings';
import { copiesAtOnce } from '../../transport/sftp/decipher';
import { HostKeyPolicy } from '../../transport/sftp/hostKey';
import { SftpStore } from '../../transport/sftp/sftpStore';
import { openSshSession } from '../../transport/sftp/sshSession';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, temporaryDirectory } from '../../testbed/servers/process';

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const RECORDINGS = 60;
const BYTES = 2_000_000;
const TIMES = 3;
/** ssh2 deciphers natively when a program has preloaded its addon, see testbed/sshAddon. */
const isNative = process.env['SSH_ADDON'] !== undefined;

async function openSsh(cipher: string): Promise<{ settings: SftpSettings; digests: ReadonlyMap<string, string> }> {
	const root = await temporaryDirectory('8x8-bytes');
	cleanups.push(root.remove);
	const digests = new Map<string, string>();
	for (let i = 0; i < RECORDINGS; i += 1) {
		const content = randomBytes(BYTES + i);
		await writeFile(join(root.path, `${i}.wav`), content);
		digests.set(`${i}.wav`, sha256([content]));
	}
	const server = await startOpenSsh({ root: root.path, configuration: [`Ciphers ${cipher}`] });
	cleanups.push(server.close);
	const { host, port, username, privateKey, hostKeys } = server;
	const identity = { username, privateKey, hostKeyFingerprints: [hostKeys.ed25519 ?? ''], allowUnknownHostKey: false };
	return { settings: { protocol: 'sftp', host, port, ...identity, tenantDirectory: '', maxConnections: 2 }, digests };
}

const sha256 = (chunks: readonly Uint8Array[]): string =>
	chunks.reduce((hash, chunk) => hash.update(chunk), createHash('sha256')).digest('hex');

/** Reads as a slow consumer does: it looks at each piece only after others have arrived. */
async function digestOf(store: SftpStore, path: string): Promise<string> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of store.read(path, {})) {
		chunks.push(chunk as Uint8Array);
		await turn();
	}
	return sha256(chunks);
}

const real = realServer('OpenSSH', available());

describe.skipIf(real.skip)(
	real.reason ?? `Recordings over SFTP with ssh2's ${isNative ? 'native' : 'JavaScript'} ciphers`,
	() => {
		test.each(['aes128-gcm@openssh.com', 'aes256-ctr', 'chacha20-poly1305@openssh.com'])(
			'arrive byte for byte in %s, however often and however late they are looked at',
			async (cipher) => {
				const { settings, digests } = await openSsh(cipher);
				const store = new SftpStore(settings);
				cleanups.push(async () => await store.close());
				for (let time = 0; time < TIMES; time += 1) {
					const names = [...digests.keys()];
					const read = await Promise.all(names.map(async (name) => [name, await digestOf(store, name)] as const));
					expect(new Map(read)).toEqual(digests);
				}
			},
			120_000,
		);

		test('are read into memory that is used again only where ssh2 copies at once', async () => {
			const expected = { 'aes128-gcm@openssh.com': !isNative, 'chacha20-poly1305@openssh.com': false };
			for (const [cipher, isCopied] of Object.entries(expected)) {
				const { settings } = await openSsh(cipher);
				const session = await openSshSession(settings, new HostKeyPolicy(settings), new AbortController().signal);
				expect([cipher, copiesAtOnce(session.client)]).toEqual([cipher, isCopied]);
				await session.client.end();
			}
		});
	},
);
