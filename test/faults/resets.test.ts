import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';

import type { RemoteEntry } from '../../transport/remoteStore';
import { randomResets, seeded } from './faultProxy';
import { drain, eventually, PROTOCOLS, startTenant } from './tenant';

const MEGABYTE = 1_048_576;
/** RESETS=full: 200 recordings, about 200 MB, resets after 1-8 MB. Less takes less time and breaks each file as often. */
const isFull = process.env['RESETS'] === 'full';
const FILES = isFull ? 200 : 60;
const [FROM, TO] = isFull ? [MEGABYTE, 8 * MEGABYTE] : [MEGABYTE / 2, 2 * MEGABYTE];
/** Another seed is another run; the one that failed is in its message. */
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Megabytes, log-normal as recordings are: half of them shorter than 0.7, few longer than 5. */
function recordingSize(random: () => number): number {
	const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
	return Math.min(10, Math.max(0.06, 0.7 * Math.exp(normal)));
}

test.each(PROTOCOLS)(
	`%s: ${FILES} recordings arrive byte-exact though every connection is reset after ${FROM / MEGABYTE}-${TO / MEGABYTE} MB (SEED=${SEED})`,
	async (protocol) => {
		const random = seeded(SEED);
		const size = (): number => Math.floor((isFull ? recordingSize(random) : 0.2 + random() * 1.6) * MEGABYTE);
		const files = Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`R${n}.wav`, randomBytes(size())]));
		const data = randomResets(SEED, FROM, TO);
		// Commands and replies are few bytes; the handshake is some 3 KB of them.
		const control = randomResets(SEED + 1, 6_000, 20_000);
		const tenant = await startTenant(protocol, files, {
			plan: (connection) =>
				connection.kind === 'control' && protocol === 'ftps' ? control(connection) : data(connection),
		});
		// Three files share an SFTP connection, and one whose answers wait behind those of another may get nothing before the
		// reset. In 100 runs 4256 reads got nothing twice in a row, 495 three times, 60 four and 3 five times: about one in twelve
		// each time. Six times, which fails this test, is to be expected once in some hundred runs.
		const store = tenant.resuming({ retries: 5, firstDelay: 5, longestDelay: 100 }, { maxConnections: 4 });
		const waiting: RemoteEntry[] = Object.entries(files).map(([path, bytes]) => {
			return { name: path, path, type: 'file', size: bytes.length, modifiedAt: undefined };
		});
		let resumed = 0;
		const worker = async (): Promise<void> => {
			for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
				const { stream, report } = store.readReported(entry.path, { size: entry.size }, entry);
				const read = await drain(stream);
				expect(sha256(read), entry.path).toBe(sha256(files[entry.path] ?? Buffer.alloc(0)));
				if (report.resumed) resumed += 1;
			}
		};
		await Promise.all(Array.from({ length: 12 }, worker));
		expect(tenant.proxy.faults()).toBeGreaterThan(FILES / (isFull ? 20 : 4));
		if (isFull) console.log(`${protocol}: ${FILES} files, ${tenant.proxy.faults()} resets, ${resumed} files resumed`);
		expect(resumed).toBeGreaterThan(0);
		await eventually('every handle is closed', () => tenant.openHandles() === 0);
	},
	240_000,
);
