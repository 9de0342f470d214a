import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';

import { Coordination } from '../../coordination/coordination';
import { accountConnections } from '../../nodes/connection/accountConnections';
import { Accounts } from '../../transport/accounts';
import type { ConnectionSettings } from '../../transport/connectionSettings';
import { openStore } from '../../transport/openStore';

/** Arguments: a file with settings, one with a secret of theirs, and a path on the server. */
const [given = '', canary = '', path = ''] = process.argv.slice(2);
const REST = 2_000;

const shared = new Coordination();

async function useOnce(accounts: Accounts): Promise<void> {
	const settings = JSON.parse(await readFile(given, 'utf8')) as ConnectionSettings;
	const store = openStore(settings, accountConnections(settings, REST, shared), {}, accounts);
	await store.stat(path);
	await store.close();
}

/** Whether a heap snapshot holds the secret, which itself is kept outside of the heap. */
async function isInMemory(): Promise<boolean> {
	const secret = await readFile(canary);
	const pieces: Buffer[] = [];
	for await (const piece of getHeapSnapshot()) pieces.push(Buffer.from(piece as Uint8Array));
	return Buffer.concat(pieces).includes(secret);
}

async function main(): Promise<void> {
	const accounts = new Accounts(REST);
	await useOnce(accounts);
	const resting = await isInMemory();
	await pause(REST + 1_500);
	console.log(`resting: ${resting}, afterwards: ${await isInMemory()}`);
	// These would rest longer than anybody waits for this process to end.
	await useOnce(new Accounts(600_000));
}

void main();
