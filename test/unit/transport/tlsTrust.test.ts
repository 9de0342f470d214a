import { once } from 'node:events';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { syncBuiltinESMExports } from 'node:module';
import tls, { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { startTls } from '../../../transport/ftps/socket';
import { tlsOptions, TlsTrust } from '../../../transport/ftps/tlsTrust';
import { sharedCertificate } from './ftpsScriptedServer';

const LOOPBACK = '127.0.0.1';
/** TLS records (RFC 8446 section 5.1): type, version, length; a handshake message begins with its own type. */
const RECORD_HEAD = 5;
const LENGTH_AT = 3;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;

const open: Server[] = [];

afterEach(() => {
	vi.restoreAllMocks();
	syncBuiltinESMExports();
	for (const server of open.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
	open.push(server);
	server.listen(0, LOOPBACK);
	await once(server, 'listening');
	return (server.address() as AddressInfo).port;
}

function clientHellosIn(records: Buffer): number {
	let count = 0;
	for (let at = 0; at + RECORD_HEAD < records.length; at += RECORD_HEAD + records.readUInt16BE(at + LENGTH_AT)) {
		if (records[at] === HANDSHAKE && records[at + RECORD_HEAD] === CLIENT_HELLO) count += 1;
	}
	return count;
}

/** A server that takes keys of one group alone, and what it hears before it is encrypted. */
async function serverOf(group: string): Promise<{ readonly port: number; readonly clientHellos: () => number }> {
	const { key, certificate } = await sharedCertificate();
	const tlsPort = await portOf(createTlsServer({ key, cert: certificate, ecdhCurve: group }));
	let count = 0;
	const port = await portOf(
		createTcpServer((client) => {
			const server = connect(tlsPort, LOOPBACK);
			client.on('data', (bytes: Buffer) => {
				count += clientHellosIn(bytes);
			});
			client.pipe(server).pipe(client);
			for (const socket of [client, server]) socket.on('error', () => undefined);
		}),
	);
	return { port, clientHellos: () => count };
}

describe('the group of the key exchange', () => {
	it.each([
		['P-256', [2, 1, 1]],
		['P-384', [2, 1, 1]],
		['X25519', [1, 1, 1]],
	])('is asked about once, on a server that takes %s alone', async (group, hellos) => {
		const { caCertificate } = await sharedCertificate();
		const settings = { host: LOOPBACK, allowUnauthorizedCerts: false, caCertificate };
		const trust = new TlsTrust(settings);
		const server = await serverOf(group);
		const counts: number[] = [];
		while (counts.length < hellos.length) {
			const before = server.clientHellos();
			const tcp = connect(server.port, LOOPBACK);
			await once(tcp, 'connect');
			const secured = await startTls(tcp, tlsOptions(settings, trust), new AbortController().signal);
			trust.learnGroup(secured);
			secured.destroy();
			counts.push(server.clientHellos() - before);
		}
		expect(counts).toEqual(hellos);
	});

	it('is no other to a server that takes it no longer', async () => {
		const { caCertificate } = await sharedCertificate();
		const settings = { host: LOOPBACK, allowUnauthorizedCerts: false, caCertificate };
		const trust = new TlsTrust(settings);
		for (const group of ['P-384', 'X25519', 'P-521']) {
			const { port } = await serverOf(group);
			const tcp = connect(port, LOOPBACK);
			await once(tcp, 'connect');
			const secured = await startTls(tcp, tlsOptions(settings, trust), new AbortController().signal);
			trust.learnGroup(secured);
			expect(secured.getProtocol()).toBe('TLSv1.3');
			secured.destroy();
		}
	});

	it('is left to OpenSSL where that does not know all that others take', () => {
		const trust = new TlsTrust({});
		const { context } = trust;
		vi.spyOn(tls, 'createSecureContext').mockImplementation(() => {
			throw new Error('Failed to set ECDH curve');
		});
		syncBuiltinESMExports();
		const agreed = { getProtocol: () => 'TLSv1.3', getEphemeralKeyInfo: () => ({ type: 'ECDH', name: 'prime256v1' }) };
		trust.learnGroup(agreed as unknown as TLSSocket);
		expect(trust.context).toBe(context);
		expect(() => new TlsTrust({})).toThrow('Failed to set ECDH curve');
	});
});
