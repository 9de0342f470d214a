import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { startScriptedSftp, type ScriptedRequest, type ScriptedSftp } from '../../testbed/servers/scriptedSftp';
import { ServerAccount } from '../../transport/account/serverAccount';
import type { SftpSettings } from '../../transport/connectionSettings';
import { UNSHARED } from '../../transport/connectionShare';
import { SftpLearnt, SftpStore, type SftpAccount } from '../../transport/sftp/sftpStore';

const FILE = 'a.wav';
const REST = 600_000;
const STALL = 1_000;
/** Milliseconds after which a connection on which nothing is asked for is asked for a sign of life. */
const SILENCE = 15_000;

let asked: string[] = [];
/** What is not answered for now. */
let held: ScriptedRequest[] = [];
let holdsBack: ScriptedRequest['name'] | undefined;
let server: ScriptedSftp;
let account: SftpAccount;

beforeEach(async () => {
	// Time passes when a test says so; what travels takes its own.
	vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
	[asked, held, holdsBack] = [[], [], undefined];
	account = new ServerAccount({ learn: () => new SftpLearnt(), restMilliseconds: REST });
	server = await startScriptedSftp({
		files: { [FILE]: Buffer.from('sound') },
		intercept: (request) => {
			asked.push(request.name);
			if (request.name !== holdsBack) return false;
			held.push(request);
			return true;
		},
	});
});

afterEach(async () => {
	await account.retire();
	// Each ends with its connection.
	expect(vi.getTimerCount()).toBe(0);
	vi.useRealTimers();
	await server.close();
});

function open(): SftpStore {
	const { host, port } = server;
	const address = { protocol: 'sftp', host, port, username: 'tenant', password: 'right', tenantDirectory: '' } as const;
	const trust = { hostKeyFingerprints: [], allowUnknownHostKey: true };
	const settings: SftpSettings = { ...address, ...trust, maxConnections: 1, stallTimeout: STALL };
	return new SftpStore(settings, UNSHARED, {}, account);
}

async function run(): Promise<void> {
	const store = open();
	expect(await store.stat(FILE)).toMatchObject({ size: 5 });
	await store.close();
}

describe('an SFTP connection that rests', () => {
	test('is asked for signs of life, and lent again when it gives them', async () => {
		await run();
		for (const signs of [1, 2]) {
			vi.advanceTimersByTime(SILENCE);
			await expect.poll(() => asked).toEqual(['STAT', ...Array<string>(signs).fill('REALPATH')]);
		}
		await run();
		expect([asked.at(-1), server.logins()]).toEqual(['STAT', 1]);
	});

	test('is closed when it gives none, so that no run meets it', async () => {
		await run();
		holdsBack = 'REALPATH';
		vi.advanceTimersByTime(SILENCE);
		await expect.poll(() => held).toHaveLength(1);
		expect(server.connections()).toBe(1);
		vi.advanceTimersByTime(2 * STALL);
		await expect.poll(() => server.connections()).toBe(0);
		expect(account.take(UNSHARED, () => undefined)).toBeUndefined();
		await run();
		expect([asked, server.logins()]).toEqual([['STAT', 'REALPATH', 'STAT'], 2]);
	});

	test('is asked for none while an answer is due that shows as much', async () => {
		await run();
		vi.advanceTimersByTime(SILENCE - STALL / 4);
		holdsBack = 'STAT';
		const store = open();
		const state = store.stat(FILE);
		await expect.poll(() => held).toHaveLength(1);
		vi.advanceTimersByTime(STALL / 2);
		held[0]?.answer();
		expect(await state).toMatchObject({ size: 5 });
		holdsBack = undefined;
		// What was sent before it would have been seen before it.
		await store.stat(FILE);
		await store.close();
		expect(asked).toEqual(['STAT', 'STAT', 'STAT']);
	});
});
