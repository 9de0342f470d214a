import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

import { tenantConnection } from '../../nodes/connection/tenantConnection';
import { Accounts } from '../../transport/accounts';
import { UNSHARED } from '../../transport/connectionShare';
import { openStore } from '../../transport/openStore';
import { FAR_SERVERS, type Ending } from './farTenant';
import { drain } from './storeContract';

const DIRECTORY = 'S20160607';
const FILES = Array.from({ length: 3 }, (_, n) => `R20160607013000000${n}.wav`);
const CONTENT = Buffer.alloc(16_384, 'sound');

/**
 * Round trips of a run over one connection that rested a moment ago. SFTP: OPENDIR, READDIR, then OPEN and READ of all files together.
 * FTPS: CWD, then TCP, TLS, data and 226 for the listing, the same again for each file. EPSV has gone along with the transfer before.
 */
const ROUND_TRIPS = { sftp: 2 + 2, ftps: 1 + 4 + FILES.length * 4 } as const;

/** Milliseconds for a test; a quiet machine takes a tenth. */
const BUSY_MACHINE = 240_000;

const ending: Ending = [];
afterEach(async () => {
	for (const end of ending.splice(0).reverse()) await end();
});

for (const { name, protocol, here, start } of FAR_SERVERS) {
	describe.skipIf(here.skip)(`a run after another one, ${here.reason ?? name}`, () => {
		test(
			`takes ${ROUND_TRIPS[protocol]} round trips for a directory and its ${FILES.length} files`,
			async () => {
				const { root, credential, link } = await start(ending);
				await mkdir(join(root, DIRECTORY));
				for (const file of FILES) await writeFile(join(root, DIRECTORY, file), CONTENT, { mode: 0o644 });
				const { settings } = tenantConnection({ ...credential, maxConnections: 1 });
				const accounts = new Accounts();
				ending.push(() => accounts.retire());
				const run = async (): Promise<void> => {
					const store = openStore(settings, UNSHARED, {}, accounts);
					const entries = await store.list(DIRECTORY);
					expect(entries.map((entry) => entry.name).sort()).toEqual(FILES);
					const reads = entries.map(async ({ path, size }) => await drain(store.read(path, { size })));
					for (const content of await Promise.all(reads)) expect(content.equals(CONTENT)).toBe(true);
					await store.close();
				};
				await run();
				const before = link.count;
				await run();
				expect(link.count - before).toBe(ROUND_TRIPS[protocol]);
			},
			BUSY_MACHINE,
		);
	});
}
