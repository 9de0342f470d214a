import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { SFTPWrapper } from 'ssh2';
import { afterEach, describe, expect, test } from 'vitest';

import type { SftpSettings } from '../../transport/connectionSettings';
import { ResumingStore } from '../../transport/resumingStore';
import { HostKeyPolicy } from '../../transport/sftp/hostKey';
import { sendRead, type ReadRequest } from '../../transport/sftp/readRequest';
import { SftpStore } from '../../transport/sftp/sftpStore';
import { openSshSession } from '../../transport/sftp/sshSession';
import { startFaultProxy } from '../faults/faultProxy';
import { available, startOpenSsh } from '../../testbed/servers/openssh';
import { realServer, temporaryDirectory } from '../../testbed/servers/process';
import { drain } from './storeContract';

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const FILES = 3;
const content = randomBytes(5_000_000);

/** An OpenSSH with files that differ in where they begin. */
async function openSsh(configuration: readonly string[] = []): Promise<SftpSettings> {
	const root = await temporaryDirectory('8x8-reading');
	cleanups.push(root.remove);
	for (let i = 0; i < FILES; i += 1) await writeFile(join(root.path, `${i}.wav`), content.subarray(i));
	const server = await startOpenSsh({ root: root.path, configuration });
	cleanups.push(server.close);
	const { host, port, username, privateKey, hostKeys } = server;
	const identity = { username, privateKey, hostKeyFingerprints: [hostKeys.ed25519 ?? ''], allowUnknownHostKey: false };
	return { protocol: 'sftp', host, port, ...identity, tenantDirectory: '', maxConnections: 1 };
}

/** A way to the server on which its bytes arrive in pieces of all small lengths, one after the other. */
async function inPieces(port: number): Promise<number> {
	const listener = createServer((near) => {
		near.setNoDelay(true);
		const far = connect({ host: '127.0.0.1', port });
		near.pipe(far);
		const passOn = async (): Promise<void> => {
			// The greeting stays whole: ssh2 does not take it in pieces.
			let length = 1_000;
			for await (const chunk of far as AsyncIterable<Buffer>) {
				for (let at = 0; at < chunk.length; at += length) {
					length = (length % 97) + 1;
					near.write(chunk.subarray(at, at + length));
					await turn();
				}
			}
		};
		passOn().then(
			() => near.end(),
			() => near.destroy(),
		);
		near.on('error', () => far.destroy());
		cleanups.push(async () => void near.destroy());
	});
	await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
	cleanups.push(async () => void listener.close());
	return (listener.address() as AddressInfo).port;
}

function read(channel: SFTPWrapper, request: ReadRequest): Promise<Buffer | undefined> {
	return new Promise((resolve, reject) => {
		sendRead(channel, request, (error, data) => (error === undefined ? resolve(data) : reject(error)));
	});
}

const real = realServer('OpenSSH', available());

describe.skipIf(real.skip)(`reading from OpenSSH ${real.reason ?? ''}`, () => {
	test.each([
		['aes128-gcm@openssh.com', 'hmac-sha2-256'],
		['aes256-gcm@openssh.com', 'hmac-sha2-256'],
		['aes128-ctr', 'hmac-sha2-256'],
		['aes256-ctr', 'hmac-sha2-512-etm@openssh.com'],
		['chacha20-poly1305@openssh.com', 'hmac-sha2-256'],
	])('gives every byte through %s with %s, several files at once', async (cipher, mac) => {
		const store = new SftpStore(await openSsh([`Ciphers ${cipher}`, `MACs ${mac}`, 'RekeyLimit 2M']));
		cleanups.push(() => store.close());
		const files = Array.from({ length: FILES }, async (_, i) => await drain(store.read(`${i}.wav`)));
		for (const [i, bytes] of (await Promise.all(files)).entries()) {
			expect(bytes.equals(content.subarray(i)), `${i}.wav`).toBe(true);
		}
	});

	test.each(['aes128-gcm@openssh.com', 'aes128-ctr', 'chacha20-poly1305@openssh.com'])(
		'understands %s whatever the pieces are in which packets arrive',
		async (cipher) => {
			const settings = await openSsh([`Ciphers ${cipher}`]);
			const store = new SftpStore({ ...settings, port: await inPieces(settings.port) });
			cleanups.push(() => store.close());
			for (let i = 0; i < 150; i += 1) expect(await store.stat('0.wav')).toMatchObject({ size: content.length });
		},
	);

	test('asks for less at a time over a line that breaks every 60 KB, and goes on', async () => {
		const settings = await openSsh();
		const proxy = await startFaultProxy({ port: settings.port, plan: () => ({ kind: 'cut', after: 60_000 }) });
		cleanups.push(() => proxy.close());
		const store = new ResumingStore(new SftpStore({ ...settings, port: proxy.port }), { retries: 4, firstDelay: 1 });
		cleanups.push(() => store.close());
		const read = store.read('0.wav', { size: content.length, length: 500_000 });
		expect((await drain(read)).equals(content.subarray(0, 500_000))).toBe(true);
		expect(proxy.accepted()).toBeGreaterThan(9);
	});

	test('takes an answer as it lies in its packet, on the installed version of ssh2', async () => {
		const settings = await openSsh();
		const { channel, client } = await openSshSession(
			settings,
			new HostKeyPolicy(settings),
			AbortSignal.timeout(10_000),
		);
		cleanups.push(() => client.end());
		const handle = await new Promise<Buffer>((resolve, reject) => {
			channel.open('0.wav', 'r', (error, opened) => (error ? reject(error) : resolve(opened)));
		});
		const answers = [0, 100_000].map(async (position) => await read(channel, { handle, position, length: 100_000 }));
		const [first, second] = await Promise.all(answers);
		expect(first?.equals(content.subarray(0, 100_000))).toBe(true);
		expect(second?.equals(content.subarray(100_000, 200_000))).toBe(true);
		// Behind the packet's type, number and length: a copy would begin at 0.
		expect(first?.byteOffset).toBe(9);
		expect(await read(channel, { handle, position: content.length, length: 10 })).toBeUndefined();
		const short = await read(channel, { handle, position: content.length - 4, length: 10 });
		expect(short?.equals(content.subarray(-4))).toBe(true);
		await expect(read(channel, { handle: Buffer.from('none'), position: 0, length: 10 })).rejects.toThrow();
	});
});

describe('a READ on a version of ssh2 whose inside is another', () => {
	const answering = (bytes: string): SFTPWrapper => {
		const channel: Pick<SFTPWrapper, 'read'> = {
			read: (_handle, buffer, offset, _length, position, callback) => {
				const count = buffer.write(bytes, offset);
				callback(undefined, count, buffer, position);
			},
		};
		return channel as SFTPWrapper;
	};

	test('is answered with a copy, which the next answer leaves alone', async () => {
		const request = { handle: Buffer.from('h'), position: 0, length: 10 };
		const first = await read(answering('first'), request);
		const second = await read(answering('other'), request);
		expect([first?.toString(), second?.toString()]).toEqual(['first', 'other']);
		expect(await read(answering(''), request)).toBeUndefined();
	});
});
